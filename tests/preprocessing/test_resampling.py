from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import csd, freqz, welch

from supreme_ecg.preprocessing.resampling import anti_alias_filter, half_length_s, ratio, resample
from supreme_ecg.records.reading import read_record

RATES = [(a, b) for a in (1000.0, 500.0, 400.0, 257.0) for b in (100.0, 500.0) if a != b]


def tone(
    frequency_hz: float, rate_hz: float, *, seconds: float = 10, phase: float = 0
) -> np.ndarray:
    """One lead: a sine of 1 mV."""
    times_s = np.arange(round(seconds * rate_hz)) / rate_hz
    return np.sin(2 * np.pi * frequency_hz * times_s + phase)[None].astype(np.float32)


@pytest.mark.parametrize(("rate_hz", "target_hz"), RATES)
@pytest.mark.parametrize("share", [0.02, 0.3, 0.78])
def test_a_tone_of_the_pass_band_keeps_amplitude_and_phase(
    rate_hz: float, target_hz: float, share: float
) -> None:
    """Away from the ends, output sample k is the tone at k / target_hz seconds, to 1 part in 1000."""
    frequency_hz = share * min(rate_hz, target_hz) / 2
    signal = tone(frequency_hz, rate_hz, phase=0.7)
    ours = resample(signal, rate_hz=rate_hz, target_hz=target_hz)
    truth = tone(frequency_hz, target_hz, phase=0.7)
    assert ours.shape == truth.shape
    inner = slice(round(0.3 * target_hz), -round(0.3 * target_hz))
    np.testing.assert_allclose(ours[:, inner], truth[:, inner], atol=1e-3)


@pytest.mark.parametrize(("rate_hz", "target_hz"), [pair for pair in RATES if pair[0] > pair[1]])
@pytest.mark.parametrize("above", [1.02, 1.2, 1.6])
def test_a_tone_above_the_new_nyquist_frequency_vanishes(
    rate_hz: float, target_hz: float, above: float
) -> None:
    """60 dB at least: it must not come back as an alias (mains hum at 60 Hz would, at 40 Hz)."""
    frequency_hz = above * target_hz / 2
    if frequency_hz >= rate_hz / 2:
        pytest.skip(f"{frequency_hz} Hz cannot be sampled at {rate_hz} Hz")
    ours = resample(tone(frequency_hz, rate_hz), rate_hz=rate_hz, target_hz=target_hz)
    inner = slice(round(0.3 * target_hz), -round(0.3 * target_hz))
    assert np.abs(ours[:, inner]).max() < 1e-3


@pytest.mark.parametrize(("rate_hz", "target_hz"), RATES)
def test_the_filter_is_flat_then_stops(rate_hz: float, target_hz: float) -> None:
    """Ripple below 0.05 % up to 0.8 of the lower Nyquist frequency, 65 dB from 1.0 on."""
    step = ratio(rate_hz, target_hz)
    taps = anti_alias_filter(step.numerator, step.denominator)
    nyquist_hz = min(rate_hz, target_hz) / 2
    filter_rate_hz = rate_hz * step.numerator
    passed = freqz(taps, worN=np.linspace(0, 0.8, 100) * nyquist_hz, fs=filter_rate_hz)[1]
    stopped = freqz(taps, worN=np.linspace(1, 3, 300) * nyquist_hz, fs=filter_rate_hz)[1]
    np.testing.assert_allclose(np.abs(passed), 1, atol=5e-4)
    assert 20 * np.log10(np.abs(stopped).max()) < -65


@pytest.mark.parametrize(("rate_hz", "target_hz"), RATES)
def test_a_constant_and_a_ramp_pass_up_to_the_ends(rate_hz: float, target_hz: float) -> None:
    """No ringing at the edges: electrode offset and drift come out as they went in."""
    constant = np.full((1, round(10 * rate_hz)), 5, np.float32)
    ours = resample(constant, rate_hz=rate_hz, target_hz=target_hz)
    np.testing.assert_allclose(ours, 5, atol=2e-5)
    ramp = np.arange(constant.size, dtype=np.float32)[None] / constant.size
    ours = resample(ramp, rate_hz=rate_hz, target_hz=target_hz)
    truth = np.arange(ours.size) / target_hz / 10
    np.testing.assert_allclose(ours[0], truth, atol=2e-3 if target_hz > rate_hz else 1e-4)


def test_equal_rates_change_no_bit() -> None:
    """The very array comes back."""
    signal = tone(3, 100)
    assert resample(signal, rate_hz=100, target_hz=100) is signal
    assert half_length_s(100, 100) == 0


@pytest.mark.parametrize(("rate_hz", "size"), [(257.0, 1), (500.0, 3), (1000.0, 40), (400.0, 7)])
def test_very_short_signals_are_resampled(rate_hz: float, size: int) -> None:
    """Shorter than the filter: the length is right and a constant stays one."""
    signal = np.full((2, size), -0.5, np.float32)
    ours = resample(signal, rate_hz=rate_hz, target_hz=100)
    assert ours.shape == (2, int(np.ceil(size * 100 / rate_hz)))
    np.testing.assert_allclose(ours, -0.5, atol=1e-5)


@pytest.mark.parametrize(
    ("rate_hz", "up", "down"),
    [(257.0, 100, 257), (1000.0, 1, 10), (400.0, 1, 4), (999.5, 200, 1999), (1000 / 3, 3, 10)],
)
def test_ratios_are_exact(rate_hz: float, up: int, down: int) -> None:
    """Also for rates that are no whole number."""
    step = ratio(rate_hz, 100.0)
    assert (step.numerator, step.denominator) == (up, down)


def test_an_odd_rate_keeps_time_to_a_millisecond() -> None:
    """Where the ratio is approximated the drift over 10 s is below 1 ms."""
    for rate_hz in (257.1234567, 499.99, 123.456789):
        drift_s = 10 * abs(float(ratio(rate_hz, 100.0)) * rate_hz / 100 - 1)
        assert drift_s < 1e-3


@pytest.mark.shared_data
def test_the_publishers_100_hz_files_are_reproduced(shared_data: Path, tmp_path: Path) -> None:
    """PTB-XL's 500 Hz files, resampled, have the gain of its 100 Hz files from 4 to 40 Hz.

    The published 100 Hz files run 1.25 ms ahead of the 500 Hz ones, at all frequencies alike.
    """
    unpack = [sys.executable, shared_data / "ptb-xl" / "unpack.py", tmp_path, "--folds", "3"]
    subprocess.run([*unpack, "--limit", "20"], check=True, capture_output=True)
    pairs = [
        (high, low)
        for high in sorted(shared_data.glob("ptb-xl-500hz/records500/*/*.hea"))
        for low in tmp_path.glob(f"records100/*/{high.stem[:5]}_lr.hea")
    ]
    assert len(pairs) >= 3
    cross, power = np.zeros(101, complex), np.zeros(101)
    for pair in pairs:
        high, published = (np.stack(list(read_record(path).leads.values())) for path in pair)
        ours = resample(high, rate_hz=500, target_hz=100)
        frequencies_hz, density = csd(ours, published, fs=100, nperseg=200, axis=-1)
        cross += density.sum(axis=0)
        power += welch(ours, fs=100, nperseg=200, axis=-1)[1].sum(axis=0)
    band = (frequencies_hz >= 4) & (frequencies_hz <= 40)
    response = (cross / power)[band]
    np.testing.assert_allclose(np.abs(response), 1, atol=0.01)
    delay_s = -np.angle(response) / (2 * np.pi * frequencies_hz[band])
    np.testing.assert_allclose(delay_s, -1.25e-3, atol=1e-4)
