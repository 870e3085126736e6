"""`supreme score-extraction`: findings against statements that people labelled."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Column, Table

from supreme_ecg.cli.console import console, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from supreme_ecg.evaluation.bootstrap import Interval
    from supreme_ecg.evaluation.confusion import Confusion
    from supreme_ecg.evaluation.disagreement_page import SecondReader
    from supreme_ecg.evaluation.finding_scores import FindingScore, FindingScores
    from supreme_ecg.evaluation.gold import FoundFindings, ReadStatement

_LISTED = 20
"""Concepts and confusions that the printed tables show; JSON and page have all."""


def score_extraction_command(
    findings: Annotated[
        Path,
        typer.Argument(
            help="findings.parquet of [bold]supreme extract[/], its folder or store, or a CSV like GOLD.",
            show_default=False,
        ),
    ],
    gold: Annotated[
        Path,
        typer.Argument(
            help="CSV with the columns statement, findings (concept:assertion;...) and language.",
            show_default=False,
        ),
    ],
    against: Annotated[
        Path | None, typer.Option(help="Findings of another extractor, to compare with.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Where to write a page with each disagreement.")
    ] = None,
    draws: Annotated[
        int, typer.Option(min=1, help="Bootstrap resamples of the statements.")
    ] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the resampling.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Score findings against labelled statements, and show where they differ."""
    from supreme_ecg.concepts.table import ConceptTable  # noqa: PLC0415  keeps --help light
    from supreme_ecg.evaluation.confusion import confusions  # noqa: PLC0415
    from supreme_ecg.evaluation.disagreement_page import disagreement_page  # noqa: PLC0415
    from supreme_ecg.evaluation.finding_scores import score_statements  # noqa: PLC0415
    from supreme_ecg.evaluation.gold import pair, read_found, read_gold  # noqa: PLC0415
    from supreme_ecg.extraction.files import write_whole  # noqa: PLC0415

    table = ConceptTable.load()
    wanted, found = read_gold(gold, table), read_found(findings)
    read = pair(wanted, found)
    scores = score_statements(read, draws=draws, seed=seed)
    confused = confusions(read, table)
    other = None if against is None else read_found(against)
    second = None if other is None else _second_reader(read, other, draws=draws, seed=seed)
    if html is not None:
        page = disagreement_page(found.name, read, scores, confused, table, second=second)
        write_whole(html, [page.encode()])
    if json:
        print_json(_as_json(found, read, scores, confused, second))
        return
    _print_scores(found, read, scores)
    _print_confusions(confused)
    if second is not None:
        _print_comparison(found.name, second)
    if html is not None:
        console.print(
            f"Each disagreement, with its evidence: {html}", highlight=False, soft_wrap=True
        )


def _second_reader(
    first: tuple[ReadStatement, ...], other: FoundFindings, *, draws: int, seed: int
) -> SecondReader:
    from supreme_ecg.evaluation.disagreement_page import SecondReader  # noqa: PLC0415
    from supreme_ecg.evaluation.finding_scores import f1_gain  # noqa: PLC0415
    from supreme_ecg.evaluation.gold import pair  # noqa: PLC0415
    from supreme_ecg.evaluation.mcnemar import mcnemar  # noqa: PLC0415

    read = pair(tuple(each.gold for each in first), other)
    gain, interval = f1_gain(first, read, draws=draws, seed=seed)
    return SecondReader(
        name=other.name,
        right={each.gold.text: each.right for each in read},
        test=mcnemar([each.right for each in first], [each.right for each in read]),
        f1_gain=gain,
        f1_gain_ci95=interval,
    )


def _as_json(
    found: FoundFindings,
    read: Sequence[ReadStatement],
    scores: FindingScores,
    confused: Sequence[Confusion],
    second: SecondReader | None,
) -> dict[str, Any]:
    from supreme_ecg.evaluation.disagreement import disagreements  # noqa: PLC0415

    rows = [
        {"statement": each.gold.text, "language": each.gold.language} | asdict(row)
        for each in read
        for row in disagreements(each)
    ]
    comparison = None
    if second is not None:
        comparison = {
            "name": second.name,
            "mcnemar": asdict(second.test),
            "f1_gain": second.f1_gain,
            "f1_gain_ci95": second.f1_gain_ci95,
        }
    return {
        "extractor": found.name,
        "statements": scores.statements,
        "statements_right": scores.right,
        "not_seen": list(scores.not_seen),
        "not_seen_may_be_empty": not found.lists_empty,
        "micro": _score_json(scores.micro),
        "concepts_alone": _score_json(scores.concepts_alone),
        "macro": asdict(scores.macro),
        "by_assertion": [_score_json(each) for each in scores.by_assertion],
        "by_language": [_score_json(each) for each in scores.by_language],
        "by_concept": [_score_json(each) for each in scores.by_concept],
        "confusions": [asdict(each) for each in confused],
        "comparison": comparison,
        "disagreements": rows,
    }


def _score_json(score: FindingScore) -> dict[str, Any]:
    return asdict(score) | {"precision": score.precision, "recall": score.recall, "f1": score.f1}


def _print_scores(
    found: FoundFindings, read: Sequence[ReadStatement], scores: FindingScores
) -> None:
    title = f"{found.name}: {scores.right} of {scores.statements} statements wholly right"
    heads = ("gold", "found", "precision", "recall", "F1", "95 %")
    table = Table(Column("", overflow="fold"), *heads, title=escape(title))
    for name, score in (
        ("micro", scores.micro),
        ("concepts alone", scores.concepts_alone),
        *((each.name, each) for each in (*scores.by_assertion, *scores.by_language)),
    ):
        table.add_row(*_cells(name, score))
    macro = scores.macro
    table.add_row(
        f"macro, {macro.concepts} concepts", "", "", "", "", _number(macro.f1), _ends(macro.ci95)
    )
    table.add_section()
    faulty = [each for each in scores.by_concept if each.f1 != 1]
    worst = sorted(faulty, key=lambda each: (each.both - (each.gold + each.found) / 2, each.name))
    for each in worst[:_LISTED]:
        table.add_row(*_cells(each.name, each))
    console.print(table)
    if len(worst) > _LISTED:
        console.print(f"{len(worst) - _LISTED} more concepts with faults: see --json or --html.")
    _print_not_seen(found, read, scores)


def _print_not_seen(
    found: FoundFindings, read: Sequence[ReadStatement], scores: FindingScores
) -> None:
    if not scores.not_seen:
        return
    why = "" if found.lists_empty else " (never read, or read without a finding)"
    missed = [each.gold.text for each in read if not each.seen and each.gold.said]
    console.print(
        f"{len(scores.not_seen)} gold statements are not in {found.name}{why}; "
        f"{len(missed)} of them have findings, which count as missed:",
        markup=False,
        highlight=False,
    )
    for text in missed:
        console.print(f"  {text}", markup=False, highlight=False)


def _print_confusions(confused: Sequence[Confusion]) -> None:
    if confused:
        names = (Column(name, overflow="fold") for name in ("gold", "found instead"))
        table = Table(*names, "which is", "statements", title="Confused concepts")
        for each in confused[:_LISTED]:
            table.add_row(each.gold, each.found, each.relation.replace("_", " "), str(each.count))
        console.print(table)


def _print_comparison(name: str, second: SecondReader) -> None:
    test = second.test
    console.print(
        f"Right in {name} only: {test.only_first} statements; in {second.name} only: "
        f"{test.only_second}; in both: {test.both}; in neither: {test.neither}. "
        f"McNemar (exact): p = {test.p_value:.2g}. Micro-F1 differs by {second.f1_gain:+.3f} "
        f"({_ends(second.f1_gain_ci95)}).",
        markup=False,
        highlight=False,
    )


def _cells(name: str, score: FindingScore) -> tuple[str, ...]:
    values = (_number(value) for value in (score.precision, score.recall, score.f1))
    return (escape(name), str(score.gold), str(score.found), *values, _ends(score.f1_ci95))


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _ends(interval: Interval | None) -> str:
    return "" if interval is None else f"{interval[0]:.3f} to {interval[1]:.3f}"
