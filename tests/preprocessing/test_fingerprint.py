"""Fingerprints: copies of a recording are known again, other recordings are not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supreme_ecg.preprocessing.fingerprint import SHAPE_VALUES, Fingerprints, fingerprint
from supreme_ecg.preprocessing.resampling import resample
from supreme_ecg.preprocessing.same_recording import find_same
from supreme_ecg.records.reading import read_record

RATE_HZ = 100


def ecg(seed: int, *, rate_per_min: float = 72.0) -> np.ndarray:
    """Twelve leads of one person: beats of an own shape at slightly irregular times, some noise."""
    rng = np.random.default_rng(seed)
    times = np.arange(10 * RATE_HZ) / RATE_HZ
    beats = 0.2 + np.cumsum(60 / rate_per_min + rng.normal(0, 0.03, size=30))
    signal = rng.normal(0, 0.004, size=(12, len(times)))
    waves = ((-0.16, 0.025, 0.15), (-0.03, 0.01, 0.5), (0.0, 0.012, 1.0), (0.03, 0.012, 0.7))
    for offset, width, size in (*waves, (0.28, 0.05, 0.3)):
        strength = rng.normal(0, size, size=12)
        for beat in beats:
            bump = np.exp(-0.5 * ((times - beat - offset) / width) ** 2)
            signal += strength[:, None] * bump
    return signal


def take(signal: np.ndarray, rate_hz: float = RATE_HZ) -> Fingerprints:
    return fingerprint(signal, rate_hz=rate_hz)


def is_same(first: Fingerprints, second: Fingerprints) -> bool:
    return len(find_same(first, second).queries) == 1


CHANGES: dict[str, Callable[[np.ndarray], Fingerprints]] = {
    "halved": lambda x: take(x * 0.5),
    "doubled": lambda x: take(x * 2),
    "in microvolts, as integers": lambda x: take((x * 1000).astype(np.int16)),
    "each lead scaled": lambda x: take(x / x.std(axis=1, keepdims=True)),
    "leads reversed": lambda x: take(x[::-1]),
    "polarity of a lead": lambda x: take(x * np.array([[-1.0], *[[1.0]] * 11])),
    "500 Hz": lambda x: take(resample(x, rate_hz=100, target_hz=500), 500),
    "400 Hz": lambda x: take(resample(x, rate_hz=100, target_hz=400), 400),
    "257 Hz": lambda x: take(resample(x, rate_hz=100, target_hz=257), 257),
    "first 5 s": lambda x: take(x[:, :500]),
    "last 5 s": lambda x: take(x[:, 500:]),
    "3 s later": lambda x: take(x[:, 300:]),
    "noise": lambda x: take(x + np.random.default_rng(0).normal(0, 0.02, x.shape)),
    "offsets": lambda x: take(x + np.arange(12)[:, None]),
    "a lead that was not recorded": lambda x: take(np.vstack([x, np.zeros(x.shape[1])])),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_known(change: str) -> None:
    """Gain, polarity, lead order, rate, cut, shift and noise leave the fingerprint the same."""
    known = Fingerprints.join(take(ecg(seed)) for seed in range(8))
    for seed in range(8):
        found = find_same(CHANGES[change](ecg(seed)), known)
        assert found.known.tolist() == [seed]


def test_other_recordings_are_not_the_same() -> None:
    """Neither other people at the same rate, nor the same beat shape in another rhythm."""
    known = Fingerprints.join(take(ecg(seed)) for seed in range(40))
    others = Fingerprints.join(take(ecg(seed)) for seed in range(100, 140))
    assert not len(find_same(others, known).queries)
    slower = resample(ecg(0), rate_hz=100, target_hz=112)[:, :1000]  # read at 100 Hz: 12 % slower
    assert not is_same(take(slower), take(ecg(0)))


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 1000),
    gain=st.floats(0.5, 2),
    order=st.permutations(range(12)),
    start=st.integers(0, 500),
)
def test_gain_order_and_cut_together_leave_it_known(
    seed: int, gain: float, order: list[int], start: int
) -> None:
    """Any 5 s of any gain and lead order are the same recording."""
    signal = ecg(seed)
    assert is_same(take(gain * signal[order][:, start : start + 500]), take(signal))


def test_gain_and_order_change_not_a_bit() -> None:
    """Stored integers are equal: what is compared does not depend on either."""
    plain, changed = take(ecg(3)), take(0.5 * ecg(3)[::-1])
    assert np.array_equal(plain.intervals_ms, changed.intervals_ms)
    assert np.abs(plain.shapes.astype(int) - changed.shapes).max() <= 1


@pytest.mark.parametrize(
    "signal",
    [
        np.zeros((12, 1000)),
        np.full((12, 1000), np.nan),
        np.ones((12, 1000)),
        np.zeros((12, 0)),
        ecg(0)[:, :150],
        np.zeros((0, 1000)),
        np.full((1, 1000), 1e30),
    ],
    ids=["flat", "missing", "constant", "empty", "short", "no leads", "huge"],
)
def test_a_recording_without_beats_has_no_fingerprint(signal: np.ndarray) -> None:
    """It is no error, and it is the same as nothing, itself included."""
    taken = take(signal)
    assert taken.counts.tolist() == [0]
    assert not is_same(taken, taken)


def test_a_gap_is_not_measured() -> None:
    """Beats are taken from the longest stretch that was recorded."""
    signal, mask = ecg(5), np.ones(1000, dtype=bool)
    mask[200:260] = False
    broken = np.where(mask, signal, 0.0)
    taken = fingerprint(broken, rate_hz=RATE_HZ, sample_mask=mask)
    assert np.array_equal(taken.intervals_ms, take(signal[:, 260:]).intervals_ms)
    assert is_same(taken, take(signal))


def test_joined_and_taken_apart_they_are_the_same() -> None:
    """Also with one among them that has no beats."""
    parts = [take(ecg(0)), take(np.zeros((12, 1000))), take(ecg(1)[:, :600])]
    again = list(Fingerprints.join(parts).each())
    for one, other in zip(parts, again, strict=True):
        assert one.shapes.shape == (1, SHAPE_VALUES)
        assert np.array_equal(one.shapes, other.shapes)
        assert np.array_equal(one.intervals_ms, other.intervals_ms)
    assert not len(Fingerprints.join([]))
    assert not len(find_same(Fingerprints.join([]), Fingerprints.join(parts)).queries)


@pytest.mark.shared_data
def test_the_publishers_two_versions_are_one_recording(shared_data: Path, tmp_path: Path) -> None:
    """PTB-XL's files of 500 Hz are known by those of 100 Hz, and by no other among them."""
    unpack = [sys.executable, shared_data / "ptb-xl" / "unpack.py", tmp_path, "--folds", "3"]
    subprocess.run([*unpack, "--limit", "20"], check=True, capture_output=True)
    fine, coarse = [], []
    for path in sorted(shared_data.glob("ptb-xl-500hz/records500/*/*.hea")):
        for published in tmp_path.glob(f"records100/*/{path.stem[:5]}_lr.hea"):
            for prints, header, rate in ((fine, path, 500), (coarse, published, 100)):
                prints.append(take(np.stack(list(read_record(header).leads.values())), rate))
    assert len(fine) >= 3
    found = find_same(Fingerprints.join(fine), Fingerprints.join(coarse))
    assert found.queries.tolist() == found.known.tolist() == list(range(len(fine)))
