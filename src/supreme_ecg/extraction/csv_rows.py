"""Rows of a CSV file that may be damaged: what fits is given, what does not is told by its line."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from supreme_ecg.extraction.columns import can_choose
from supreme_ecg.extraction.text_lines import TextLines

EMPTY_LINE: Final = "empty line"
RAGGED: Final = "another number of fields than the header: left out"
BAD_QUOTES: Final = "quotes that do not match: left out"
BAD_QUOTES_READ: Final = "quotes that do not match: read all the same"

_DELIMITERS: Final = ",;\t|"
_NO_DELIMITER: Final = "\x1f"


class CsvRows:
    """A CSV file with a header line, whatever its delimiter.

    Args:
        lines: Its lines.
        wanted: Columns that it should have: they tell the delimiter.
        on_problem: Called with line number and problem for each row that is damaged.
    """

    def __init__(
        self, lines: TextLines, *, wanted: Sequence[str], on_problem: Callable[[int, str], None]
    ) -> None:
        self._lines = lines
        self._on_problem = on_problem
        header = next((line for line in lines if line.strip()), "")
        self._delimiter, self.columns = _header(header, wanted)

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        """Give line number and fields of each row that has as many fields as the header."""
        lines, reader = self._lines, self._reader()
        while True:
            lines.mark()
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error:
                row = None
            number = lines.number - len(lines.since_mark) + 1
            if row is not None and len(row) == len(self.columns):
                yield number, row
            elif row is not None and len(lines.since_mark) == 1:
                self._on_problem(number, RAGGED if row else EMPTY_LINE)
            else:  # a quote that never ends swallowed the lines after it: they are read again
                lines.rewind_to_second()
                reader = self._reader()
                row = next(csv.reader(lines.since_mark, delimiter=self._delimiter))
                is_whole = len(row) == len(self.columns)
                self._on_problem(number, BAD_QUOTES_READ if is_whole else BAD_QUOTES)
                if is_whole:
                    yield number, row

    def _reader(self) -> Iterator[list[str]]:
        return csv.reader(self._lines, delimiter=self._delimiter, strict=True)


def _header(line: str, wanted: Sequence[str]) -> tuple[str, list[str]]:
    """Return delimiter and column names: those with the wanted columns, or else the most columns."""
    best: tuple[bool, int] = (False, 1)
    chosen = (_NO_DELIMITER, _fields(line, _NO_DELIMITER))
    for delimiter in _DELIMITERS:
        names = _fields(line, delimiter)
        rank = (len(names) > 1 and can_choose(names, wanted), len(names))
        if rank > best:
            best, chosen = rank, (delimiter, names)
    return chosen


def _fields(line: str, delimiter: str) -> list[str]:
    try:
        return [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return []
