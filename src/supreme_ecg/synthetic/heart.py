"""A simulated heart: conditions, and the numbers that make them true."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

import numpy as np

from supreme_ecg.errors import ConceptError
from supreme_ecg.synthetic.conditions import (
    ATRIA,
    ATRIOVENTRICULAR,
    CONDITIONS,
    CONDUCTION,
    ECTOPY,
    HIDES_MORPHOLOGY,
    RHYTHM_CONDITIONS,
    SINUS,
    STRUCTURE,
    Condition,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heart:
    """What is true of one tracing. Every number lies within the definition of its conditions."""

    conditions: frozenset[Condition]
    """Concept ids that the tracing shows."""
    rate_bpm: float
    """Sinus rate; in fibrillation, flutter and tachycardia the mean ventricular rate."""
    pr_s: float
    """P onset to QRS onset, seconds; before a pacing spike: P onset to spike."""
    qtc_s: float
    """Corrected QT (Bazett), seconds, for a QRS of normal width."""
    axis_deg: float
    """Frontal QRS axis in degrees, 0 to the left, 90 downwards; under right bundle branch block
    that of the QRS without its late right ventricular part."""
    respiratory_share: float
    """Amplitude of the breathing in the sinus interval, as a share of it."""
    escape_bpm: float = 0.0
    """Ventricular rate under complete AV block; 0 = no escape rhythm."""
    flutter_hz: float = 0.0
    """Flutter waves per second; 0 = no flutter."""
    flutter_ratio: int | None = None
    """Flutter waves per QRS; None = changing."""


_RATES: Final[dict[Condition, tuple[float, float]]] = {
    "sinus_bradycardia": (40.0, 56.0),
    "sinus_tachycardia": (105.0, 138.0),
    "atrial_fibrillation": (65.0, 125.0),
    "supraventricular_tachycardia": (155.0, 205.0),
    "ventricular_paced_rhythm": (60.0, 80.0),
    "third_degree_av_block": (70.0, 95.0),
    "ventricular_bigeminy": (62.0, 84.0),
    "premature_ventricular_complex": (62.0, 84.0),
    "premature_atrial_complex": (62.0, 84.0),
    "mobitz_i": (62.0, 85.0),
    "first_degree_av_block": (62.0, 88.0),
    "sinus_arrhythmia": (62.0, 82.0),
    "long_qt": (62.0, 85.0),
}
"""Beats per minute; the first that applies, with sinus rhythm at 62-96."""

_AXES: Final[dict[Condition, tuple[float, float]]] = {
    "left_anterior_fascicular_block": (-70.0, -48.0),
    "left_posterior_fascicular_block": (105.0, 130.0),
    "right_ventricular_hypertrophy": (100.0, 125.0),
    "left_axis_deviation": (-44.0, -32.0),
    "right_axis_deviation": (98.0, 120.0),
    "ventricular_paced_rhythm": (-80.0, -60.0),
    "complete_left_bundle_branch_block": (-25.0, 30.0),
    "left_ventricular_hypertrophy": (-15.0, 35.0),
    "old_inferior_myocardial_infarction": (-20.0, 15.0),
    "acute_inferior_myocardial_infarction": (0.0, 35.0),
    "old_lateral_myocardial_infarction": (55.0, 80.0),
    "acute_lateral_myocardial_infarction": (40.0, 70.0),
}
"""Frontal axis in degrees; otherwise 20 to 75."""

_EXCLUSIVE: Final[tuple[frozenset[Condition | None], ...]] = (
    RHYTHM_CONDITIONS,
    frozenset(ATRIOVENTRICULAR) - {None},
    frozenset(ECTOPY) - {None},
    frozenset({"left_axis_deviation", "right_axis_deviation"}),
    frozenset({"low_qrs_voltage", "left_ventricular_hypertrophy"}),
    frozenset(CONDUCTION)
    - {None, "left_anterior_fascicular_block", "left_posterior_fascicular_block"},
    frozenset(STRUCTURE) - {None},
)
"""Of each set a heart has at most one."""

_NEEDS_SINUS: Final[frozenset[Condition | None]] = (
    frozenset(ATRIOVENTRICULAR) | frozenset(ECTOPY) | frozenset(ATRIA)
) - {None, "third_degree_av_block"} | {"wolff_parkinson_white"}
"""Conditions of the P wave or of its conduction, or timed by it."""


def make_heart(
    conditions: Collection[Condition], *, rng: np.random.Generator, spread: float = 1.0
) -> Heart:
    """Choose the numbers of a heart that has these conditions.

    Args:
        conditions: Concept ids of :data:`CONDITIONS`; sinus rhythm is added where no rhythm is
            named.
        rng: Source of chance.
        spread: 0 to 1; how far numbers stray from the middle of their range.

    Returns:
        The heart.

    Raises:
        ConceptError: A condition is unknown, or two exclude each other.
    """
    chosen = _checked(conditions)

    def between(low: float, high: float) -> float:
        middle, half = (low + high) / 2, (high - low) / 2
        return middle + half * spread * float(rng.uniform(-1, 1))

    rate_bpm = between(*next((_RATES[c] for c in _RATES if c in chosen), (62.0, 96.0)))
    irregular = "sinus_arrhythmia" in chosen
    flutter_hz, ratio = 0.0, None
    if "atrial_flutter" in chosen:
        flutter_hz = between(4.6, 5.4)
        ratio = (2, 3, 4, None)[int(rng.integers(4))]
        rate_bpm = 60 * flutter_hz / (ratio or 2.75)
    return Heart(
        conditions=chosen,
        rate_bpm=rate_bpm,
        pr_s=_pr_s(chosen, between),
        qtc_s=between(0.50, 0.55) if "long_qt" in chosen else between(0.385, 0.425),
        axis_deg=between(*next((_AXES[c] for c in _AXES if c in chosen), (20.0, 75.0))),
        respiratory_share=between(*((0.17, 0.24) if irregular else (0.01, 0.035))),
        escape_bpm=between(30.0, 42.0) if "third_degree_av_block" in chosen else 0.0,
        flutter_hz=flutter_hz,
        flutter_ratio=ratio,
    )


def _checked(conditions: Collection[Condition]) -> frozenset[Condition]:
    """The conditions with a rhythm among them.

    Raises:
        ConceptError: A condition is unknown, or two exclude each other.
    """
    chosen: frozenset[Condition] = frozenset(conditions)
    unknown = sorted(chosen - set(CONDITIONS))
    if unknown:
        raise ConceptError(
            "simulated heart",
            expected="conditions of supreme_ecg.synthetic.conditions.CONDITIONS",
            found=", ".join(unknown),
            remedy="Use ids of that list.",
        )
    if not chosen & RHYTHM_CONDITIONS:
        chosen |= {"sinus_rhythm"}
    clashes = [sorted(chosen & group) for group in _EXCLUSIVE if len(chosen & group) > 1]
    if not chosen & SINUS and chosen & _NEEDS_SINUS:
        clashes.append(sorted((chosen & _NEEDS_SINUS) | (chosen & RHYTHM_CONDITIONS)))
    if chosen & HIDES_MORPHOLOGY and chosen & frozenset(STRUCTURE):
        clashes.append(sorted((chosen & HIDES_MORPHOLOGY) | (chosen & frozenset(STRUCTURE))))
    if clashes:
        raise ConceptError(
            "simulated heart",
            expected="conditions that one tracing can show together",
            found="; ".join(" with ".join(clash) for clash in clashes),
            remedy="Leave out all but one of each group.",
        )
    return chosen


def _pr_s(chosen: frozenset[Condition], between: Callable[[float, float], float]) -> float:
    """P onset to QRS onset (or spike): over 200 ms in first-degree block, under 120 in WPW."""
    if "first_degree_av_block" in chosen:
        return between(0.225, 0.30)
    if "wolff_parkinson_white" in chosen:
        return between(0.09, 0.11)
    if "mobitz_i" in chosen:
        return between(0.17, 0.20)
    if "sinus_tachycardia" in chosen:
        return between(0.125, 0.15)
    return between(0.135, 0.18)
