"""Record -> WFDB files (format 16), readable by every WFDB program."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from supreme_ecg.errors import RecordError
from supreme_ecg.records.record import Record

_LARGEST = 32767
_MISSING = -32768


def write_wfdb(record: Record, folder: Path, *, microvolts_per_count: float = 1.0) -> Path:
    """Write ``<id>.hea`` and ``<id>.dat``; the report is not written, WFDB has no place for it.

    Args:
        record: The record; NaN is stored as "not recorded".
        folder: Where to write; made if absent.
        microvolts_per_count: Resolution, above 0. Samples are rounded to the nearest count.

    Returns:
        The header's path, which :func:`read_record` reads back.

    Raises:
        RecordError: A sample is beyond the range of int16 at this resolution, the id is no WFDB
            record name, or the folder cannot be written.
    """
    _check_id(record.id)
    millivolts = np.stack(list(record.leads.values()), axis=1)
    gain = 1000 / microvolts_per_count
    counts = np.rint(millivolts.astype(np.float64) * gain)
    largest = np.nanmax(np.abs(counts), initial=0)
    if largest > _LARGEST:
        raise RecordError(
            record.id,
            expected=f"at most {_LARGEST / gain:g} mV at {microvolts_per_count:g} uV per count",
            found=f"{largest / gain:g} mV",
            remedy="Choose more microvolts per count, or correct the record's unit.",
        )
    stored = np.where(np.isnan(counts), _MISSING, counts).astype("<i2")
    path = Path(folder) / f"{record.id}.hea"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_name(f"{record.id}.dat").write_bytes(stored.tobytes())
        path.write_text(_header(record, stored, gain), encoding="utf-8")
    except OSError as error:
        raise RecordError(
            path,
            expected="a folder that can be written",
            found=error.strerror or str(error),
            remedy="Choose another folder or free some space.",
        ) from None
    return path


def _check_id(name: str) -> None:
    if not re.fullmatch(r"[-\w]+", name):
        raise RecordError(
            repr(name),
            expected="a WFDB record name (letters, digits, '-', '_')",
            found="other characters",
            remedy="Give the record another id.",
        )


def _header(record: Record, counts: np.ndarray, gain: float) -> str:
    """Header text; the checksum is the sum of the samples modulo 65536."""
    lines = [f"{record.id} {counts.shape[1]} {record.sampling_rate_hz:.12g} {counts.shape[0]}"]
    lines += [
        f"{record.id}.dat 16 {gain:.12g}(0)/mV 16 0 {column[0]} {int(column.sum(dtype=int)) % 65536}"
        f" 0 {name}"
        for name, column in zip(record.leads, counts.T, strict=True)
    ]
    lines += [
        f"#{key}: {value}"
        for key, value in (
            ("Age", "" if record.age_years is None else f"{record.age_years:g}"),
            ("Sex", record.sex and record.sex.capitalize()),
            ("Dx", ",".join(record.codes)),
            ("<subject_id>", record.patient_id),
        )
        if value
    ]
    return "\n".join(lines) + "\n"
