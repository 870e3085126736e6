"""The shapes of P, QRS, ST and T for each condition.

Rows are (centre in ms after onset, width in ms, X left, Y down, Z front in mV). The numbers were
set by hand so that each pattern meets its textbook criteria in the leads of
:mod:`supreme_ecg.synthetic.lead_field`; they come from no patient.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float

from supreme_ecg.synthetic.conditions import Condition
from supreme_ecg.synthetic.heart import Heart
from supreme_ecg.synthetic.lead_field import LEAD_FIELD, frontal_axis_deg
from supreme_ecg.synthetic.shapes import Shape

Waves = tuple[tuple[float, float, float, float, float], ...]
Vector = tuple[float, float, float]

_P_RIGHT: Final = (38.0, 15.0, 0.025, 0.075, 0.05)
_P_LEFT: Final = (66.0, 17.0, 0.085, 0.055, -0.04)
_NORMAL_QRS: Final[Waves] = (
    (20, 7, -0.14, -0.04, 0.34),
    (40, 9, 1.05, 0.85, -0.40),
    (60, 8, 0.02, -0.16, -0.52),
)
_QRS: Final[dict[Condition, Waves]] = {
    "ventricular_paced_rhythm": (
        (30, 14, 0.20, -0.15, -0.15),
        (68, 21, 0.75, -0.55, -0.75),
        (116, 22, 0.50, -0.70, -0.55),
    ),
    "third_degree_av_block": (
        (28, 12, -0.10, 0.10, 0.25),
        (64, 20, 0.75, 0.65, -0.70),
        (108, 20, 0.60, 0.35, -0.60),
    ),
    "complete_left_bundle_branch_block": (
        (28, 12, 0.14, 0.08, -0.06),
        (54, 14, 0.88, 0.42, -0.56),
        (80, 17, 0.30, 0.15, -0.66),
        (106, 15, 0.86, 0.34, -0.56),
        (132, 11, 0.10, 0.00, -0.15),
    ),
    "wolff_parkinson_white": (
        (32, 14, 0.20, 0.15, 0.12),
        (52, 14, 0.36, 0.26, 0.16),
        (72, 11, 0.95, 0.72, -0.25),
        (94, 9, 0.05, -0.15, -0.40),
    ),
    "nonspecific_intraventricular_conduction_disturbance": (
        (24, 10, -0.08, -0.05, 0.30),
        (52, 14, 0.85, 0.70, -0.35),
        (78, 12, -0.05, -0.25, -0.70),
        (104, 12, 0.35, 0.20, -0.15),
    ),
    "left_anterior_fascicular_block": (
        (22, 8, -0.14, 0.22, 0.30),
        (44, 10, 0.95, -0.10, -0.30),
        (66, 10, 0.35, -0.65, -0.42),
    ),
    "left_posterior_fascicular_block": (
        (22, 8, 0.28, -0.22, 0.26),
        (46, 10, -0.05, 1.05, -0.30),
        (66, 9, -0.30, 0.35, -0.45),
    ),
    "left_ventricular_hypertrophy": (
        (20, 7, -0.16, -0.03, 0.38),
        (45, 11, 2.20, 0.80, -1.15),
        (67, 9, 0.25, -0.20, -0.85),
    ),
    "right_ventricular_hypertrophy": (
        (20, 7, 0.05, -0.05, 0.20),
        (40, 9, -0.05, 0.62, 0.85),
        (60, 10, -1.15, -0.05, 0.12),
    ),
}
"""QRS by condition, the first that applies; otherwise :data:`_NORMAL_QRS`."""

_Q_WAVES: Final[dict[str, Waves]] = {
    "anteroseptal": (
        (24, 11, 0.02, 0.05, -0.52),
        (48, 9, 1.00, 0.75, -0.52),
        (66, 8, 0.0, -0.1, -0.3),
    ),
    "anterior": (
        (26, 12, -0.30, 0.06, -0.52),
        (52, 9, 0.75, 0.75, -0.35),
        (68, 8, 0.0, -0.1, -0.3),
    ),
    "inferior": (
        (26, 12, 0.10, -0.58, 0.22),
        (50, 9, 0.95, 0.62, -0.40),
        (68, 8, 0.05, -0.12, -0.42),
    ),
    "lateral": ((26, 12, -0.60, 0.14, 0.16), (50, 9, 0.80, 0.85, -0.30), (68, 8, 0.0, -0.1, -0.4)),
}
_INJURY: Final[dict[str, Vector]] = {
    "anteroseptal": (-0.04, -0.04, 0.27),
    "anterior": (0.17, -0.02, 0.24),
    "inferior": (-0.04, 0.25, -0.06),
    "lateral": (0.33, -0.13, -0.14),
}
"""ST vector of acute infarction, mV."""

_T_TERRITORY: Final[dict[str, Vector]] = {
    "anteroseptal": (0.02, 0.16, -0.30),
    "anterior": (-0.20, 0.16, -0.24),
    "inferior": (0.26, -0.24, 0.08),
    "lateral": (-0.30, 0.16, 0.22),
}
"""T vector that is inverted in a territory, mV."""

_NORMAL_T: Final[Vector] = (0.27, 0.18, 0.13)
_ST_T: Final[dict[Condition, tuple[Vector, Vector]]] = {
    "ventricular_paced_rhythm": ((-0.07, 0.07, 0.10), (-0.30, 0.30, 0.34)),
    "third_degree_av_block": ((-0.06, -0.05, 0.07), (-0.28, -0.16, 0.30)),
    "complete_left_bundle_branch_block": ((-0.09, -0.02, 0.10), (-0.32, -0.06, 0.30)),
    "wolff_parkinson_white": ((-0.03, -0.03, 0.0), (-0.06, 0.05, 0.12)),
    "left_ventricular_hypertrophy": ((-0.10, -0.04, 0.06), (-0.28, 0.0, 0.26)),
    "right_ventricular_hypertrophy": ((0.02, -0.03, -0.07), (0.26, 0.02, -0.22)),
    "st_depression": ((-0.12, -0.08, -0.05), (0.10, 0.10, 0.08)),
    "early_repolarisation": ((0.09, 0.09, 0.09), (0.40, 0.28, 0.24)),
    "complete_right_bundle_branch_block": ((0.0, 0.0, -0.03), (0.30, 0.18, -0.16)),
}
"""ST and T vectors by condition, mV, the first that applies."""

_RIGHT_BUNDLE: Final[Waves] = ((88, 10, -0.10, 0.02, 0.35), (116, 17, -0.46, -0.06, 0.52))
"""The right ventricle, late: follows any QRS under right bundle branch block.

The frontal axis is that of the QRS before it, as it is read in this block.
"""

_PREMATURE: Final[Waves] = (
    (34, 14, 0.10, 0.35, 0.30),
    (70, 19, -0.15, 1.05, 0.60),
    (112, 20, -0.55, 0.85, -0.10),
)
_SPIKE_MV: Final = (0.9, 0.9, -0.9)


@dataclass(frozen=True, slots=True)
class Shapes:
    """Every shape that a heart's tracing is drawn with."""

    p: Shape
    ectopic_p: Shape
    qrst: Shape
    ventricular_qrst: Shape
    spike: Shape


def make_shapes(heart: Heart, *, sampling_rate_hz: float, rng: np.random.Generator) -> Shapes:
    """Give a heart its shapes, each heart slightly its own.

    Args:
        heart: Conditions, axis, rate and corrected QT.
        sampling_rate_hz: Of the tracing; a pacing spike is as narrow as the recorder's
            anti-alias filter lets it be, and lower the wider it is.
        rng: Source of chance.

    Returns:
        The shapes, the QRS turned so that the axis of its net areas in I and aVF is
        ``heart.axis_deg``.
    """
    own = np.eye(3) + 0.06 * rng.standard_normal((3, 3))
    size = float(rng.uniform(0.9, 1.12)) * (0.28 if "low_qrs_voltage" in heart.conditions else 1.0)
    qrs = _turned_to_axis(_qrs(heart).turned(size * own), heart.axis_deg)
    if "complete_right_bundle_branch_block" in heart.conditions:
        qrs += Shape.of(_RIGHT_BUNDLE).turned(size * own)
    interval_s = 60 / (heart.escape_bpm or heart.rate_bpm)
    t_size = float(rng.uniform(0.85, 1.2)) * (0.55 if size < 0.6 else 1.0)
    qrst = qrs + _repolarisation(heart, qrs.end_s, interval_s, t_size, own)
    premature = Shape.of(_PREMATURE).turned(own)
    opposite: tuple[Vector, Vector] = ((0.06, -0.09, -0.05), (0.22, -0.42, -0.22))
    ectopic = premature + _st_t(*opposite, premature.end_s, 0.40).turned(own)
    wide = heart.conditions & {"ventricular_paced_rhythm", "third_degree_av_block"}
    spike_s = max(0.0008, 0.6 / sampling_rate_hz)
    height = np.array([_SPIKE_MV]) * np.sqrt(0.0008 / spike_s)
    p = _p_wave(heart).turned(float(rng.uniform(0.85, 1.15)) * own)
    return Shapes(
        p=p,
        ectopic_p=p.turned(np.diag([0.7, -0.6, 1.1])),
        qrst=qrst,
        ventricular_qrst=qrst if wide else ectopic,
        spike=Shape(np.array([0.0]), np.array([spike_s]), height),
    )


def territory_of(heart: Heart) -> tuple[str, str] | None:
    """Where and what the infarction or ischaemia is: ("inferior", "acute"), or None."""
    for condition in heart.conditions:
        words = condition.split("_")
        if condition.endswith("myocardial_infarction"):
            return words[1], words[0]
        if condition.endswith("_ischaemia"):
            return words[0], "ischaemia"
    return None


def _p_wave(heart: Heart) -> Shape:
    """Right atrium, then left; each can be enlarged."""
    right, left = _P_RIGHT, _P_LEFT
    if "left_atrial_enlargement" in heart.conditions:
        left = (86.0, 18.0, 0.13, 0.09, -0.13)
    if "right_atrial_enlargement" in heart.conditions:
        right = (40.0, 16.0, 0.03, 0.25, 0.13)
    return Shape.of((right, left))


def _qrs(heart: Heart) -> Shape:
    """Depolarisation of the ventricles before it is turned to its axis."""
    found = territory_of(heart)
    waves = next((_QRS[name] for name in _QRS if name in heart.conditions), _NORMAL_QRS)
    if found and found[1] != "ischaemia":
        waves = _Q_WAVES[found[0]]
    return Shape.of(waves)


def _repolarisation(
    heart: Heart,
    qrs_end_s: float,
    interval_s: float,
    size: float,
    own: Float[np.ndarray, "axis axis"],
) -> Shape:
    """ST segment and T wave of a beat that ends its QRS at ``qrs_end_s``."""
    st, t = next(
        (_ST_T[name] for name in _ST_T if name in heart.conditions), ((0.0, 0.0, 0.0), _NORMAL_T)
    )
    found = territory_of(heart)
    if found:
        territory, age = found
        t = _T_TERRITORY[territory]
        if age == "acute":
            st = _INJURY[territory]
            t = tuple(0.5 * a + 1.3 * b for a, b in zip(_NORMAL_T, st, strict=True))  # type: ignore[assignment]
    qt_s = heart.qtc_s * np.sqrt(min(interval_s, 1.3)) + 0.7 * max(0.0, qrs_end_s - 0.09)
    return _st_t(st, t, qrs_end_s, float(qt_s)).turned(size * own)


def _st_t(st: Vector, t: Vector, qrs_end_s: float, qt_s: float) -> Shape:
    """A level ST segment that runs into a T wave with a slow rise and a quick fall."""
    stretch = (qt_s - 0.09) / 0.29
    peak_ms = 1000 * qt_s - 72 * stretch
    start_ms = 1000 * qrs_end_s - 6
    step_ms = max(18.0, (peak_ms - 30 * stretch - start_ms) / 4)
    level = np.array(st) * step_ms / (np.sqrt(2 * np.pi) * 0.75 * step_ms)
    plateau = [(start_ms + step_ms * k, 0.75 * step_ms, *level) for k in range(5)]
    rise = (peak_ms - 52 * stretch, 42 * stretch, *(0.30 * np.array(t)))
    fall = (peak_ms, 29 * stretch, *(0.85 * np.array(t)))
    return Shape.of([*plateau, rise, fall] if any(st) else [rise, fall])


def _turned_to_axis(qrs: Shape, axis_deg: float) -> Shape:
    """Turn a QRS about the front-back direction until its net area has this frontal axis."""
    angles = np.radians(np.arange(0.0, 360.0, 0.5))
    x, y, z = qrs.area_mv_s
    turned = np.stack(
        [
            np.cos(angles) * x - np.sin(angles) * y,
            np.sin(angles) * x + np.cos(angles) * y,
            np.full_like(angles, z),
        ]
    )
    one, two = LEAD_FIELD[:2] @ turned
    error = np.abs((frontal_axis_deg(one, two - one / 2) - axis_deg + 180) % 360 - 180)
    best = angles[int(np.argmin(error))]
    rotation = np.array(
        [[np.cos(best), -np.sin(best), 0], [np.sin(best), np.cos(best), 0], [0, 0, 1]]
    )
    return qrs.turned(rotation)
