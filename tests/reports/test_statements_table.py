"""Statements of our own in three languages, with the findings that they must give."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

import supreme_ecg.reports
from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.reports.rules import RuleExtractor
from supreme_ecg.reports.statements import split_statements

SAYS = {"+": "present", "?": "uncertain", "-": "absent"}


def rows() -> list[dict[str, str]]:
    """The table of statements."""
    with (Path(__file__).parent / "statements.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def extractor() -> RuleExtractor:
    """The rules over the package's concepts."""
    return RuleExtractor(ConceptTable.load().lexicon())


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["statement"])
def test_a_statement_gives_its_findings_and_no_others(
    extractor: RuleExtractor, row: dict[str, str]
) -> None:
    """Concepts and assertions are those of the table (+ present, ? uncertain, - absent)."""
    expected = {(pair[:-1], SAYS[pair[-1]]) for pair in row["findings"].split()}
    found = {
        (finding.concept, finding.assertion)
        for statement in split_statements(row["statement"])
        for finding in extractor.extract(statement.text)
    }
    assert found == expected


def test_there_are_enough_statements_in_each_language() -> None:
    """At least 120 statements, and each language has its share."""
    counts = Counter(row["language"] for row in rows())
    assert counts.total() >= 120
    assert min(counts["en"], counts["de"], counts["sv"]) >= 20


@pytest.mark.parametrize(
    ("file", "column"),
    [
        ("patterns.csv", "concept"),
        ("qualifiers.csv", "concept"),
        ("refinements.csv", "concept"),
        ("refinements.csv", "refined"),
        ("qualifiers.csv", "implies"),
        ("companions.csv", "concept"),
        ("companions.csv", "beside"),
        ("companions.csv", "read_as"),
        ("implications.csv", "concept"),
        ("implications.csv", "implied"),
    ],
)
def test_the_rules_name_concepts_of_the_table(file: str, column: str) -> None:
    """Every concept id in the extractor's own tables exists; none means that a finding is dropped."""
    path = Path(supreme_ecg.reports.__file__).parent / file
    with path.open(encoding="utf-8") as opened:
        named = {row[column] for row in csv.DictReader(opened)}
    assert named - {""} <= set(ConceptTable.load().concepts)
