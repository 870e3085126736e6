"""Samples in WFDB format 16 -> millivolts: what nearly every 12-lead corpus is stored in."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Int

from supreme_ecg.errors import RecordError
from supreme_ecg.records.wfdb_header import MILLIVOLTS_PER_UNIT, Header, SignalLine

_MISSING_COUNT = -32768
_EXACT_IN_FLOAT32 = 1 << 23


def read_bytes(path: str) -> bytes:
    """Read a whole file, unbuffered: headers and signals are small."""
    with open(path, "rb", buffering=0) as file:
        return file.read()


def read_format_16(header: Header, where: str, folder: str) -> Float[np.ndarray, "lead time"]:
    """Read and calibrate interleaved little-endian int16 samples of one file.

    Args:
        header: Header whose signals are all of format 16, in one file, one sample a frame.
        where: The header's path.
        folder: The header's folder.

    Returns:
        Millivolts, float32, NaN for the sample value -32768.

    Raises:
        RecordError: The signal file is missing, cut, empty, or fails its checksums; or it is longer
            than the header says and there are no checksums to show that it is the right one.
    """
    signals, (first, *_) = header.signals, header.signals
    path = os.path.join(folder, first.file_name)
    try:
        raw = read_bytes(path)
    except OSError as error:
        raise no_signal_file(where, path, error) from None
    offset, frame_bytes = first.storage.byte_offset, 2 * len(signals)
    samples = header.samples or max(0, len(raw) - offset) // frame_bytes
    expected_bytes = offset + samples * frame_bytes
    has_checksums = all(line.checksum is not None for line in signals)
    if (
        not samples
        or len(raw) < expected_bytes
        or (len(raw) > expected_bytes and not has_checksums)
    ):
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
        check_sums(signals, np.add.reduce(counts, axis=1, dtype=np.int16), path)
    return _to_millivolts(counts, signals)


def check_sums(signals: Sequence[SignalLine], sums: Int[np.ndarray, " lead"], where: str) -> None:
    """Compare the sums of the samples, modulo 65536, with those of the header.

    Raises:
        RecordError: They differ; the message names the lead.
    """
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
    """Apply baseline, gain and unit; -32768 becomes NaN."""
    gains, baselines = _scaling(tuple([line[3:6] for line in signals]))
    signal = counts.astype(gains.dtype)
    if baselines is not None:
        signal -= baselines
    signal /= gains
    if counts.min() == _MISSING_COUNT:
        signal[counts == _MISSING_COUNT] = np.nan
    return signal.astype(np.float32, copy=False)


@lru_cache(maxsize=256)
def _scaling(
    calibrations: tuple[tuple[float, int, str], ...],
) -> tuple[Float[np.ndarray, "lead 1"], Float[np.ndarray, "lead 1"] | None]:
    """ADC units per millivolt and baselines of all leads, in float32 where that is exact.

    Args:
        calibrations: (gain, baseline, units) of each lead.

    Returns:
        Columns of one type, float32 or float64; None for baselines that are all 0. One division in
        float32 rounds as one in float64 followed by rounding to float32 does, because 53 bits are
        more than twice 24 and 2 (Figueroa 1995, "When is double rounding innocuous?").
    """
    gains = np.array(
        [[gain / MILLIVOLTS_PER_UNIT[units.casefold()]] for gain, _, units in calibrations]
    )
    baselines = np.array([[float(baseline)] for _, baseline, _ in calibrations])
    if (gains == gains.astype(np.float32)).all() and np.abs(baselines).max() < _EXACT_IN_FLOAT32:
        gains, baselines = gains.astype(np.float32), baselines.astype(np.float32)
    return gains, baselines if baselines.any() else None


def no_signal_file(header: str, path: str, error: OSError | None) -> RecordError:
    """The error for a header whose signal file cannot be opened."""
    reason = (error and error.strerror) or "no such file"
    return RecordError(
        header,
        expected=f"the signal file {path}",
        found=reason,
        remedy="Put the signal file beside its header.",
    )
