"""Entities -> concepts."""

from __future__ import annotations

import pytest

from supreme_ecg.models.text_encoder import TextEncoderConfig, TransformerTextEncoder
from supreme_ecg.vocabulary.mapping import NearestConcept, Placement, place_by_words
from supreme_ecg.vocabulary.opposites import Opposites


@pytest.mark.parametrize(
    ("entity", "said", "concept", "way"),
    [
        ("atrial fibrillation", None, "atrial_fibrillation", "exact"),
        ("vorhofflimmern", None, "atrial_fibrillation", "synonym"),
        ("vorhofflimmern", "sinus_rhythm", "atrial_fibrillation", "synonym"),
        ("wild fibrillation", "atrial_fibrillation", "atrial_fibrillation", "extractor"),
    ],
)
def test_words_come_before_likeness(table, entity, said, concept, way) -> None:
    """Preferred name, then synonym, then what the extractor said."""
    assert place_by_words(entity, said, table) == Placement(concept, way, 1.0)


def test_unknown_words_have_no_place(table) -> None:
    """They are left to likeness."""
    assert place_by_words("wild fibrillation", None, table) is None


def test_the_nearest_phrase_that_does_not_oppose_wins(table, words, opposites) -> None:
    """A phrase that shares all words but left is passed over for right."""
    nearest = NearestConcept(table, words, opposites)
    place = nearest.place("quite complete right bundle branch block", threshold=0.7)
    assert place.concept == "complete_right_bundle_branch_block"
    assert place.way == "nearest"
    assert place.score is not None
    assert 0.7 <= place.score < 1


def test_what_is_near_nothing_is_new(table, words, opposites) -> None:
    """With the cosine of what was nearest, or none if all oppose it."""
    nearest = NearestConcept(table, words, opposites)
    far = nearest.place("holter monitor helpful", threshold=0.8)
    assert (far.concept, far.way) == (None, "new")
    assert far.score is not None
    assert far.score < 0.8
    alone = nearest.place("no left right atrial septal acute old first degree", threshold=0.0)
    assert alone == Placement(None, "new", None)


def test_phrases_can_be_left_out(table, words, opposites) -> None:
    """To measure what the table would do without them."""
    nearest = NearestConcept(table, words, opposites)
    assert nearest.place("atrial flutter", threshold=0.9).score == pytest.approx(1.0)
    left_out = nearest.place("atrial flutter", threshold=0.9, without=frozenset({"atrial flutter"}))
    assert left_out.score is None or left_out.score < 0.999


def test_the_packaged_encoder_maps_english_but_not_german(table, opposites) -> None:
    """It was trained on English: "Vorderwandinfarkt" without its synonym is near nothing."""
    nearest = NearestConcept(table, TransformerTextEncoder(TextEncoderConfig()), opposites)
    english = nearest.place("infarction of the anterior myocardium", threshold=0.7)
    assert english.concept == "anterior_myocardial_infarction"
    foreign = frozenset(
        phrase
        for concept in table.concepts.values()
        for phrase in (s.phrase for s in concept.synonyms if s.language != "en")
    )
    german = nearest.place("frischer vorderwandschaden", threshold=0.7, without=foreign)
    assert german.concept is None


def test_open_groups_refuse_too(table, words) -> None:
    """The nearest phrase says one side, the text the other."""
    mood = {"": {"any"}, "wild": {"wild"}, "flutter": {"tame"}}
    groups = Opposites({"mood": {term: frozenset(sides) for term, sides in mood.items()}})
    text = "wild atrial flutter"
    free = NearestConcept(table, words, Opposites({})).place(text, threshold=0.7)
    bound = NearestConcept(table, words, groups).place(text, threshold=0.7)
    assert (free.concept, bound.concept) == ("atrial_flutter", None)
