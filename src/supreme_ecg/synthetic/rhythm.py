"""When the atria and the ventricles beat."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from jaxtyping import Float

from supreme_ecg.synthetic.heart import Heart

_LEAD_IN_S: Final = 3.0
"""Beats start this long before the recording, so that it begins in mid-rhythm."""


def _none() -> Float[np.ndarray, " event"]:
    """No events."""
    return np.empty(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Onsets of every event in seconds; some lie before 0 or after the end of the recording."""

    p_s: Float[np.ndarray, " event"] = field(default_factory=_none)
    """P waves from the sinus node."""
    ectopic_p_s: Float[np.ndarray, " event"] = field(default_factory=_none)
    """Premature P waves from elsewhere in the atria."""
    qrs_s: Float[np.ndarray, " event"] = field(default_factory=_none)
    """QRS complexes conducted from the atria."""
    ventricular_s: Float[np.ndarray, " event"] = field(default_factory=_none)
    """QRS complexes that arise in the ventricles: premature, escape or paced."""
    spikes_s: Float[np.ndarray, " event"] = field(default_factory=_none)
    """Pacing spikes."""

    @property
    def beats_s(self) -> Float[np.ndarray, " event"]:
        """All QRS onsets in the order of time."""
        return np.sort(np.concatenate([self.qrs_s, self.ventricular_s]))


def make_schedule(heart: Heart, *, duration_s: float, rng: np.random.Generator) -> Schedule:
    """Let the heart beat.

    Args:
        heart: Rhythm, rate, PR interval and what goes wrong.
        duration_s: Length of the recording in seconds.
        rng: Source of chance.

    Returns:
        Onsets that cover the recording and a little more on both sides.
    """
    stop_s = duration_s + 1.0
    conditions = heart.conditions
    if "atrial_fibrillation" in conditions:
        return Schedule(qrs_s=_fibrillation_s(heart.rate_bpm, stop_s, rng))
    if "atrial_flutter" in conditions:
        return Schedule(qrs_s=_flutter_s(heart, stop_s, rng))
    p_s = _sinus_s(heart, stop_s, rng)
    if "supraventricular_tachycardia" in conditions:
        return Schedule(qrs_s=p_s)
    if "ventricular_paced_rhythm" in conditions:
        spikes_s = p_s + heart.pr_s
        return Schedule(p_s=p_s, spikes_s=spikes_s, ventricular_s=spikes_s + 0.008)
    if "third_degree_av_block" in conditions:
        escape_s = _regular_s(60 / heart.escape_bpm, stop_s, rng, jitter=0.01)
        return Schedule(p_s=p_s, ventricular_s=escape_s)
    return _conducted(heart, p_s, duration_s, rng)


def _conducted(
    heart: Heart, p_s: Float[np.ndarray, " event"], duration_s: float, rng: np.random.Generator
) -> Schedule:
    """The ventricles follow the sinus node, but for premature and blocked beats."""
    conditions = heart.conditions
    if "mobitz_i" in conditions:
        return _wenckebach(p_s, heart.pr_s, rng)
    if "ventricular_bigeminy" in conditions:
        return _premature_ventricular(p_s, heart.pr_s, np.arange(len(p_s)) % 2 == 1)
    if "premature_ventricular_complex" in conditions:
        return _premature_ventricular(p_s, heart.pr_s, _sparse(p_s, duration_s, rng))
    if "premature_atrial_complex" in conditions:
        return _premature_atrial(p_s, heart.pr_s, _sparse(p_s, duration_s, rng))
    return Schedule(p_s=p_s, qrs_s=p_s + heart.pr_s)


def _regular_s(
    interval_s: float, stop_s: float, rng: np.random.Generator, *, jitter: float
) -> Float[np.ndarray, " event"]:
    """Onsets at one interval, each interval off by a share ``jitter`` of it."""
    count = int((stop_s + _LEAD_IN_S) / interval_s * 1.2) + 3
    intervals = interval_s * (1 + jitter * np.clip(rng.standard_normal(count), -2.5, 2.5))
    onsets = -_LEAD_IN_S + interval_s * rng.uniform() + np.cumsum(intervals)
    return onsets[onsets < stop_s]


def _sinus_s(heart: Heart, stop_s: float, rng: np.random.Generator) -> Float[np.ndarray, " event"]:
    """P onsets whose intervals follow breathing."""
    interval_s = 60 / heart.rate_bpm
    breathing_hz, phase = rng.uniform(0.18, 0.3), rng.uniform(0, 2 * np.pi)
    onsets, now = [], -_LEAD_IN_S + interval_s * rng.uniform()
    while now < stop_s:
        onsets.append(now)
        breath = np.sin(2 * np.pi * breathing_hz * now + phase)
        chance = float(np.clip(rng.standard_normal(), -2.5, 2.5))
        now += interval_s * (1 + heart.respiratory_share * breath + 0.008 * chance)
    return np.array(onsets)


def _fibrillation_s(
    rate_bpm: float, stop_s: float, rng: np.random.Generator
) -> Float[np.ndarray, " event"]:
    """Irregularly irregular: independent gamma intervals above the node's refractory time."""
    mean_s, refractory_s = 60 / rate_bpm, 0.30
    shape = 3.2
    count = int((stop_s + _LEAD_IN_S) / mean_s * 2) + 8
    intervals = refractory_s + rng.gamma(shape, (mean_s - refractory_s) / shape, count)
    onsets = -_LEAD_IN_S + np.cumsum(intervals)
    return onsets[onsets < stop_s]


def _flutter_s(
    heart: Heart, stop_s: float, rng: np.random.Generator
) -> Float[np.ndarray, " event"]:
    """QRS after every second, third or fourth flutter wave, or after a changing number."""
    wave_s = 1 / heart.flutter_hz
    ratio = heart.flutter_ratio
    count = int((stop_s + _LEAD_IN_S) / (2 * wave_s)) + 3
    ratios = rng.choice([2, 2, 3, 4], count) if ratio is None else np.full(count, ratio)
    onsets = -_LEAD_IN_S + wave_s * np.cumsum(ratios) + 0.4 * wave_s
    return onsets[onsets < stop_s]


def _wenckebach(
    p_s: Float[np.ndarray, " event"], pr_s: float, rng: np.random.Generator
) -> Schedule:
    """PR grows from beat to beat until a P wave is not conducted; then it starts again."""
    length = int(rng.integers(3, 6))
    place = (np.arange(len(p_s)) + int(rng.integers(length))) % length
    growth_s = np.array([0.0, 0.09, 0.14, 0.17, 0.19])
    conducted = place < length - 1
    return Schedule(p_s=p_s, qrs_s=(p_s + pr_s + growth_s[place])[conducted])


def _sparse(
    p_s: Float[np.ndarray, " event"], duration_s: float, rng: np.random.Generator
) -> np.ndarray:
    """Mark one to three beats, never neighbours, at least one well inside the recording."""
    marked = np.zeros(len(p_s), dtype=bool)
    inside = np.flatnonzero((p_s > 1.0) & (p_s < duration_s - 1.5))
    if len(inside):
        picks = inside[:: max(2, len(inside) // int(rng.integers(1, 4)))]
        marked[picks + int(rng.integers(2))] = True
    return marked


def _premature_ventricular(
    p_s: Float[np.ndarray, " event"], pr_s: float, marked: np.ndarray
) -> Schedule:
    """A marked beat is replaced by an early ventricular one; the next comes when it would have.

    So the pause is fully compensatory, and the blocked P wave hides in the wide beat.
    """
    marked = marked.copy()
    marked[0] = False
    marks = np.flatnonzero(marked)
    coupling_s = 0.58 * (p_s[marks] - p_s[marks - 1])
    early_s = p_s[marks - 1] + pr_s + np.maximum(coupling_s, 0.36)
    return Schedule(p_s=p_s, qrs_s=(p_s + pr_s)[~marked], ventricular_s=early_s)


def _premature_atrial(
    p_s: Float[np.ndarray, " event"], pr_s: float, marked: np.ndarray
) -> Schedule:
    """A marked P wave comes early and resets the sinus node: all that follow move forward."""
    marked = marked.copy()
    marked[0] = False
    intervals = np.diff(p_s, prepend=p_s[0])
    shift_s = np.cumsum(np.where(marked, 0.36 * intervals, 0.0))
    delay_s = np.cumsum(np.where(np.roll(marked, 1), 0.08 * intervals, 0.0))
    moved = p_s - shift_s + delay_s
    return Schedule(p_s=moved[~marked], ectopic_p_s=moved[marked], qrs_s=moved + pr_s)
