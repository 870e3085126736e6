"""Named quality checks of a record: what is wrong with its signal, and whether it may be stored.

A record is rejected only where its amplitudes would be false (``wrong_unit``) or where there are none
(``no_signal``). Everything else is flagged and kept: artefacts are part of the ECGs that a model
will meet, and a recording with one bad lead still shows its rhythm.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Num

from supreme_ecg.preprocessing.counts import LARGEST_COUNT
from supreme_ecg.preprocessing.limb_laws import check_limb_laws
from supreme_ecg.preprocessing.quality_flag import Check, QualityFlag
from supreme_ecg.preprocessing.stacking import stack_standard_leads
from supreme_ecg.preprocessing.window import Window
from supreme_ecg.records.record import Record

__all__ = ["QualityFlag", "check_quality", "check_range"]

FLAT_RANGE_MV: Final = 0.010
"""A lead that stays within 10 uV shows no heartbeat: amplifier noise alone is about that
(IEC 60601-2-25 allows 30 uV). PTB-XL folds 1-9: one lead at 0, every other above 100 uV."""

CONSTANT_RUN_S: Final = 1.0
"""Not a single count of change in a second is a stopped or padded channel: noise moves a connected
one. PTB-XL folds 1-9: 3 records reach it, the next longest run is 0.85 s."""

CLIPPED_S: Final = 0.1
"""Time spent exactly at the lead's extreme. Peaks of natural beats differ: they share a count for a
few milliseconds; a saturated amplifier repeats it at every beat."""

CLIPPED_EXCURSION_MV: Final = 0.5
"""Clipping is looked for where the extreme is this far from the lead's mean: low leads rest on their
extreme count naturally, and no recorder saturates at half a millivolt."""

IMPLAUSIBLE_RANGE_MV: Final = 20.0
"""Largest minus smallest sample of a lead. The largest QRS are near 10 mV; PTB-XL folds 1-9 with all
their artefacts: one record above 20 mV."""

LARGEST_MEDIAN_RANGE_MV: Final = 50.0
"""Median over leads of the range. PTB-XL folds 1-9 lie within 0.38-9.5 mV, so microvolts or ADC counts
(200 per mV and more) read as millivolts lie above."""

SMALLEST_MEDIAN_RANGE_MV: Final = 0.020
"""The same for volts read as millivolts, which lie at or below 0.0095."""


def check_quality(record: Record) -> tuple[QualityFlag, ...]:
    """Check the standard leads of a record.

    Args:
        record: Any record with at least one standard lead.

    Returns:
        The faults found, none for a clean record. See :class:`QualityFlag` for the units and the
        constants of this module and of ``limb_laws`` for every threshold and its reason.

    Raises:
        RecordError: As :func:`stack_standard_leads`: there is nothing to check.
    """
    stacked = stack_standard_leads(record)
    names, signal = stacked.names, stacked.signal
    flags: list[QualityFlag] = []
    lowest, highest = signal.min(axis=1), signal.max(axis=1)
    if not np.isfinite(lowest + highest).all():
        names, signal, flags = _check_missing(names, signal)
        if not names:
            return tuple(flags)
        lowest, highest = np.fmin.reduce(signal, axis=1), np.fmax.reduce(signal, axis=1)
    ranges = highest - lowest
    flags += _check_amplitude(names, ranges)
    if any(flag.rejects for flag in flags):
        return tuple(flags)
    flags += _check_constant_runs(names, signal, record.sampling_rate_hz, ranges)
    flags += _check_clipped(names, signal, record.sampling_rate_hz, lowest, highest)
    flags += _check_duplicated(names, signal, lowest, highest)
    flags += check_limb_laws(names, signal)
    return tuple(flags)


def check_range(window: Window) -> tuple[QualityFlag, ...]:
    """Find the leads that a store of this resolution would clip.

    Args:
        window: A window about to be stored.

    Returns:
        ``out_of_range`` for each lead beyond +-32767 counts, with its largest amplitude in mV.
    """
    limit_mv = LARGEST_COUNT * window.contract.microvolts_per_count / 1000
    largest = np.maximum(window.signal.max(axis=1), -window.signal.min(axis=1))
    is_beyond = largest > limit_mv * (1 + 1e-6)  # float32 rounding of the last count
    return _flags("out_of_range", window.contract.leads, largest, limit_mv, is_beyond)


def _flags(
    name: Check,
    leads: tuple[str, ...],
    values: Num[np.ndarray, " lead"],
    threshold: float,
    is_faulty: Bool[np.ndarray, " lead"],
) -> tuple[QualityFlag, ...]:
    """One flag per faulty lead; none rejects the record."""
    if not is_faulty.any():
        return ()
    return tuple(
        QualityFlag(
            name=name,
            lead=leads[i],
            value=round(float(values[i]), 6),
            threshold=threshold,
            rejects=False,
        )
        for i in np.flatnonzero(is_faulty)
    )


def _reject(name: Check, value: float, threshold: float) -> QualityFlag:
    return QualityFlag(
        name=name, lead=None, value=round(value, 6), threshold=threshold, rejects=True
    )


def _check_missing(
    names: tuple[str, ...], signal: Float[np.ndarray, "lead time"]
) -> tuple[tuple[str, ...], Float[np.ndarray, "kept time"], list[QualityFlag]]:
    """Count the samples that were not recorded, and leave out the leads that have no others."""
    is_missing = ~np.isfinite(signal)
    count = is_missing.sum(axis=1)
    flags = list(_flags("missing_samples", names, count, 0, count > 0))
    has_samples = ~is_missing.all(axis=1)
    signal[is_missing] = np.nan  # infinity too
    kept = tuple([name for name, has in zip(names, has_samples, strict=True) if has])
    if not kept:
        flags.append(_reject("no_signal", 0, 0))
    return kept, signal[has_samples], flags


def _check_amplitude(
    names: tuple[str, ...], ranges: Float[np.ndarray, " lead"]
) -> tuple[QualityFlag, ...]:
    """Judge ranges: the record's unit first, for every other limit means something else without it."""
    ordered = np.sort(ranges)
    middle = float(ordered[ordered.size // 2])  # np.median takes ten times as long
    if not ordered[-1]:
        return (_reject("no_signal", 0, FLAT_RANGE_MV),)
    if middle > LARGEST_MEDIAN_RANGE_MV:
        return (_reject("wrong_unit", middle, LARGEST_MEDIAN_RANGE_MV),)
    if ordered[-1] < FLAT_RANGE_MV or (middle < SMALLEST_MEDIAN_RANGE_MV and ordered[0]):
        return (_reject("wrong_unit", middle, SMALLEST_MEDIAN_RANGE_MV),)
    return _flags("flat", names, ranges, FLAT_RANGE_MV, ranges < FLAT_RANGE_MV) + _flags(
        "implausible_amplitude", names, ranges, IMPLAUSIBLE_RANGE_MV, ranges > IMPLAUSIBLE_RANGE_MV
    )


def _check_constant_runs(
    names: tuple[str, ...],
    signal: Float[np.ndarray, "lead time"],
    rate_hz: float,
    ranges: Float[np.ndarray, " lead"],
) -> tuple[QualityFlag, ...]:
    """Find leads that stand still; those that never move are ``flat`` already."""
    shortest = max(2, round(CONSTANT_RUN_S * rate_hz))
    # any long run holds 4 of these points in a row, so that most leads need no closer look
    points = signal[:, :: max(1, shortest // 5)]
    is_equal = points[:, 1:] == points[:, :-1]
    suspect = (is_equal[:, 2:] & is_equal[:, 1:-1] & is_equal[:, :-2]).any(axis=1)
    suspect &= ranges >= FLAT_RANGE_MV
    if not suspect.any():
        return ()
    longest_s = np.zeros(len(names))
    for i in np.flatnonzero(suspect):
        changes = np.flatnonzero(signal[i, 1:] != signal[i, :-1])
        longest_s[i] = np.diff(changes, prepend=-1, append=signal.shape[1] - 1).max() / rate_hz
    return _flags("constant_run", names, longest_s, CONSTANT_RUN_S, longest_s >= CONSTANT_RUN_S)


def _check_clipped(
    names: tuple[str, ...],
    signal: Float[np.ndarray, "lead time"],
    rate_hz: float,
    lowest: Float[np.ndarray, " lead"],
    highest: Float[np.ndarray, " lead"],
) -> tuple[QualityFlag, ...]:
    """Measure the time spent at the larger and at the smaller extreme."""
    found: tuple[QualityFlag, ...] = ()
    for extreme in (lowest, highest):
        is_extreme = signal == extreme[:, None]
        # each lead is at its extreme at least once; most records need no closer look
        if np.count_nonzero(is_extreme) - len(names) + 1 >= CLIPPED_S * rate_hz:
            time_s = is_extreme.sum(axis=1) / rate_hz
            excursion = np.abs(np.nanmean(signal, axis=1) - extreme)
            is_clipped = (time_s >= CLIPPED_S) & (excursion >= CLIPPED_EXCURSION_MV)
            found += _flags("clipped", names, time_s, CLIPPED_S, is_clipped)
    return found


def _check_duplicated(
    names: tuple[str, ...],
    signal: Float[np.ndarray, "lead time"],
    lowest: Float[np.ndarray, " lead"],
    highest: Float[np.ndarray, " lead"],
) -> tuple[QualityFlag, ...]:
    """Find leads that repeat another one sample for sample; flat ones are alike and not counted."""
    flags: list[QualityFlag] = []
    seen: dict[tuple[float, float], int] = {}
    for i, extremes in enumerate(zip(lowest.tolist(), highest.tolist(), strict=True)):
        first = seen.setdefault(extremes, i)
        is_flat = extremes[1] - extremes[0] < FLAT_RANGE_MV
        if first != i and not is_flat and np.array_equal(signal[first], signal[i], equal_nan=True):
            pair = f"{names[first]}/{names[i]}"
            count = signal.shape[1]
            flags.append(
                QualityFlag(
                    name="duplicated", lead=pair, value=count, threshold=count, rejects=False
                )
            )
    return tuple(flags)
