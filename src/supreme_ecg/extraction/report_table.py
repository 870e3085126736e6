"""Any table of reports: CSV, parquet, JSON lines or a folder of text files -> record ids and texts."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from supreme_ecg.errors import TableError
from supreme_ecg.extraction.report_sources import Row, folder_rows, table_rows
from supreme_ecg.extraction.text_lines import UNDECODABLE

NO_TEXT: Final = "no text"
NO_ID: Final = "no record id: left out"
DUPLICATE_ID: Final = "record id that stood before: left out"


class Problem(NamedTuple):
    """Something wrong with one row."""

    row: int
    """Line of a CSV or JSON lines file; row of a parquet file or number of a text file, from 1."""
    record_id: str
    """Empty where it is not known."""
    problem: str
    """What is wrong, in words that are the same for all such rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportTable:
    """The reports of a table in pieces: one row a text, and as many rows a record as it has texts."""

    ids: pl.Series
    """Record id of each text. A record without text stands here once."""
    reports: pl.Series
    """The texts, as long as the ids; null where a record has none."""
    problems: tuple[Problem, ...]
    """What was wrong, in the order of the rows."""

    @property
    def problem_counts(self) -> dict[str, int]:
        """Problem -> number of rows, the commonest first."""
        return dict(Counter(each.problem for each in self.problems).most_common())


def read_reports(source: Path, *, text: Sequence[str], id_column: str | None) -> ReportTable:
    """Read a table of reports.

    Args:
        source: A CSV file (any usual delimiter; UTF-8, UTF-16 or Windows-1252), a parquet file, a
            file of JSON lines, or a folder of ``.txt`` files whose names are the record ids.
        text: Columns with text, wildcards and ranges allowed (see
            :func:`supreme_ecg.extraction.columns.choose_columns`); each is a text of its own. A
            folder has none.
        id_column: Column with the record id; None to count the rows from 1. A folder has none.

    Returns:
        Texts and problems. A row without id, or with an id that stood before, is left out.

    Raises:
        TableError: The source is none of these, has no such column, or no row at all.
    """
    collected = _Collected()
    if source.is_dir():
        if text or id_column:
            raise TableError(
                source,
                expected="a table for these columns",
                found="a folder",
                remedy="Give a file; a folder of .txt files has no columns.",
            )
        collected.add_all(folder_rows(source, collected.problem))
    else:
        rows = table_rows(source, text=text, id_column=id_column, on_problem=collected.problem)
        collected.add_all(rows)
    return collected.table(source)


@dataclass(slots=True)
class _Collected:
    """Rows put together, each distinct text kept once."""

    ids: list[str] = field(default_factory=list)
    texts: dict[str, int] = field(default_factory=dict)
    id_of: array[int] = field(default_factory=lambda: array("I"))
    text_of: array[int] = field(default_factory=lambda: array("I"))
    problems: list[Problem] = field(default_factory=list)

    def problem(self, row: int, problem: str, record_id: str = "") -> None:
        """Note what is wrong with a row."""
        self.problems.append(Problem(row, record_id, problem))

    def add_all(self, rows: Iterable[Row]) -> None:
        """Take rows; those without an id of their own are left out."""
        seen: set[str] = set()
        for number, given_id, texts in rows:
            record_id = self._encodable(number, given_id.strip())
            if not record_id:
                self.problem(number, NO_ID)
            elif record_id in seen:
                self.problem(number, DUPLICATE_ID, record_id)
            else:
                seen.add(record_id)
                self._add(number, record_id, texts)

    def _add(self, number: int, record_id: str, texts: Iterable[str]) -> None:
        filled = [text for text in texts if text and not text.isspace()]
        if not filled:
            self.problem(number, NO_TEXT, record_id)
        for text in filled or [""]:
            place = self.texts.get(text)
            if place is None:
                place = self.texts.setdefault(self._encodable(number, text), len(self.texts))
            self.id_of.append(len(self.ids))
            self.text_of.append(place)
        self.ids.append(record_id)

    def _encodable(self, number: int, text: str) -> str:
        """The text without halves of characters, as JSON may write them."""
        try:
            text.encode()
        except UnicodeEncodeError:
            self.problem(number, UNDECODABLE)
            return text.encode(errors="replace").decode()
        return text

    def table(self, source: Path) -> ReportTable:
        """All of it as a table."""
        if not self.ids:
            raise TableError(
                source,
                expected="rows with a record id",
                found=f"none ({len(self.problems)} rows left out)" if self.problems else "no row",
                remedy="Correct the table or the name of its id column.",
            )
        ids = pl.Series("record_id", self.ids, dtype=pl.String)
        texts = pl.Series("report", [text or None for text in self.texts], dtype=pl.String)
        return ReportTable(
            ids=ids.gather(np.frombuffer(self.id_of, dtype=np.uint32)),
            reports=texts.gather(np.frombuffer(self.text_of, dtype=np.uint32)),
            problems=tuple(sorted(self.problems, key=lambda each: each.row)),
        )
