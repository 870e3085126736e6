"""The tables of a store, put together from the parts of its shards."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from supreme_ecg.extraction.files import write_whole
from supreme_ecg.store.layout import QUALITY, RECORDS, REJECTED, StoredFile
from supreme_ecg.store.shards import RECORD_COLUMNS, Flagged, Part, Rejected

_RECORD_TYPES: Final = (
    pl.String,
    pl.String,
    pl.Float64,
    pl.String,
    pl.Int32,
    pl.List(pl.String),
    pl.String,
)
_RECORD_SCHEMA: Final = dict(zip(RECORD_COLUMNS, _RECORD_TYPES, strict=True))
_QUALITY_SCHEMA: Final = dict(
    zip(Flagged._fields, (pl.String, pl.String, pl.String, pl.Float64, pl.Float64), strict=True)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """What was written, and its counts."""

    files: tuple[StoredFile, ...]
    shards: tuple[StoredFile, ...]
    records: int
    rejected: dict[str, int]
    """Reason -> records, the commonest first."""
    flags: dict[str, int]
    """Check -> records, the commonest first."""


def write_tables(parts: Iterable[Part], store: Path) -> Tables:
    """Write ``records.parquet``, ``quality.parquet`` and ``rejected.csv``.

    Args:
        parts: The parts in the order of the shards, taken one by one.
        store: The folder to write into.

    Raises:
        StoreError: A table cannot be written.
    """
    shards: list[StoredFile] = []
    records: list[pl.DataFrame] = []
    flags: list[pl.DataFrame] = []
    rejected: list[Rejected] = []
    for part in parts:
        shards.append(part.shard)
        rejected += part.rejected
        records.append(_frame(part.rows, _RECORD_SCHEMA))
        flags.append(_frame(part.flags, _QUALITY_SCHEMA))
    rows = pl.concat(records).with_row_index("row").select(*RECORD_COLUMNS, "row")
    quality = pl.concat(flags)
    counts = quality.group_by("check").agg(pl.col("record_id").n_unique())
    return Tables(
        files=(
            _write(store, RECORDS, _parquet(rows)),
            _write(store, QUALITY, _parquet(quality)),
            _write(store, REJECTED, _csv(rejected)),
        ),
        shards=tuple(shards),
        records=len(rows),
        rejected=_commonest_first(Counter(line.reason for line in rejected)),
        flags=_commonest_first(dict(counts.iter_rows())),
    )


def _frame(rows: Sequence[Any], schema: dict[str, Any]) -> pl.DataFrame:
    columns = zip(*rows, strict=True) if rows else ([] for _ in schema)
    return pl.DataFrame(dict(zip(schema, columns, strict=True)), schema=schema)


def _commonest_first(counts: dict[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _parquet(table: pl.DataFrame) -> bytes:
    file = io.BytesIO()
    table.write_parquet(file)
    return file.getvalue()


def _csv(rejected: Sequence[Rejected]) -> bytes:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(Rejected._fields)
    writer.writerows(rejected)
    return file.getvalue().encode()


def _write(store: Path, name: str, data: bytes) -> StoredFile:
    return StoredFile(name=name, size_bytes=len(data), sha256=write_whole(store / name, [data]))
