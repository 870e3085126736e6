"""A clean ECG whose every sample is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from supreme_ecg.preprocessing.limb_leads import FROM_I_AND_II
from supreme_ecg.records.record import Record

MakeRecord = Callable[..., Record]


def _beats(times_s: np.ndarray, *, offset_s: float, width_s: float) -> np.ndarray:
    """One bump a beat, 75 beats a minute."""
    phase = (times_s - offset_s + 0.4) % 0.8 - 0.4
    return np.exp(-0.5 * (phase / width_s) ** 2)


@pytest.fixture(scope="session")
def make_record() -> MakeRecord:
    """Build a lawful 12-lead ECG, rounded to 1 uV, with a little noise, at any rate and length."""

    def make(rate_hz: float = 100.0, duration_s: float = 10.0) -> Record:
        rng = np.random.default_rng(7)
        times_s = np.arange(round(rate_hz * duration_s)) / rate_hz
        p = _beats(times_s, offset_s=0.2, width_s=0.02)
        r = _beats(times_s, offset_s=0.35, width_s=0.012)
        s = _beats(times_s, offset_s=0.39, width_s=0.012)
        t = _beats(times_s, offset_s=0.6, width_s=0.04)
        first, second = (
            a * p + b * r - c * s + d * t + rng.normal(0, 0.01, times_s.size)
            for a, b, c, d in ((0.08, 0.6, 0.1, 0.2), (0.12, 0.9, 0.15, 0.3))
        )
        leads = {name: a * first + b * second for name, (a, b) in FROM_I_AND_II.items()}
        for i in range(6):
            noise = rng.normal(0, 0.01, times_s.size)
            leads[f"V{i + 1}"] = (
                0.1 * p + (0.2 + 0.2 * i) * r - (1 - 0.15 * i) * s + 0.3 * t + noise
            )
        rounded = {name: np.rint(x * 1000).astype(np.float32) / 1000 for name, x in leads.items()}
        return Record(id="clean", leads=rounded, sampling_rate_hz=rate_hz)

    return make
