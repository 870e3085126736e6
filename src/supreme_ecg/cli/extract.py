"""`supreme extract`: the reports of a store -> findings, with numbers and scores."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from supreme_ecg.cli.console import console, print_json, progress_bar
from supreme_ecg.cli.cost import peak_memory_mb
from supreme_ecg.cli.folds import parse_folds

if TYPE_CHECKING:
    from supreme_ecg.evaluation.extraction_scores import CodeScore, ExtractionScores
    from supreme_ecg.store.extraction import ExtractionReport


def extract_command(
    store: Annotated[Path, typer.Argument(help="Store with reports.", show_default=False)],
    score_folds: Annotated[
        str, typer.Option(help="Folds whose SCP codes the findings are scored against, as 1-8,9.")
    ] = "9",
    worklist: Annotated[
        int, typer.Option(min=0, help="How many statements without a finding to list.")
    ] = 30,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Find what the reports of a store say and write its findings."""
    import polars as pl  # noqa: PLC0415  keeps --help light

    from supreme_ecg.concepts.table import ConceptTable  # noqa: PLC0415
    from supreme_ecg.evaluation.extraction_scores import score_findings  # noqa: PLC0415
    from supreme_ecg.reports.rules import RuleExtractor  # noqa: PLC0415
    from supreme_ecg.store.extraction import extract_store  # noqa: PLC0415
    from supreme_ecg.store.reading import Store  # noqa: PLC0415

    folds = parse_folds(score_folds)
    opened, table = Store.open(store), ConceptTable.load()
    with progress_bar() as bar:
        task = bar.add_task("extracting statements", total=None)
        report = extract_store(
            opened,
            RuleExtractor(table.lexicon()),
            worklist_length=worklist,
            on_start=lambda total: bar.update(task, total=total),
            on_statement=lambda: bar.advance(task),
        )
    scored = opened.records.filter(pl.col("fold").is_in(folds))
    codes = dict(scored.select("record_id", "codes").iter_rows())
    scores = score_findings(opened.findings(), codes, table)
    if json:
        print_json(_as_json(report, scores, folds))
        return
    _print_report(report)
    if scores:
        _print_scores(scores, folds)
    else:
        console.print(f"Not scored: no record of fold {_listed(folds)} has SCP codes.")


def _as_json(
    report: ExtractionReport, scores: ExtractionScores | None, folds: list[int]
) -> dict[str, Any]:
    counts = asdict(report) | {"share_with_finding": report.share_with_finding}
    counts["peak_memory_mb"] = peak_memory_mb()
    counts["worklist"] = [{"statement": text, "count": n} for text, n in report.worklist]
    if scores is None:
        return counts | {"scores": None}
    return counts | {
        "scores": {
            "folds": folds,
            "records": scores.records,
            "micro": _score_json(scores.micro),
            "micro_present": _score_json(scores.micro_present),
            "codes": [_score_json(each) for each in scores.codes],
        }
    }


def _score_json(score: CodeScore) -> dict[str, Any]:
    return asdict(score) | {"precision": score.precision, "recall": score.recall, "f1": score.f1}


def _print_report(report: ExtractionReport) -> None:
    console.print(
        f"{report.reports} reports of {report.records} records: {report.statements} statements, "
        f"{report.distinct_statements} distinct, {report.device_notes} device notes; "
        f"{report.findings} findings in {report.seconds:.1f} s. "
        f"{report.share_with_finding:.1%} of statements have a finding.",
        highlight=False,
    )
    if report.worklist:
        table = Table("count", "statement", title="Commonest statements without a finding")
        for text, count in report.worklist:
            table.add_row(str(count), escape(text))
        console.print(table)


def _print_scores(scores: ExtractionScores, folds: list[int]) -> None:
    title = f"Findings against SCP codes, fold {_listed(folds)}, {scores.records} records"
    table = Table("code", "concept", "coded", "said", "precision", "recall", "F1", title=title)
    for each in scores.codes:
        table.add_row(*_cells(each.code, each))
    table.add_section()
    table.add_row(*_cells("micro", scores.micro))
    table.add_row(*_cells("micro, present only", scores.micro_present))
    console.print(table)


def _cells(name: str, score: CodeScore) -> tuple[str, ...]:
    values = (score.precision, score.recall, score.f1)
    numbers = tuple(f"{value:.3f}" for value in values)
    return (name, score.concept or "", str(score.coded), str(score.said), *numbers)


def _listed(folds: list[int]) -> str:
    return ", ".join(map(str, folds))
