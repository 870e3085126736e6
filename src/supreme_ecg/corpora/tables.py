"""CSV tables of corpora, read with one clear error for whatever is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from supreme_ecg.errors import CorpusError


def read_columns(path: Path, columns: Sequence[str], *, filled: Sequence[str]) -> pl.DataFrame:
    """Read some columns of a CSV file as the text that is written there.

    Args:
        path: The CSV file, UTF-8, with a header line.
        columns: The columns wanted; others are ignored.
        filled: Those of them that no row may leave empty.

    Returns:
        Those columns in that order, all of type text, null where a field is empty.

    Raises:
        CorpusError: The file is not a CSV table, lacks a column, has no row, or leaves a field
            empty; the message gives its row.
    """
    try:
        table = pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as error:
        raise CorpusError(
            path,
            expected="a CSV table in UTF-8",
            found=f"a file that cannot be read as one ({type(error).__name__})",
            remedy="Download the file again.",
        ) from None
    absent = [column for column in columns if column not in table.columns]
    if absent or table.is_empty():
        raise CorpusError(
            path,
            expected=f"rows with the columns {', '.join(columns)}",
            found=f"no column {', '.join(absent)}" if absent else "no row",
            remedy="Download the file again, and leave it as it is published.",
        )
    for column in filled:
        _refuse(table[column].is_null(), path, f"column {column} filled", "an empty field")
    return table.select(columns)


def cast_column(
    table: pl.DataFrame, column: str, dtype: type[pl.Float64 | pl.Int64], *, path: Path
) -> list[float | int | None]:
    """Turn a text column into numbers.

    Args:
        table: What :func:`read_columns` gave.
        column: Which column.
        dtype: The wanted type; ``Int64`` also takes text such as ``3.0``.
        path: The file, for the message.

    Returns:
        One number a row, None where the field is empty.

    Raises:
        CorpusError: A field is not a number; the message gives its row.
    """
    numbers = table[column].str.strip_chars().cast(pl.Float64, strict=False)
    is_number = numbers.is_finite() & ((numbers == numbers.round()) | (dtype is pl.Float64))
    is_wrong = table[column].is_not_null() & ~is_number.fill_null(value=False)
    _refuse(is_wrong, path, f"a number in column {column}", "something else")
    return numbers.cast(dtype).to_list()


def _refuse(is_wrong: pl.Series, path: Path, expected: str, found: str) -> None:
    if is_wrong.any():
        raise CorpusError(
            path,
            expected=expected,
            found=f"{found} in data row {is_wrong.arg_true()[0] + 1}",
            remedy="Fetch or make the file again, and leave it as it is published.",
        )
