"""Curves from logit to calibrated logit, fitted to labels.

Temperature (Guo et al. 2017, arXiv 1706.04599): a scale alone. Platt (1999): scale and shift. Per
concept: scale and shift with a normal prior around those of all concepts, so that a concept with few
positives keeps the common curve. Centred isotonic regression (Oron and Flournoy 2017, arXiv 1701.05964):
the means of the blocks that pool-adjacent-violators finds, joined by lines, so that it rises everywhere.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Float
from scipy.special import expit, logit

from supreme_ecg.models.calibration import Curve

_STEPS: Final = 50
_SLOPE_SPREAD: Final = 0.5
"""Spread of the prior of a concept's slope, as a share of that of its shift."""
_LEAST_SLOPE: Final = 0.05
"""A curve never falls, whatever a few labels say: its slope is at least this share of the common one."""
_RIDGE: Final = 1e-9


def fit_temperature(
    logits: Float[np.ndarray, "record concept"], labels: Float[np.ndarray, "record concept"]
) -> Curve:
    """One scale for all concepts, the likeliest.

    Args:
        logits: Of the model.
        labels: 0 to 1; NaN is left out.
    """
    known = ~np.isnan(labels)
    x, y = logits[known].astype(np.float64), labels[known].astype(np.float64)
    log_scale = 0.0
    for _ in range(_STEPS):
        z = np.exp(log_scale) * x
        p = expit(z)
        slope, curvature = ((p - y) * z).sum(), (p * (1 - p) * z**2).sum()
        step = float(np.clip(slope / (curvature + _RIDGE), -0.5, 0.5))
        log_scale -= step
        if abs(step) < 1e-10:
            break
    return Curve(scale=float(np.exp(log_scale)))


def fit_platt(
    logits: Float[np.ndarray, "record concept"], labels: Float[np.ndarray, "record concept"]
) -> Curve:
    """One scale and one shift for all concepts, the likeliest.

    Args:
        logits: Of the model.
        labels: 0 to 1; NaN is left out.
    """
    x, y = logits.reshape(-1, 1), labels.reshape(-1, 1)
    slope, level, centre = _newton(x, y, slope_precision=0.0, level_precision=0.0)
    return _line(float(slope[0]), float(level[0]), float(centre[0]), Curve())


def fit_concepts(
    logits: Float[np.ndarray, "record concept"],
    labels: Float[np.ndarray, "record concept"],
    *,
    overall: Curve,
    spread: float,
) -> list[Curve]:
    """A scale and a shift for each concept, drawn towards the common curve.

    Args:
        logits: Of the model.
        labels: 0 to 1; NaN is left out.
        overall: The common curve, without knots.
        spread: Standard deviation of the prior of the shift at the concept's mean logit; the slope's is
            half of it. The smaller, the nearer all concepts stay to the common curve.

    Returns:
        One rising curve a concept.
    """
    level_precision = spread**-2
    slope_precision = level_precision / _SLOPE_SPREAD**2
    slopes, levels, centres = _newton(
        overall(logits.astype(np.float64)),
        labels,
        slope_precision=slope_precision,
        level_precision=level_precision,
    )
    return [
        _line(float(slope), float(level), float(centre), overall)
        for slope, level, centre in zip(slopes, levels, centres, strict=True)
    ]


def fit_isotonic(
    logits: Float[np.ndarray, " record"], labels: Float[np.ndarray, " record"]
) -> Curve:
    """A rising curve of any form through the means of isotonic blocks.

    Args:
        logits: Of one concept.
        labels: 0 to 1; NaN is left out. Not all equal.
    """
    from sklearn.isotonic import IsotonicRegression  # noqa: PLC0415  slow to import

    known = ~np.isnan(labels)
    x, y = logits[known].astype(np.float64), labels[known].astype(np.float64)
    level = IsotonicRegression().fit(x, y).predict(x)
    values, block = np.unique(level, return_inverse=True)
    size = np.bincount(block)
    centres = np.bincount(block, weights=x) / size
    inside = np.clip(values, 0.5 / (size + 1), 1 - 0.5 / (size + 1))
    rising = np.concatenate([[True], np.diff(np.maximum.accumulate(inside)) > 0])
    knots = zip(centres[rising].tolist(), logit(inside[rising]).tolist(), strict=True)
    return Curve(knots=tuple(knots))


def _newton(
    x: Float[np.ndarray, "record concept"],
    y: Float[np.ndarray, "record concept"],
    *,
    slope_precision: float,
    level_precision: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For every column the slope u, level v and centre m for which sigmoid(x + u (x - m) + v) fits best.

    The priors of u and v are normal around 0 with these precisions. m is the mean of x, so that u and v are
    almost independent of each other.
    """
    known = ~np.isnan(y)
    x, y = np.where(known, x, 0.0).astype(np.float64), np.where(known, y, 0.0)
    centre = x.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    away = np.where(known, x - centre, 0.0)
    u, v = np.zeros((2, x.shape[1]))
    for _ in range(_STEPS):
        p = expit(x + u * away + v)
        off, weight = np.where(known, p - y, 0.0), np.where(known, p * (1 - p), 0.0)
        gu, gv = (
            (off * away).sum(axis=0) + slope_precision * u,
            off.sum(axis=0) + level_precision * v,
        )
        huu = (weight * away**2).sum(axis=0) + slope_precision + _RIDGE
        huv = (weight * away).sum(axis=0)
        hvv = weight.sum(axis=0) + level_precision + _RIDGE
        determinant = huu * hvv - huv**2
        du, dv = (hvv * gu - huv * gv) / determinant, (huu * gv - huv * gu) / determinant
        u, v = u - np.clip(du, -0.5, 0.5), v - np.clip(dv, -2.0, 2.0)
        if max(np.abs(du).max(), np.abs(dv).max()) < 1e-9:
            break
    return np.maximum(u, _LEAST_SLOPE - 1), v, centre


def _line(slope: float, level: float, centre: float, overall: Curve) -> Curve:
    """The curve x -> z + slope (z - centre) + level with z = overall(x), as one scale and shift."""
    scale = (1 + slope) * overall.scale
    return Curve(scale=scale, shift=(1 + slope) * overall.shift - slope * centre + level)
