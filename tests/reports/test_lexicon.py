"""Longest match of phrases."""

from __future__ import annotations

import pytest

from supreme_ecg.errors import ConceptError
from supreme_ecg.reports.lexicon import Lexicon
from supreme_ecg.reports.tokens import tokenize

LEXICON = Lexicon(
    [
        ("infarct", "mi", False),
        ("inferior infarct", "imi", False),
        ("LBBB", "clbbb", True),
        ("ST", "stach", True),
        ("atrial fibrillation", "afib", False),
    ]
)


def concepts(text: str) -> list[str]:
    """Concepts in the order of the text."""
    return [match.concept for match in LEXICON.matches(tokenize(text))]


def test_the_longest_phrase_wins() -> None:
    """A phrase inside a longer one does not match on its own."""
    assert concepts("inferior infarct and anterior infarct") == ["imi", "mi"]


def test_short_abbreviations_need_their_case() -> None:
    """``ST`` of two letters matches as given only; longer abbreviations in any case."""
    assert concepts("st normal, lbbb") == ["clbbb"]
    assert concepts("ST with LBBBs") == ["stach", "clbbb"]


def test_a_phrase_does_not_reach_over_punctuation() -> None:
    """Words of a phrase must stand together."""
    assert concepts("signs: atrial, fibrillation") == []
    assert concepts("signs are atrial. Fibrillation") == []
    assert concepts("Atrial\n fibrillation") == ["afib"]


def test_find_needs_the_whole_text() -> None:
    """A text that holds more than a phrase names no concept."""
    assert LEXICON.find("Inferior infarcts") == "imi"
    assert LEXICON.find("an inferior infarct") is None
    assert LEXICON.find("") is None


def test_a_phrase_of_two_concepts_is_an_error() -> None:
    """The message names the phrase and both concepts."""
    with pytest.raises(ConceptError, match=r"'infarcts'.*'mi' and 'other'"):
        Lexicon([("infarct", "mi", False), ("infarcts", "other", False)])


def test_words_may_be_written_together_or_apart() -> None:
    """Long phrases only: a few letters that happen to stand in a row are no abbreviation."""
    assert concepts("Atrialfibrillation") == ["afib"]
    assert concepts("atrial-fibrillation") == ["afib"]
    assert concepts("inferior infar ct") == ["imi"]
    assert concepts("l bbb") == []


def test_the_words_of_all_phrases_are_counted() -> None:
    """With their endings and in how many phrases they stand."""
    assert LEXICON.words["infarct"] == 2
    assert LEXICON.words["fibrillation"] == 1
