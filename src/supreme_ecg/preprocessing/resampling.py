"""Anti-aliased change of the sampling rate that keeps time and amplitude true.

One linear-phase FIR per pair of rates, applied polyphase, its delay taken out: output sample ``k``
is the signal at ``k / target_hz`` seconds.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from typing import Final

import numpy as np
from jaxtyping import Float
from scipy.signal import firwin, kaiser_beta, resample_poly

PASSBAND: Final = 0.8
"""Share of the lower Nyquist frequency that passes unchanged: 40 Hz at 100 Hz, 200 Hz at 500 Hz."""

STOPBAND_DB: Final = 70.0
"""Attenuation from the lower Nyquist frequency on: 5 mV of mains hum leaves 1.6 uV, two counts."""

LARGEST_DENOMINATOR: Final = 10_000
"""Rates are matched as a fraction of whole numbers up to this. Every rate of whole hertz below it
is exact; for the rest the error over 10 s stays below a millisecond."""


@lru_cache(maxsize=64)
def ratio(rate_hz: float, target_hz: float) -> Fraction:
    """Output samples per input sample, as up / down in lowest terms."""
    exact = Fraction(target_hz) / Fraction(rate_hz)
    return exact.limit_denominator(LARGEST_DENOMINATOR)


@lru_cache(maxsize=16)
def anti_alias_filter(up: int, down: int) -> Float[np.ndarray, " tap"]:
    """Design the low-pass at ``up`` times the input rate.

    Kaiser window, odd length, pass band to 0.8 and stop band from 1.0 of the lower Nyquist
    frequency. Every polyphase branch is scaled to a sum of 1, so that a constant stays constant.

    Args:
        up: Interpolation factor.
        down: Decimation factor.

    Returns:
        The taps; their sum is 1, as ``resample_poly`` wants it.

    Source:
        Oppenheim and Schafer, Discrete-Time Signal Processing, 3rd ed., section 7.6 (Kaiser).
    """
    nyquist = 1 / max(up, down)
    transition = (1 - PASSBAND) * nyquist
    order = (STOPBAND_DB - 7.95) / (2.285 * math.pi * transition)
    half = math.ceil(order / 2)
    taps: Float[np.ndarray, " tap"] = firwin(
        2 * half + 1, (1 + PASSBAND) / 2 * nyquist, window=("kaiser", kaiser_beta(STOPBAND_DB))
    )
    for phase in range(up):
        taps[phase::up] /= taps[phase::up].sum() * up
    return taps


def half_length_s(rate_hz: float, target_hz: float) -> float:
    """How far the filter reaches to either side of a sample, in seconds (0 at equal rates)."""
    step = ratio(rate_hz, target_hz)
    if step == 1:
        return 0.0
    taps = anti_alias_filter(step.numerator, step.denominator)
    return (len(taps) // 2) / (step.numerator * rate_hz)


def resample(
    signal: Float[np.ndarray, "lead time"], *, rate_hz: float, target_hz: float
) -> Float[np.ndarray, "lead resampled"]:
    """Change the sampling rate.

    Args:
        signal: Samples without NaN, first sample at 0 s.
        rate_hz: Rate of ``signal``.
        target_hz: Rate wanted.

    Returns:
        Samples at 0, 1 / target_hz, ... up to the end of the last input sample's interval, float32;
        the very array where the rates are equal. Beyond its ends the signal is continued by its
        point reflection, which has neither step nor kink.
    """
    step = ratio(rate_hz, target_hz)
    if step == 1:
        return signal
    up, down = step.numerator, step.denominator
    taps = anti_alias_filter(up, down)
    # scipy 1.17 kills the process when it reflects a single sample
    ends = "antireflect" if signal.shape[1] > 1 else "edge"
    resampled: Float[np.ndarray, "lead resampled"] = resample_poly(
        signal, up, down, axis=-1, window=taps, padtype=ends
    )
    return resampled.astype(np.float32)
