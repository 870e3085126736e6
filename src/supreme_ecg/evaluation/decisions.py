"""Yes and no for each class, at thresholds that were chosen on other patients than those decided on.

Where a validation part is at hand the thresholds come from it. Where the validation part is itself scored
they are cross-fitted: patients are put into two halves, and each half is decided on at the thresholds that
are best in the other. Never are they chosen on the records that they decide on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from jaxtyping import Bool, Float, Integer, Shaped

from supreme_ecg.evaluation.metrics import scorable
from supreme_ecg.evaluation.thresholds import choose_threshold
from supreme_ecg.models.calibration import ThresholdRule

RULE: Final[ThresholdRule] = "f1"
"""What the thresholds maximise, as in the literature; accuracy is measured at the same ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """Answers of yes and no, with where their thresholds are from."""

    yes: Bool[np.ndarray, "record cls"]
    """Of a class without threshold nothing is to be read."""
    thresholds: Float[np.ndarray, "part cls"]
    """Of each group of records that has its own; NaN where none could be chosen."""
    source: Mapping[str, Any]
    """Where they are from, for the result."""

    @property
    def there(self) -> Bool[np.ndarray, " cls"]:
        """Classes with a threshold for every record."""
        return np.asarray(np.isfinite(self.thresholds).all(axis=0))

    def thresholds_of(self, cls: int) -> tuple[float, ...]:
        """Thresholds of one class, one for each group of records."""
        return tuple(self.thresholds[:, cls].tolist())


def choose_thresholds(
    labels: Integer[np.ndarray, "record cls"], scores: Shaped[np.ndarray, "record cls"]
) -> Float[np.ndarray, " cls"]:
    """The threshold of each class with the highest F1; NaN where it has no positives or no negatives."""
    chosen = np.full(labels.shape[1], np.nan)
    for cls in np.flatnonzero(scorable(labels)):
        truth = labels[:, cls].astype(np.float64)
        chosen[cls] = choose_threshold(scores[:, cls], truth, rule=RULE)
    return chosen


def decide_from_validation(
    scores: Shaped[np.ndarray, "record cls"],
    *,
    validation_labels: Integer[np.ndarray, "other cls"],
    validation_scores: Shaped[np.ndarray, "other cls"],
) -> Decisions:
    """Decide at thresholds chosen on other records.

    Args:
        scores: Of the records decided on.
        validation_labels: 1 positive, 0 negative, of the others.
        validation_scores: Of the others.
    """
    thresholds = choose_thresholds(validation_labels, validation_scores)[None]
    source = {"from": "validation part", "records": len(validation_labels), "rule": RULE}
    return Decisions(yes=scores >= thresholds, thresholds=thresholds, source=source)


def decide_across_halves(
    labels: Integer[np.ndarray, "record cls"],
    scores: Shaped[np.ndarray, "record cls"],
    patients: Sequence[str],
) -> Decisions:
    """Decide in each half of the patients at the thresholds that are best in the other half.

    Args:
        labels: 1 positive, 0 negative.
        scores: Of the same records.
        patients: Patient of each record, whose id decides the half.
    """
    half = np.array([_half(patient) for patient in patients], dtype=int)
    chosen = [choose_thresholds(labels[half != own], scores[half != own]) for own in (0, 1)]
    thresholds = np.stack(chosen)
    source = {
        "from": "the other half of the scored patients",
        "records": len(labels),
        "rule": RULE,
    }
    return Decisions(yes=scores >= thresholds[half], thresholds=thresholds, source=source)


def _half(patient: str) -> int:
    """By a hash of the patient, other than the one of the split."""
    return hashlib.sha256(f"thresholds {patient}".encode()).digest()[0] % 2
