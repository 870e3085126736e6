"""AUROC and average precision of every class at once, ties counted as scikit-learn counts them."""

from __future__ import annotations

import warnings
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Integer, Shaped
from scipy.stats import rankdata

RARE_BELOW: Final = 10
"""A class with fewer positive records is left out of the second macro average: its AUROC rests on
so few ranks that one record moves the average of all classes."""


def scorable(labels: Integer[np.ndarray, "record cls"]) -> Bool[np.ndarray, " cls"]:
    """Which classes have at least one positive and one negative record.

    Args:
        labels: 1 positive, 0 negative.

    Returns:
        True where a ranking metric of the class is defined.
    """
    positives = labels.sum(axis=0)
    return np.asarray((positives > 0) & (positives < len(labels)))


def auroc(
    labels: Integer[np.ndarray, "record cls"], scores: Shaped[np.ndarray, "record cls"]
) -> Float[np.ndarray, " cls"]:
    """Area under the receiver operating characteristic of each class.

    The share of (positive, negative) pairs that the score ranks rightly; a tie counts half.

    Args:
        labels: 1 positive, 0 negative.
        scores: The higher, the more the class is believed; finite, any scale.

    Returns:
        Area in [0, 1], float64; NaN where the class has no positives or no negatives.

    Source:
        Mann and Whitney 1947; equals ``sklearn.metrics.roc_auc_score`` (tested).
    """
    _check(labels, scores)
    if not len(labels):
        return np.full(labels.shape[1], np.nan)
    positives = labels.sum(axis=0, dtype=np.float64)
    negatives = len(labels) - positives
    rank_sum = (rankdata(scores, axis=0) * labels).sum(axis=0)
    with np.errstate(invalid="ignore"):
        area = (rank_sum - positives * (positives + 1) / 2) / (positives * negatives)
    return np.where(scorable(labels), area, np.nan)


def average_precision(
    labels: Integer[np.ndarray, "record cls"], scores: Shaped[np.ndarray, "record cls"]
) -> Float[np.ndarray, " cls"]:
    """Area under the precision-recall curve of each class, as average precision.

    The mean, over the positive records, of the precision at the threshold that just admits them;
    records of one score are admitted together. No interpolation between thresholds.

    Args:
        labels: 1 positive, 0 negative.
        scores: The higher, the more the class is believed; finite, any scale.

    Returns:
        Area in (0, 1], float64; NaN where the class has no positives or no negatives.

    Source:
        Equals ``sklearn.metrics.average_precision_score`` (tested).
    """
    _check(labels, scores)
    count = len(labels)
    if not count:
        return np.full(labels.shape[1], np.nan)
    order = np.argsort(scores, axis=0)[::-1]
    ranked = np.take_along_axis(labels, order, axis=0)
    last = _last_of_tie(np.take_along_axis(scores, order, axis=0))
    admitted_positives = np.take_along_axis(ranked.cumsum(axis=0, dtype=np.float64), last, axis=0)
    precision = admitted_positives / (last + 1)
    with np.errstate(invalid="ignore"):
        area = (precision * ranked).sum(axis=0) / ranked.sum(axis=0)
    return np.where(scorable(labels), area, np.nan)


def macro(
    values: Float[np.ndarray, "*draw cls"], *, keep: Bool[np.ndarray, " cls"] | None = None
) -> Float[np.ndarray, " *draw"]:
    """Mean over the classes that have a value.

    Args:
        values: One value per class, NaN where the class could not be scored.
        keep: Only these classes are averaged; all where None.

    Returns:
        The mean; NaN where no class is left.
    """
    kept = values if keep is None else values[..., keep]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Mean of empty slice", RuntimeWarning)
        return np.asarray(np.nanmean(kept, axis=-1))


def number(value: np.ndarray | float) -> float | None:
    """A plain number, None in place of NaN."""
    plain = float(value)
    return plain if np.isfinite(plain) else None


def _last_of_tie(ranked: Shaped[np.ndarray, "record cls"]) -> Integer[np.ndarray, "record cls"]:
    """For each rank, the last rank that holds the same score."""
    ends = np.ones(ranked.shape, dtype=bool)
    ends[:-1] = ranked[1:] != ranked[:-1]
    ranks = np.arange(len(ranked))[:, None]
    candidates = np.where(ends, ranks, len(ranked))
    return np.asarray(np.minimum.accumulate(candidates[::-1], axis=0)[::-1])


def _check(labels: np.ndarray, scores: np.ndarray) -> None:
    assert labels.shape == scores.shape, "labels and scores must both be (record, class)"
    assert labels.ndim == 2, "labels and scores must both be (record, class)"
    assert np.isin(labels, (0, 1)).all(), "a label is 0 or 1"
    assert np.isfinite(scores).all(), "a score is finite"
