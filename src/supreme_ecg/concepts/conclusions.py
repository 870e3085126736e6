"""What follows from all findings of a report together, as labels to be trained on.

A report is read as a whole: "inferior infarct, lateral infarct" is an infarct of both walls, and one that
names sinus rhythm and a normal axis and nothing else calls the ECG normal without saying so. What only a
reader concludes is added as doubtful, beside what the report says, which stays.

Source: Fourth Universal Definition of Myocardial Infarction, 2018 (walls); AHA/ACCF/HRS recommendations 2009,
part III (left axis deviation that nothing else explains is most often left anterior fascicular block).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Final

import polars as pl

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.reports.finding import Assertion

EXTRACTOR: Final = "conclusions/1"
"""Where these findings come from, in their column ``extractor``."""

WALLS: Final[tuple[tuple[str, tuple[str, ...], str], ...]] = tuple(
    (one + end, tuple(other + end for other in others), both + end)
    for end, one, others, both in (
        ("_myocardial_infarction", "inferior", ("posterior",), "inferoposterior"),
        ("_myocardial_infarction", "inferoposterior", ("lateral",), "inferoposterolateral"),
        ("_myocardial_infarction", "inferior", ("posterolateral",), "inferoposterolateral"),
        ("_myocardial_infarction", "inferior", ("lateral", "anterolateral"), "inferolateral"),
        ("_myocardial_infarction", "inferolateral", ("posterior",), "inferoposterolateral"),
        ("_myocardial_infarction", "anterior", ("septal",), "anteroseptal"),
        ("_myocardial_infarction", "anterior", ("lateral", "high_lateral"), "anterolateral"),
        ("_ischaemia", "inferior", ("lateral",), "inferolateral"),
        ("_ischaemia", "anterior", ("septal",), "anteroseptal"),
        ("_ischaemia", "anterior", ("lateral", "high_lateral"), "anterolateral"),
    )
)
"""One wall, other walls, and the concept of both."""

HARMLESS: Final = frozenset(
    [
        *("sinus_rhythm", "sinus_mechanism", "regular_rhythm", "normal_axis", "intermediate_axis"),
        *("vertical_axis", "leftward_axis", "clockwise_rotation", "counterclockwise_rotation"),
        *("sinus_bradycardia", "sinus_tachycardia", "sinus_arrhythmia"),
    ]
)
"""Findings that leave an ECG normal as a whole; rate and respiratory arrhythmia among them."""

AXIS_EXPLAINED: Final = (
    "inferior_myocardial_infarction",
    "left_bundle_branch_block",
    "paced_rhythm",
    "ventricular_preexcitation",
)
"""What turns the axis to the left without a fascicular block."""

SECOND_NAMED: Final = (("atrial_flutter", "atrial_fibrillation_or_flutter"),)
"""Second of two that reports name in one breath, and what is said of both."""

Said = Mapping[str, Assertion]
"""Concept -> the strongest that a report says of it."""


def add_conclusions(findings: pl.DataFrame, *, table: ConceptTable) -> pl.DataFrame:
    """Add to the findings of every record what they say together.

    Args:
        findings: Rows with ``record_id``, ``concept`` and ``assertion``; other columns are kept.
        table: For what is above and below a concept.

    Returns:
        The same rows, and one for every conclusion; its other columns are empty but ``extractor``.
    """
    said: dict[str, dict[str, Assertion]] = {}
    order = ("absent", "uncertain", "present")
    rows = findings.select("record_id", "concept", "assertion").unique().sort(pl.all())
    for record, concept, assertion in sorted(rows.iter_rows(), key=lambda r: order.index(r[2])):
        said.setdefault(record, {})[concept] = assertion
    concluded = [
        (record, concept, assertion, EXTRACTOR)
        for record, of_one in sorted(said.items())
        for concept, assertion in _conclusions(of_one, table)
    ]
    added = pl.DataFrame(
        concluded,
        schema={"record_id": pl.String, "concept": pl.String, "assertion": pl.String}
        | {"extractor": pl.String},
        orient="row",
    )
    kept = [column for column in added.columns if column in findings.columns]
    return pl.concat([findings, added.select(kept)], how="diagonal")


def left_open(findings: pl.DataFrame) -> set[tuple[str, str]]:
    """Record and concept of doubts that tell nothing of the concept.

    "Atrial fibrillation/flutter" is said of a rhythm that is one of the two, and mostly the first: counted
    as a doubtful flutter it would make fibrillations most of what flutter is learned from.

    Args:
        findings: Rows with ``record_id``, ``concept`` and ``assertion``.
    """

    def records(concept: str, assertion: Assertion) -> set[str]:
        rows = findings.filter(concept=concept, assertion=assertion)
        return set(rows["record_id"])

    return {
        (record, second)
        for second, both in SECOND_NAMED
        for record in records(second, "uncertain") & records(both, "present")
        if record not in records(second, "present")
    }


def _conclusions(said: Said, table: ConceptTable) -> Iterator[tuple[str, Assertion]]:
    named = {concept: how for concept, how in said.items() if how != "absent"}
    yield from _walls(named)
    if "left_axis_deviation" in named and not _narrower(AXIS_EXPLAINED, table) & named.keys():
        yield "left_anterior_fascicular_block", "uncertain"
    of_sinus = _narrower(("sinus_mechanism",), table) & named.keys()
    if of_sinus and named.keys() <= HARMLESS and "normal_ecg" not in said:
        yield "normal_ecg", "uncertain"


def _walls(named: Said) -> Iterator[tuple[str, Assertion]]:
    """Two walls are the wall of both, in doubt where either is."""
    found = dict(named)
    for one, others, both in WALLS:
        beside = [found[other] for other in others if other in found]
        if one in found and beside and both not in named:
            sure = found[one] == "present" and "present" in beside
            found[both] = "present" if sure else "uncertain"
    yield from ((concept, how) for concept, how in found.items() if concept not in named)


def _narrower(concepts: tuple[str, ...], table: ConceptTable) -> Set[str]:
    return frozenset(concepts).union(*(table.descendants(concept) for concept in concepts))
