"""`supreme probe`: what can be learnt from a frozen encoder with all labels, few labels, and elsewhere."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from supreme_ecg.cli.console import error_console, progress_bar
from supreme_ecg.cli.cost import peak_memory_mb
from supreme_ecg.cli.probe_shown import show_probes
from supreme_ecg.cli.scoring_options import find_tasks, guard_of, require_writable

if TYPE_CHECKING:
    from supreme_ecg.evaluation.age_probe import AgeResult
    from supreme_ecg.evaluation.embeddings import EcgEncoder
    from supreme_ecg.evaluation.probe_methods import Method
    from supreme_ecg.evaluation.probe_plan import ProbePlan
    from supreme_ecg.evaluation.probe_result import ProbeResult
    from supreme_ecg.store.reading import Store


class ScoredPartOption(StrEnum):
    """Which part of the split is scored."""

    validation = "validation"
    test = "test"
    all = "all"


def probe_command(
    weights: Annotated[Path, typer.Option(help="Folder of the model.", show_default=False)],
    store: Annotated[Path, typer.Option(help="Store to learn from.", show_default=False)],
    task: Annotated[
        list[str] | None,
        typer.Option(help="Task name or .toml file; repeat it, or `all` of the store's corpus."),
    ] = None,
    target: Annotated[
        list[str] | None, typer.Option(help="`age` or `sex` from the signal; repeat it.")
    ] = None,
    part: Annotated[
        ScoredPartOption,
        typer.Option(help="Part of the split to score; `all` with --transfer-to only."),
    ] = ScoredPartOption.test,
    fraction: Annotated[
        list[float] | None,
        typer.Option(help="Share of the labels, 0 to 1; repeat it. Default: 0.01, 0.1 and 1."),
    ] = None,
    draws: Annotated[int, typer.Option(min=1, help="Draws of labels at each share.")] = 5,
    knn: Annotated[bool, typer.Option("--knn", help="Nearest neighbours as well.")] = False,
    few_shot: Annotated[
        list[int] | None,
        typer.Option(min=1, help="Learn from so many positives of each class; repeat it."),
    ] = None,
    fine_tune: Annotated[
        Path | None,
        typer.Option(
            help="Fine-tune all weights as well, runs in this folder: slow without a GPU."
        ),
    ] = None,
    transfer_to: Annotated[
        Path | None, typer.Option(help="Store of another corpus, to be scored instead.")
    ] = None,
    transfer_task: Annotated[
        str | None, typer.Option(help="Task of that store; shared concepts are scored.")
    ] = None,
    random_encoder: Annotated[
        bool, typer.Option("--random-encoder", help="Probe an untrained encoder beside it.")
    ] = False,
    cache: Annotated[
        Path | None, typer.Option(help="Folder for embeddings; default: within the store.")
    ] = None,
    json: Annotated[
        Path | None, typer.Option(help="Write the scores to this file; - prints them instead.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Draw AUROC against the share of labels to this PNG.")
    ] = None,
    allow_seen: Annotated[
        bool, typer.Option("--allow-seen", help="Score records seen in pre-training too, marked.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed of draws and bootstrap.")] = 0,
) -> None:
    """Probe frozen embeddings at several shares of the labels, with spread and intervals."""
    from supreme_ecg.evaluation.label_efficiency_plot import (  # noqa: PLC0415  keeps --help light
        plot_label_efficiency,
    )
    from supreme_ecg.evaluation.probe import FRACTIONS  # noqa: PLC0415
    from supreme_ecg.models.loading import load_model  # noqa: PLC0415
    from supreme_ecg.store.reading import Store  # noqa: PLC0415

    shares = list(dict.fromkeys(fraction or FRACTIONS))
    _require_options(task, target, part, shares, transfer_to, transfer_task)
    require_writable(json)
    require_writable(plot, option="--plot")
    opened = Store.open(store)
    model = load_model(weights)
    plans = _plans(
        model,
        opened,
        tasks=task or [],
        targets=target or [],
        part=part,
        to=None if transfer_to is None else Store.open(transfer_to),
        to_task=transfer_task,
        allow_seen=allow_seen,
    )
    encoders: dict[str, EcgEncoder] = {str(weights): model}
    if random_encoder:
        encoders["random encoder"] = model.with_random_encoder(seed)
    results = []
    for name, encoder in encoders.items():
        results += _probe(
            encoder,
            plans,
            name=name,
            methods=["logistic_regression", *(["knn"] if knn else [])],
            fractions=shares,
            shots=few_shot or [],
            draws=draws,
            seed=seed,
            cache=cache,
            runs=fine_tune,
        )
    if plot is not None:
        plot_label_efficiency([result.to_json() for result in results], plot)
    show_probes(results, json=json)


def _require_options(
    task: list[str] | None,
    target: list[str] | None,
    part: str,
    fractions: Sequence[float],
    transfer_to: Path | None,
    transfer_task: str | None,
) -> None:
    """Refuse what fits no run before anything is opened."""
    wrong = {
        "--task": not (task or target),
        "--transfer-task": (transfer_to is None) != (transfer_task is None),
        "--part": part == "all" and transfer_to is None,
        "--fraction": any(not 0 < share <= 1 for share in fractions),
        "--target": bool(target) and transfer_to is not None,
    }
    says = {
        "--task": "give --task or --target",
        "--transfer-task": "give --transfer-to and --transfer-task together",
        "--part": "`all` would score what was learnt from; it is for --transfer-to",
        "--fraction": "a share is above 0 and at most 1",
        "--target": "a target cannot be transferred; leave out --transfer-to",
    }
    for option, is_wrong in wrong.items():
        if is_wrong:
            raise typer.BadParameter(says[option], param_hint=option)


def _plans(
    model: EcgEncoder,
    store: Store,
    *,
    tasks: Sequence[str],
    targets: Sequence[str],
    part: ScoredPartOption,
    to: Store | None,
    to_task: str | None,
    allow_seen: bool,
) -> list[ProbePlan]:
    """A plan for each task and target, behind one guard."""
    from supreme_ecg.evaluation.probe_plan import plan_probe, plan_transfer  # noqa: PLC0415
    from supreme_ecg.evaluation.target import Target  # noqa: PLC0415
    from supreme_ecg.evaluation.task import Task  # noqa: PLC0415

    found = find_tasks(tasks, corpus=store.corpus, store=store.path) if tasks else []
    guard = guard_of(model, store if to is None else to, options="--part, or --allow-seen")
    if to is not None and to_task is not None:
        other = Task.load(to_task)
        return [
            plan_transfer(
                model,
                store,
                one,
                to=to,
                to_task=other,
                part=part.value,
                allow_seen=allow_seen,
                guard=guard,
            )
            for one in found
        ]
    wanted = [*found, *(Target.named(name) for name in targets)]
    return [
        plan_probe(model, store, one, part=part.value, allow_seen=allow_seen, guard=guard)
        for one in wanted
    ]


def _probe(
    encoder: EcgEncoder,
    plans: Sequence[ProbePlan],
    *,
    name: str,
    methods: Sequence[Method],
    fractions: Sequence[float],
    shots: Sequence[int],
    draws: int,
    seed: int,
    cache: Path | None,
    runs: Path | None,
) -> list[ProbeResult | AgeResult]:
    """Embed what the plans need, and probe each; the result says what it cost."""
    from supreme_ecg.evaluation.age_probe import run_age_probe  # noqa: PLC0415
    from supreme_ecg.evaluation.fine_tuned import run_fine_tuning  # noqa: PLC0415
    from supreme_ecg.evaluation.probe import (  # noqa: PLC0415
        embed_stores,
        run_probe,
        steps_of,
        stores_of,
    )

    results: list[ProbeResult | AgeResult] = []
    with progress_bar() as bar:
        windows = sum(len(store) for store in stores_of(plans))
        row = bar.add_task(f"embedding, {name}", total=windows)
        begun = time.perf_counter()
        vectors = embed_stores(
            encoder, plans, cache=cache, advance=lambda count: bar.advance(row, count)
        )
        embedding = time.perf_counter() - begun
        steps = steps_of(methods=methods, fractions=fractions, shots=shots, draws=draws)
        per_plan = steps + (steps // len(methods) if runs is not None else 0)
        row = bar.add_task(f"probing, {name}", total=per_plan * len(plans))
        for plan in plans:
            begun = time.perf_counter()
            amounts = {"fractions": fractions, "draws": draws, "seed": seed}
            amounts |= {"advance": lambda: bar.advance(row)}
            if plan.name == "age":
                results.append(run_age_probe(plan, vectors, weights=name, **amounts))
            else:
                amounts |= {"shots": shots}
                probed = run_probe(plan, vectors, weights=name, methods=methods, **amounts)
                tuned = run_fine_tuning(encoder, plan, folder=runs, **amounts) if runs else []
                results.append(replace(probed, scores=(*probed.scores, *tuned)))
            cost = {
                "embeddings": {str(path): one.origin for path, one in vectors.items()},
                "seconds_embedding": round(embedding, 2),
                "seconds": round(time.perf_counter() - begun, 2),
                "peak_memory_mb": peak_memory_mb(),
            }
            results[-1] = replace(results[-1], run={**results[-1].run, **cost})
    for path, one in vectors.items():
        if one.origin == "replaced":
            error_console.print(
                f"Warning: embeddings of {path} were damaged or out of date, and were computed anew."
            )
    return results
