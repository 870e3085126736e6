"""What each network is fed, against sums done by hand and the published code's own steps."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import butter, decimate, firwin, sosfilt

from supreme_ecg.models.outside import ecg_fm, hubert_ecg, merl_encoder, st_mem_encoder
from supreme_ecg.records.leads import STANDARD_LEADS

MODULES = [merl_encoder, ecg_fm, st_mem_encoder, hubert_ecg]


def noise(samples: int, *, windows: int = 2, seed: int = 0) -> np.ndarray:
    """Brown noise in millivolts, another level a lead."""
    steps = np.random.default_rng(seed).normal(size=(windows, 12, samples))
    return steps.cumsum(axis=-1) / 50 + np.arange(12)[:, None]


def recorded(signal: np.ndarray) -> np.ndarray:
    return np.ones((len(signal), signal.shape[-1]), bool)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.split(".")[-1])
def test_a_flat_window_gives_finite_numbers(module) -> None:
    """As a recording of a loose electrode may be; no division by zero."""
    flat = np.zeros((1, 12, module.CONTRACT.samples))
    for mask in (recorded(flat), ~recorded(flat)):
        assert np.isfinite(module.prepare(flat, mask)).all()


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.split(".")[-1])
def test_the_unit_does_not_matter(module) -> None:
    """Every model scales by what it sees: the same in millivolts and microvolts, to rounding."""
    signal = noise(module.CONTRACT.samples)
    in_millivolts, in_microvolts = (
        module.prepare(scale * signal, recorded(signal)) for scale in (1, 1000)
    )
    np.testing.assert_allclose(in_millivolts, in_microvolts, atol=1.1e-3)


def test_merl_sees_thousandths_of_the_windows_range() -> None:
    """By hand: lowest -1 mV, highest 3 mV, so 0 mV is 0.25, and 0.5075 mV is 0.376875, cut to 0.376."""
    signal = np.zeros((1, 12, 5000))
    signal[0, 1, 10], signal[0, 7, 20], signal[0, 0, 30] = -1, 3, 0.5075
    prepared = merl_encoder.prepare(signal, recorded(signal))
    assert prepared.shape == (1, 1, 12, 5000)
    assert prepared[0, 0, 1, 10] == 0
    assert prepared[0, 0, 7, 20] == 1
    assert prepared[0, 0, 2, 0] == 0.25
    assert prepared[0, 0, 0, 30] == 0.376


def test_merl_sees_avf_before_avl() -> None:
    """The order of MIMIC-IV-ECG's files; all other leads stay."""
    signal = np.zeros((1, 12, 5000)) + np.arange(12)[:, None]
    prepared = merl_encoder.prepare(signal, recorded(signal))[0, 0, :, 0]
    order = [STANDARD_LEADS[round(11 * level)] for level in prepared]
    assert order == ["I", "II", "III", "aVR", "aVF", "aVL", "V1", "V2", "V3", "V4", "V5", "V6"]


def test_ecg_fm_standardises_leads_before_it_cuts() -> None:
    """By hand: 1 mV in the first half and 3 in the second are -1 and 1; a constant lead is 0."""
    signal = np.full((1, 12, 5000), 5.0)
    signal[0, 3, :2500], signal[0, 3, 2500:] = 1, 3
    prepared = ecg_fm.prepare(signal, recorded(signal))
    assert prepared.shape == (1, 2, 12, 2500)
    np.testing.assert_allclose(prepared[0, :, 3].mean(axis=-1), [-1, 1])
    assert not np.delete(prepared, 3, axis=2).any()


def test_ecg_fm_standardises_over_what_was_recorded() -> None:
    """The end of a short recording is 0 and counts neither for the mean nor for the spread."""
    signal = noise(5000)
    mask = recorded(signal)
    mask[:, 3000:] = False
    prepared = np.concatenate(
        list(ecg_fm.prepare(signal * mask[:, None], mask).swapaxes(0, 1)), axis=-1
    )
    assert not prepared[..., 3000:].any()
    np.testing.assert_allclose(prepared[..., :3000].mean(axis=-1), 0, atol=1e-9)
    np.testing.assert_allclose(prepared[..., :3000].std(axis=-1), 1)


def test_st_mem_filters_each_crop_forth_and_back() -> None:
    """Away from a crop's ends: two passes of each filter, the second over the reversed signal."""
    signal = noise(2500, windows=1)
    prepared = st_mem_encoder.prepare(signal, recorded(signal))
    assert prepared.shape == (1, 3, 12, 2250)
    for crop, start in enumerate((0, 125, 250)):
        x = signal[0, :, start : start + 2250]
        x = x - x.mean(axis=-1, keepdims=True)
        for corner, kind in ((0.67, "highpass"), (40, "lowpass")):
            sections = butter(5, corner, kind, fs=250, output="sos")
            x = sosfilt(sections, sosfilt(sections, x)[:, ::-1])[:, ::-1]
        middle, expected = prepared[0, crop, :, 900:1350], x[:, 900:1350]
        correlation = [np.corrcoef(a, b)[0, 1] for a, b in zip(middle, expected, strict=True)]
        assert min(correlation) > 0.99


def test_st_mem_standardises_all_leads_of_a_crop_together() -> None:
    """Mean 0 and spread 1 over the crop; a lead of twice the height keeps it."""
    signal = noise(2500)
    signal[:, 1] = 2 * signal[:, 0]
    prepared = st_mem_encoder.prepare(signal, recorded(signal))
    np.testing.assert_allclose(prepared.mean(axis=(-2, -1)), 0, atol=1e-9)
    np.testing.assert_allclose(prepared.std(axis=(-2, -1)), 1)
    centred = prepared - prepared.mean(axis=-1, keepdims=True)
    np.testing.assert_allclose(centred[:, :, 1], 2 * centred[:, :, 0], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("hertz", "kept"), [(0.2, 0.0), (5, 1.0), (60, 0.0)])
def test_st_mem_keeps_the_band_it_was_trained_in(hertz: float, kept: float) -> None:
    """Beside 5 Hz in another lead, drift and mains hum are gone."""
    time_s = np.arange(2500) / 250
    signal = np.zeros((1, 12, 2500))
    signal[0, 0], signal[0, 1] = np.sin(2 * np.pi * 5 * time_s), np.sin(2 * np.pi * hertz * time_s)
    spread = st_mem_encoder.prepare(signal, recorded(signal))[0, 1, :2, 500:1750].std(axis=-1)
    assert spread[1] / spread[0] == pytest.approx(kept, abs=0.03)


def hubert_by_hand(signal: np.ndarray) -> np.ndarray:
    """One window: filter away from the ends by two convolutions, scale, then both halves in rows."""
    taps = firwin(151, [0.05 / 250, 47 / 250], pass_zero=False)
    scaled = []
    for lead in signal:
        padded = np.concatenate(
            [2 * lead[0] - lead[453:0:-1], lead, 2 * lead[-1] - lead[-2:-455:-1]]
        )
        twice = np.convolve(np.convolve(padded, taps, "same"), taps, "same")[453:-453]
        low, high = twice.min(), twice.max()
        scaled.append(2 * (twice - low) / (high - low + 1e-8) - 1)
    rows = np.array(scaled)
    return np.array([decimate(rows[:, at : at + 2500].ravel(), 5) for at in (0, 2500)])


def test_hubert_ecg_filters_scales_flattens_and_decimates() -> None:
    """All leads of a half are one row of 6000 samples, decimated across the seams as its code does."""
    signal = noise(5000)
    prepared = hubert_ecg.prepare(signal, recorded(signal))
    assert prepared.shape == (2, 2, 6000)
    expected = np.array([hubert_by_hand(window) for window in signal])
    np.testing.assert_allclose(prepared, expected, atol=1e-6)


def test_hubert_ecg_scales_each_lead_over_the_whole_window() -> None:
    """A lead whose peak lies in the second half reaches 1 there alone, and -1 in the lead's lowest place."""
    time_s = np.arange(5000) / 500
    signal = np.zeros((1, 12, 5000)) + np.sin(2 * np.pi * 2 * time_s) * np.where(time_s < 5, 1, 2)
    first, second = hubert_ecg.prepare(signal, recorded(signal))[0].reshape(2, 12, 500)[:, 5]
    assert np.abs(second).max() == pytest.approx(1, abs=0.02)
    assert np.abs(first[20:-60]).max() == pytest.approx(0.5, abs=0.02)
