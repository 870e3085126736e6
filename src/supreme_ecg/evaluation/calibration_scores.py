"""How far probabilities are right: log loss, Brier score, calibration error with adaptive bins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float, Integer

from supreme_ecg.evaluation.bootstrap import Interval, percentile_interval

BINS: Final = 15
"""Adaptive bins of the calibration error: each holds as many answers as the next."""
_LEAST: Final = 1e-7
"""A probability is never taken as nearer to 0 or 1 than this: float32 knows no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbabilityScores:
    """All records and concepts together, each pair counting the same."""

    log_loss: float
    """Mean negative log-likelihood, nats."""
    log_loss_ci95: Interval | None
    """95 % interval, patients resampled."""
    brier: float
    """Mean squared difference to the label."""
    brier_ci95: Interval | None
    """95 % interval, patients resampled."""
    ece: float
    """Expected calibration error over all pairs, adaptive bins."""
    ece_by_concept: float | None
    """Mean of each concept's own, over the concepts with enough positives."""
    concepts: int
    """How many these are."""
    expected_by_observed: float
    """Sum of the probabilities by that of the labels; 1 is right."""


def log_losses(
    probabilities: Float[np.ndarray, "record concept"], labels: Float[np.ndarray, "record concept"]
) -> Float[np.ndarray, "record concept"]:
    """Negative log-likelihood of every label, NaN where it is not known."""
    p = np.clip(probabilities.astype(np.float64), _LEAST, 1 - _LEAST)
    return np.asarray(-(labels * np.log(p) + (1 - labels) * np.log1p(-p)))


def calibration_error(
    probabilities: Float[np.ndarray, " pair"],
    labels: Float[np.ndarray, " pair"],
    *,
    bins: int = BINS,
) -> float:
    """Expected calibration error: mean distance of probability and share of positives within bins.

    Args:
        probabilities: 0 to 1.
        labels: 0 to 1, none NaN, at least one.
        bins: Bins with equally many answers, ordered by probability.

    Returns:
        0 (right) to 1.

    Source:
        Naeini et al. 2015; equally filled bins as in Nixon et al. 2019 (arXiv 1904.01685).
    """
    order = np.argsort(probabilities, kind="stable")
    parts = np.array_split(order, min(bins, len(order)))
    distances = [abs(float((probabilities[part] - labels[part]).sum())) for part in parts]
    return sum(distances) / len(order)


def score_probabilities(
    probabilities: Float[np.ndarray, "record concept"],
    labels: Float[np.ndarray, "record concept"],
    patients: Sequence[str],
    *,
    least_positives: int,
    draws: int,
    seed: int,
) -> ProbabilityScores:
    """Score answers against labels.

    Args:
        probabilities: 0 to 1.
        labels: 0 to 1; NaN is left out.
        patients: Patient of each record, the unit of resampling.
        least_positives: Positives from which a concept has a calibration error of its own.
        draws: Bootstrap resamples.
        seed: Seed of the bootstrap.
    """
    known = ~np.isnan(labels)
    losses = log_losses(probabilities, labels)
    squares = (probabilities - labels) ** 2
    own = [
        calibration_error(probabilities[known[:, c], c], labels[known[:, c], c])
        for c in range(labels.shape[1])
        if np.nansum(labels[:, c]) >= least_positives
    ]
    _, owner = np.unique(np.asarray(patients, dtype=str), return_inverse=True)
    return ProbabilityScores(
        log_loss=float(losses[known].mean()),
        log_loss_ci95=_interval(losses, owner, draws=draws, seed=seed),
        brier=float(squares[known].mean()),
        brier_ci95=_interval(squares, owner, draws=draws, seed=seed),
        ece=calibration_error(probabilities[known], labels[known]),
        ece_by_concept=float(np.mean(own)) if own else None,
        concepts=len(own),
        expected_by_observed=float(probabilities[known].sum() / max(labels[known].sum(), 1e-12)),
    )


def _interval(
    values: Float[np.ndarray, "record concept"],
    owner: Integer[np.ndarray, " record"],
    *,
    draws: int,
    seed: int,
) -> Interval | None:
    """Percentile interval of the mean of the known values, patients resampled."""
    sums = np.bincount(owner, weights=np.nansum(values, axis=1))
    counts = np.bincount(owner, weights=(~np.isnan(values)).sum(axis=1))
    drawn = np.random.default_rng(seed).integers(0, len(sums), (draws, len(sums)))
    return percentile_interval(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1))
