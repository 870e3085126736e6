"""Codes of corpora become findings of the concept table."""

from __future__ import annotations

import pytest

from supreme_ecg.concepts.codes import concept_of_code, findings_of_codes
from supreme_ecg.concepts.table import ConceptTable


@pytest.mark.parametrize(
    ("code", "concept"),
    [
        ("AFIB", "atrial_fibrillation"),
        ("164889003", "atrial_fibrillation"),
        ("AF", "atrial_fibrillation"),
        ("I-AVB", "first_degree_av_block"),
        ("Normal", "normal_ecg"),
        ("STD", "st_depression"),
        ("no such code", None),
        ("", None),
    ],
)
def test_scp_snomed_ct_and_class_names_are_known(code: str, concept: str | None) -> None:
    """As PTB-XL, the PhysioNet/CinC corpora and CPSC2018 write them."""
    found = concept_of_code(code, ConceptTable.load())
    assert (found.id if found else None) == concept


def test_every_class_of_cpsc2018_has_a_concept() -> None:
    """All nine, in both of the ways in which they were issued."""
    words = ["Normal", "AF", "I-AVB", "LBBB", "RBBB", "PAC", "PVC", "STD", "STE"]
    snomed = ["426783006", "164889003", "270492004", "164909002", "59118001", "284470004"]
    snomed += ["164884008", "429622005", "164931005"]
    table = ConceptTable.load()
    assert all(concept_of_code(code, table) for code in words + snomed)


def test_codes_are_present_and_unknown_ones_counted() -> None:
    """A code that a record has twice counts once; records without codes say nothing."""
    read = findings_of_codes(
        ["a", "b", "c"], [["AFIB", "x", "AFIB"], [], ["x", "y", "NORM"]], ConceptTable.load()
    )
    assert read.findings.rows() == [
        ("a", "atrial_fibrillation", "present", "AFIB"),
        ("c", "normal_ecg", "present", "NORM"),
    ]
    assert read.unmapped == {"x": 2, "y": 1}
