"""The kinds of tables that reports come in, each read row by row."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import polars as pl

from supreme_ecg.errors import TableError
from supreme_ecg.extraction.columns import choose_columns
from supreme_ecg.extraction.csv_rows import EMPTY_LINE, CsvRows
from supreme_ecg.extraction.text_lines import TextLines, decode

NOT_JSON: Final = "not a JSON object: left out"
NOT_TEXT: Final = "a value that is not text: passed over"
UNREADABLE: Final = "file that cannot be read: left out"
NOT_A_TEXT_FILE: Final = "file that is not text: left out"

_JSON_SUFFIXES: Final = (".jsonl", ".ndjson", ".json")
_SLICE_ROWS: Final = 50_000


class OnProblem(Protocol):
    """Is told what is wrong with a row."""

    def __call__(self, row: int, problem: str, record_id: str = "") -> None:
        """Note it."""


class Row(NamedTuple):
    """One row of a table."""

    number: int
    """Line or row, from 1."""
    record_id: str
    """Empty where it has none."""
    texts: Sequence[str]
    """The fields with text, empty ones among them."""


def table_rows(
    path: Path, *, text: Sequence[str], id_column: str | None, on_problem: OnProblem
) -> Iterator[Row]:
    """Read a file row by row.

    Args:
        path: A parquet, JSON lines or CSV file.
        text: Columns with text.
        id_column: Column with the record id; None to count the rows.
        on_problem: Called with number and problem of each row that is damaged.

    Raises:
        TableError: The file cannot be read, is of another kind, or lacks a column.
    """
    try:
        with path.open("rb") as file:
            if file.read(4) == b"PAR1":
                yield from _parquet_rows(path, text, id_column)
                return
            if path.suffix.lower() in _JSON_SUFFIXES:
                yield from _json_rows(path, text, id_column, on_problem)
                return
            file.seek(0)
            lines = TextLines(file, where=path, on_problem=on_problem)
            rows = CsvRows(lines, wanted=[*text, *_listed(id_column)], on_problem=on_problem)
            yield from _csv_rows(path, rows, text, id_column)
    except OSError as error:
        raise TableError(
            path,
            expected="a table or a folder of .txt files",
            found=(error.strerror or type(error).__name__).lower(),
            remedy="Correct the path.",
        ) from None


def folder_rows(folder: Path, on_problem: OnProblem) -> Iterator[Row]:
    """Read the ``.txt`` files of a folder, by name; the name without its ending is the record id.

    Args:
        folder: The folder; folders in it are not looked into.
        on_problem: Called with number and problem of each file that is damaged.

    Raises:
        TableError: There is no such file.
    """
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".txt")
    if not paths:
        raise TableError(
            folder,
            expected="a store, or a folder of .txt files",
            found=f"a folder without either ({sum(1 for _ in folder.iterdir())} other entries)",
            remedy="Give the folder that holds them, or a table.",
        )
    for number, path in enumerate(paths, start=1):
        try:
            text, problem = decode(path.read_bytes(), where=path)
        except OSError:
            on_problem(number, UNREADABLE, path.stem)
            continue
        except TableError:
            on_problem(number, NOT_A_TEXT_FILE, path.stem)
            continue
        if problem:
            on_problem(number, problem, path.stem)
        yield Row(number, path.stem, [text])


def _csv_rows(
    path: Path, rows: CsvRows, text: Sequence[str], id_column: str | None
) -> Iterator[Row]:
    columns, id_name = _choose(rows.columns, text, id_column, path)
    places = [rows.columns.index(name) for name in columns]
    id_place = None if id_name is None else rows.columns.index(id_name)
    for count, (number, fields) in enumerate(rows, start=1):
        record_id = str(count) if id_place is None else fields[id_place]
        yield Row(number, record_id, [fields[place] for place in places])


def _parquet_rows(path: Path, text: Sequence[str], id_column: str | None) -> Iterator[Row]:
    try:
        schema = pl.read_parquet_schema(path)
        columns, id_name = _choose(list(schema), text, id_column, path)
        wanted = [_as_text(name, schema[name], path) for name in [*columns, *_listed(id_name)]]
        table = pl.read_parquet(path, columns=[*columns, *_listed(id_name)])
        table = table.select(wanted)
    except pl.exceptions.PolarsError as error:
        raise TableError(
            path,
            expected="a parquet file",
            found=f"a damaged one ({type(error).__name__})",
            remedy="Write or fetch it again.",
        ) from None
    for first in range(0, len(table), _SLICE_ROWS):
        rows = table.slice(first, _SLICE_ROWS).iter_rows()
        for number, values in enumerate(rows, start=first + 1):
            record_id = str(number) if id_name is None else values[-1] or ""
            yield Row(number, record_id, list(_texts(values[: len(columns)])))


def _as_text(name: str, kind: pl.DataType, path: Path) -> pl.Expr:
    if kind == pl.List(pl.String):
        return pl.col(name)
    if kind.is_nested() or kind in (pl.Binary, pl.Object):
        raise TableError(
            path,
            expected=f"text in column {name}",
            found=f"values of type {kind.base_type()}",
            remedy="Name a column with text.",
        )
    return pl.col(name).cast(pl.String)


def _json_rows(
    path: Path, text: Sequence[str], id_column: str | None, on_problem: OnProblem
) -> Iterator[Row]:
    keys: dict[str, None] = {}
    for _, value in _json_objects(path, lambda *_: None):
        keys.update(dict.fromkeys(value))
    if not keys:
        raise TableError(
            path,
            expected="a JSON object on each line",
            found="none",
            remedy="Write one object a line, as `jq -c '.[]'` does.",
        )
    columns, id_name = _choose(list(keys), text, id_column, path)
    for count, (number, value) in enumerate(_json_objects(path, on_problem), start=1):
        given = count if id_name is None else value.get(id_name)
        record_id = str(given) if isinstance(given, str | int | float) else ""
        values = [value.get(name) for name in columns]
        if any(isinstance(each, dict) for each in values):
            on_problem(number, NOT_TEXT)
        yield Row(number, record_id, list(_texts(values)))


def _json_objects(path: Path, on_problem: OnProblem) -> Iterator[tuple[int, dict[str, Any]]]:
    with path.open("rb") as file:
        lines = TextLines(file, where=path, on_problem=on_problem)
        for line in lines:
            lines.mark()
            try:
                value = json.loads(line) if line.strip() else None
            except (ValueError, RecursionError):
                value = None
            if isinstance(value, dict):
                yield lines.number, value
            else:
                on_problem(lines.number, NOT_JSON if line.strip() else EMPTY_LINE)


def _texts(values: Sequence[Any]) -> Iterator[str]:
    """The texts among values: numbers as text, lists of texts one by one, the rest passed over."""
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from (each for each in value if isinstance(each, str))
        elif isinstance(value, int | float):
            yield str(value)


def _choose(
    found: Sequence[str], text: Sequence[str], id_column: str | None, path: Path
) -> tuple[list[str], str | None]:
    """The columns with text and the one with the id, all of them there."""
    if text:
        choose_columns(found, [*text, *_listed(id_column)], where=path)
    columns = choose_columns(found, text, where=path)
    return columns, None if id_column is None else choose_columns(found, [id_column], where=path)[0]


def _listed(name: str | None) -> list[str]:
    return [] if name is None else [name]
