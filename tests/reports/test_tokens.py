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


def test_a_side_is_a_word_of_its_own() -> None:
    """However German and Swedish write it; the places stay true."""
    for text in ("Rechtsschenkelblock", "rechts-schenkelblock", "rechtsseitiger Schenkelblock"):
        assert [token.word for token in tokenize(text)] == ["recht", "schenkelblock"]
    first, second = tokenize("Vänstergrenblock")
    assert (first.start, first.end, second.start, second.end) == (0, 7, 7, 16)
    assert [token.word for token in tokenize("Linkstyp")] == ["linkstyp"]


def test_a_full_stop_of_an_ordinal_ends_nothing() -> None:
    """``II. Grades`` goes on, ``V2. Grades`` does not occur."""
    assert [token.gap for token in tokenize("SA-Block II. Grades möglich")] == [""] * 5
    assert [token.gap for token in tokenize("Q in V2. ST normal")][3] == "stop"


def test_the_second_r_is_another_wave() -> None:
    """``r'`` in V1 is not the R wave."""
    assert tokenize("r' in v1")[0].word != tokenize("r in v1")[0].word


def test_swedish_plurals_are_one_word() -> None:
    """Definite or not."""
    words = {tokenize(text)[0].word for text in ("höjning", "höjningar", "höjningarna")}
    assert len(words) == 1
    assert tokenize("vågorna")[0].word == tokenize("vågor")[0].word


def test_a_bracket_is_seen() -> None:
    """Its first word knows that it opens."""
    assert [token.opens for token in tokenize("ST (fraglich Digitalis)")] == [False, True, False]
