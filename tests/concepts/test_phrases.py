"""One spelling, and abbreviations written out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supreme_ecg.concepts.phrases import Abbreviations, normalise

NAMES = {
    "MI": "myocardial infarction",
    "LVH": "left ventricular hypertrophy",
    "AVB": "atrioventricular block",
    "I-AVB": "first-degree AV block",
    "1AVB": "first-degree AV block",
    "ES": "premature complex",
}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Überdrehter Linkstyp", "ueberdrehter  linkstyp"),
        ("A-V-Block", "a v block"),
        ("REGELMÄSSIGER Rhythmus", "regelmäßiger rhythmus"),
        ("ST–T change", "st-t change"),
    ],
)
def test_case_hyphens_blanks_and_umlauts_do_not_matter(one: str, other: str) -> None:
    """Spellings of the same words are equal."""
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(
    ("one", "other"), [("left axis", "right axis"), ("avblock", "av block"), ("förmak", "formak")]
)
def test_different_words_stay_different(one: str, other: str) -> None:
    """Nothing but spelling is folded."""
    assert normalise(one) != normalise(other)


@given(st.text())
def test_the_one_spelling_is_stable(text: str) -> None:
    """Normalising twice changes nothing more."""
    assert normalise(normalise(text)) == normalise(text)


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("ischemia after MI", "ischemia after myocardial infarction"),
        ("ischemia", "ischemia"),
        ("MIld", "MIld"),
        ("lvh with strain", "left ventricular hypertrophy with strain"),
        ("es ist Ruhe", "es ist Ruhe"),
        ("seltene ES", "seltene premature complex"),
        ("I-AVB, LVH.", "first-degree AV block, left ventricular hypertrophy."),
        ("1AVB", "first-degree AV block"),
        ("AVB2", "AVB2"),
    ],
)
def test_abbreviations_are_replaced_as_whole_words_only(text: str, expanded: str) -> None:
    """Nothing inside a word changes; what is also a word needs its capitals."""
    assert Abbreviations(NAMES).expand(text) == expanded


@given(st.text(alphabet="MIACSHEmiacshe LV", max_size=40))
def test_no_word_is_changed_inside(text: str) -> None:
    """Words that are no abbreviation come out as they went in."""
    shorts = {name.casefold() for name in NAMES}
    kept = [word for word in text.split(" ") if word.casefold() not in shorts]
    expanded = Abbreviations(NAMES).expand(text)
    assert [word for word in expanded.split(" ") if word in kept] == kept


def test_no_abbreviations_change_nothing() -> None:
    """An empty list is allowed."""
    assert Abbreviations({}).expand("MI and AF") == "MI and AF"
