"""The user's own copy of the published label files, read by column name and checked row by row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from jaxtyping import Int8

from supreme_ecg.errors import TableError
from supreme_ecg.evaluation.published.files import PublishedFiles, Split
from supreme_ecg.evaluation.task import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedLabels:
    """Records of one published file and what it says of them."""

    record_ids: tuple[str, ...]
    """In the order of the file."""
    classes: tuple[str, ...]
    """Names of the class columns in the order of the file."""
    labels: Int8[np.ndarray, "record cls"]
    """1 or 0, as in the file."""

    def for_task(self, task: Task) -> Int8[np.ndarray, "record cls"]:
        """The same labels with the columns of a task, found by name.

        Raises:
            TableError: A class of the task has no column.
        """
        names = [one.name.strip("_") for one in task.classes]
        absent = [name for name in names if name not in self.classes]
        if absent:
            raise TableError(
                f"published labels for {task.name}",
                expected=f"a column for each class of {task.name}",
                found=f"none for {', '.join(absent)}",
                remedy="Take the package's task of the same name.",
            )
        return self.labels[:, [self.classes.index(name) for name in names]]


def read_table(folder: Path, files: PublishedFiles, split: Split) -> pl.DataFrame:
    """Read one published file as the text that is written there.

    Args:
        folder: The folder of all files (``data_split`` of MERL's code): ``ptbxl``, ``icbeb`` and
            ``chapman`` are in it.
        files: Of which task.
        split: Which of its files.

    Returns:
        All columns as text, in the order of the file.

    Raises:
        TableError: The file is absent or no CSV table; a column is absent, odd or out of its place;
            the number of rows is another; a record id or a label is none; or a record occurs twice.
    """
    path = files.path(folder, split)
    if not path.is_file():
        raise TableError(
            path,
            expected=f"the published {split} file of {files.task}",
            found="no such file",
            remedy="Give the folder that holds ptbxl, icbeb and chapman (data_split of MERL's code).",
        )
    try:
        table = pl.read_csv(path, infer_schema=False).fill_null("")
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as error:
        raise TableError(
            path,
            expected="a CSV table in UTF-8",
            found=f"a file that cannot be read as one ({type(error).__name__})",
            remedy="Fetch the file again.",
        ) from None
    _require_columns(table.columns, files.columns(split), path)
    _require_rows(table, files, split, path)
    return table


def read_published(folder: Path, task: str, split: Split) -> PublishedLabels:
    """Read the labels of one published file.

    Args:
        folder: The folder of all files.
        task: Name of a task that has published files.
        split: Which of its files.

    Raises:
        TaskError: The task has no published files.
        TableError: The file does not fit; see :func:`read_table`.
    """
    files = PublishedFiles.of(task)
    return labels_of(read_table(folder, files, split), files, split)


def labels_of(table: pl.DataFrame, files: PublishedFiles, split: Split) -> PublishedLabels:
    """Take record ids and labels out of a table in the form of a published file.

    Args:
        table: As :func:`read_table` gives it, or rebuilt.
        files: Its form.
        split: Which of the files.
    """
    classes = files.classes[split]
    ids = [files.record_id(text) for text in table[files.record].to_list()]
    return PublishedLabels(
        record_ids=tuple(record_id for record_id in ids if record_id is not None),
        classes=classes,
        labels=table.select(pl.col(classes).cast(pl.Int8)).to_numpy().reshape(len(table), -1),
    )


def _require_columns(found: Sequence[str], expected: Sequence[str], path: Path) -> None:
    if tuple(found) == tuple(expected):
        return
    absent = [name for name in expected if name not in found]
    odd = [name for name in found if name not in expected]
    if absent or odd:
        parts = [f"no column {name!r}" for name in absent] + [f"a column {name!r}" for name in odd]
        what = ", ".join(parts[:5])
    else:
        place = next(
            i for i, pair in enumerate(zip(found, expected, strict=True)) if len({*pair}) > 1
        )
        what = f"{found[place]!r} as column {place + 1}, where {expected[place]!r} should be"
    raise TableError(
        path,
        expected=f"the {len(expected)} columns of the published file in their order",
        found=what,
        remedy="Fetch the file again, and leave it as it is published.",
    )


def _require_rows(table: pl.DataFrame, files: PublishedFiles, split: Split, path: Path) -> None:
    """Refuse another number of rows, then the first row that does not fit."""
    if len(table) != files.rows[split]:
        raise _odd_row(path, f"{files.rows[split]} rows", f"{len(table)}")
    for name in files.classes[split]:
        is_wrong = ~table[name].is_in(["0", "1"])
        if is_wrong.any():
            line = is_wrong.arg_true()[0] + 2
            raise _odd_row(path, f"0 or 1 in column {name!r}", f"something else in line {line}")
    written = table[files.record].to_list()
    ids = [files.record_id(text) for text in written]
    if None in ids:
        line = ids.index(None) + 2
        raise _odd_row(path, f"a record in column {files.record!r}", f"none in line {line}")
    twice = [record_id for record_id, count in Counter(ids).items() if count > 1]
    if twice:
        raise _odd_row(path, "each record once", f"{twice[0]} more than once")


def _odd_row(path: Path, expected: str, found: str) -> TableError:
    return TableError(
        path,
        expected=expected,
        found=found,
        remedy="Fetch the file again, and leave it as it is published.",
    )
