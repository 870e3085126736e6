"""One's own labels: a CSV with the column ``record_id`` and a column of 0 and 1 for each class."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from jaxtyping import Int8

from supreme_ecg.errors import TableError

UNLABELLED: Final = -1
"""In every class of a record that the table does not name."""

_ID: Final = "record_id"


def read_labels(
    path: Path, classes: Sequence[str], record_ids: Sequence[str]
) -> Int8[np.ndarray, "record cls"]:
    """Read the labels of some records, columns by name.

    Args:
        path: The CSV, UTF-8, with a header line; other columns are ignored.
        classes: Names of the columns wanted.
        record_ids: Records wanted, in the order of the result; the table may hold others.

    Returns:
        1 or 0; :data:`UNLABELLED` throughout for a record that the table does not name.

    Raises:
        TableError: There is no such table; a column is absent; a label is neither 0 nor 1; or a record
            occurs twice.
    """
    try:
        table = pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as error:
        found = "no such file" if not path.exists() else f"something else ({type(error).__name__})"
        raise _unfit(path, "a CSV table in UTF-8", found) from None
    absent = [name for name in (_ID, *classes) if name not in table.columns]
    if absent:
        expected = f"the column {_ID} and one for each class of the task"
        raise _unfit(path, expected, f"no column {', '.join(absent)}")
    ids = table[_ID].to_list()
    if table[_ID].is_duplicated().any() or None in ids:
        raise _unfit(path, f"{_ID} filled and each record once", "a record twice or without id")
    for name in classes:
        is_wrong = ~table[name].is_in(["0", "1"]).fill_null(value=False)
        if is_wrong.any():
            row = is_wrong.arg_true()[0] + 1
            raise _unfit(path, f"0 or 1 in column {name}", f"something else in data row {row}")
    values = table.select(pl.col(list(classes)).cast(pl.Int8)).to_numpy().reshape(len(ids), -1)
    unlabelled = np.full((1, len(classes)), UNLABELLED, dtype=np.int8)
    rows = {record_id: row for row, record_id in enumerate(ids)}
    where = [rows.get(record_id, len(ids)) for record_id in record_ids]
    return np.concatenate([values, unlabelled])[where]


def _unfit(path: Path, expected: str, found: str) -> TableError:
    return TableError(path, expected=expected, found=found, remedy="Mend the table of labels.")
