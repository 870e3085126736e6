"""Statements with the findings that people gave them, and what an extractor found in the same ones.

A gold file is CSV with the columns ``statement``, ``findings`` and, if wanted, ``language``. Findings
are written ``concept:assertion;concept:assertion``; an empty cell says that there is none.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast, get_args

import polars as pl

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.errors import ConceptError, TableError
from supreme_ecg.extraction.findings import FINDINGS
from supreme_ecg.reports.finding import Assertion
from supreme_ecg.reports.statements import lower_umlauts, split_statements

ASSERTIONS: Final[tuple[Assertion, ...]] = get_args(Assertion)
Span = tuple[int, int]


@dataclass(frozen=True, slots=True, order=True)
class Said:
    """A concept with what is said of it."""

    concept: str
    """Concept id."""
    assertion: Assertion
    """Said to be there, to be possibly there, or not to be there."""


@dataclass(frozen=True, slots=True)
class GoldStatement:
    """One statement and its right findings."""

    text: str
    """The statement, as the file has it."""
    language: str
    """Language of the statement; empty where the file does not say."""
    said: frozenset[Said]
    """All that it says; empty if nothing."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One finding of an extractor in a statement."""

    said: Said
    """What was found."""
    text: str
    """The statement in which it was found, as the extractor saw it."""
    span: Span | None
    """Start and end (exclusive) of the evidence in that text; None where the table has no places."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFindings:
    """What an extractor found, by statement."""

    name: str
    """Extractor and version where the table names it, else the name of the file."""
    by_statement: Mapping[str, tuple[Evidence, ...]]
    """Findings of each statement that the table has, by :func:`statement_key`."""
    lists_empty: bool
    """Whether the table also lists statements without a finding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadStatement:
    """A gold statement beside what an extractor found in it."""

    gold: GoldStatement
    found: frozenset[Said]
    """What the extractor says of it."""
    spans: Mapping[Said, tuple[Span, ...]]
    """Where the evidence of each finding stands in the gold statement's text."""
    seen: bool
    """Whether the extractor's table has the statement, or a part of it, at all."""

    @property
    def right(self) -> bool:
        """Whether every finding is right and none is missing."""
        return self.found == self.gold.said


def read_gold(path: Path, table: ConceptTable) -> tuple[GoldStatement, ...]:
    """Read a gold file.

    Args:
        path: CSV in UTF-8.
        table: The concepts that it may name.

    Raises:
        TableError: The file cannot be read, a column is missing, it is empty, a statement comes
            twice, or a row has a finding that is none; the message names the row, never its text.
    """
    statements, rows = [], dict[str, int]()
    for number, row in _rows(path):
        text = row["statement"]
        first = rows.setdefault(statement_key(text), number)
        if first != number:
            raise TableError(
                f"{path}, row {number}",
                expected="each statement once",
                found=f"the statement of row {first} again",
                remedy="Delete one of the two rows.",
            )
        said = frozenset(_parse(row["findings"], where=f"{path}, row {number}"))
        _require_known(said, table, where=f"{path}, row {number}")
        statements.append(GoldStatement(text, row.get("language") or "", said))
    if not statements:
        raise TableError(
            path, expected="statements", found="none", remedy="Fill the file, a row a statement."
        )
    return tuple(statements)


def read_found(path: Path) -> FoundFindings:
    """Read what an extractor found.

    Args:
        path: ``findings.parquet`` of ``supreme extract``, the folder or store that holds it, or a
            CSV of the same form as a gold file.

    Raises:
        TableError: The file cannot be read or lacks a column.
    """
    if path.is_dir():
        path = path / FINDINGS
    if path.suffix.lower() == ".csv":
        by_statement = {
            statement_key(row["statement"]): tuple(
                Evidence(said, row["statement"], None)
                for said in _parse(row["findings"], where=f"{path}, row {number}")
            )
            for number, row in _rows(path)
        }
        return FoundFindings(name=path.stem, by_statement=by_statement, lists_empty=True)
    return _read_parquet(path)


def pair(gold: tuple[GoldStatement, ...], found: FoundFindings) -> tuple[ReadStatement, ...]:
    """Set what was found beside each gold statement, in the order of the gold.

    A statement that ``supreme extract`` cuts into several has the findings of all its parts. Case
    counts; blanks and punctuation around a statement do not.
    """
    return tuple(_pair_one(statement, found) for statement in gold)


def statement_key(text: str) -> str:
    """Return a statement as ``split_statements`` would write it: what statements are matched by."""
    return lower_umlauts(" ".join(text.split()).strip(" ,;:.!-"))


def _pair_one(gold: GoldStatement, found: FoundFindings) -> ReadStatement:
    keys = [statement_key(gold.text)]
    if keys[0] not in found.by_statement:
        parts = [part for part in split_statements(gold.text) if part.kind == "finding"]
        keys = [key for part in parts if (key := statement_key(part.text)) in found.by_statement]
    evidence = [each for key in keys for each in found.by_statement.get(key, ())]
    spans: dict[Said, set[Span]] = {each.said: set() for each in evidence}
    text = lower_umlauts(gold.text)
    for each in evidence:
        offset = text.find(lower_umlauts(each.text))
        if each.span is not None and offset >= 0:
            spans[each.said].add((offset + each.span[0], offset + each.span[1]))
    return ReadStatement(
        gold=gold,
        found=frozenset(spans),
        spans={said: tuple(sorted(places)) for said, places in spans.items()},
        seen=any(key in found.by_statement for key in keys),
    )


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield the rows of a gold file and their numbers; the header is row 1."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, restval="")
            missing = {"statement", "findings"} - set(reader.fieldnames or ())
            if missing:
                raise TableError(
                    path,
                    expected="the columns statement and findings",
                    found=f"no column {' and no column '.join(sorted(missing))}",
                    remedy="Name the columns so.",
                )
            yield from enumerate(reader, start=2)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _unreadable(path, error, "CSV in UTF-8") from None


def _parse(cell: str, *, where: str) -> Iterator[Said]:
    for part in filter(None, map(str.strip, cell.split(";"))):
        concept, _, assertion = part.rpartition(":")
        if not concept.strip() or assertion.strip() not in ASSERTIONS:
            raise TableError(
                where,
                expected=f"findings as concept:assertion, assertion one of {', '.join(ASSERTIONS)}",
                found="another form",
                remedy="Write them so, with a semicolon between two.",
            )
        yield Said(concept.strip(), cast(Assertion, assertion.strip()))


def _require_known(said: frozenset[Said], table: ConceptTable, *, where: str) -> None:
    for each in said:
        try:
            table[each.concept]
        except ConceptError as error:
            raise TableError(
                where,
                expected=error.expected,
                found=f"{each.concept!r}",
                remedy=error.remedy,
            ) from None


def _read_parquet(path: Path) -> FoundFindings:
    columns = ("statement", "concept", "assertion", "start", "end", "extractor")
    try:
        rows = pl.read_parquet(path, columns=list(columns)).unique(maintain_order=True)
    except (OSError, pl.exceptions.PolarsError) as error:
        expected = f"parquet with the columns {', '.join(columns)}"
        raise _unreadable(path, error, expected) from None
    by_statement: dict[str, tuple[Evidence, ...]] = {}
    for text, concept, assertion, start, end, _ in rows.iter_rows():
        each = Evidence(Said(concept, assertion), text, (start, end))
        key = statement_key(text)
        by_statement[key] = (*by_statement.get(key, ()), each)
    names = rows["extractor"].unique().sort().to_list()
    return FoundFindings(
        name=" and ".join(names) or path.stem, by_statement=by_statement, lists_empty=False
    )


def _unreadable(path: Path, error: Exception, expected: str) -> TableError:
    missing = isinstance(error, FileNotFoundError)
    return TableError(
        path,
        expected=expected,
        found="no such file" if missing else f"something else ({type(error).__name__})",
        remedy="Correct the path." if missing else "Save it in that form.",
    )
