"""`supreme ingest`: a published corpus -> a store, with counts of what was stored and what not."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.markup import escape
from rich.table import Table

from supreme_ecg.cli.console import console, error_console, print_json, progress_bar
from supreme_ecg.cli.cost import peak_memory_mb
from supreme_ecg.cli.folds import parse_folds

if TYPE_CHECKING:
    from supreme_ecg.store.ingest import IngestReport

_NO_FILES: Final = "file not found"


def ingest_command(
    corpus: Annotated[
        str,
        typer.Argument(help="ptb_xl, cpsc2018, cpsc2018_extra, csn, georgia, sph or synthetic."),
    ],
    source: Annotated[Path, typer.Argument(help="Its folder, as its publisher lays it out.")],
    store: Annotated[Path, typer.Argument(help="The store to make.")],
    workers: Annotated[int, typer.Option(min=1, help="Processes; the result is the same.")] = 1,
    rate: Annotated[int, typer.Option(min=1, help="Samples per second of the store, Hz.")] = 100,
    folds: Annotated[
        str | None, typer.Option(help="Only these folds of the publisher, such as 1-8,10.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Read a corpus into a store. A run that was stopped goes on where it stopped."""
    from supreme_ecg.corpora.catalogue import corpus_named  # noqa: PLC0415  keeps --help light
    from supreme_ecg.preprocessing.contract import SignalContract  # noqa: PLC0415
    from supreme_ecg.store.ingest import ingest  # noqa: PLC0415

    chosen = None if folds is None else frozenset(parse_folds(folds))
    reader = corpus_named(corpus, sampling_rate_hz=rate)
    with progress_bar() as bar:
        task = bar.add_task("reading records", total=None)
        report = ingest(
            reader,
            source,
            store,
            contract=SignalContract(sampling_rate_hz=rate),
            workers=workers,
            folds=chosen,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    if json:
        print_json(_as_json(report))
    else:
        error_console.print(
            escape(f"{reader.description}, from {source}"), highlight=False, soft_wrap=True
        )
        _print(report)


def _as_json(report: IngestReport) -> dict[str, Any]:
    return asdict(report) | {
        "path": str(report.path),
        "rejected": dict(report.rejected),
        "flags": dict(report.flags),
        "peak_memory_mb": peak_memory_mb(),
        "records_per_s": round(report.entries_done / report.seconds, 1),
    }


def _print(report: IngestReport) -> None:
    table = Table("", "records")
    table.columns[1].justify = "right"
    table.add_row("stored", f"{report.records:,}")
    for reason, count in report.rejected.items():
        table.add_row(f"rejected: {escape(reason)}", f"{count:,}")
    for check, count in report.flags.items():
        table.add_row(f"flagged: {escape(check)}", f"{count:,}")
    console.print(table)
    console.print(escape(_summary(report)), highlight=False, soft_wrap=True)
    for note in _notes(report):
        console.print(escape(note), highlight=False, soft_wrap=True)


def _summary(report: IngestReport) -> str:
    size = f"{report.size_bytes / 1e6:,.1f} MB"
    if not report.entries_done:
        return f"{report.path} was there already, made of the same: nothing to do. {size}."
    speed = report.entries_done / report.seconds
    return (
        f"{report.entries_done:,} records in {report.seconds:.1f} s, {speed:,.0f} a second: "
        f"{report.path}, {size}."
    )


def _notes(report: IngestReport) -> list[str]:
    """Say where the lists are, and what a mass of rejections points to."""
    if not report.rejected:
        return []
    total = sum(report.rejected.values())
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in report.rejected.items())
    notes = [f"{total:,} rejected ({reasons}), each in {report.path / 'rejected.csv'}."]
    reason, count = max(report.rejected.items(), key=lambda item: item[1])
    if 2 * count > report.records + total:
        hint = "download the rest" if reason == _NO_FILES else "check the folder and its download"
        notes.append(f"More than half for one cause, {reason}: {hint} and ingest again.")
    return notes
