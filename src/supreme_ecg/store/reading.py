"""Read a store: records, findings and signals, by row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from jaxtyping import Bool, Float, Int, Int16

from supreme_ecg.errors import StoreError
from supreme_ecg.extraction.files import sha256_of
from supreme_ecg.extraction.findings import FINDINGS
from supreme_ecg.preprocessing.contract import MISSING_COUNT, SignalContract
from supreme_ecg.store.layout import QUALITY, RECORDS, Manifest, StoredFile, read_manifest

_MOST_OPEN: Final = 256
"""Shards open at once: each holds a file descriptor, of which a process often has 1024."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some windows of a store."""

    signal: Float[np.ndarray, "batch lead time"]
    """Millivolts, float32, 0 where a mask says missing."""
    lead_mask: Bool[np.ndarray, "batch lead"]
    """True where the lead was recorded or derived."""
    sample_mask: Bool[np.ndarray, "batch time"]
    """True where the recording covers the sample."""


class Store:
    """A store on disk. Signals stay there: a batch reads its own rows and no more."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest
        ends = np.cumsum([shard.records or 0 for shard in manifest.shards], dtype=np.int64)
        self._starts = np.concatenate([[0], ends])
        self._opened: dict[int, Int16[np.ndarray, "record lead time"]] = {}

    @classmethod
    def open(cls, path: str | Path) -> Store:
        """Open a store and check that it is whole, by the lengths of its files.

        Raises:
            StoreError: There is no store, it is unfinished or damaged, or another version wrote it.
            ContractError: Its contract has other fields than this version's.
        """
        store = Path(path)
        manifest = read_manifest(store)
        for file in manifest.shards + manifest.tables:
            _require(store, file, lambda path: path.stat().st_size, file.size_bytes, "bytes")
        return cls(store, manifest)

    def __reduce__(self) -> tuple[Callable[[Path], Store], tuple[Path]]:
        return type(self).open, (self.path,)

    def __len__(self) -> int:
        return self.manifest.records

    @property
    def corpus(self) -> str:
        """Name of the corpus."""
        return self.manifest.corpus

    @property
    def contract(self) -> SignalContract:
        """The contract that every signal fulfils."""
        return self.manifest.contract

    @cached_property
    def records(self) -> pl.DataFrame:
        """One row a record in the order of the signals.

        Columns: record_id, patient_id, age_years, sex, fold, codes, report, row.
        """
        return pl.read_parquet(self.path / RECORDS)

    def quality(self) -> pl.DataFrame:
        """One row a quality flag: record_id, check, lead, value, threshold."""
        return pl.read_parquet(self.path / QUALITY)

    def findings(self) -> pl.DataFrame:
        """What the reports say, as extraction wrote it.

        Columns: record_id, statement, concept, assertion, start, end, extractor.

        Raises:
            StoreError: Nothing has been extracted yet, or the table is damaged.
        """
        path = self.path / FINDINGS
        try:
            return pl.read_parquet(path)
        except FileNotFoundError:
            found = "none"
        except (pl.exceptions.PolarsError, OSError):
            found = "a file that is not one"
        raise StoreError(
            path,
            expected="a table of findings",
            found=found,
            remedy=f"Run `supreme extract {self.path}`.",
        )

    def counts(self, rows: Int[np.ndarray, " batch"]) -> Int16[np.ndarray, "batch lead time"]:
        """Read stored counts.

        Args:
            rows: Which records, by their column ``row``, in any order, repeated or not.

        Returns:
            Counts of ``contract.microvolts_per_count``; ``MISSING_COUNT`` = not recorded.

        Raises:
            StoreError: A row is not in the store, or its shard is damaged.
        """
        rows = np.asarray(rows, dtype=np.int64)
        if rows.size and not (rows.min() >= 0 and rows.max() < len(self)):
            raise StoreError(
                self.path,
                expected=f"rows from 0 to {len(self) - 1}",
                found=f"rows from {rows.min()} to {rows.max()}",
                remedy="Take rows from the column `row` of this very store.",
            )
        counts = np.empty((len(rows), len(self.contract.leads), self.contract.samples), np.int16)
        numbers = np.searchsorted(self._starts, rows, side="right") - 1
        for number in np.unique(numbers):
            (here,) = np.nonzero(numbers == number)
            counts[here] = self._shard(int(number))[rows[here] - self._starts[number]]
        return counts

    def batch(self, rows: Int[np.ndarray, " batch"]) -> Batch:
        """Read windows as a model wants them; arguments and errors as in :meth:`counts`."""
        counts = self.counts(rows)
        signal = counts / np.float32(1000 / self.contract.microvolts_per_count)
        is_missing = counts == MISSING_COUNT
        lead_mask = np.ones(counts.shape[:2], bool)
        sample_mask = np.ones((len(counts), counts.shape[2]), bool)
        if is_missing.any():
            signal[is_missing] = 0
            lead_mask, sample_mask = ~is_missing.all(axis=2), ~is_missing.all(axis=1)
        return Batch(signal=signal, lead_mask=lead_mask, sample_mask=sample_mask)

    def verify(self) -> None:
        """Read every file and compare its checksum.

        Raises:
            StoreError: A file has changed since it was written; the message names it.
        """
        for file in self.manifest.shards + self.manifest.tables:
            _require(self.path, file, sha256_of, file.sha256, "as SHA-256 checksum")

    def _shard(self, number: int) -> Int16[np.ndarray, "record lead time"]:
        if number not in self._opened:
            file = self.manifest.shards[number]
            try:
                shard = np.asarray(np.load(self.path / file.name, mmap_mode="r"))
            except (OSError, ValueError):
                raise _damaged(
                    self.path / file.name, "a shard of signals", "something else"
                ) from None
            expected = (file.records, len(self.contract.leads), self.contract.samples)
            if shard.shape != expected or shard.dtype != np.dtype("<i2"):
                found = f"{shard.dtype} of shape {shard.shape}"
                raise _damaged(self.path / file.name, f"int16 of shape {expected}", found)
            if len(self._opened) == _MOST_OPEN:
                self._opened.pop(next(iter(self._opened)))
            self._opened[number] = shard
        return self._opened[number]


def _require(
    store: Path,
    file: StoredFile,
    measure: Callable[[Path], int | str],
    expected: int | str,
    unit: str,
) -> None:
    """Stop unless a file is as the manifest says."""
    try:
        found = measure(store / file.name)
    except OSError:
        raise _damaged(store / file.name, f"{expected} {unit}", "no such file") from None
    if found != expected:
        raise _damaged(store / file.name, f"{expected} {unit}", str(found))


def _damaged(path: Path, expected: str, found: str) -> StoreError:
    return StoreError(
        path,
        expected=expected,
        found=found,
        remedy="The store is damaged: remove it and ingest again.",
    )
