"""Findings whose words stand apart: "t waves are flat in ii and inverted in iii"."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from supreme_ecg.reports.lexicon import Match
from supreme_ecg.reports.tokens import Token, normal_word, plain_word

_HEADS: Final = [
    "axis",
    "block",
    "complex",
    "ekg",
    "ecg",
    "p",
    "pr",
    "q",
    "qrs",
    "qs",
    "qt",
    "r",
    "rhythm",
    "rhythmus",
    "segment",
    "st",
    "t",
    "u",
    "voltage",
    "wave",
]
"""Words that a gap cannot leap over, because they begin another finding."""
_GAP: Final = rf"(?:(?!(?:{'|'.join(normal_word(word) for word in _HEADS)}) )[^. ]+ ){{0,10}}"

_ANCHORS: Final = {"^": r"\A", "$": r"\Z"}


@dataclass(frozen=True, slots=True)
class Pattern:
    """One row of ``patterns.csv``."""

    concept: str
    """Concept id."""
    words: re.Pattern[str]
    """Matches the words, each followed by a blank."""
    begins: frozenset[str]
    """The words with which it can begin."""
    is_denial: bool
    """Whether the words deny the concept, as "Sokolow index negative"."""


@cache
def read_patterns() -> tuple[Pattern, ...]:
    """Return the patterns of ``patterns.csv``.

    A pattern is a row of words; ``a|b`` is a choice, ``...`` a gap of up to ten words that names
    no other part of the tracing, ``word?`` may be left out; ``^`` and ``$`` are the ends of the
    statement.
    """
    with (files("supreme_ecg.reports") / "patterns.csv").open(encoding="utf-8") as file:
        return tuple(
            Pattern(
                row["concept"],
                _compile(row["pattern"]),
                _beginnings(row["pattern"]),
                row["assertion"] == "absent",
            )
            for row in csv.DictReader(file)
        )


def _beginnings(pattern: str) -> frozenset[str]:
    words: set[str] = set()
    for part in pattern.split():
        if part not in _ANCHORS:
            words.update(map(normal_word, part.rstrip("?").split("|")))
            if not part.endswith("?"):
                break
    return frozenset(words)


def _compile(pattern: str) -> re.Pattern[str]:
    parts = []
    for part in pattern.split():
        if part in _ANCHORS:
            parts.append(_ANCHORS[part])
        elif part == "...":
            parts.append(_GAP)
        else:
            choice = "|".join(normal_word(word) for word in part.rstrip("?").split("|"))
            parts.append(f"(?:(?:{choice}) )" + ("?" if part.endswith("?") else ""))
    return re.compile(r"(?<![^ ])" + "".join(parts))


def pattern_words() -> Counter[str]:
    """Count the words of the patterns, with their endings."""
    with (files("supreme_ecg.reports") / "patterns.csv").open(encoding="utf-8") as file:
        text = " ".join(row["pattern"] for row in csv.DictReader(file))
    return Counter(plain_word(word) for word in re.findall(r"\w+", text))


def match_patterns(tokens: Sequence[Token]) -> Iterator[tuple[Match, bool]]:
    """Yield every place where a pattern fits, and whether it denies; left to right for each."""
    starts: dict[int, int] = {}
    line, length = [], 0
    for index, token in enumerate(tokens):
        if token.gap == "stop":
            line.append(". ")
            length += 2
        starts[length] = index
        line.append(f"{token.word} ")
        length += len(token.word) + 1
    text = "".join(line)
    words = {token.word for token in tokens}
    for pattern in read_patterns():
        if pattern.begins.isdisjoint(words):
            continue
        for match in pattern.words.finditer(text):
            last = starts[text.rfind(" ", 0, match.end() - 1) + 1]
            yield Match(pattern.concept, starts[match.start()], last), pattern.is_denial
