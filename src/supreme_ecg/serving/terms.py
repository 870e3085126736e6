"""Words of strangers -> the plain clinical English of the concept table, word by word and phrase by phrase.

`question_terms.csv` says what a word means: "Schenkel" is a bundle branch, "upper chambers" are atria, "blk" is
a block. A slot of its phrases may hold alternatives (``wide|broad``), one of which may be empty. German and
Swedish compounds are taken apart, misspelt words corrected. Nothing is dropped: a word that is not in the list
stays as it is.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from itertools import product
from typing import Final, Literal, get_args

from supreme_ecg.reports.lexicon import Lexicon
from supreme_ecg.reports.spelling import Speller
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
_LINKS: Final = ("", "s", "n", "en", "es", "ungs")
"""What German and Swedish put between the parts of a compound."""
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

    def rewrite(self, text: str, *, medical: bool = False) -> str:
        """Write a text in plain clinical English, as far as its words are known.

        Args:
            text: Words that name a finding, without the question around it.
            medical: Leave everyday words as they are: "racing" alone is no tachycardia.
        """
        lexicon = self._medical if medical else self._all
        tokens = tuple(self._words(name_numbers(text), lexicon))
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
                meant = self._speller.correct(token)
                yield token if meant is token else replace(meant, written=meant.plain)


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


def _written(token: Token) -> str:
    """The word as it was typed, a short form written out."""
    return token.plain if len(token.plain) > len(token.written) else token.written
