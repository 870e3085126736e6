"""`supreme probe`: what can be learnt from a frozen encoder with all labels, few labels, and elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from supreme_ecg.cli import probe_options as option
from supreme_ecg.cli.console import error_console, progress_bar
from supreme_ecg.cli.cost import peak_memory_mb
from supreme_ecg.cli.probe_encoders import (
    Contender,
    load_contenders,
    require_same_records,
    with_untrained,
)
from supreme_ecg.cli.probe_shown import show_probes
from supreme_ecg.cli.scoring_options import find_tasks, guard_of, require_writable

if TYPE_CHECKING:
    from supreme_ecg.evaluation.age_probe import AgeResult
    from supreme_ecg.evaluation.embedding_cache import Embeddings
    from supreme_ecg.evaluation.label_draws import Amounts
    from supreme_ecg.evaluation.probe_methods import Method
    from supreme_ecg.evaluation.probe_plan import ProbePlan
    from supreme_ecg.evaluation.probe_result import ProbeResult
    from supreme_ecg.models.outside.loading import AnyEncoder


def probe_command(
    weights: option.Weights,
    store: option.Stores,
    encoder: option.Encoder = None,
    against: option.Against = None,
    task: option.Tasks = None,
    target: option.Targets = None,
    part: option.Part = option.ScoredPartOption.test,
    fraction: option.Fractions = None,
    draws: option.Draws = 5,
    knn: option.Knn = False,
    few_shot: option.Shots = None,
    fine_tune: option.FineTune = None,
    transfer_to: option.TransferTo = None,
    transfer_task: option.TransferTask = None,
    random_encoder: option.RandomEncoder = False,
    cache: option.Cache = None,
    json: option.Json = None,
    plot: option.Plot = None,
    allow_seen: option.AllowSeen = False,
    seed: option.Seed = 0,
) -> None:
    """Probe frozen embeddings at several shares of the labels, with spread and intervals."""
    amounts = option.amounts_of(fraction, few_shot, draws=draws, seed=seed)
    option.require_fitting(
        task,
        target,
        part=part,
        fractions=amounts.fractions,
        transfer_to=transfer_to,
        transfer_task=transfer_task,
        tunes_outside=fine_tune is not None
        and (encoder is not None or any("=" in each for each in against or ())),
    )
    require_writable(json)
    require_writable(plot, option="--plot")
    contenders = load_contenders((weights, encoder), against or [], stores=store)
    choose = partial(
        _plans,
        tasks=task or [],
        targets=target or [],
        part=part,
        to=transfer_to,
        to_task=transfer_task or "",
        allow_seen=allow_seen,
    )
    plans = [choose(each) for each in contenders]
    if random_encoder:
        contenders.append(with_untrained(contenders[0], seed))
        plans.append(plans[0])
    results = _probe_all(
        contenders,
        plans,
        methods=["logistic_regression", "knn"] if knn else ["logistic_regression"],
        amounts=amounts,
        cache=cache,
        runs=fine_tune,
    )
    show_probes(results, json=json, plot=plot)


def _probe_all(
    contenders: Sequence[Contender],
    plans: Sequence[list[ProbePlan]],
    **choices: Any,
) -> list[ProbeResult | AgeResult]:
    """Results of every encoder, those after the first set beside it; choices as of :func:`_probe`."""
    for others in plans[1:]:
        require_same_records(plans[0], others)
    first, *found = (
        _probe(each, plans=own, **choices) for each, own in zip(contenders, plans, strict=True)
    )
    beside = (_beside(*pair) for other in found for pair in zip(first, other, strict=True))
    return [*first, *beside]


def _beside(first: ProbeResult | AgeResult, other: ProbeResult | AgeResult) -> Any:
    """Set a result beside the first encoder's; errors in years stand by themselves."""
    from supreme_ecg.evaluation.probe_result import ProbeResult, set_beside  # noqa: PLC0415

    if isinstance(first, ProbeResult) and isinstance(other, ProbeResult):
        return set_beside(first, other)
    return other


def _plans(
    contender: Contender,
    *,
    tasks: Sequence[str],
    targets: Sequence[str],
    part: option.ScoredPartOption,
    to: Path | None,
    to_task: str,
    allow_seen: bool,
) -> list[ProbePlan]:
    """A plan for each task and target, behind one guard."""
    from supreme_ecg.evaluation.probe_plan import plan_probe, plan_transfer  # noqa: PLC0415
    from supreme_ecg.evaluation.target import Target  # noqa: PLC0415
    from supreme_ecg.evaluation.task import Task  # noqa: PLC0415
    from supreme_ecg.store.reading import Store  # noqa: PLC0415

    model, store = contender.encoder, contender.store
    found = find_tasks(tasks, corpus=store.corpus, store=store.path) if tasks else []
    other = None if to is None else Store.open(to)
    guard = guard_of(model, other or store, options="--part, or mark the result with --allow-seen")
    if other is not None:
        transfer = partial(plan_transfer, model, store, to=other, to_task=Task.load(to_task))
        return [
            transfer(task=one, part=part.value, allow_seen=allow_seen, guard=guard) for one in found
        ]
    wanted: list[Task | Target] = [*found, *map(Target.named, targets)]
    return [
        plan_probe(model, store, one, part=part.value, allow_seen=allow_seen, guard=guard)
        for one in wanted
    ]


def _probe(
    contender: Contender,
    *,
    plans: Sequence[ProbePlan],
    methods: Sequence[Method],
    amounts: Amounts,
    cache: Path | None,
    runs: Path | None,
) -> list[ProbeResult | AgeResult]:
    """Embed what the plans need, and probe each; the result says what it cost."""
    from supreme_ecg.evaluation.probe import embed_stores, stores_of  # noqa: PLC0415

    encoder, name = contender.encoder, contender.name
    results = []
    with progress_bar() as bar:
        windows = sum(len(store) for store in stores_of(plans))
        row = bar.add_task(f"embedding, {name}", total=windows)
        begun = time.perf_counter()
        vectors = embed_stores(encoder, plans, cache=cache, advance=partial(bar.advance, row))
        embedding = time.perf_counter() - begun
        steps = len(amounts) * (len(methods) + (runs is not None))
        row = bar.add_task(f"probing, {name}", total=steps * len(plans))
        for plan in plans:
            begun = time.perf_counter()
            result = _probe_plan(
                encoder,
                plan,
                vectors,
                name=name,
                methods=methods,
                amounts=amounts,
                runs=runs,
                advance=partial(bar.advance, row),
            )
            cost = {
                "embeddings": {str(path): one.origin for path, one in vectors.items()},
                "seconds_embedding": round(embedding, 2),
                "seconds": round(time.perf_counter() - begun, 2),
                "peak_memory_mb": peak_memory_mb(),
            }
            results.append(replace(result, run={**result.run, **cost}))
    for path, one in vectors.items():
        if one.origin == "replaced":
            error_console.print(
                f"Warning: embeddings of {path} were damaged or out of date, and were computed anew."
            )
    return results


def _probe_plan(
    encoder: AnyEncoder,
    plan: ProbePlan,
    vectors: Mapping[Path, Embeddings],
    *,
    name: str,
    methods: Sequence[Method],
    amounts: Amounts,
    runs: Path | None,
    advance: Callable[[], None],
) -> ProbeResult | AgeResult:
    """Probe one plan; fine-tune too where there is a folder for the runs."""
    from supreme_ecg.evaluation.age_probe import run_age_probe  # noqa: PLC0415
    from supreme_ecg.evaluation.fine_tuned import run_fine_tuning  # noqa: PLC0415
    from supreme_ecg.evaluation.probe import run_probe  # noqa: PLC0415
    from supreme_ecg.models.ecg_model import EcgModel  # noqa: PLC0415

    if plan.name == "age":
        return run_age_probe(plan, vectors, weights=name, amounts=amounts, advance=advance)
    probed = run_probe(
        plan, vectors, weights=name, methods=methods, amounts=amounts, advance=advance
    )
    if runs is None:
        return probed
    assert isinstance(encoder, EcgModel)  # others are refused before
    tuned = run_fine_tuning(encoder, plan, folder=runs, amounts=amounts, advance=advance)
    return replace(probed, scores=(*probed.scores, *tuned))
