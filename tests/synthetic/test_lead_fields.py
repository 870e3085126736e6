"""Tests of lead geometry, shapes, noise and planted faults."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from supreme_ecg.records.leads import STANDARD_LEADS
from supreme_ecg.synthetic.electrodes import CLEAN, Noise, apply_fault, noise_mv
from supreme_ecg.synthetic.lead_field import (
    LEAD_FIELD,
    derive_leads,
    frontal_axis_deg,
    vary_electrodes,
)
from supreme_ecg.synthetic.shapes import Shape, draw
from supreme_ecg.synthetic.simulation import simulate
from tests.synthetic.measuring import heart_with


@given(st.lists(st.floats(-5, 5, width=32), min_size=8, max_size=8))
def test_derived_leads_obey_einthoven_and_goldberger(measured: list[float]) -> None:
    """Whatever eight leads are measured, the twelve are consistent."""
    leads = derive_leads(np.array(measured)[:, None])
    assert tuple(leads) == STANDARD_LEADS
    np.testing.assert_allclose(leads["I"] + leads["III"], leads["II"], atol=2e-6)
    np.testing.assert_allclose(leads["aVR"] + leads["aVL"] + leads["aVF"], 0, atol=2e-6)
    np.testing.assert_allclose(leads["aVL"], (leads["I"] - leads["III"]) / 2, atol=2e-6)


def test_lead_field_points_where_the_electrodes_are() -> None:
    """I looks left, aVF down, V1 and V2 to the front, V6 to the left and a little back."""
    left, down, front = (derive_leads(LEAD_FIELD[:, [axis]]) for axis in range(3))
    assert left["I"] > abs(down["I"]) > 0
    assert down["aVF"] > abs(left["aVF"])
    assert front["V1"] > 0.9
    assert left["V1"] < 0
    assert front["V2"] == max(front.values())
    assert left["V6"] > 0.8
    assert front["V6"] < 0


def test_sittings_vary_the_chest_leads_only() -> None:
    """Limb rows, which define the axis, stay; chest rows move a little."""
    moved = vary_electrodes(np.random.default_rng(0))
    np.testing.assert_array_equal(moved[:2], LEAD_FIELD[:2])
    change = np.abs(moved[2:] - LEAD_FIELD[2:])
    assert 0 < change.max() < 0.4


@pytest.mark.parametrize(
    ("one", "avf", "axis_deg"),
    [(1, 0, 0), (0, 1, 90), (1, np.sqrt(3) / 2, 45), (1, -np.sqrt(3) / 2, -45), (-1, 0, 180)],
)
def test_frontal_axis_of_known_leads(one: float, avf: float, axis_deg: float) -> None:
    """The axis follows the hexaxial system."""
    assert frontal_axis_deg(np.array(one), np.array(avf)) == pytest.approx(axis_deg)


@given(st.floats(-0.2, 1.2), st.sampled_from([100, 250, 500]))
def test_drawn_shapes_are_the_gaussian_at_its_true_time(event_s: float, rate: int) -> None:
    """Events fall between samples and over the edges; every sample equals the formula."""
    shape = Shape.of([(50, 20, 1.0, 0.5, -2.0)])
    vector = np.zeros((rate, 3))
    draw(vector, shape, np.array([event_s]), sampling_rate_hz=rate)
    times = np.arange(rate) / rate
    curve = np.exp(-0.5 * ((times - event_s - 0.05) / 0.02) ** 2)
    np.testing.assert_allclose(vector, curve[:, None] * [1.0, 0.5, -2.0], atol=2e-3)


def test_area_of_a_shape_is_its_integral() -> None:
    """The closed form equals the sum over samples."""
    shape = Shape.of([(100, 20, 1.0, 0.0, 0.2), (180, 10, -0.5, 0.3, 0.0)])
    vector = np.zeros((2000, 3))
    draw(vector, shape, np.array([0.5]), sampling_rate_hz=1000)
    np.testing.assert_allclose(vector.sum(axis=0) / 1000, shape.area_mv_s, rtol=1e-3, atol=1e-6)


def test_noise_has_the_sizes_asked_for() -> None:
    """Muscle noise has its standard deviation, hum its frequency, wander stays slow."""
    rng = np.random.default_rng(0)

    def noise(sizes: Noise) -> np.ndarray:
        return noise_mv(sizes, leads=8, samples=5000, sampling_rate_hz=500, rng=rng)

    muscle = noise(Noise(wander_mv=0, mains_mv=0, muscle_mv=0.02))
    assert muscle.std() == pytest.approx(0.02, rel=0.05)
    hum = noise(Noise(wander_mv=0, mains_mv=0.1, mains_hz=60, muscle_mv=0))
    assert np.abs(np.fft.rfft(hum[0])).argmax() == 600
    wander = np.abs(np.fft.rfft(noise(Noise(wander_mv=0.2, mains_mv=0, muscle_mv=0)), axis=1)) ** 2
    assert wander[:, :8].sum() > 50 * wander[:, 20:].sum()
    assert not noise(CLEAN).any()


def test_hum_above_what_the_rate_carries_is_left_out() -> None:
    """50 Hz cannot be sampled at 100 Hz, and is not aliased into the tracing."""
    hum = Noise(wander_mv=0, mains_mv=0.5, muscle_mv=0)
    rng = np.random.default_rng(0)
    assert not noise_mv(hum, leads=2, samples=100, sampling_rate_hz=100, rng=rng).any()


def test_faults_are_what_they_say() -> None:
    """Each fault changes what it should, breaks nothing else, and is not the clean tracing."""
    heart = heart_with()
    clean = simulate(heart, seed=1).leads
    rng = np.random.default_rng(0)
    off = apply_fault(clean, "lead_off", rng=rng)
    flat = [name for name in STANDARD_LEADS if not off[name].any()]
    assert len(flat) == 1
    assert flat[0].startswith("V")
    swapped = apply_fault(clean, "arm_reversal", rng=rng)
    np.testing.assert_array_equal(swapped["I"], -clean["I"])
    np.testing.assert_array_equal(swapped["aVL"], clean["aVR"])
    np.testing.assert_array_equal(swapped["V3"], clean["V3"])
    np.testing.assert_allclose(swapped["I"] + swapped["III"], swapped["II"], atol=1e-6)
    clipped = apply_fault(clean, "clipped", rng=rng)
    top = max(samples.max() for samples in clipped.values())
    assert sum((samples == top).sum() for samples in clipped.values()) > 20
    wrong = apply_fault(clean, "wrong_unit", rng=rng)
    np.testing.assert_allclose(wrong["V2"], 1000 * clean["V2"], rtol=1e-6)
