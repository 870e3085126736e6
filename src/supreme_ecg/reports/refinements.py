"""Words beside a finding that make it a narrower one: side, degree, completeness, "non-specific"."""

from __future__ import annotations

import csv
from collections.abc import Collection, Sequence
from functools import cache
from importlib.resources import files
from typing import Final

from supreme_ecg.reports.lexicon import Match
from supreme_ecg.reports.tokens import Token, normal_word

_REACH: Final = 4
"""Most words from a finding to the word that narrows it."""


_PASSED: Final = frozenset(
    normal_word(word)
    for word in (
        *(
            "abnorm",
            "abnormal",
            "abnormale",
            "abnorme",
            "abnormes",
            "definite",
            "diffuse",
            "diskrete",
        ),
        *(
            "extensive",
            "geringe",
            "leichte",
            "lätt",
            "lätta",
            "marked",
            "mild",
            "minor",
            "moderate",
        ),
        *("new", "slight", "terminal", "widespread"),
    )
)
"""Words of extent that may stand between."""


_JOINING: Final = frozenset({"and", "or"})
_LEADS: Final = frozenset(map(normal_word, ("lead", "leads", "ableitungen", "avledningar")))


@cache
def _rows() -> dict[tuple[str, str], tuple[str, bool]]:
    """Return (concept, word) -> what both are together, and whether that stands beside the concept."""
    with (files("supreme_ecg.reports") / "refinements.csv").open(encoding="utf-8") as file:
        return {
            (row["concept"], normal_word(word)): (row["refined"], row["how"] == "beside")
            for row in csv.DictReader(file)
            for word in row["words"].split("|")
        }


@cache
def _words() -> frozenset[str]:
    return frozenset(word for _, word in _rows())


def refining_words() -> frozenset[str]:
    """Return the words that narrow any finding, in the one spelling."""
    return _words() | _PASSED


def refine(
    tokens: Sequence[Token], match: Match, *, taken: Collection[int], skipped: Collection[int]
) -> tuple[Match, ...]:
    """Narrow a finding by the words that stand beside it, in whatever order.

    Args:
        tokens: The words of one statement.
        match: A finding.
        taken: Indices of tokens of findings, which no other finding may use.
        skipped: Indices of cue tokens, which may stand between.

    Returns:
        The finding itself or the narrower one, and what its words say besides.
    """
    found, besides = match, {}
    waiting = [
        *_beside(tokens, range(match.first - 1, -1, -1), taken, skipped),
        *_beside(tokens, range(match.last + 1, len(tokens)), taken, skipped),
    ]
    while waiting:
        for index in waiting:
            concept, is_beside = _rows().get((found.concept, tokens[index].word), ("", False))
            if concept:
                span = (min(found.first, index), max(found.last, index))
                if is_beside:
                    besides[concept] = Match(concept, *span)
                else:
                    found = Match(concept, *span)
                waiting.remove(index)
                break
        else:
            break
    return (found, *besides.values())


def _beside(
    tokens: Sequence[Token],
    indices: range,
    taken: Collection[int],
    skipped: Collection[int],
) -> list[int]:
    """Return the narrowing words in a row, without leaping over a comma or another finding."""
    words = []
    for index in indices[:_REACH]:
        behind = index if indices.step > 0 else index + 1
        gap = tokens[behind].gap
        if index in taken or gap == "stop" or (gap == "comma" and not _stands_alone(tokens, index)):
            break
        if tokens[index].word in _words():
            words.append(index)
        elif index in skipped or tokens[index].word in _PASSED:
            continue
        elif not (words and tokens[index].word in _JOINING):
            break
    return words


def _stands_alone(tokens: Sequence[Token], index: int) -> bool:
    """Whether commas are around a word, as in "bundle branch block, right" or ", inferior and lateral"."""
    behind = index + 1
    while behind + 1 < len(tokens) and tokens[behind].word in _JOINING:
        if tokens[behind + 1].word not in _words():
            return False
        behind += 2
    if behind < len(tokens) and tokens[behind].word in _LEADS and not tokens[behind].gap:
        behind += 1
    ends = behind == len(tokens) or tokens[behind].gap in ("comma", "stop")
    return ends and tokens[index].gap == "comma"
