"""Misspelt words, and words that only look misspelt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.reports.rules import RuleExtractor
from supreme_ecg.reports.spelling import Speller, edit_distance
from supreme_ecg.reports.tokens import tokenize

WORDS = {
    "atrial": 40,
    "fibrillation": 20,
    "hypertrophy": 30,
    "hypotension": 1,
    "bradycardia": 5,
    "tachycardia": 9,
    "complete": 4,
    "incomplete": 4,
    "inferior": 12,
    "anterior": 12,
    "ventricular": 50,
    "infarct": 8,
    "infarcts": 1,
}
SPELLER = Speller(WORDS)


@pytest.fixture(scope="module")
def extractor() -> RuleExtractor:
    """The rules over the package's concepts."""
    return RuleExtractor(ConceptTable.load().lexicon())


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("fibrilation", "fibrillation"),
        ("fibrillatoin", "fibrillation"),
        ("ventrciular", "ventricular"),
        ("venticular", "ventricular"),
        ("atrail", "atrial"),
        ("hypertrphy", "hypertrophy"),
        ("xventricular", "ventricular"),
        ("infarctt", "infarct"),
    ],
)
def test_a_misspelt_word_is_the_one_that_it_resembles(written: str, meant: str) -> None:
    """One edit, or two in a long word; the commoner of two forms."""
    assert SPELLER.meant(written) == meant


@pytest.mark.parametrize(
    "written",
    [
        "arterial",  # of an artery, not of an atrium
        "hypotrophy",  # the opposite of hypertrophy
        "hypertension",  # the opposite of hypotension
        "brachycardia",  # as near to brady- as to tachycardia
        "interior",  # as near to inferior as to anterior
        "ncomplete",  # complete or incomplete
        "fibroblasts",
        "v4v5v6v3",
    ],
)
def test_no_word_becomes_another_word(written: str) -> None:
    """Words that differ in a part with a meaning of its own are left alone."""
    assert SPELLER.meant(written) is None


@pytest.mark.parametrize("written", ["atial", "atrial", "ATRIAL", "complete"])
def test_short_and_known_words_stay(written: str) -> None:
    """Below six letters nothing is corrected; what a phrase has is right."""
    (token,) = tokenize(written)
    assert SPELLER.correct(token) is token


@pytest.mark.parametrize(
    ("text", "concept"),
    [
        ("atrial fibrilation", "atrial_fibrillation"),
        ("Vorhofflimmmern", "atrial_fibrillation"),
        ("Linksschenkelblcok", "complete_left_bundle_branch_block"),
        ("Förmaksflimmre", "atrial_fibrillation"),
        ("inkompletter Rechtsschenkellblock", "incomplete_right_bundle_branch_block"),
    ],
)
def test_misspelt_findings_are_found(extractor: RuleExtractor, text: str, concept: str) -> None:
    """In three languages, also where a side is written into the word."""
    assert [each.concept for each in extractor.extract(text)] == [concept]


@pytest.mark.parametrize(
    "text", ["arterial fibrillation", "hypotrophy", "normal interior", "arterial enlargement"]
)
def test_another_word_is_no_finding(extractor: RuleExtractor, text: str) -> None:
    """Words of the body that resemble a finding name none."""
    assert extractor.extract(text) == ()


@pytest.mark.parametrize("written", ["bradycardia", "hypotension", "tachycardia", "incomplete"])
def test_every_single_edit_leads_back_or_nowhere(written: str) -> None:
    """A letter less never makes the opposite word."""
    for index in range(len(written)):
        damaged = written[:index] + written[index + 1 :]
        if damaged not in WORDS:
            assert SPELLER.meant(damaged) in (written, None)


@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_the_distance_is_symmetric_and_zero_for_the_same_word(a: str, b: str) -> None:
    """It lies between the difference and the larger of the lengths."""
    distance = edit_distance(a, b)
    assert distance == edit_distance(b, a)
    assert (distance == 0) == (a == b)
    assert abs(len(a) - len(b)) <= distance <= max(len(a), len(b))


@pytest.mark.parametrize(
    ("a", "b", "edits"),
    [("ab", "ba", 1), ("infarct", "infract", 1), ("", "abc", 3), ("ca", "abc", 3)],
)
def test_swapped_neighbours_are_one_edit(a: str, b: str, edits: int) -> None:
    """As Damerau counts; no letter is edited twice."""
    assert edit_distance(a, b) == edits
