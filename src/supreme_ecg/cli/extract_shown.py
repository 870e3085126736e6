"""What `supreme extract` shows: counts, problems, the worklist and scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from supreme_ecg.cli.console import console

if TYPE_CHECKING:
    from supreme_ecg.evaluation.extraction_scores import CodeScore, ExtractionScores
    from supreme_ecg.extraction.run import ExtractionReport


def print_report(report: ExtractionReport) -> None:
    """Print counts and worklist."""
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


def print_problems(counts: Mapping[str, int]) -> None:
    """Print what was wrong with how many rows, if anything."""
    if counts:
        table = Table("rows", "problem", title="Problems (listed in problems.csv)")
        for problem, count in counts.items():
            table.add_row(str(count), escape(problem))
        console.print(table)


def print_scores(scores: ExtractionScores | None, folds: list[int]) -> None:
    """Print the agreement with codes."""
    if scores is None:
        console.print(f"Not scored: no record of fold {_listed(folds)} has SCP codes.")
        return
    title = f"Findings against SCP codes, fold {_listed(folds)}, {scores.records} records"
    table = Table("code", "concept", "coded", "said", "precision", "recall", "F1", title=title)
    for each in scores.codes:
        table.add_row(*_cells(each.code, each))
    table.add_section()
    table.add_row(*_cells("micro", scores.micro))
    table.add_row(*_cells("micro, present only", scores.micro_present))
    console.print(table)


def scores_json(scores: ExtractionScores | None, folds: list[int]) -> dict[str, Any] | None:
    """The agreement with codes as a JSON object; None where nothing was scored."""
    if scores is None:
        return None
    return {
        "folds": folds,
        "records": scores.records,
        "micro": _score_json(scores.micro),
        "micro_present": _score_json(scores.micro_present),
        "codes": [_score_json(each) for each in scores.codes],
    }


def _score_json(score: CodeScore) -> dict[str, Any]:
    return asdict(score) | {"precision": score.precision, "recall": score.recall, "f1": score.f1}


def _cells(name: str, score: CodeScore) -> tuple[str, ...]:
    values = (score.precision, score.recall, score.f1)
    numbers = tuple(f"{value:.3f}" for value in values)
    return (name, score.concept or "", str(score.coded), str(score.said), *numbers)


def _listed(folds: list[int]) -> str:
    return ", ".join(map(str, folds))
