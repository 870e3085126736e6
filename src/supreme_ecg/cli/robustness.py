"""`supreme robustness`: scores with fewer leads, shorter recordings, and by sex and age."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from supreme_ecg.cli.console import console, print_json, progress_bar
from supreme_ecg.cli.folds import parse_folds
from supreme_ecg.cli.scoring_options import (
    find_tasks,
    plan_tasks,
    require_writable,
    seen_note,
)

if TYPE_CHECKING:
    from supreme_ecg.evaluation.robustness import RobustnessResult


def robustness_command(
    weights: Annotated[Path, typer.Option(help="Folder of the model.", show_default=False)],
    store: Annotated[Path, typer.Option(help="Store to score.", show_default=False)],
    task: Annotated[
        list[str],
        typer.Option(help="Tasks between commas, or `all` of the store's corpus."),
    ],
    folds: Annotated[
        str | None, typer.Option(help="Folds to score, as 9 or 1-3,5; every record if left out.")
    ] = None,
    json: Annotated[
        Path | None, typer.Option(help="Write a list of results to this file; - prints it.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the scores to this PNG.")] = None,
    allow_seen: Annotated[
        bool, typer.Option("--allow-seen", help="Score records seen in pre-training too, marked.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the bootstrap.")] = 0,
) -> None:
    """Score a model as if its files had fewer leads or seconds, and by sex and age group."""
    from supreme_ecg.evaluation.reduced_windows import REDUCTIONS  # noqa: PLC0415  slow to import
    from supreme_ecg.evaluation.robustness import run_robustness  # noqa: PLC0415
    from supreme_ecg.evaluation.robustness_plot import plot_robustness  # noqa: PLC0415
    from supreme_ecg.models.loading import load_answering_model  # noqa: PLC0415
    from supreme_ecg.store.reading import Store  # noqa: PLC0415

    chosen = None if folds is None else parse_folds(folds)
    require_writable(json)
    require_writable(plot, option="--plot")
    opened = Store.open(store)
    tasks = find_tasks(task, corpus=opened.corpus, store=store)
    model = load_answering_model(weights)
    plans = plan_tasks(model, opened, tasks, folds=chosen, allow_seen=allow_seen)
    records = len({row for plan in plans for row in plan.rows.tolist()})
    with progress_bar() as bar:
        row = bar.add_task("scoring", total=records * len(REDUCTIONS))
        results = run_robustness(
            model,
            plans,
            weights=str(weights),
            seed=seed,
            advance=lambda windows: bar.advance(row, windows),
        )
    if plot is not None:
        plot_robustness(results, plot)
    _show(results, json=json)


def _show(results: Sequence[RobustnessResult], *, json: Path | None) -> None:
    values = [result.to_json() for result in results]
    if json == Path("-"):
        print_json(values)
        return
    for result in results:
        _print_reductions(result)
        _print_groups(result)
        if note := seen_note(result.run):
            console.print(f"[dim]{note}[/]", highlight=False)
    if json is not None:
        from json import dumps  # noqa: PLC0415  the option has the module's name

        json.write_text(dumps(values, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
        console.print(f"Scores: {escape(str(json))}", highlight=False)


def _print_reductions(result: RobustnessResult) -> None:
    title = f"{result.task}: {result.records} records, {result.classes_averaged} classes"
    table = Table(title=title, title_justify="left")
    table.add_column("in the file", no_wrap=True)
    for heading in ("macro AUROC", "95 % interval", "above chance", "95 % interval"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in result.reductions:
        table.add_row(
            one.name,
            _number(one.auroc),
            _interval(one.ci95),
            _number(one.above_chance),
            _interval(one.above_chance_ci95),
        )
    console.print(table)
    if result.unusable:
        console.print(f"[dim]{result.unusable} records without lead I, II, chest or samples.[/]")


def _print_groups(result: RobustnessResult) -> None:
    table = Table(title=f"{result.task}: by sex and age", title_justify="left")
    for heading in ("", "group"):
        table.add_column(heading, no_wrap=True)
    for heading in ("records", "classes", "AUROC", "95 % interval", "all records"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in result.groups:
        table.add_row(
            one.division,
            one.group,
            str(one.records),
            str(one.classes_averaged),
            _number(one.auroc),
            _interval(one.ci95),
            _number(one.auroc_all),
        )
    console.print(table)
    console.print("[dim]Averaged: classes with ten positives and ten negatives in the group.[/]")
    console.print("[dim]All records: the same classes, whoever the patient.[/]")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _interval(ends: tuple[float, float] | None) -> str:
    return "-" if ends is None else f"{ends[0]:.3f}, {ends[1]:.3f}"
