"""`supreme benchmark`: a model under the literature's labels and splits, and under corrected ones."""

from __future__ import annotations

import time
from dataclasses import replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.markup import escape
from rich.table import Table

from supreme_ecg.cli.console import console, print_json, progress_bar
from supreme_ecg.cli.cost import peak_memory_mb
from supreme_ecg.cli.scoring_options import find_tasks, guard_of, require_writable

if TYPE_CHECKING:
    from supreme_ecg.evaluation.benchmark import BenchmarkResult
    from supreme_ecg.evaluation.zero_shot import ZeroShotResult


class ProtocolOption(StrEnum):
    """Whose labels and splits."""

    corrected = "corrected"
    published = "published"
    both = "both"


class PartOption(StrEnum):
    """Which part of the split."""

    validation = "validation"
    test = "test"


OTHER_RECORDS: Final = "--part, or mark the result as seen with --allow-seen"


def benchmark_command(
    weights: Annotated[Path, typer.Option(help="Folder of the model.", show_default=False)],
    store: Annotated[Path, typer.Option(help="Store to score.", show_default=False)],
    task: Annotated[
        list[str],
        typer.Option(help="Task name or .toml file; repeat it, or `all` of the store's corpus."),
    ],
    protocol: Annotated[
        ProtocolOption, typer.Option(help="Labels and splits: corrected, published, or both.")
    ] = ProtocolOption.corrected,
    part: Annotated[PartOption, typer.Option(help="Part of the split.")] = PartOption.test,
    published: Annotated[
        Path | None,
        typer.Option(help="Your copy of the published label files; PTB-XL needs none."),
    ] = None,
    json: Annotated[
        Path | None, typer.Option(help="Write the scores to this file; - prints them instead.")
    ] = None,
    allow_seen: Annotated[
        bool, typer.Option("--allow-seen", help="Score records seen in pre-training too.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the bootstrap.")] = 0,
) -> None:
    """Score a model under one protocol or both, and show what the protocol alone changes."""
    from supreme_ecg.evaluation.benchmark import (  # noqa: PLC0415  keeps --help light
        PROTOCOLS,
        plan_benchmark,
        run_benchmark,
        union_rows,
    )
    from supreme_ecg.models.loading import load_answering_model  # noqa: PLC0415  slow to import
    from supreme_ecg.store.reading import Store  # noqa: PLC0415

    require_writable(json)
    opened = Store.open(store)
    tasks = find_tasks(task, corpus=opened.corpus, store=store)
    model = load_answering_model(weights)
    plan = partial(
        plan_benchmark,
        model,
        opened,
        part=part.value,
        published=published,
        guard=guard_of(model, opened, options=OTHER_RECORDS),
        allow_seen=allow_seen,
    )
    wanted = [name for name in PROTOCOLS if protocol in {name, "both"}]
    plans = [{name: plan(one, protocol=name) for name in wanted} for one in tasks]
    run = partial(run_benchmark, model, weights=str(weights), seed=seed)
    results = []
    with progress_bar() as bar:
        total = sum(len(union_rows(list(of_task.values()))) for of_task in plans)
        row = bar.add_task("scoring", total=total)
        for of_task in plans:
            begun = time.perf_counter()
            result = run(of_task, advance=lambda records: bar.advance(row, records))
            results.append(_with_run(result, model.weights_sha256, time.perf_counter() - begun))
    _show(results, json=json)


def _with_run(result: BenchmarkResult, sha256: str | None, seconds: float) -> BenchmarkResult:
    """Add what the command knows to each protocol's account of the run."""
    cost = {"seconds": round(seconds, 2), "peak_memory_mb": peak_memory_mb()}
    more = {"weights_sha256": sha256, **cost}
    protocols = {
        name: replace(one, run={**one.run, **more}) for name, one in result.protocols.items()
    }
    return replace(result, protocols=protocols)


def _show(results: list[BenchmarkResult], *, json: Path | None) -> None:
    """Print tables, or write or print one JSON object (a list where there are several tasks)."""
    values = [result.to_json() for result in results]
    single = values[0] if len(values) == 1 else values
    if json == Path("-"):
        print_json(single)
        return
    for result in results:
        _print_result(result)
    if json is not None:
        from json import dumps  # noqa: PLC0415  the option has the module's name

        json.write_text(dumps(single, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
        console.print(f"Scores: {escape(str(json))}", highlight=False)


def _print_result(result: BenchmarkResult) -> None:
    shown = list(result.protocols.items())
    part = shown[0][1].run["part"]
    table = Table(title=f"{result.task}, {part}", title_justify="left")
    table.add_column("class")
    difference = result.difference
    for name, _ in shown:
        table.add_column("positives", justify="right")
        table.add_column(f"{name} AUROC", justify="right", min_width=9)
        if difference is None:
            table.add_column("95 % interval", justify="right", no_wrap=True)
    if difference is not None:
        table.add_column("difference", justify="right")
    for place, one in enumerate(shown[0][1].classes):
        cells = [c for _, scored in shown for c in _class_cells(scored, place)[: _cells(result)]]
        by_class = [] if difference is None else [_signed(difference["classes"][one.name])]
        table.add_row(escape(one.name), *cells, *by_class)
    table.add_section()
    macros = [c for _, scored in shown for c in _macro_cells(scored)[: _cells(result)]]
    table.add_row("macro", *macros, *([] if difference is None else [_signed(difference["macro"])]))
    console.print(table)
    for name, scored in shown:
        console.print(f"[dim]{escape(_note(name, scored))}[/]", highlight=False)
    if difference is not None:
        both = f"{difference['classes_in_both']} classes that both can score"
        note = f"Difference: published less corrected; macro over the {both}."
        console.print(f"[dim]{note}[/]", highlight=False)


def _cells(result: BenchmarkResult) -> int:
    """Columns a protocol has: intervals are shown where there is but one (the JSON has them all)."""
    return 2 if len(result.protocols) > 1 else 3


def _class_cells(result: ZeroShotResult, place: int) -> tuple[str, str, str]:
    one = result.classes[place]
    return str(one.positives), _number(one.auroc), _interval(one.ci95)


def _macro_cells(result: ZeroShotResult) -> tuple[str, str, str]:
    macro = result.macro
    return f"{macro.classes} classes", _number(macro.auroc), _interval(macro.ci95)


def _note(name: str, result: ZeroShotResult) -> str:
    """What a reader must know of one protocol's records."""
    notes = [f"{name}: {result.records} records of {result.patients} patients"]
    if result.run["records_left_out"]:
        notes.append(f"{result.run['records_left_out']} without any class left out")
    if result.run.get("records_not_in_store"):
        notes.append(f"{result.run['records_not_in_store']} of the published file not in the store")
    if result.not_scored:
        notes.append(f"not scored, no positives or no negatives: {', '.join(result.not_scored)}")
    if result.run["in_domain"]:
        notes.append("in-domain")
    if result.run["records_seen_in_pretraining"]:
        notes.append(
            f"NOT HELD OUT: {result.run['records_seen_in_pretraining']} seen in pre-training"
        )
    return f"{'; '.join(notes)}."


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _signed(value: float | None) -> str:
    return "-" if value is None else f"{value:+.3f}"


def _interval(ends: tuple[float, float] | None) -> str:
    return "-" if ends is None else f"{ends[0]:.3f}, {ends[1]:.3f}"
