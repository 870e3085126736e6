"""`supreme zero-shot`: weights and store -> scores of tasks that nobody trained on."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from supreme_ecg.cli.console import console, progress_bar
from supreme_ecg.cli.cost import peak_memory_mb
from supreme_ecg.cli.folds import parse_folds
from supreme_ecg.cli.score_cells import (
    comparison_notes,
    interval,
    measure_notes,
    number,
    show_results,
)
from supreme_ecg.cli.scoring_options import (
    Pooling,
    PoolingOption,
    Recordings,
    find_tasks,
    plan_tasks,
    require_writable,
    seen_note,
    with_recordings,
)

if TYPE_CHECKING:
    from supreme_ecg.evaluation.zero_shot_result import MacroScore, ZeroShotResult


def zero_shot_command(
    weights: Annotated[Path, typer.Option(help="Folder of the model.", show_default=False)],
    store: Annotated[Path, typer.Option(help="Store to score.", show_default=False)],
    task: Annotated[
        list[str],
        typer.Option(help="Task name or .toml file; repeat it, or `all` of the store's corpus."),
    ],
    folds: Annotated[
        str | None, typer.Option(help="Folds to score, as 9 or 1-3,5; every record if left out.")
    ] = None,
    json: Annotated[
        Path | None, typer.Option(help="Write the scores to this file; - prints them instead.")
    ] = None,
    random_encoder: Annotated[
        bool, typer.Option("--random-encoder", help="Score an untrained encoder beside it.")
    ] = False,
    recordings: Recordings = None,
    pooling: Pooling = PoolingOption.mean,
    plain: Annotated[
        bool, typer.Option("--plain", help="Ask for each class alone, not for what it excludes.")
    ] = False,
    allow_seen: Annotated[
        bool, typer.Option("--allow-seen", help="Score records seen in pre-training too, marked.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed of bootstrap and random encoder.")] = 0,
) -> None:
    """Score a model on classes asked in words, with intervals and what it had seen of them."""
    from supreme_ecg.evaluation.zero_shot_plan import union_rows  # noqa: PLC0415
    from supreme_ecg.evaluation.zero_shot_run import run_zero_shot  # noqa: PLC0415
    from supreme_ecg.models.loading import load_answering_model  # noqa: PLC0415  slow to import
    from supreme_ecg.store.reading import Store  # noqa: PLC0415

    chosen = None if folds is None else parse_folds(folds)
    require_writable(json)
    opened = Store.open(store)
    tasks = find_tasks(task, corpus=opened.corpus, store=store)
    if plain:
        tasks = [one.plain() for one in tasks]
    model = load_answering_model(weights)
    plans = plan_tasks(model, opened, tasks, folds=chosen, allow_seen=allow_seen)
    plans = with_recordings(plans, recordings, pooling=pooling)
    baseline = model.with_random_encoder(seed) if random_encoder else None
    begun = time.perf_counter()
    with progress_bar() as bar:
        total = len(union_rows(plans)) * (2 if random_encoder else 1)
        row = bar.add_task("asking", total=total)
        scored = run_zero_shot(
            model,
            plans,
            weights=str(weights),
            seed=seed,
            baseline=baseline,
            advance=lambda records: bar.advance(row, records),
        )
    seconds = round(time.perf_counter() - begun, 2)
    cost = {"seconds_all_tasks": seconds, "peak_memory_mb": peak_memory_mb()}
    results = [replace(result, run={**result.run, **cost}) for result in scored]
    show_results(results, _print_result, console=console, json=json)


def _print_result(result: ZeroShotResult, console: Console) -> None:
    other = result.comparison
    table = Table(
        title=f"{result.task}: {result.records} records of {result.patients} patients",
        title_justify="left",
    )
    table.add_column("class")
    table.add_column("exposure", no_wrap=True)
    headings = ["positives", "AUROC", "95 % interval", "AUPRC", "F1", "accuracy"]
    for heading in headings + ([other.name] if other else []):
        table.add_column(heading, justify="right", no_wrap=heading in headings)
    for one in result.classes:
        cells = [str(one.positives), number(one.auroc), interval(one.ci95), number(one.auprc)]
        decided = one.operation
        cells += [number(decided.f1), number(decided.accuracy)] if decided else ["-", "-"]
        cells += [number(other.auroc[one.name])] if other else []
        table.add_row(escape(one.name), one.exposure, *cells)
    table.add_section()
    table.add_row(
        "macro", "", *_macro_cells(result.macro), *([number(other.macro.auroc)] if other else [])
    )
    if 0 < result.macro_min10.classes < result.macro.classes:
        table.add_row("macro 10+", "", *_macro_cells(result.macro_min10))
    console.print(table)
    for note in _notes(result):
        console.print(f"[dim]{escape(note)}[/]", highlight=False)


def _macro_cells(score: MacroScore) -> tuple[str, ...]:
    means = (score.auprc, score.f1, score.accuracy)
    classes = f"{score.classes} classes"
    return classes, number(score.auroc), interval(score.ci95), *map(number, means)


def _notes(result: ZeroShotResult) -> list[str]:
    """What a reader must know beside the table."""
    notes = []
    if 0 < result.macro_min10.classes < result.macro.classes:
        notes.append("macro 10+: classes with ten or more positives.")
    if result.not_scored:
        notes.append(f"Not scored, no positives or no negatives: {', '.join(result.not_scored)}.")
    if result.run.get("records_left_out"):
        notes.append(f"{result.run['records_left_out']} records without any class left out.")
    if result.run.get("in_domain"):
        notes.append("In-domain: the weights were trained on reports of the same corpus.")
    if note := seen_note(result.run):
        notes.append(note)
    if top := result.run.get("top_class"):
        notes.append(
            f"Highest-scored class: accuracy {top['accuracy']:.3f}, macro F1 {top['macro_f1']:.3f}."
        )
    notes.extend(measure_notes(result))
    if result.comparison:
        notes.extend(comparison_notes(result.comparison))
    return notes
