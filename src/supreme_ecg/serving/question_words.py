"""What stands around the finding in a question: frames, doubt, denial, time, and what no ECG shows."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, Literal

from supreme_ecg.reports.lexicon import Lexicon
from supreme_ecg.reports.scope import as_cue, cue_lexicon
from supreme_ecg.reports.tokens import Token, tokenize

Around = Literal["denial", "doubt", "time", "history", "degree", "opening", "closing"]
"""What may stand around a finding: kinds of ``question_words.csv``."""

_AT_START: Final = ("denial", "doubt", "time", "history", "degree", "opening")
_AT_END: Final = ("denial", "doubt", "time", "closing")
_LONGEST_CLOSING: Final = 5
"""Words of the longest phrase that is taken off the end."""
_CUE_KINDS: Final = {"absent": "denial", "uncertain": "doubt", "none": "opening"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Peeled:
    """A question without what stands around its finding."""

    core: str
    """The words that are left, as they were typed."""
    around: frozenset[str]
    """Kinds of what was taken off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Something that no ECG shows, or that is no question about a finding."""

    kind: str
    """Kind of ``outside_ecg.csv``."""
    always: bool
    """Whether it settles the question although a finding is named beside it."""


def peel(
    text: str, *, knows: Callable[[str], bool], evidence: Iterable[tuple[int, int]] = ()
) -> Peeled:
    """Take off what stands before and behind the finding of a question.

    Args:
        text: A question.
        knows: Says whether words are a name or synonym as they stand ("no P waves"): these stay whole.
        evidence: Start and end of words that name a finding, of which none is taken off.
    """
    tokens = tokenize(text)
    spans = tuple(evidence)
    kept = [any(a <= token.start and token.end <= b for a, b in spans) for token in tokens]
    around: set[str] = set()
    first, last = 0, len(tokens)
    for index in range(1, len(tokens)):
        if not kept[index] and _match(("since",), tokens[:last], index):
            around.add("time")
            last = index
            break
    while first < last and not knows(text[tokens[first].start : tokens[last - 1].end]):
        free = next((index for index in range(first, last) if kept[index]), last)
        begun = _opening(tokens[:free], first) if free > first else None
        if begun:
            around.add(begun[0])
            first = begun[1] + 1
            continue
        ended = _closing(tokens[:last], first)
        if ended is None or any(kept[ended[1] : last]):
            break
        around.add(ended[0])
        last = ended[1]
    core = text[tokens[first].start : tokens[last - 1].end] if first < last else ""
    return Peeled(core=core, around=frozenset(around - {"opening", "closing"}))


def content(text: str, evidence: Sequence[tuple[int, int]]) -> tuple[list[str], bool]:
    """Return the words outside the evidence that add something, and whether one tells a degree."""
    left, degree, skip = [], False, -1
    tokens = tokenize(text)
    for index, token in enumerate(tokens):
        if index <= skip or any(a <= token.start and token.end <= b for a, b in evidence):
            continue
        found = _match(("degree", "filler", "time", "history"), tokens, index)
        if found is None:
            left.append(token.written)
        else:
            skip = found[1]
            degree |= found[0] == "degree"
    return left, degree


def without_degree(text: str) -> str:
    """Return a text without the words that tell a degree: "severe", "leichte"."""
    tokens = tokenize(text)
    parts, start, index = [], 0, 0
    while index < len(tokens):
        found = _match(("degree",), tokens, index)
        if found:
            parts.append(text[start : tokens[index].start])
            start = tokens[found[1]].end
        index = found[1] + 1 if found else index + 1
    return " ".join(" ".join([*parts, text[start:]]).split())


def outside(text: str, evidence: Sequence[tuple[int, int]]) -> Outside | None:
    """Return what a text asks that no ECG shows, the settling one first."""
    tokens = tokenize(text)
    found: list[Outside] = []
    for match in _outside().matches(tokens):
        start, end = tokens[match.first].start, tokens[match.last].end
        if not any(a < end and start < b for a, b in evidence):
            kind, blocks = match.concept.split("/")
            found.append(Outside(kind=kind, always=blocks == "always"))
    return min(found, key=lambda each: not each.always, default=None)


def asks_for_change(text: str) -> bool:
    """Say whether a text asks what has changed."""
    tokens = tokenize(text)
    return any(_match(("change", "since"), tokens, index) for index in range(len(tokens)))


def _opening(tokens: Sequence[Token], first: int) -> tuple[str, int] | None:
    best = _match(_AT_START, tokens, first)
    cue = cue_lexicon().longest(tokens, first)
    if cue and as_cue(cue).direction in ("forward", "either") and (not best or cue.last > best[1]):
        best = _CUE_KINDS[cue.concept.split("/")[0]], cue.last
    return best


def _closing(tokens: Sequence[Token], first: int) -> tuple[str, int] | None:
    last = len(tokens) - 1
    for index in range(max(first + 1, last - _LONGEST_CLOSING + 1), last + 1):
        found = _match(_AT_END, tokens, index)
        if found and found[1] == last:
            return found[0], index
        cue = cue_lexicon().longest(tokens, index)
        if cue and cue.last == last and as_cue(cue).direction in ("backward", "either"):
            return _CUE_KINDS[cue.concept.split("/")[0]], index
    return None


def _match(kinds: Sequence[str], tokens: Sequence[Token], first: int) -> tuple[str, int] | None:
    """Return the kind and the last token of the longest phrase, the kinds named first in a tie."""
    best: tuple[str, int] | None = None
    for kind in kinds:
        match = _lexicons()[kind].longest(tokens, first)
        if match and (best is None or match.last > best[1]):
            best = kind, match.last
    return best


@cache
def _lexicons() -> dict[str, Lexicon]:
    phrases: defaultdict[str, set[str]] = defaultdict(set)
    with (files("supreme_ecg.serving") / "question_words.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            phrases[row["kind"]].add(row["phrase"])
    return {
        kind: Lexicon(((phrase, kind, False) for phrase in sorted(those)), endings=True)
        for kind, those in phrases.items()
    }


@cache
def _outside() -> Lexicon:
    with (files("supreme_ecg.serving") / "outside_ecg.csv").open(encoding="utf-8") as file:
        rows = [(r["phrase"], f"{r['kind']}/{r['blocks']}", False) for r in csv.DictReader(file)]
    return Lexicon(rows, endings=True)
