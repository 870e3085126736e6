"""Words of strangers -> the plain clinical English of the concept table, word by word and phrase by phrase.

`question_terms.csv` says what a word means: "Schenkel" is a bundle branch, "upper chambers" are atria, "blk"
is a block. A slot of its phrases may hold alternatives (``wide|broad``), one of which may be empty. German
and Swedish compounds are taken apart, misspelt words corrected. Nothing is dropped: a word that is not in the
list stays as it is.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from itertools import product
from typing import Final, Literal, get_args

from supreme_ecg.reports.lexicon import Lexicon
from supreme_ecg.reports.spelling import Speller, edit_distance
from supreme_ecg.reports.tokens import Token, normal_word, plain_word, tokenize
from supreme_ecg.serving.measured import name_numbers

Kind = Literal[
    "german",
    "swedish",
    "abbreviation",
    "form",
    "lay",
    "textbook",
    "light",
    "empty",
    "parts",
    "rule",
]
"""Of a row. The last four say how phrases are compared (:mod:`supreme_ecg.serving.composition`)."""

REWRITING: Final = ("german", "swedish", "abbreviation", "form", "lay", "textbook")
_MEDICAL: Final = ("german", "swedish", "abbreviation", "form", "textbook")
"""Kinds of which most rows are about the heart whatever stands around them."""
_COMPOUNDING: Final = ("german", "swedish")
_SHORTEST_PIECE: Final = 3
_SHORTEST_COMPOUND: Final = 8
"""Letters from which on a word may be made of several."""
_SHORT: Final = range(4, 7)
"""Letters of words that are too short for the speller, which takes other slips for another word."""
_LINKS: Final = ("", "s", "n", "en", "es", "ungs")
"""What German and Swedish put between the parts of a compound."""
_POSSESSIVE: Final = re.compile(r"(?<=\w{3})['’]s\b")
_JOINED: Final = re.compile(r"\b(i)-(?=[A-Z]{3})")
_NUMBERED: Final = re.compile(r"\b([^\W\d_]{3,})(\d)\b")
_GAPS: Final = {"": " ", "comma": ", ", "slash": "/", "stop": ". "}


class Rewriter:
    """Rewrites phrases.

    Args:
        words: Words of the concept table, which are right as they are.
    """

    def __init__(self, words: Iterable[str]) -> None:
        known = Counter(token.plain for text in words for token in tokenize(text))
        self._known = frozenset(known) | {normal_word(word) for word in known}
        self._all = lexicon_of(REWRITING)
        self._medical = lexicon_of(_MEDICAL)
        self._speller = Speller(known + self._all.words)
        self._short = [word for word in known if len(word) in _SHORT and word.isalpha()]

    def rewrite(self, text: str, *, medical: bool = False) -> str:
        """Write a text in plain clinical English, as far as its words are known.

        Args:
            text: Words that name a finding, without the question around it.
            medical: Leave everyday words as they are: "racing" alone is no tachycardia.
        """
        lexicon = self._medical if medical else self._all
        tokens = tuple(self._words(_tidied(text), lexicon))
        parts: list[str] = []
        index = 0
        while index < len(tokens):
            match = lexicon.longest(tokens, index)
            words = match.concept if match else _written(tokens[index])
            parts += [_GAPS[tokens[index].gap] if parts else "", words]
            index = match.last + 1 if match else index + 1
        return "".join(parts)

    def _words(self, text: str, lexicon: Lexicon) -> Iterator[Token]:
        tokens = tokenize(text)
        known_till = -1
        for index, token in enumerate(tokens):
            match = lexicon.longest(tokens, index)
            known_till = max(known_till, match.last if match else -1)
            if index <= known_till or {token.plain, token.word} & self._known:
                yield token
            elif pieces := split_compound(token.plain):
                for place, piece in enumerate(pieces):
                    gap = "" if place else token.gap
                    yield replace(
                        token, word=normal_word(piece), plain=piece, written=piece, gap=gap
                    )
            else:
                meant = self._speller.correct(token).plain
                if meant == token.plain and lexicon is self._all:
                    meant = self._short_word(meant)
                same = meant == token.plain
                yield (
                    token
                    if same
                    else replace(token, word=normal_word(meant), plain=meant, written=meant)
                )

    def _short_word(self, word: str) -> str:
        """Mend a slip of the finger in a short word: letters swapped, one lost or doubled."""
        if len(word) not in _SHORT:
            return word
        near = [each for each in self._short if each[0] == word[0] and is_slip(word, each)]
        return near[0] if len(near) == 1 else word


def is_slip(typed: str, word: str) -> bool:
    """Say whether a word was typed with two neighbours swapped, a letter lost, or one doubled.

    Args:
        typed: What was typed.
        word: What may have been meant.
    """
    if len(typed) == len(word):
        return sorted(typed) == sorted(word) and edit_distance(typed, word) == 1
    if len(typed) < len(word):
        return any(word[:k] + word[k + 1 :] == typed for k in range(len(word)))
    doubled = (typed[:k] + typed[k + 1 :] for k in range(1, len(typed)) if typed[k] == typed[k - 1])
    return word in doubled


@cache
def split_compound(word: str) -> tuple[str, ...]:
    """Take a compound apart into German or Swedish words of the list, as few as possible.

    Args:
        word: As :func:`supreme_ecg.reports.tokens.plain_word` gives it.

    Returns:
        Nothing where some letters belong to no word.
    """
    if len(word) < _SHORTEST_COMPOUND or not word.isalpha():
        return ()
    best: dict[int, tuple[str, ...]] = {0: ()}
    for start in range(len(word)):
        if start not in best:
            continue
        for end in range(start + _SHORTEST_PIECE, len(word) + 1):
            if word[start:end] not in _pieces():
                continue
            for link in _LINKS if end < len(word) else ("",):
                after = end + len(link)
                found = (*best[start], word[start:end])
                if word.startswith(link, end) and len(best.get(after, found)) >= len(found):
                    best[after] = found
    found = best.get(len(word), ())
    return found if len(found) > 1 else ()


@cache
def rows() -> tuple[tuple[Kind, str, str], ...]:
    """Return kind, meaning and phrase of the whole list, alternatives written out."""
    with (files("supreme_ecg.serving") / "question_terms.csv").open(encoding="utf-8") as file:
        return tuple(
            (kind, row["meaning"], phrase)
            for row in csv.DictReader(file)
            for kind in get_args(Kind)
            if row["kind"] == kind
            for phrase in alternatives(row["phrase"])
        )


def alternatives(phrase: str) -> Iterator[str]:
    """Write the alternatives of a phrase out: ``wide|broad qrs`` is two.

    Args:
        phrase: Words of which each may be several, ``|`` between them; an empty one may be left out.
    """
    slots = [dict.fromkeys(slot.split("|")) for slot in phrase.split()]
    for words in product(*slots):
        yield " ".join(word for word in words if word)


@cache
def lexicon_of(kinds: Sequence[Kind]) -> Lexicon:
    """Return the phrases of some kinds with their meanings."""
    return Lexicon(
        (phrase, meaning or kind, kind == "abbreviation")
        for kind, meaning, phrase in rows()
        if kind in kinds
    )


@cache
def _pieces() -> Mapping[str, None]:
    words = (phrase for kind, _, phrase in rows() if kind in _COMPOUNDING)
    single = (plain_word(word) for word in words if " " not in word and "-" not in word)
    return dict.fromkeys(word for word in single if len(word) >= _SHORTEST_PIECE)


def _tidied(text: str) -> str:
    """Name numbers, take the possessive off; ``AVB1`` is two words and ``i-RBBB`` one."""
    text = _JOINED.sub(r"\1", _POSSESSIVE.sub("", text))
    return _NUMBERED.sub(r"\1 \2", name_numbers(text))


def _written(token: Token) -> str:
    """The word as it was typed, a short form written out."""
    return token.plain if len(token.plain) > len(token.written) else token.written
