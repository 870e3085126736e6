"""WFDB records -> Record: format 16 read directly, every other format by the wfdb library.

The two paths agree to the last bit: samples equal ``wfdb.rdrecord(..., return_res=64)`` rounded to
float32 (and ``return_res=32`` itself while baselines stay below 2**23), in the file's own unit.
The direct path needs about 1/30 of the library's time.

The header's checksum of each signal (sum of the samples modulo 65536) is verified wherever it is
given and the samples are stored plainly (one a frame, one segment, no skew). It costs 3 microseconds
for 12 x 1000 samples and catches damaged files, headers of another recording and wrong numbers of
signals, none of which the library notices.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from supreme_ecg.errors import RecordError
from supreme_ecg.records.leads import standard_lead_name
from supreme_ecg.records.record import Record
from supreme_ecg.records.wfdb_comments import parse_comments
from supreme_ecg.records.wfdb_format_16 import (
    check_sums,
    no_signal_file,
    read_bytes,
    read_format_16,
)
from supreme_ecg.records.wfdb_header import (
    MILLIVOLTS_PER_UNIT,
    Header,
    SignalLine,
    parse_header,
)

_BITS_PER_SAMPLE = {"8": 8, "16": 16, "24": 24, "32": 32, "61": 16, "80": 8, "160": 16, "212": 12}


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
            signal = read_format_16(header, path, folder)
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


def _read_text(path: str) -> str:
    try:
        raw = read_bytes(path)
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
        _check_file_name(file_name, where)


def _check_file_name(name: str, where: str) -> None:
    if "/" in name or "\\" in name:
        raise RecordError(
            where,
            expected="signal files in the header's own folder",
            found=repr(name),
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
        line.file_name == first.file_name and line.storage == storage for line in signals
    )


def _read_by_library(
    path: str, header: Header, folder: str
) -> tuple[list[str], Float[np.ndarray, "lead time"], float]:
    """Read any other format, several files, frames of several samples, or several segments.

    Signals with several samples a frame are averaged to one, as the library does.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of pandas, while wfdb is imported
        import wfdb  # noqa: PLC0415  # heavy, and not needed for most files

    for segment in header.segments:
        _check_file_name(segment, path)
        if segment != "~":
            part = os.path.join(folder, f"{segment}.hea")
            _check_signal_lines(parse_header(_read_text(part), where=part).signals, part)
    _check_sizes(path, header, folder)
    is_plain = not header.segments and all(line.storage[1:3] == (1, 0) for line in header.signals)
    try:
        stored = wfdb.rdrecord(os.path.abspath(path.removesuffix(".hea")), physical=not is_plain)
        samples = stored.dac() if is_plain else stored.p_signal
    except Exception as error:  # the library raises whatever its parts raise
        raise RecordError(
            path,
            expected="a record that the wfdb library can read",
            found=f"{type(error).__name__}: {error}",
            remedy="Fetch header and signal files again: one is cut, damaged or missing.",
        ) from None
    if is_plain and header.samples:
        check_sums(header.signals, stored.d_signal.sum(axis=0, dtype=np.int64), path)
    scale = [MILLIVOLTS_PER_UNIT[units.casefold()] for units in stored.units]
    signal = np.ascontiguousarray((samples * scale).T.astype(np.float32))
    if not signal.size:
        raise RecordError(
            path,
            expected="at least one sample",
            found="none",
            remedy="Fetch the signal file again, or leave this record out.",
        )
    return list(stored.sig_name), signal, float(stored.fs)


def _check_sizes(path: str, header: Header, folder: str) -> None:
    """Refuse absent and cut signal files before the library meets them."""
    for file_name in sorted({line.file_name for line in header.signals}):
        signal_path = os.path.join(folder, file_name)
        if not os.path.isfile(signal_path):
            raise no_signal_file(path, signal_path, None)
        lines = [line for line in header.signals if line.file_name == file_name]
        storage = lines[0].storage
        bits = _BITS_PER_SAMPLE.get(storage.format, 0)
        values = (header.samples or 1) * sum([line.storage.samples_per_frame for line in lines])
        expected_bytes = storage.byte_offset + values * bits // 8
        size = os.path.getsize(signal_path)
        if size < expected_bytes:
            raise RecordError(
                signal_path,
                expected=f"{expected_bytes} bytes ({len(lines)} signals in format {storage.format})",
                found=f"{size} bytes",
                remedy="Fetch the signal file again: it was cut, or belongs to another header.",
            )
