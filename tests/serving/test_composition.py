"""Concepts that are read from words in any order."""

from __future__ import annotations

from itertools import permutations

import pytest

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.serving.composition import Composition, content_of
from supreme_ecg.serving.question import QuestionReader

TABLE = ConceptTable.load()
COMPOSITION = Composition(TABLE)
READER = QuestionReader(TABLE)


@pytest.mark.parametrize(
    ("text", "concept"),
    [
        ("total block of the right bundle", "complete_right_bundle_branch_block"),
        ("partial block of the right wire", "incomplete_right_bundle_branch_block"),
        ("the upper chambers of the heart are quivering", "atrial_fibrillation"),
        ("fast rhythm from the lower chambers", "ventricular_tachycardia"),
        ("lack of oxygen to the front of the heart", "anterior_ischaemia"),
        ("old heart attack of the front wall", "anterior_myocardial_infarction"),
        ("sinus rhythm slower than 60 per minute", "sinus_bradycardia"),
        ("Verdickung der linken Herzkammer", "left_ventricular_hypertrophy"),
        ("Durchblutungsstörung der Seitenwand", "lateral_ischaemia"),
        ("inc R BBB", "incomplete_right_bundle_branch_block"),
        ("L ant fasc blk", "left_anterior_fascicular_block"),
        ("vänster kammare förtjockad", "left_ventricular_hypertrophy"),
        ("front and side wall infarct", "anterolateral_myocardial_infarction"),
    ],
)
def test_words_are_put_together(text: str, concept: str) -> None:
    """Lay, German, Swedish and abbreviated words, of which no row is the whole phrase."""
    assert COMPOSITION.find(text) == concept


@pytest.mark.parametrize(
    "text",
    [
        "",
        "heart",
        "wave",
        "left",
        "fast car",
        "purple flutter",
        "left or right bundle branch block",
        "wide",
    ],
)
def test_what_is_not_wholly_understood_is_no_concept(text: str) -> None:
    """One unknown word is enough; words that add nothing are not enough."""
    assert COMPOSITION.find(text) is None


def test_the_order_of_words_does_not_matter() -> None:
    """A phrase is the set of its words."""
    found = {
        COMPOSITION.find(" ".join(words)) for words in permutations(["bundle", "left", "block"])
    }
    assert len(found) == 1


def test_a_name_is_never_read_as_another_one() -> None:
    """What a name is composed to is its own concept, or nothing."""
    for concept in TABLE.concepts.values():
        assert COMPOSITION.find(concept.name) in {concept.id, None}


def test_of_two_phrases_the_one_with_more_light_words_says_more() -> None:
    """The word "sinus" alone does not say sinus rhythm; "ST elevation" says elevation of the ST segment."""
    assert not content_of("sinus").says(content_of("sinus rhythm"))
    assert content_of("st elevation").says(content_of("elevation of the st segment"))


def test_a_composed_reading_is_told() -> None:
    """With what else was left out."""
    question = READER.read("severe thickening of the left lower chamber")
    assert (question.concept, question.how) == ("left_ventricular_hypertrophy", "composed")
    assert "was read as 'left ventricular hypertrophy'" in question.warnings[0]
    assert "a degree is not told apart" in question.warnings[1]


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("no heart attack", ("myocardial_infarction",)),
        ("kein blockierter rechter Schenkel", ("complete_right_bundle_branch_block",)),
    ],
)
def test_a_denial_of_composed_words_is_a_denial(text: str, near: tuple[str, ...]) -> None:
    """It names what to ask instead."""
    question = READER.read(text)
    assert (question.kind, question.near) == ("negated", near)


def test_two_lay_findings_are_asked_apart() -> None:
    """Each is known by its words."""
    question = READER.read("heart attack and racing heart")
    assert question.kind == "several"
    assert question.near == ("myocardial_infarction", "tachycardia")


def test_words_that_the_table_has_not_are_asked_in_plain_english() -> None:
    """And that is told."""
    question = READER.read("Epsilonwelle der rechten Kammer")
    assert question.how == "words"
    assert question.asked == "Epsilonwelle der right ventricular"
    assert "read as" in question.warnings[0]
