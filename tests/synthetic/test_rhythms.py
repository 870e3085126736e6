"""Tests of when the simulated atria and ventricles beat."""

from __future__ import annotations

import numpy as np
import pytest

from supreme_ecg.synthetic.rhythm import Schedule, make_schedule
from tests.synthetic.measuring import heart_with, well_inside


def schedule(*conditions: str, seed: int = 0) -> Schedule:
    """The schedule of ten seconds of a heart with these conditions."""
    heart = heart_with(*conditions, seed=seed)  # type: ignore[arg-type]
    return make_schedule(heart, duration_s=10.0, rng=np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(8))
def test_pr_interval_is_long_only_in_first_degree_block(seed: int) -> None:
    """Every PR exceeds 200 ms in first-degree block and none does in sinus rhythm."""
    blocked, normal = schedule("first_degree_av_block", seed=seed), schedule(seed=seed)
    assert (blocked.qrs_s - blocked.p_s > 0.2).all()
    assert (normal.qrs_s - normal.p_s < 0.2).all()
    short = schedule("wolff_parkinson_white", seed=seed)
    assert (short.qrs_s - short.p_s < 0.12).all()


@pytest.mark.parametrize("seed", range(8))
def test_wenckebach_lengthens_pr_until_a_beat_is_dropped(seed: int) -> None:
    """PR grows within each group; the P wave that ends it has no QRS; the next PR is short."""
    found = schedule("mobitz_i", seed=seed)
    assert len(found.p_s) > len(found.qrs_s)
    owner = np.searchsorted(found.p_s, found.qrs_s) - 1
    intervals = found.qrs_s - found.p_s[owner]
    dropped = np.diff(owner) == 2
    assert dropped.any()
    assert (np.diff(intervals)[~dropped] > 0).all()
    assert (np.diff(intervals)[dropped] < 0).all()


def test_third_degree_block_dissociates_atria_and_ventricles() -> None:
    """P waves march at their own, faster rate, and the PR intervals take every length."""
    found = schedule("third_degree_av_block")
    assert len(found.qrs_s) == 0
    assert np.diff(found.p_s).mean() < 0.7 * np.diff(found.ventricular_s).mean()
    last_p = found.p_s[np.searchsorted(found.p_s, found.ventricular_s[1:-1]) - 1]
    assert np.ptp(found.ventricular_s[1:-1] - last_p) > 0.2


@pytest.mark.parametrize("seed", range(4))
def test_flutter_conducts_a_whole_number_of_waves(seed: int) -> None:
    """Every RR interval is two, three or four flutter waves; the waves come near 300 a minute."""
    heart = heart_with("atrial_flutter", seed=seed)
    found = make_schedule(heart, duration_s=10.0, rng=np.random.default_rng(seed))
    ratios = np.diff(found.qrs_s) * heart.flutter_hz
    np.testing.assert_allclose(ratios, np.rint(ratios), atol=1e-9)
    assert set(np.rint(ratios).astype(int)) <= {2, 3, 4}
    assert 250 < 60 * heart.flutter_hz < 350
    assert len(found.p_s) == 0


@pytest.mark.parametrize("seed", range(8))
def test_premature_atrial_beat_comes_early_and_resets_the_node(seed: int) -> None:
    """Its P is early, its QRS conducted, and the pause is less than compensatory."""
    heart = heart_with("premature_atrial_complex", seed=seed)
    found = make_schedule(heart, duration_s=10.0, rng=np.random.default_rng(seed))
    interval = 60 / heart.rate_bpm
    for early in well_inside(found.ectopic_p_s):
        before, after = found.p_s[found.p_s < early][-1], found.p_s[found.p_s > early][0]
        assert early - before < 0.8 * interval
        assert after - before < 1.9 * interval
        assert np.isclose(found.qrs_s - heart.pr_s, early).any()
    assert len(well_inside(found.ectopic_p_s)) > 0


def test_bigeminy_alternates() -> None:
    """Between two ventricular beats lies exactly one conducted beat."""
    found = schedule("ventricular_bigeminy")
    for low, high in zip(found.ventricular_s[:-1], found.ventricular_s[1:], strict=True):
        assert ((found.qrs_s > low) & (found.qrs_s < high)).sum() == 1


def test_sinus_arrhythmia_varies_more_than_sinus_rhythm() -> None:
    """RR varies by more than 8 % with breathing in sinus arrhythmia only."""
    for seed in range(6):
        for condition, irregular in (("sinus_arrhythmia", True), ("sinus_rhythm", False)):
            intervals = np.diff(schedule(condition, seed=seed).qrs_s)
            assert (intervals.std() / intervals.mean() > 0.08) is np.bool_(irregular)


@pytest.mark.parametrize(
    ("condition", "low", "high"),
    [
        ("sinus_rhythm", 60, 100),
        ("sinus_bradycardia", 35, 60),
        ("sinus_tachycardia", 100, 145),
        ("supraventricular_tachycardia", 150, 220),
    ],
)
def test_rate_lies_within_the_definition(condition: str, low: float, high: float) -> None:
    """Beats per minute fit the name of the rhythm for every seed."""
    for seed in range(12):
        intervals = np.diff(schedule(condition, seed=seed).beats_s)
        assert low < 60 / intervals.mean() < high


def test_every_recording_begins_and_ends_in_mid_rhythm() -> None:
    """Beats lie before 0 s and after the last second, so that no edge is silent."""
    for seed in range(6):
        beats = schedule(seed=seed).beats_s
        assert beats[0] < 0
        assert beats[-1] > 9
