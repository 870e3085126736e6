"""Words in one spelling, with true places."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supreme_ecg.reports.tokens import normal_words, tokenize


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ischaemia", "Ischemia"),
        ("Ischämie", "ischaemie"),
        ("überdrehter", "ueberdrehter"),
        ("f#r", "für"),
        ("inferiorer infarkt", "inferiore infarkte"),
        ("möglich", "moeglich"),
        ("extrasystole(n)", "Extrasystolen"),
        ("contraction(s)", "contractions"),
        ("non-specific", "nonspecific"),
        ("non specific", "nonspecific"),
        ("a-v block", "AV-block"),
        ("left bundle-branch block", "Left Bundle Branch Block"),
        ("1st degree", "first degree"),
        ("t wave", "T waves"),
        ("st & t", "st and t"),
        ("kompletter linksschenkelblock", "komplettem Linksschenkelblock"),
    ],
)
def test_spellings_of_one_word_are_one(one: str, other: str) -> None:
    """Case, umlauts, endings, hyphens and British spelling make no difference."""
    assert normal_words(one) == normal_words(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("anterior", "inferior"),
        ("v1", "v2"),
        ("links", "rechts"),
        ("hypo", "hyper"),
        ("i", "ii"),
        ("PACE", "PACs"),
    ],
)
def test_different_words_stay_different(one: str, other: str) -> None:
    """Taking endings off does not make one word of two."""
    assert normal_words(one) != normal_words(other)


def test_a_gap_tells_sentence_ends_from_abbreviations() -> None:
    """A full stop ends a sentence unless it belongs to an abbreviated word."""
    gaps = {token.word: token.gap for token in tokenize("alter unbest. infarkt. sinus, axis/wave")}
    assert gaps["infarkt"] == ""
    assert gaps["sinu"] == "stop"
    assert gaps["axi"] == "comma"
    assert gaps["wave"] == "slash"


@given(st.text())
def test_places_are_true_for_any_text(text: str) -> None:
    """Each token's place gives back the word as written, in order, without overlap."""
    end = 0
    for token in tokenize(text):
        assert end <= token.start < token.end <= len(text)
        end = token.end
