"""What texts must not differ in to be one entity: left and right, acute and old, no and yes."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final, Self

from supreme_ecg.concepts.phrases import normalise
from supreme_ecg.errors import ConceptError

COLUMNS: Final = ("group", "side", "language", "term")

ANY: Final = "any"
"""Side of the empty term in a group where a text without a term goes with every side."""

Sides = frozenset[str]


@dataclass(frozen=True, slots=True)
class Signature:
    """What a text says in the groups of terms."""

    sides: tuple[Sides, ...]
    """The sides that it takes, group by group."""
    open_sides: tuple[Sides | None, ...]
    """The same for groups in which a text may say nothing, None where it does not."""

    def opposes(self, other: Signature) -> bool:
        """Say whether two texts must not be merged."""
        return self.sides != other.sides or any(
            one is not None and two is not None and one != two
            for one, two in zip(self.open_sides, other.open_sides, strict=True)
        )


class Opposites:
    """Groups of terms that oppose each other, such as left and right.

    Args:
        sides: Group -> term -> the sides that the term takes. A ``*`` at an end of a term stands
            for any letters. A term of no side hides the shorter terms in it. The empty term gives
            the sides of a text that has no term of the group, ``any`` that it goes with all;
            without an empty term, such a text opposes those that have one.
    """

    def __init__(self, sides: Mapping[str, Mapping[str, Sides]]) -> None:
        self._groups = {name: _Group(terms) for name, terms in sides.items()}

    @classmethod
    def load(cls, path: Path | None = None) -> Self:
        """Read groups from a CSV file with the columns group, side, language and term.

        Args:
            path: The file; the package's own unless given.

        Raises:
            ConceptError: The file cannot be read, or has other columns.
        """
        source = path or files("supreme_ecg.vocabulary") / "opposites.csv"
        sides: defaultdict[str, dict[str, Sides]] = defaultdict(dict)
        for row in _rows(source):
            terms, term = sides[row["group"]], normalise(row["term"])
            terms[term] = terms.get(term, frozenset()) | ({row["side"]} - {""})
        return cls(sides)

    def signature(self, text: str) -> Signature:
        """Return the sides that a text takes."""
        normal = normalise(text)
        found = {name: group.sides(normal) for name, group in self._groups.items()}
        is_open = {name: ANY in group.unsaid for name, group in self._groups.items()}
        return Signature(
            tuple(sides for name, sides in found.items() if not is_open[name]),
            tuple(
                None if ANY in sides else sides for name, sides in found.items() if is_open[name]
            ),
        )

    def differing(self, one: str, other: str) -> tuple[str, ...]:
        """Return the names of the groups in which two texts oppose each other."""
        texts = normalise(one), normalise(other)
        pairs = {name: tuple(map(group.sides, texts)) for name, group in self._groups.items()}
        return tuple(
            name for name, (a, b) in pairs.items() if a != b and ANY not in a and ANY not in b
        )

    def contradicting(self, one: str, other: str) -> tuple[str, ...]:
        """Return the names of the groups in which both texts take a side and none of it is the same.

        A text that says nothing contradicts none, unless silence has a side of its own in the group: a
        bundle branch block is complete where nothing is said.
        """
        texts = normalise(one), normalise(other)
        pairs = {name: tuple(map(group.sides, texts)) for name, group in self._groups.items()}
        return tuple(
            name
            for name, (a, b) in pairs.items()
            if a and b and not a & b and ANY not in a and ANY not in b
        )


class _Group:
    """The terms of one group, found longest first and without overlap."""

    def __init__(self, terms: Mapping[str, Sides]) -> None:
        self.unsaid = terms.get("", frozenset())
        self._terms = tuple(
            (re.compile(_pattern(term)), sides)
            for term, sides in sorted(terms.items(), key=lambda each: _rank(each[0]))
            if term
        )

    @cached_property
    def _any(self) -> re.Pattern[str]:
        alternatives = "|".join(pattern.pattern for pattern, _ in self._terms)
        return re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)")

    def sides(self, text: str) -> Sides:
        found: Sides = frozenset()
        for match in self._any.finditer(text):
            found |= next(s for pattern, s in self._terms if pattern.fullmatch(match.group()))
        return found or self.unsaid


def _rank(term: str) -> tuple[bool, int, str]:
    """Terms with a fixed beginning first, then the longest."""
    return term.startswith("*"), -len(term), term


def _pattern(term: str) -> str:
    return r"\w*".join(re.escape(part) for part in term.split("*"))


def _rows(source: Path | Traversable) -> list[dict[str, str]]:
    try:
        with source.open(encoding="utf-8") as file:
            reader = csv.DictReader(file, strict=True)
            rows = [{key: row[key] or "" for key in COLUMNS} for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error, KeyError) as error:
        raise ConceptError(
            source,
            expected=f"a CSV file with the columns {', '.join(COLUMNS)}",
            found=f"{type(error).__name__}",
            remedy="Mend the file, or leave it out to use the package's own.",
        ) from None
    return rows
