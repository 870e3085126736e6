"""Findings that share a head or take a word from beside it.

``left and right atrial enlargement`` names two findings and writes the head once; ``infarct, old,
inferior`` writes the territory behind the head. Both are put together from the phrases of the
lexicon, without a list of heads.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from supreme_ecg.reports.lexicon import Lexicon, Match
from supreme_ecg.reports.tokens import Token, normal_word

_JOINING: Final = frozenset({"and", "or", "nor", "noch"})
_BETWEEN: Final = frozenset(
    [
        "a",
        "an",
        "the",
        "in",
        "of",
        "wall",
        "der",
        "de",
        "des",
        "im",
        "i",
        "med",
        "vom",
        "von",
        "with",
        "mit",
    ]
)
_WALLS: Final = frozenset(
    normal_word(word)
    for word in (
        *("anterior", "anterolateral", "anteroseptal", "apical", "inferior", "inferolateral"),
        *("inferoposterior", "lateral", "posterior", "posterolateral", "septal"),
        *("anteriore", "inferiore", "laterale", "septale", "posteriore"),
    )
)
"""Walls of the left ventricle, which either head of an open choice can mean."""
_LONGEST_MODIFIER: Final = 3
_REACH: Final = 5
"""Most words from a qualifier to its head."""
_APART: Final = 1
"""Most words from a qualifier to a head behind it over a comma."""


@dataclass(frozen=True, slots=True)
class Qualifier:
    """A word beside a head that makes a finding of its own, as ``old`` beside ``infarct``."""

    match: Match
    """Where the word stands and the concept that it makes."""
    of: int
    """Index of the finding that it qualifies."""
    implies: str
    """Concept that it says too: a bare ``infarct`` beside ``old`` says nothing more."""
    joined: bool
    """Whether the word stands directly before the finding and so shares its cues."""


@cache
def _qualifier_rows() -> tuple[tuple[str, frozenset[str], str], ...]:
    with (files("supreme_ecg.reports") / "qualifiers.csv").open(encoding="utf-8") as file:
        return tuple(
            (
                row["phrase"],
                frozenset(normal_word(head) for head in row["heads"].split("|")),
                row["concept"],
            )
            for row in csv.DictReader(file)
        )


@cache
def qualifier_lexicon() -> Lexicon:
    """Return the phrases of ``qualifiers.csv`` and the concepts that they make."""
    return Lexicon((phrase, concept, False) for phrase, _, concept in _qualifier_rows())


@cache
def history_lexicon() -> Lexicon:
    """Return the phrases of ``qualifiers.csv`` that tell of the past, and what that asserts.

    ``history of`` an infarct is an old infarct; of anything else it is no finding of today's
    tracing, and leaves open whether it is there.
    """
    with (files("supreme_ecg.reports") / "qualifiers.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["alone"]]
    return Lexicon((row["phrase"], f"{row['alone']}/forward", False) for row in rows)


@cache
def _implied() -> dict[str, str]:
    with (files("supreme_ecg.reports") / "qualifiers.csv").open(encoding="utf-8") as file:
        return {row["concept"]: row["implies"] for row in csv.DictReader(file)}


def _implied_by(word: Match) -> str:
    return _implied()[word.concept]


@cache
def _heads() -> dict[str, frozenset[str]]:
    heads: dict[str, frozenset[str]] = {}
    for _, words, concept in _qualifier_rows():
        heads[concept] = heads.get(concept, frozenset()) | words
    return heads


@dataclass(frozen=True, slots=True)
class Shared:
    """A finding put together from a head and a modifier that stands apart from it."""

    match: Match
    """Its concept, and the words from modifier to head."""
    of: int
    """Index of the finding that has the head."""
    refines: bool
    """Whether the modifier belongs to the whole head, so that the bare head gives way to it."""
    alternative: bool
    """Whether "or" joins it to its head's own finding."""


def find_qualifiers(
    tokens: Sequence[Token], items: Sequence[Match], words: Sequence[Match], skipped: frozenset[int]
) -> tuple[Qualifier, ...]:
    """Attach each qualifying word to the nearest finding that has one of its heads.

    Args:
        tokens: The words of one statement.
        items: Findings, in order.
        words: Matches of the qualifier lexicon outside the findings.
        skipped: Indices of cue tokens, which may stand between head and word.

    Returns:
        The qualifiers that found a head with no other finding between: the finding directly
        before them if it has no qualifier yet, else the one behind them, else the one before.
    """
    found: list[Qualifier] = []
    for word in words:
        before = _head_before(tokens, items, word)
        after = _head_after(tokens, items, word)
        if after is None or (before is not None and _touches(tokens, items[before], word, skipped)):
            qualified = before is not None and any(each.of == before for each in found)
            if before is not None and not (qualified and after is not None):
                found.append(Qualifier(word, before, _implied_by(word), joined=False))
                continue
        if after is not None:
            found.append(Qualifier(word, after, _implied_by(word), joined=True))
    return tuple(found)


def _touches(tokens: Sequence[Token], item: Match, word: Match, skipped: frozenset[int]) -> bool:
    between = range(item.last + 1, word.first)
    gaps = [tokens[k].gap for k in range(item.last + 1, word.first + 1)]
    return all(k in skipped for k in between) and "comma" not in gaps


def _head_before(tokens: Sequence[Token], items: Sequence[Match], word: Match) -> int | None:
    index = max((k for k, item in enumerate(items) if item.last < word.first), default=None)
    if index is None:
        return None
    return (
        index if _can_qualify(tokens, items[index], word, items[index].last, word.first) else None
    )


def _head_after(tokens: Sequence[Token], items: Sequence[Match], word: Match) -> int | None:
    index = min((k for k, item in enumerate(items) if item.first > word.last), default=None)
    if index is None:
        return None
    return (
        index if _can_qualify(tokens, items[index], word, word.last, items[index].first) else None
    )


def _can_qualify(tokens: Sequence[Token], item: Match, word: Match, start: int, end: int) -> bool:
    heads = _heads()[word.concept]
    gaps = {token.gap for token in tokens[start + 1 : end + 1]}
    is_apart = start == word.last and "comma" in gaps and end - start > _APART
    if end - start > _REACH or "stop" in gaps or is_apart:
        return False
    return any(token.word in heads for token in tokens[item.first : item.last + 1])


def split_heads(
    tokens: Sequence[Token], items: Sequence[Match], lexicon: Lexicon, skipped: frozenset[int]
) -> tuple[Match, ...]:
    """Return the findings whose head stands behind a word that is not meant for them.

    "Old inferior and possible anterior infarct": the inferior infarct is old, and not doubtful. So
    it is a finding of its own and no shared one.

    Args:
        tokens: The words of one statement.
        items: Findings that the lexicon matched, in order.
        lexicon: Phrases and concepts.
        skipped: Indices of cue and qualifier tokens.

    Returns:
        The findings, from their modifier to the head.
    """
    closed = skipped | {k for item in items for k in range(item.first, item.last + 1)}
    found = []
    for item in items:
        end = item.first
        while end - 1 in skipped:
            end -= 1
        if end in (0, item.first) or tokens[end - 1].word not in _JOINING or tokens[item.first].gap:
            continue
        end -= 1
        for first in range(max(0, end - _LONGEST_MODIFIER), end):
            if closed.isdisjoint(range(first, end)):
                named = _named(tokens, (first, end), item, lexicon, joined=True)
                if named:
                    found.append(Match(named[0], first, item.last))
                    break
    return tuple(found)


def share_heads(
    tokens: Sequence[Token], items: Sequence[Match], lexicon: Lexicon, skipped: frozenset[int]
) -> tuple[Shared, ...]:
    """Put together the findings that share a head or have their modifier apart from it.

    Args:
        tokens: The words of one statement.
        items: Findings that the lexicon matched, in order.
        lexicon: Phrases and concepts.
        skipped: Indices of cue and qualifier tokens, which may stand between modifier and head.

    Returns:
        The further findings.
    """
    taken = frozenset(k for item in items for k in range(item.first, item.last + 1))
    return tuple(
        Shared(match, index, refines, alternative)
        for index, item in enumerate(items)
        for match, refines, alternative in (
            *_leftwards(tokens, item, lexicon, taken, skipped),
            *_rightwards(tokens, item, lexicon, taken, skipped),
            *_ends(tokens, item, lexicon, taken),
            *_walls(tokens, items[index - 1 : index], item, lexicon),
        )
    )


def _leftwards(
    tokens: Sequence[Token],
    item: Match,
    lexicon: Lexicon,
    taken: frozenset[int],
    skipped: frozenset[int],
) -> Iterator[tuple[Match, bool, bool]]:
    """Yield ``left ...`` of "left and right ...", again and again to the left."""
    end, alternative = item.first, False
    while end > 0:
        stop, joined = end, tokens[end].gap in ("comma", "slash")
        if tokens[end - 1].word in _JOINING:
            stop, joined = end - 1, True
            alternative = alternative or tokens[stop].word == "or"
        while stop > 0 and stop - 1 in skipped and not joined and tokens[stop - 1].gap != "comma":
            stop -= 1
        if stop == end and not joined:
            return
        closed, found, start = taken | skipped, None, stop
        for first in range(max(0, stop - _LONGEST_MODIFIER), stop):
            if found is None and closed.isdisjoint(range(first, stop)):
                start = first
                found = _named(tokens, (first, stop), item, lexicon, joined=joined)
        if found is None:
            return
        yield Match(found[0], start, item.last), found[1], alternative
        end = start


def _rightwards(
    tokens: Sequence[Token],
    item: Match,
    lexicon: Lexicon,
    taken: frozenset[int],
    skipped: frozenset[int],
) -> Iterator[tuple[Match, bool, bool]]:
    """Yield ``inferior infarct`` of "infarct, old, inferior" and "infarct of the inferior wall"."""
    start, joined, alternative = item.last + 1, False, False
    while start < len(tokens) and tokens[start].gap != "stop" and start not in taken:
        if start in skipped or tokens[start].word in _JOINING | _BETWEEN:
            joined = joined or tokens[start].word in _JOINING
            alternative = alternative or tokens[start].word == "or"
            start += 1
            continue
        found, last = None, start
        for length in range(_LONGEST_MODIFIER, 0, -1):
            if found is None and taken.isdisjoint(range(start, start + length)):
                last = start + length - 1
                found = _named(tokens, (start, last + 1), item, lexicon, joined=joined)
        if found is None:
            return
        yield Match(found[0], item.first, last), found[1], alternative
        start = last + 1


def _ends(
    tokens: Sequence[Token], item: Match, lexicon: Lexicon, taken: frozenset[int]
) -> Iterator[tuple[Match, bool, bool]]:
    """Yield the ``ST depression`` of "ST elevation or depression", which share their beginning."""
    start = item.last + 2
    if start >= len(tokens) or tokens[start - 1].word not in _JOINING or start in taken:
        return
    if tokens[start].gap or tokens[start - 1].gap:
        return
    head = tuple(token.word for token in tokens[item.first : item.last + 1])
    for kept in range(len(head) - 1, 0, -1):
        concept = lexicon.concept((*head[:kept], tokens[start].word))
        if concept:
            yield Match(concept, item.first, start), False, tokens[start - 1].word == "or"
            return


def _walls(
    tokens: Sequence[Token], before: Sequence[Match], item: Match, lexicon: Lexicon
) -> Iterator[tuple[Match, bool, bool]]:
    """Yield the inferior infarct of "inferior injury or acute infarct"."""
    for other in before:
        is_choice = item.first == other.last + 2 and tokens[other.last + 1].word == "or"
        gaps = [token.gap for token in tokens[other.last + 1 : item.first + 1]]
        own = {token.word for token in tokens[item.first : item.last + 1]}
        if not is_choice or any(gaps) or tokens[other.first].word not in _WALLS or own & _WALLS:
            continue
        named = _named(tokens, (other.first, other.first + 1), item, lexicon, joined=True)
        if named:
            yield Match(named[0], other.first, item.last), False, True


def _named(
    tokens: Sequence[Token],
    modifier: tuple[int, int],
    item: Match,
    lexicon: Lexicon,
    *,
    joined: bool,
) -> tuple[str, bool] | None:
    """Return the concept of modifier + head, and whether the head is the whole finding."""
    part = tokens[modifier[0] : modifier[1]]
    if len(part) < modifier[1] - modifier[0] or any(t.gap not in ("", "slash") for t in part[1:]):
        return None
    front = tuple(token.word for token in part)
    head = tuple(token.word for token in tokens[item.first : item.last + 1])
    for cut in range(len(head) if joined else 1):
        concept = lexicon.concept((*front, *head[cut:]))
        if concept:
            return concept, cut == 0
    return None
