"""One shard: a slice of entries -> a file of signals and a part file of everything else."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int16

from supreme_ecg.corpora.corpus import Entry
from supreme_ecg.errors import ExtraError, RecordError
from supreme_ecg.extraction.files import write_whole
from supreme_ecg.preprocessing.contract import SignalContract
from supreme_ecg.preprocessing.counts import to_counts
from supreme_ecg.preprocessing.quality import check_quality, check_range
from supreme_ecg.preprocessing.window import make_window
from supreme_ecg.records.reading import read_record
from supreme_ecg.records.record import Record
from supreme_ecg.store.layout import StoredFile, shard_name

RECORD_COLUMNS = ("record_id", "patient_id", "age_years", "sex", "fold", "codes", "report")
"""What a part keeps of a stored record, in the order of the table."""


class Rejected(NamedTuple):
    """A record that is not stored."""

    record_id: str
    file: str
    """Its header file, relative to the corpus's folder."""
    reason: str
    """A few words that many records share."""
    detail: str
    """What was expected and found in this record."""


class Flagged(NamedTuple):
    """A quality flag of a record, stored or rejected."""

    record_id: str
    check: str
    lead: str | None
    value: float
    threshold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """All that becomes of a slice of entries, but for its signals."""

    shard: StoredFile
    rows: list[list[Any]]
    """One a stored record, values as in :data:`RECORD_COLUMNS`."""
    rejected: list[Rejected] = field(default_factory=list)
    flags: list[Flagged] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> Part:
        """Read a part file.

        Raises:
            OSError: There is none.
            ValueError: It is not whole.
        """
        values = json.loads(path.read_bytes())
        try:
            return cls(
                shard=StoredFile(**values["shard"]),
                rows=values["rows"],
                rejected=[Rejected(*line) for line in values["rejected"]],
                flags=[Flagged(*line) for line in values["flags"]],
            )
        except (KeyError, TypeError) as error:
            raise ValueError(str(path)) from error


def write_shard(
    number: int,
    entries: Sequence[Entry],
    *,
    source: Path,
    contract: SignalContract,
    store: Path,
    part: Path,
) -> None:
    """Read a slice of records and write its shard, then its part file, which marks it as done.

    Args:
        number: Which slice.
        entries: The slice; its signals are held in memory until they are written.
        source: The corpus's folder, to name files relative to it.
        contract: What every window fulfils.
        store: The folder of the store, with its folder of signals.
        part: The part file to write.

    Raises:
        StoreError: The shard cannot be written. A record that cannot be used raises nothing: it is
            in the part's reject list.
    """
    signals = np.empty((len(entries), len(contract.leads), contract.samples), np.int16)
    rows: list[list[Any]] = []
    rejected: list[Rejected] = []
    flags: list[Flagged] = []
    for entry in entries:
        try:
            reason, detail = _store_record(entry, contract, signals[len(rows)], rows, flags)
        except (MemoryError, ExtraError):
            raise
        except Exception as error:  # one odd file must not end a run of days: listed
            reason, detail = "unexpected fault", type(error).__name__
        if reason:
            # no folder of this machine: the list is the same wherever the corpus lies
            detail = detail.replace(f"{source}{os.sep}", "")
            file = os.path.relpath(entry.path, source)
            rejected.append(Rejected(entry.record_id, file, reason, detail))
    shard = _write_signals(store, shard_name(number), signals[: len(rows)])
    values = {"shard": asdict(shard), "rows": rows, "rejected": rejected, "flags": flags}
    write_whole(part, [json.dumps(values).encode()])


def _store_record(
    entry: Entry,
    contract: SignalContract,
    out: Int16[np.ndarray, "lead time"],
    rows: list[list[Any]],
    flags: list[Flagged],
) -> tuple[str, str]:
    """Put one record into ``out``, ``rows`` and ``flags``; return why not, or two empty texts."""
    try:
        record = read_record(entry.path)
    except RecordError as error:
        return _why_unreadable(entry.path), _detail(error)
    try:
        found = check_quality(record)
        rejecting = [flag for flag in found if flag.rejects]
        if not rejecting:
            window = make_window(record, contract)
            found += check_range(window)
            out[:] = to_counts(window)
            rows.append(_row(entry, record))
    except RecordError as error:
        return "no usable leads", _detail(error)
    flags += [Flagged(entry.record_id, f.name, f.lead, f.value, f.threshold) for f in found]
    if rejecting:
        fault = rejecting[0]
        return fault.name, f"found {fault.value:g}, threshold {fault.threshold:g}"
    return "", ""


def _detail(error: RecordError) -> str:
    return f"expected {error.expected}, found {error.found}"


def _row(entry: Entry, record: Record) -> list[Any]:
    """What the corpus's table says of a record, else what its file says."""
    return [
        entry.record_id,
        entry.patient_id,
        record.age_years if entry.age_years is None else entry.age_years,
        entry.sex or record.sex,
        entry.fold,
        entry.codes or record.codes,
        record.report if entry.report is None else entry.report,
    ]


def _why_unreadable(header: Path) -> str:
    signals = [header.with_suffix(suffix) for suffix in (".dat", ".mat")]
    has_signal = any(path.exists() for path in signals)
    if header.exists():
        return "cannot be read" if has_signal else "header without signal"
    return "signal without header" if has_signal else "file not found"


def _write_signals(
    store: Path, name: str, signals: Int16[np.ndarray, "record lead time"]
) -> StoredFile:
    header = io.BytesIO()
    layout = {"descr": "<i2", "fortran_order": False, "shape": signals.shape}
    np.lib.format.write_array_header_1_0(header, layout)
    data = np.ascontiguousarray(signals, "<i2").reshape(-1).view(np.uint8).data
    checksum = write_whole(store / name, [header.getvalue(), data])
    return StoredFile(
        name=name,
        size_bytes=header.tell() + signals.nbytes,
        sha256=checksum,
        records=len(signals),
    )
