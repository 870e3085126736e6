"""What electrodes, cables and muscles add to a tracing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
from jaxtyping import Float

Fault = Literal["lead_off", "arm_reversal", "clipped", "wrong_unit"]

FAULTS: Final[tuple[Fault, ...]] = get_args(Fault)
"""Electrode and recorder faults that :func:`apply_fault` can plant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """Size of each disturbance, in millivolts."""

    wander_mv: float = 0.04
    """Amplitude of baseline wander (0.1 to 0.4 Hz: breathing, sweat)."""
    mains_mv: float = 0.004
    """Amplitude of mains hum; left out where the sampling rate cannot carry it."""
    mains_hz: float = 50.0
    """50 or 60."""
    muscle_mv: float = 0.008
    """Standard deviation of muscle noise (white)."""


CLEAN: Final = Noise(wander_mv=0.0, mains_mv=0.0, muscle_mv=0.0)
"""No noise at all."""


def noise_mv(
    noise: Noise, *, leads: int, samples: int, sampling_rate_hz: float, rng: np.random.Generator
) -> Float[np.ndarray, "lead time"]:
    """Draw noise for leads that are measured apart from each other.

    Args:
        noise: Sizes.
        leads: Number of measured leads.
        samples: Length in samples.
        sampling_rate_hz: Samples per second.
        rng: Source of chance.

    Returns:
        Millivolts, to be added.
    """
    times = np.arange(samples) / sampling_rate_hz
    frequencies = rng.uniform(0.1, 0.4, 3)
    phases = rng.uniform(0, 2 * np.pi, (leads, 3))
    shares = rng.uniform(0.2, 1.0, (leads, 3)) / 3
    angles = 2 * np.pi * frequencies[:, None] * times
    in_phase, quadrature = shares * np.cos(phases), shares * np.sin(phases)
    drawn = noise.wander_mv * (in_phase @ np.sin(angles) + quadrature @ np.cos(angles))
    gains, phase = rng.uniform(0.3, 1.0, (leads, 1)), rng.uniform(0, 2 * np.pi)
    if noise.mains_hz < 0.45 * sampling_rate_hz:
        drawn += noise.mains_mv * gains * np.sin(2 * np.pi * noise.mains_hz * times + phase)
    if noise.muscle_mv:
        drawn += noise.muscle_mv * rng.standard_normal((leads, samples), dtype=np.float32)
    return drawn


def apply_fault(
    leads: Mapping[str, Float[np.ndarray, " time"]], fault: Fault, *, rng: np.random.Generator
) -> dict[str, Float[np.ndarray, " time"]]:
    """Plant one fault.

    Args:
        leads: The twelve standard leads by name, millivolts.
        fault: ``lead_off``: one chest lead is a flat line. ``arm_reversal``: right and left arm
            electrodes are exchanged. ``clipped``: the recorder's range is too small.
            ``wrong_unit``: values are a thousand times too large (microvolts called mV).
        rng: Chooses the chest lead.

    Returns:
        New leads by name; what the fault does not touch is kept.
    """
    damaged = dict(leads)
    match fault:
        case "lead_off":
            name = f"V{int(rng.integers(1, 7))}"
            damaged[name] = np.zeros_like(leads[name])
        case "arm_reversal":
            damaged["I"] = -leads["I"]
            damaged["II"], damaged["III"] = leads["III"], leads["II"]
            damaged["aVR"], damaged["aVL"] = leads["aVL"], leads["aVR"]
        case "clipped":
            highest = max(float(np.abs(samples).max()) for samples in leads.values())
            damaged = {name: np.clip(x, -0.3 * highest, 0.3 * highest) for name, x in leads.items()}
        case "wrong_unit":
            damaged = {name: samples * np.float32(1000) for name, samples in leads.items()}
    return damaged
