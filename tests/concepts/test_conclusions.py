"""What a report says as a whole is added to what it says."""

from __future__ import annotations

import polars as pl
import pytest

from supreme_ecg.concepts.conclusions import (
    AXIS_EXPLAINED,
    EXTRACTOR,
    HARMLESS,
    SECOND_NAMED,
    WALLS,
    add_conclusions,
    left_open,
)
from supreme_ecg.concepts.table import ConceptTable

TABLE = ConceptTable.load()
SCHEMA = {
    "record_id": pl.String,
    "concept": pl.String,
    "assertion": pl.String,
    "extractor": pl.String,
}


def concluded(*said: str) -> set[str]:
    """Conclusions of one report; each argument is ``concept:assertion``."""
    rows = [("one", *each.split(":"), "rules") for each in said]
    findings = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    result = add_conclusions(findings, table=TABLE)
    assert result[: len(findings)].equals(findings)
    added = result[len(findings) :]
    assert set(added["extractor"]) <= {EXTRACTOR}
    return {f"{concept}:{how}" for concept, how in added.select("concept", "assertion").rows()}


def test_infarcts_of_two_walls_are_one_of_both() -> None:
    """Present where both are, in doubt where either is; a denied one makes nothing."""
    inferior, lateral, both = (
        f"{wall}_myocardial_infarction" for wall in ("inferior", "lateral", "inferolateral")
    )
    assert concluded(f"{inferior}:present", f"{lateral}:present") == {f"{both}:present"}
    assert concluded(f"{inferior}:present", f"{lateral}:uncertain") == {f"{both}:uncertain"}
    assert concluded(f"{inferior}:present", f"{lateral}:absent") == set()


def test_three_walls_are_joined_step_by_step() -> None:
    """Inferior, posterior and lateral make the infarct of all three."""
    said = (
        f"{wall}_myocardial_infarction:present" for wall in ("inferior", "posterior", "lateral")
    )
    assert "inferoposterolateral_myocardial_infarction:present" in concluded(*said)


def test_what_is_said_is_not_concluded_again() -> None:
    """The report's own doubt about both walls stands."""
    said = [f"{wall}_myocardial_infarction:present" for wall in ("inferior", "lateral")]
    assert concluded(*said, "inferolateral_myocardial_infarction:uncertain") == set()


def test_an_unexplained_left_axis_is_a_doubtful_fascicular_block() -> None:
    """Not where an infarct or a pacemaker turns the axis, nor where the axis is in the normal range."""
    assert concluded("left_axis_deviation:present") == {"left_anterior_fascicular_block:uncertain"}
    assert concluded("left_axis_deviation:present", "paced_rhythm:present") == set()
    explained = "inferolateral_myocardial_infarction:uncertain"
    assert concluded("left_axis_deviation:present", explained) == set()
    assert concluded("leftward_axis:present", "abnormal_qrs:present") == set()


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (["sinus_rhythm:present", "normal_axis:present"], {"normal_ecg:uncertain"}),
        (["sinus_bradycardia:present"], {"normal_ecg:uncertain"}),
        (["sinus_rhythm:present", "st_depression:uncertain"], set()),
        (["sinus_rhythm:present", "st_depression:absent"], {"normal_ecg:uncertain"}),
        (["normal_axis:present"], set()),
        (["sinus_rhythm:present", "normal_ecg:absent"], set()),
    ],
)
def test_a_report_of_harmless_things_alone_means_normal(
    said: list[str], expected: set[str]
) -> None:
    """Only with a sinus rhythm, and not against what the report says."""
    assert concluded(*said) == expected


def test_a_flutter_named_as_the_second_of_two_is_left_open() -> None:
    """Where it is stated, or doubted by itself, it stays."""
    both, flutter = "atrial_fibrillation_or_flutter", "atrial_flutter"
    rows = [
        ("named together", both, "present"),
        ("named together", flutter, "uncertain"),
        ("stated too", both, "present"),
        ("stated too", flutter, "uncertain"),
        ("stated too", flutter, "present"),
        ("doubted alone", flutter, "uncertain"),
        ("fibrillation", both, "present"),
    ]
    findings = pl.DataFrame(rows, schema=list(SCHEMA)[:3], orient="row")
    assert left_open(findings) == {("named together", flutter)}


def test_reports_do_not_meet() -> None:
    """A wall in one report and a wall in another make nothing."""
    findings = pl.DataFrame(
        [
            ("one", "inferior_myocardial_infarction", "present", "rules"),
            ("two", "lateral_myocardial_infarction", "present", "rules"),
        ],
        schema=SCHEMA,
        orient="row",
    )
    assert add_conclusions(findings, table=TABLE).equals(findings)


def test_every_concept_that_is_named_here_is_in_the_table() -> None:
    """A misspelt id would conclude nothing, unnoticed."""
    named = {*HARMLESS, *AXIS_EXPLAINED}
    named |= {each for one, others, both in WALLS for each in (one, *others, both)}
    named |= {each for pair in SECOND_NAMED for each in pair}
    assert not named - TABLE.concepts.keys()
