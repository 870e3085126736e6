"""Corpus -> store: in parallel, atomically, resumable after a kill, with flat memory."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from supreme_ecg import __version__
from supreme_ecg.corpora.corpus import Corpus, Entry, require_unique
from supreme_ecg.errors import CorpusError, StoreError
from supreme_ecg.extraction.files import disk_full, free_bytes, write_whole
from supreme_ecg.preprocessing.contract import SignalContract
from supreme_ecg.store.layout import (
    FORMAT_VERSION,
    MANIFEST,
    SLICE_RECORDS,
    Manifest,
    read_manifest,
)
from supreme_ecg.store.partial import Partial, partial_store
from supreme_ecg.store.shards import Part, write_shard
from supreme_ecg.store.tables import write_tables
from supreme_ecg.store.workers import prepare_workers, run_tasks

Progress = Callable[[int, int], None]
"""Called with the entries done so far and the entries in all."""

_ABSENT: Final = -1
_TABLE_BYTES: Final = 4096
"""Room for a record's line in the tables and its part, generously."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestReport:
    """What an ingest did."""

    path: Path
    """The store."""
    records: int
    """Records in the store."""
    rejected: Mapping[str, int]
    """Reason -> records that are not in it."""
    flags: Mapping[str, int]
    """Quality check -> records that it flagged."""
    size_bytes: int
    """Length of the store's files."""
    seconds: float
    """Wall time of this run."""
    entries_done: int
    """Entries that this run went through; the rest was kept from an earlier run."""


@dataclass(frozen=True, slots=True)
class _Source:
    """The entries in the order of the store, and what tells them from others."""

    folder: Path
    entries: tuple[Entry, ...]
    present: int
    """Entries whose file is there."""
    fingerprint: str


def ingest(
    corpus: Corpus,
    source: Path,
    path: Path,
    *,
    contract: SignalContract,
    workers: int = 1,
    folds: Collection[int] | None = None,
    progress: Progress | None = None,
) -> IngestReport:
    """Make a store of a corpus.

    A record that cannot be used is listed in ``rejected.csv`` and stops nothing. A run that was
    stopped leaves ``STORE.partial``; the same call goes on from there. If the store is there already
    and made of the same, nothing is done.

    Args:
        corpus: Which corpus.
        source: Its folder, as its publisher lays it out.
        path: The store to make.
        contract: What every window fulfils.
        workers: Processes that read and write; the bytes are the same for any number. A script
            that asks for more than one calls this under ``if __name__ == "__main__":``.
        folds: Take only these folds of the publisher; None = all.
        progress: Told of each shard.

    Returns:
        Counts, size and time.

    Raises:
        CorpusError: The folder is not the corpus, has ids twice, or no entry in these folds.
        StoreError: Another store or folder is in the way, the disk is too small or full, another
            run writes the same store, or a worker was killed.
    """
    began = time.perf_counter()
    prepare_workers(workers, "supreme_ecg.store.shards")
    selected = _select(corpus, source, contract, folds)
    if path.exists() and not _is_empty_folder(path):
        manifest = _require_same(path, corpus, contract, selected.fingerprint)
        return _report(path, manifest, began, entries_done=0)
    made_of = {"fingerprint": selected.fingerprint, "package": __version__}
    identity = made_of | {"slice": str(SLICE_RECORDS)}
    with partial_store(path, identity=identity) as partial:
        done = _write_shards(partial, selected, contract, workers, progress)
        manifest = _finish(partial, corpus, contract, selected)
        partial.become(path)
    return _report(path, manifest, began, entries_done=done)


def _select(
    corpus: Corpus, source: Path, contract: SignalContract, folds: Collection[int] | None
) -> _Source:
    """List, filter and sort the entries; take their fingerprint."""
    listed = corpus.entries(source)
    entries = [e for e in listed if folds is None or e.fold in folds]
    if not entries:
        known = sorted({e.fold for e in listed if e.fold is not None})
        raise CorpusError(
            source,
            expected="recordings" if folds is None else f"recordings in folds {sorted(folds)}",
            found=f"folds {known}" if known else f"none: {corpus.name} has no folds",
            remedy="Choose other folds." if known else "Leave the choice of folds out.",
        )
    require_unique(entries, source=source)
    entries.sort(key=lambda entry: entry.record_id)
    fingerprint, present = _fingerprint(entries, source, corpus.name, contract)
    return _Source(source, tuple(entries), present, fingerprint)


def _fingerprint(
    entries: Sequence[Entry], source: Path, corpus: str, contract: SignalContract
) -> tuple[str, int]:
    """Checksum over all that decides what the store will hold; and the records that are there.

    File lengths stand for file contents, so that a download completed later is a new source.
    """
    checksum = hashlib.sha256(repr((FORMAT_VERSION, corpus, contract)).encode())
    prefix = f"{source}{os.sep}"
    present = 0
    for e in entries:
        stem = os.path.splitext(e.path)[0]
        sizes = [_size(f"{stem}.hea"), _size(f"{stem}.dat")]
        if sizes[1] == _ABSENT:
            sizes.append(_size(f"{stem}.mat"))
        if e.path.suffix != ".hea":
            sizes.append(_size(str(e.path)))
        present += sizes[0 if e.path.suffix == ".hea" else -1] != _ABSENT
        words = (e.record_id, e.patient_id, e.age_years, e.sex, e.report, e.fold, e.codes)
        checksum.update(repr((stem.removeprefix(prefix), sizes, words)).encode())
    return checksum.hexdigest(), present


def _size(file: str) -> int:
    try:
        return os.stat(file).st_size
    except OSError:
        return _ABSENT


def _write_shards(
    partial: Partial,
    selected: _Source,
    contract: SignalContract,
    workers: int,
    progress: Progress | None,
) -> int:
    """Write the shards that are not there yet; return how many entries that took."""
    entries = selected.entries
    slices = {k: entries[i : i + SLICE_RECORDS] for k, i in _starts(entries)}
    missing = {k: slice_ for k, slice_ in slices.items() if partial.read_part(k) is None}
    to_do = sum(map(len, missing.values()))
    done = len(entries) - to_do
    _require_space(partial.folder, selected, contract, share=to_do / len(entries))
    if progress:
        progress(done, len(entries))
    tasks = {
        k: {
            "entries": slice_,
            "source": selected.folder,
            "contract": contract,
            "store": partial.store,
            "part": partial.part(k),
        }
        for k, slice_ in missing.items()
    }
    for k in run_tasks(write_shard, tasks, workers=workers):
        done += len(slices[k])
        if progress:
            progress(done, len(entries))
    return to_do


def _starts(entries: Sequence[Entry]) -> Iterable[tuple[int, int]]:
    return enumerate(range(0, len(entries), SLICE_RECORDS))


def _require_space(
    folder: Path, selected: _Source, contract: SignalContract, *, share: float
) -> None:
    """Stop before the start if the signals that are still to be written cannot fit."""
    record_bytes = 2 * len(contract.leads) * contract.samples
    needed = int(share * selected.present * record_bytes)
    needed += len(selected.entries) * _TABLE_BYTES
    if free_bytes(folder) < needed:
        raise disk_full(folder, needed)


def _finish(
    partial: Partial, corpus: Corpus, contract: SignalContract, selected: _Source
) -> Manifest:
    """Write the tables and, last of all, the manifest."""
    parts = (Part.read(partial.part(k)) for k, _ in _starts(selected.entries))
    tables = write_tables(parts, partial.store)
    manifest = Manifest(
        corpus=corpus.name,
        contract=contract,
        package=__version__,
        fingerprint=selected.fingerprint,
        records=tables.records,
        rejected=tables.rejected,
        flags=tables.flags,
        shards=tables.shards,
        tables=tables.files,
    )
    write_whole(partial.store / MANIFEST, [manifest.to_text().encode()])
    return manifest


def _require_same(
    path: Path, corpus: Corpus, contract: SignalContract, fingerprint: str
) -> Manifest:
    """Accept a store that is there already if it was made of the very same."""
    manifest = read_manifest(path)
    if manifest.fingerprint == fingerprint:
        return manifest
    ours, theirs = contract.to_json(), manifest.contract.to_json()
    differing = [f"{key}={theirs[key]}" for key in ours if ours[key] != theirs[key]]
    if manifest.corpus != corpus.name:
        found = f"a store of {manifest.corpus}"
    elif differing:
        found = f"one made under another contract: {', '.join(differing)}"
    else:
        found = "one made of other files, or of other folds"
    raise StoreError(
        path,
        expected=f"no store, or one of the same recordings of {corpus.name}",
        found=found,
        remedy="Remove it, or give the new store another name.",
    )


def _is_empty_folder(path: Path) -> bool:
    return path.is_dir() and next(path.iterdir(), None) is None


def _report(path: Path, manifest: Manifest, began: float, *, entries_done: int) -> IngestReport:
    return IngestReport(
        path=path,
        records=manifest.records,
        rejected=manifest.rejected,
        flags=manifest.flags,
        size_bytes=manifest.size_bytes,
        seconds=time.perf_counter() - began,
        entries_done=entries_done,
    )
