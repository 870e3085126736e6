"""What `supreme benchmark` prints for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from supreme_ecg.cli.score_cells import (
    comparison_notes,
    interval,
    measure_notes,
    number,
    signed,
)
from supreme_ecg.cli.scoring_options import seen_note

if TYPE_CHECKING:
    from supreme_ecg.evaluation.benchmark_run import BenchmarkResult
    from supreme_ecg.evaluation.zero_shot_result import ClassScore, Comparison, ZeroShotResult


def print_benchmark(result: BenchmarkResult, console: Console) -> None:
    """Print one task: a protocol with all its measures, or both with their difference.

    Args:
        result: Of a task.
        console: Where to.
    """
    results = list(result.protocols.values())
    title = f"{result.task}, {results[0].run['part']}"
    console.print(_single(results[0], title) if len(results) == 1 else _both(result, title))
    for name, scored in result.protocols.items():
        for note in _notes(name, scored):
            console.print(f"[dim]{escape(note)}[/]", highlight=False)
    if (difference := result.difference) is not None:
        both = f"{difference['classes_in_both']} classes that both can score"
        note = f"Difference: published less corrected; macro over the {both}."
        console.print(f"[dim]{note}[/]", highlight=False)


def _single(result: ZeroShotResult, title: str) -> Table:
    other, macro = result.comparison, result.macro
    table = Table(title=title, title_justify="left")
    for heading in ("class", "exposure"):
        table.add_column(heading)
    headings = ["positives", "AUROC", "95 % interval", "AUPRC", "F1", "accuracy"]
    for heading in headings + (["against", "gain", "of the gain"] if other else []):
        table.add_column(heading, justify="right", no_wrap=heading == "95 % interval")
    for one in result.classes:
        table.add_row(escape(one.name), one.exposure, *_class_cells(one, other))
    table.add_section()
    means = map(number, (macro.auprc, macro.f1, macro.accuracy))
    cells = [f"{macro.classes} classes", number(macro.auroc), interval(macro.ci95), *means]
    if other is not None:
        cells += [number(other.macro.auroc), signed(other.gain), interval(other.gain_ci95)]
    table.add_row("macro", "", *cells)
    return table


def _class_cells(one: ClassScore, other: Comparison | None) -> list[str]:
    decided = one.operation
    cells = [str(one.positives), number(one.auroc), interval(one.ci95), number(one.auprc)]
    cells += [number(decided.f1), number(decided.accuracy)] if decided else ["-", "-"]
    if other is not None:
        gain = other.gains[one.name]
        cells += [number(other.auroc[one.name]), signed(gain.auroc), interval(gain.ci95)]
    return cells


def _both(result: BenchmarkResult, title: str) -> Table:
    """AUROC alone: the JSON has the rest."""
    difference = result.difference
    assert difference is not None
    table = Table(title=title, title_justify="left")
    table.add_column("class")
    for name in result.protocols:
        table.add_column("positives", justify="right")
        table.add_column(f"{name} AUROC", justify="right", min_width=9)
    table.add_column("difference", justify="right")
    for place, name in enumerate(difference["classes"]):
        ones = [scored.classes[place] for scored in result.protocols.values()]
        cells = [cell for one in ones for cell in (str(one.positives), number(one.auroc))]
        table.add_row(escape(name), *cells, signed(difference["classes"][name]))
    table.add_section()
    macros = [scored.macro for scored in result.protocols.values()]
    cells = [cell for one in macros for cell in (f"{one.classes} classes", number(one.auroc))]
    table.add_row("macro", *cells, signed(difference["macro"]))
    return table


def _notes(name: str, result: ZeroShotResult) -> Iterator[str]:
    """What a reader must know of one protocol's records and measures."""
    notes = [f"{name}: {result.records} records of {result.patients} patients"]
    if result.run["records_left_out"]:
        notes.append(f"{result.run['records_left_out']} without any class left out")
    if result.run.get("records_not_in_store"):
        notes.append(f"{result.run['records_not_in_store']} of the published file not in the store")
    if result.not_scored:
        notes.append(f"not scored, no positives or no negatives: {', '.join(result.not_scored)}")
    if result.run["in_domain"]:
        notes.append("in-domain")
    yield f"{'; '.join(notes)}."
    if note := seen_note(result.run):
        yield note
    yield from measure_notes(result)
    if result.comparison is not None:
        yield from comparison_notes(result.comparison)
