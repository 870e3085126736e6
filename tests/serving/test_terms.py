"""Words of strangers in plain clinical English."""

from __future__ import annotations

import pytest

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.serving.terms import (
    REWRITING,
    Rewriter,
    alternatives,
    lexicon_of,
    rows,
    split_compound,
)
from supreme_ecg.vocabulary.opposites import Opposites

TABLE = ConceptTable.load()
REWRITER = Rewriter(concept.name for concept in TABLE.concepts.values())


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Vorderwandnekrose", "anterior infarction"),
        ("Blockierung des rechten Tawara-Schenkels", "block des right bundle branch"),
        ("blk of L bundle", "block of left bundle branch"),
        ("upside down T waves", "t wave inversion"),
        ("thickend heart muscle", "ventricular hypertrophy"),
        ("flacka T-vågor", "flat t wave"),
        ("epsilon wave", "epsilon wave"),
        ("", ""),
    ],
)
def test_known_words_are_rewritten_and_others_stay(text: str, plain: str) -> None:
    """German, Swedish, abbreviations, lay words, misspellings; what is not known is kept as typed."""
    assert REWRITER.rewrite(text) == plain


def test_everyday_words_can_be_left_alone() -> None:
    """The word "scar" means an infarct beside a heart only; "Vorhof" always means an atrium."""
    assert REWRITER.rewrite("scar", medical=True) == "scar"
    assert REWRITER.rewrite("Vorhof", medical=True) == "atrial"


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("kammerverbreiterung", ("kammer", "verbreiterung")),
        ("seitenwandischemie", ("seitenwand", "ischemie")),
        ("kammermusik", ()),
        ("kammer", ()),
    ],
)
def test_a_compound_is_taken_apart_without_rest(word: str, parts: tuple[str, ...]) -> None:
    """A word of which some letters belong to no known word stays whole."""
    assert split_compound(word) == parts


def test_alternatives_are_written_out() -> None:
    """An empty one may be left out."""
    assert list(alternatives("wide|broad qrs |complex")) == [
        "wide qrs",
        "wide qrs complex",
        "broad qrs",
        "broad qrs complex",
    ]


def test_no_phrase_has_two_meanings() -> None:
    """The lexicon raises where one has."""
    assert len(lexicon_of(REWRITING)) > 4000


ALLOWED = ("chamber", "territory", "normality", "completeness", "process", "negation", "wave")
"""Groups in which a phrase as a whole may say other than its words: "between atria and ventricles" is
atrioventricular, the inferior fascicle is the posterior one, nothing abnormal is normal."""


def test_no_rewriting_turns_a_side_into_the_other() -> None:
    """Left and right, degrees, rates, raised and lowered, high and low keep their side."""
    opposites = Opposites.load()
    for kind, meaning, phrase in rows():
        if kind in REWRITING:
            turned = set(opposites.contradicting(phrase, meaning)) - set(ALLOWED)
            assert not turned, (phrase, meaning)
