"""Findings against codes, on cases counted by hand."""

from __future__ import annotations

import polars as pl
import pytest

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.evaluation.extraction_scores import (
    PRESENT_OR_UNCERTAIN,
    said_codes,
    score_findings,
)


@pytest.fixture(scope="module")
def table() -> ConceptTable:
    """The package's concepts."""
    return ConceptTable.load()


def findings(*rows: tuple[str, str, str]) -> pl.DataFrame:
    """Findings as the scorer reads them."""
    return pl.DataFrame(list(rows), schema=["record_id", "concept", "assertion"], orient="row")


def test_counts_are_those_of_the_hand(table: ConceptTable) -> None:
    """Coded, said and both are counted per code and summed for micro."""
    found = findings(
        ("a", "sinus_rhythm", "present"),
        ("a", "atrial_fibrillation", "absent"),
        ("b", "atrial_fibrillation", "uncertain"),
        ("c", "sinus_rhythm", "present"),
        ("elsewhere", "sinus_rhythm", "present"),
    )
    codes = {"a": ["SR"], "b": ["AFIB"], "c": ["AFIB"], "d": ["SR", "NOT_A_CODE"]}
    scores = score_findings(found, codes, table)
    assert scores is not None
    by_code = {each.code: each for each in scores.codes}
    assert set(by_code) == {"SR", "AFIB"}
    sinus, fibrillation = by_code["SR"], by_code["AFIB"]
    assert (sinus.coded, sinus.said, sinus.both) == (2, 2, 1)
    assert (fibrillation.coded, fibrillation.said, fibrillation.both) == (2, 1, 1)
    assert sinus.precision == sinus.recall == sinus.f1 == 0.5
    assert (scores.micro.coded, scores.micro.said, scores.micro.both) == (4, 3, 2)
    assert scores.micro.f1 == pytest.approx(4 / 7)
    assert scores.micro_present.both == 1
    assert scores.records == 4


def test_denied_findings_say_nothing(table: ConceptTable) -> None:
    """Absent findings never count as said."""
    found = findings(("a", "sinus_rhythm", "absent"))
    assert said_codes(found, table, assertions=PRESENT_OR_UNCERTAIN) == {}


def test_only_the_commonest_codes_are_scored(table: ConceptTable) -> None:
    """The commonest come first; ties go by name."""
    codes = {"a": ["SR", "AFIB"], "b": ["SR", "PVC"]}
    scores = score_findings(findings(("a", "sinus_rhythm", "present")), codes, table, commonest=2)
    assert scores is not None
    assert [each.code for each in scores.codes] == ["SR", "AFIB"]


def test_records_without_codes_are_not_scored(table: ConceptTable) -> None:
    """No code of the table, no score."""
    found = findings(("a", "sinus_rhythm", "present"))
    assert score_findings(found, {"a": []}, table) is None
    assert score_findings(found, {"a": ["164889003"]}, table) is None


def test_steps_of_coding_can_be_left_out(table: ConceptTable) -> None:
    """Without steps a finding says the code of its nearest ancestor and no more."""
    found = findings(("a", "low_qrs_voltage_limb", "present"))
    codes = {"a": ["LVOLT"]}
    with_steps, without = (
        score_findings(found, codes, table),
        score_findings(found, codes, table, steps=()),
    )
    assert with_steps is not None
    assert without is not None
    assert (with_steps.micro.said, without.micro.said) == (0, 1)
