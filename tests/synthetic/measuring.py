"""What a cardiologist would measure in a tracing, without looking at the truth."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from supreme_ecg.records.leads import STANDARD_LEADS
from supreme_ecg.records.record import Record
from supreme_ecg.synthetic.conditions import Condition
from supreme_ecg.synthetic.electrodes import CLEAN
from supreme_ecg.synthetic.heart import Heart, make_heart
from supreme_ecg.synthetic.simulation import simulate


def heart_with(*conditions: Condition, seed: int = 0) -> Heart:
    """A heart with these conditions."""
    return make_heart(conditions, rng=np.random.default_rng(seed))


def clean_record(heart: Heart, seed: int = 0) -> Record:
    """Its tracing at 1000 Hz without noise."""
    return simulate(heart, seed=seed, sampling_rate_hz=1000, noise=CLEAN)


def spatial_velocity(record: Record) -> np.ndarray:
    """Root of the summed squares of all leads' slopes, mV per s."""
    signal = np.stack([record.leads[name] for name in STANDARD_LEADS])
    return np.sqrt((np.gradient(signal, axis=1) ** 2).sum(axis=0)) * record.sampling_rate_hz


def qrs_peaks_s(record: Record) -> np.ndarray:
    """Times of the steepest slope of each QRS complex, seconds."""
    velocity = spatial_velocity(record)
    fast = np.flatnonzero(velocity > 0.35 * velocity.max())
    groups = np.split(fast, np.flatnonzero(np.diff(fast) > 0.2 * record.sampling_rate_hz) + 1)
    peaks = [group[int(np.argmax(velocity[group]))] for group in groups]
    return np.array(peaks) / record.sampling_rate_hz


def rr_intervals_s(record: Record) -> np.ndarray:
    """Times between QRS complexes, seconds."""
    return np.diff(qrs_peaks_s(record))


def qrs_span(record: Record, onset_s: float) -> slice:
    """Samples of the QRS that begins near ``onset_s``, found by slope."""
    velocity = spatial_velocity(record)
    rate = record.sampling_rate_hz
    low, high = int((onset_s - 0.004) * rate), int((onset_s + 0.22) * rate)
    fast = np.flatnonzero(velocity[low:high] > 0.06 * velocity[low:high].max())
    return slice(low + int(fast[0]), low + int(fast[-1]) + 1)


def well_inside(onsets_s: Iterable[float]) -> list[float]:
    """Onsets whose whole beat lies in a ten-second recording."""
    return [onset for onset in onsets_s if 0.4 < onset < 9.2]


def level_mv(record: Record, lead: str, time_s: float) -> float:
    """Mean of a lead over 10 ms around a time."""
    rate = record.sampling_rate_hz
    middle = round(time_s * rate)
    half = round(0.005 * rate)
    return float(record.leads[lead][middle - half : middle + half + 1].mean())
