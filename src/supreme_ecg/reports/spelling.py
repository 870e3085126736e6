"""Misspelt words read as the word of the phrase lists that they most resemble."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Final

from supreme_ecg.reports.tokens import Token, normal_word, plain_word

_SHORTEST: Final = 6
"""Letters from which on a word may be misspelt: shorter ones resemble too many."""
_TWO_EDITS: Final = 9
"""Letters from which on a word may be wrong in two places."""
_SAME_START: Final = 10
"""Letters from which on the first letter may be the wrong one."""
_REMEMBERED: Final = 200_000
"""Words whose reading is kept."""

_OPPOSITES: Final = re.compile(
    "hyper|hypo|brady|brachy|tachy|intra|inter|supra|sub|infra|ante|post|inf|super|sept|later|"
    "atri|arter|vent|venous|incomp|inkomp|unvoll|un|non|left|right|links|recht|vanster|hoger|"
    "first|second|third|bi|tri|multi|mono|uni|poly|high|low|eleva|depress|hebung|senkung"
)
"""Parts that turn a word into another one; no correction takes one away or chooses between two."""


class Speller:
    """Corrects words that no phrase has.

    A word of at least six letters becomes the known word at a distance of one edit (a letter too
    many, too few, wrong, or two swapped), from nine letters on of two, the commoner first. It is
    left alone if the two differ in a part that changes the meaning (hyper and hypo, brady and
    tachy, atrial and arterial), or if words of different meaning are equally near.

    Args:
        words: Known words, without umlauts but with their endings, and how often the phrase
            lists have each.
    """

    def __init__(self, words: Mapping[str, int]) -> None:
        self._counts = dict(words)
        self._known = frozenset(words) | {normal_word(word) for word in words} | _ordinary_words()
        self._near: defaultdict[str, list[str]] = defaultdict(list)
        for word in sorted(words):
            if len(word) >= _SHORTEST - 1 and word.isalpha():
                for shortened in {word, *_without_one_letter(word)}:
                    self._near[shortened].append(word)
        self._read: dict[str, str | None] = {}

    def correct(self, token: Token) -> Token:
        """Return a token, with the word that it is a misspelling of where there is one."""
        if len(token.plain) < _SHORTEST or token.plain in self._known or token.word in self._known:
            return token
        meant = self.meant(token.plain)
        return replace(token, word=normal_word(meant), plain=meant) if meant else token

    def meant(self, word: str) -> str | None:
        """Return the known word that an unknown one is a misspelling of, if any."""
        if word not in self._read:
            if len(self._read) >= _REMEMBERED:
                self._read.clear()
            self._read[word] = self._nearest(word)
        return self._read[word]

    def _nearest(self, word: str) -> str | None:
        if not word.isalpha():
            return None
        edits = 2 if len(word) >= _TWO_EDITS else 1
        near = [
            (distance, -self._counts[candidate], candidate)
            for candidate in self._candidates(word)
            if (distance := edit_distance(word, candidate)) <= edits
        ]
        if not near:
            return None
        nearest = min(near)
        rivals = {_opposites(each) for distance, _, each in near if distance == nearest[0]}
        return nearest[2] if len(rivals) == 1 and _opposites(word) <= rivals.pop() else None

    def _candidates(self, word: str) -> set[str]:
        shared = {
            candidate
            for shortened in {word, *_without_one_letter(word)}
            for candidate in self._near.get(shortened, ())
        }
        return {
            each
            for each in shared
            if each[0] == word[0] or min(len(each), len(word)) >= _SAME_START
        }


def edit_distance(a: str, b: str) -> int:
    """Count the letters to add, take away, change or swap with their neighbour between two words.

    Source:
        Damerau, Commun. ACM 7, 171 (1964), in the form that edits no letter twice.
    """
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, letter in enumerate(a, 1):
        before, last, row = row, before, [i]
        for j, other in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if last and j > 1 and letter == b[j - 2] and a[i - 2] == other:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]


def _opposites(word: str) -> frozenset[str]:
    return frozenset(_OPPOSITES.findall(word))


def _without_one_letter(word: str) -> Iterator[str]:
    return (word[:k] + word[k + 1 :] for k in range(len(word)))


@cache
def _ordinary_words() -> frozenset[str]:
    """Words that resemble those of the phrase lists and mean something else."""
    with (files("supreme_ecg.reports") / "ordinary_words.csv").open(encoding="utf-8") as file:
        return frozenset(plain_word(row["word"]) for row in csv.DictReader(file))
