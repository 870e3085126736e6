"""What a store looks like on disk, and its manifest ``store.json``.

A store is a folder::

    store.json             format version, contract, counts, checksums: written last
    signals/shard-00000.npy  int16 (record, lead, time), fixed microvolts per count
    records.parquet        one row a stored record, in the order of the signals
    quality.parquet        one row a quality flag
    rejected.csv           one row a record that is not in the store, with its reason
    findings.parquet       written later, by extraction

Shard k holds the accepted records of the k-th slice of :data:`SLICE_RECORDS` entries, sorted by record
id. A rejected record leaves no hole: its shard is one record shorter. So every shard depends on its own
entries only, and the bytes are the same whatever the number of workers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from supreme_ecg.errors import StoreError
from supreme_ecg.preprocessing.contract import SignalContract

FORMAT_VERSION: Final = 1
SLICE_RECORDS: Final = 1024
"""Entries a shard is made of: 25 MB at 100 Hz, 123 MB at 500 Hz, which a worker holds at once."""
MANIFEST: Final = "store.json"
SIGNALS: Final = "signals"
RECORDS: Final = "records.parquet"
QUALITY: Final = "quality.parquet"
REJECTED: Final = "rejected.csv"


def shard_name(number: int) -> str:
    """File name of a shard, relative to the store."""
    return f"{SIGNALS}/shard-{number:05}.npy"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file of the store and how to know it again."""

    name: str
    """Relative to the store, ``/`` between folders."""
    size_bytes: int
    """Its length."""
    sha256: str
    """Its checksum, hexadecimal."""
    records: int | None = None
    """Records in it, for a shard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What ``store.json`` says."""

    corpus: str
    """Name of the corpus."""
    contract: SignalContract
    """The contract that every signal fulfils."""
    package: str
    """Version of supreme-ecg that wrote the store."""
    fingerprint: str
    """Checksum over contract, corpus, entries and the sizes of their files."""
    records: int
    """Records in the store."""
    rejected: Mapping[str, int]
    """Reason -> number of rejected records."""
    flags: Mapping[str, int]
    """Quality check -> number of records that it flagged, stored or rejected."""
    shards: tuple[StoredFile, ...]
    """The signals, in the order of the records."""
    tables: tuple[StoredFile, ...]
    """The other files."""

    def to_text(self) -> str:
        """The text of ``store.json``; :func:`read_manifest` reads it back."""
        values = {"format": FORMAT_VERSION} | asdict(self) | {"contract": self.contract.to_json()}
        return json.dumps(values, indent=1) + "\n"

    @property
    def size_bytes(self) -> int:
        """Length of all files together."""
        return sum(file.size_bytes for file in self.shards + self.tables)


def read_manifest(store: Path) -> Manifest:
    """Read ``store.json``.

    Raises:
        StoreError: There is none, it is damaged, or another version of the format wrote it.
        ContractError: Its contract has other fields than this version's.
    """
    path = store / MANIFEST
    try:
        values: dict[str, Any] = json.loads(path.read_bytes())
        version = values.pop("format")
    except OSError:
        raise _no_store(store) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _damaged(path) from None
    if version != FORMAT_VERSION:
        raise _other_version(path, version)
    try:
        contract = SignalContract.from_json(values.pop("contract"), where=path)
        shards, tables = (
            tuple(StoredFile(**file) for file in values.pop(key)) for key in ("shards", "tables")
        )
        return Manifest(contract=contract, shards=shards, tables=tables, **values)
    except (KeyError, TypeError, AttributeError):
        raise _damaged(path) from None


def partial_folder(store: Path) -> Path:
    """Where a store is built until it is whole."""
    return store.with_name(f"{store.name}.partial")


def _no_store(store: Path) -> StoreError:
    if partial_folder(store).is_dir():
        found, remedy = "an unfinished ingest", "Run the same `supreme ingest` again to finish it."
    elif store.is_dir():
        found, remedy = (
            f"a folder without {MANIFEST}",
            "Give the folder that `supreme ingest` made.",
        )
    else:
        found, remedy = "no such folder", "Make one with `supreme ingest`, or correct the path."
    return StoreError(store, expected="a store", found=found, remedy=remedy)


def _damaged(path: Path) -> StoreError:
    return StoreError(
        path,
        expected="the manifest of a store",
        found="damaged or foreign text",
        remedy="Remove the store and ingest again.",
    )


def _other_version(path: Path, version: object) -> StoreError:
    newer = isinstance(version, int) and version > FORMAT_VERSION
    return StoreError(
        path,
        expected=f"store format {FORMAT_VERSION}",
        found=f"format {version}" + (", of a newer supreme-ecg" if newer else ""),
        remedy="Upgrade supreme-ecg." if newer else "Remove the store and ingest again.",
    )
