"""WFDB records -> Record: format 16 read directly, every other format by the wfdb library.

The two paths agree to the last bit: samples equal ``wfdb.rdrecord(..., return_res=64)`` rounded to
float32 (and ``return_res=32`` itself while baselines stay below 2**23), in the file's own unit.
The direct path needs about 1/30 of the library's time.

The header's checksum of each signal (sum of the samples modulo 65536) is verified wherever it is
given, on both paths: it costs 2 microseconds for 12 x 1000 samples and catches damaged files,
headers of another recording and wrong sample counts, none of which the library notices.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from supreme_ecg.errors import RecordError
from supreme_ecg.records.leads import standard_lead_name
from supreme_ecg.records.record import Record
from supreme_ecg.records.wfdb_comments import parse_comments
from supreme_ecg.records.wfdb_header import (
    MILLIVOLTS_PER_UNIT,
    Header,
    SignalLine,
    parse_header,
)

_MISSING_16 = -32768
_EXACT_IN_FLOAT32 = 1 << 23


def read_wfdb(header_path: str | Path) -> Record:
    """Read one WFDB record.

    Args:
        header_path: The ``.hea`` file; signal files lie beside it.

    Returns:
        The record in millivolts. Its id is the header's file name without ``.hea``.

    Raises:
        RecordError: The header or a signal file is missing, cut, damaged, uncalibrated, not a
            voltage, empty, or names a lead twice.
    """
    path = os.fspath(header_path)
    folder, file_name = os.path.split(path)
    header = parse_header(_read_text(path), where=path)
    if header.segments:
        names, signal, rate_hz = _read_by_library(path, header, folder)
    else:
        _check_signal_lines(header.signals, path)
        rate_hz = header.sampling_rate_hz
        names = [line.name for line in header.signals]
        if _is_plain_format_16(header.signals):
            signal = _read_format_16(header, path, folder)
        else:
            names, signal, rate_hz = _read_by_library(path, header, folder)
    _check_names(names, path)
    return Record(
        id=file_name.removesuffix(".hea"),
        leads=dict(zip(names, signal, strict=True)),
        sampling_rate_hz=rate_hz,
        source=Path(path),
        **parse_comments(header.comments),
    )


def _read_bytes(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:
        return file.read()


def _read_text(path: str) -> str:
    try:
        raw = _read_bytes(path)
    except OSError as error:
        raise RecordError(
            path,
            expected="a WFDB header",
            found=error.strerror or "an unreadable file",
            remedy="Put the header beside its signal file, or correct the path.",
        ) from None
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _check_signal_lines(signals: Sequence[SignalLine], where: str) -> None:
    """Refuse units that are no voltages and signal files outside the header's folder."""
    for units in {line.units for line in signals}:
        if units.casefold() not in MILLIVOLTS_PER_UNIT:
            lead = next(line.name for line in signals if line.units == units)
            raise RecordError(
                f"{where}, lead {lead}",
                expected="a voltage (V, mV, uV or nV)",
                found=f"the unit {units!r}",
                remedy="Correct the unit in the header, or take this signal out of the record.",
            )
    for file_name in {line.file_name for line in signals}:
        if "/" in file_name or "\\" in file_name:
            raise RecordError(
                where,
                expected="signal files in the header's own folder",
                found=repr(file_name),
                remedy="Put the signal file beside the header and name it without a folder.",
            )


def _check_names(names: Sequence[str], where: str) -> None:
    keys = [standard_lead_name(name) or name for name in names]
    if len(set(keys)) < len(keys):
        twice = sorted({key for key in keys if keys.count(key) > 1})
        raise RecordError(
            where,
            expected="each lead once",
            found=f"{', '.join(twice)} more than once among {', '.join(names)}",
            remedy="Correct the lead names in the header.",
        )


def _is_plain_format_16(signals: Sequence[SignalLine]) -> bool:
    """Whether all signals lie interleaved, one sample each, in one file of format 16."""
    first = signals[0]
    storage = first.storage
    return storage[:3] == ("16", 1, 0) and all(
        [line.file_name == first.file_name and line.storage == storage for line in signals]
    )


def _read_format_16(header: Header, where: str, folder: str) -> Float[np.ndarray, "lead time"]:
    """Read and calibrate interleaved little-endian int16 samples; -32768 becomes NaN."""
    signals, (first, *_) = header.signals, header.signals
    path = os.path.join(folder, first.file_name)
    try:
        raw = _read_bytes(path)
    except OSError as error:
        raise _no_signal_file(where, path, error) from None
    offset, frame_bytes = first.storage.byte_offset, 2 * len(signals)
    samples = header.samples or max(0, len(raw) - offset) // frame_bytes
    expected_bytes = offset + samples * frame_bytes
    has_checksums = all([line.checksum is not None for line in signals])
    if not samples or len(raw) < expected_bytes or (len(raw) > expected_bytes and not has_checksums):
        raise RecordError(
            path,
            expected=f"{expected_bytes} bytes ({len(signals)} signals x {samples} samples)"
            if samples
            else "at least one sample",
            found=f"{len(raw)} bytes",
            remedy="Fetch the signal file again: it was cut, or belongs to another header.",
        )
    interleaved = np.frombuffer(raw, "<i2", samples * len(signals), offset)
    counts = np.ascontiguousarray(interleaved.reshape(samples, len(signals)).T)
    if header.samples:
        # int16 addition wraps, which is the modulus of the checksum
        _check_sums(signals, np.add.reduce(counts, axis=1, dtype=np.int16), path)
    return _to_millivolts(counts, signals)


def _check_sums(signals: Sequence[SignalLine], sums: Int[np.ndarray, " lead"], where: str) -> None:
    for line, total in zip(signals, sums.tolist(), strict=True):
        if line.checksum is not None and (line.checksum - total) % 65536:
            raise RecordError(
                f"{where}, lead {line.name}",
                expected=f"samples that sum to {line.checksum % 65536} modulo 65536",
                found=f"{total % 65536}",
                remedy="Fetch header and signal file again: one is damaged or they do not belong"
                " together.",
            )


def _to_millivolts(
    counts: Int[np.ndarray, "lead time"], signals: Sequence[SignalLine]
) -> Float[np.ndarray, "lead time"]:
    """Apply baseline, gain and unit; float32 arithmetic where it is exact, else float64."""
    gains = np.array([line.gain / MILLIVOLTS_PER_UNIT[line.units.casefold()] for line in signals])
    baselines = np.array([line.baseline for line in signals])
    is_exact = bool((gains == gains.astype(np.float32)).all()) and (
        np.abs(baselines).max() < _EXACT_IN_FLOAT32
    )
    kind = np.float32 if is_exact else np.float64
    signal = counts.astype(kind)
    if baselines.any():
        signal -= baselines.astype(kind)[:, None]
    signal /= gains.astype(kind)[:, None]
    if counts.min() == _MISSING_16:
        signal[counts == _MISSING_16] = np.nan
    return signal.astype(np.float32, copy=False)


def _read_by_library(
    path: str, header: Header, folder: str
) -> tuple[list[str], Float[np.ndarray, "lead time"], float]:
    """Read any other format, several files, frames of several samples, or several segments."""
    import wfdb  # noqa: PLC0415  # heavy, and not needed for most files

    for segment in header.segments:
        if segment != "~":
            part = os.path.join(folder, f"{segment}.hea")
            _check_signal_lines(parse_header(_read_text(part), where=part).signals, part)
    for file_name in sorted({line.file_name for line in header.signals}):
        signal_path = os.path.join(folder, file_name)
        if not os.path.isfile(signal_path):
            raise _no_signal_file(path, signal_path, None)
    try:
        stored = wfdb.rdrecord(os.path.abspath(path.removesuffix(".hea")))
    except Exception as error:  # the library raises whatever its parts raise
        raise RecordError(
            path,
            expected="a record that the wfdb library can read",
            found=f"{type(error).__name__}: {error}",
            remedy="Fetch header and signal files again: one is cut, damaged or missing.",
        ) from None
    scale = [MILLIVOLTS_PER_UNIT[units.casefold()] for units in stored.units]
    signal = np.ascontiguousarray((stored.p_signal * scale).T.astype(np.float32))
    if not signal.size:
        raise RecordError(
            path,
            expected="at least one sample",
            found="none",
            remedy="Fetch the signal file again, or leave this record out.",
        )
    return list(stored.sig_name), signal, float(stored.fs)


def _no_signal_file(header: str, path: str, error: OSError | None) -> RecordError:
    reason = (error and error.strerror) or "no such file"
    return RecordError(
        header,
        expected=f"the signal file {path}",
        found=reason,
        remedy="Put the signal file beside its header.",
    )
