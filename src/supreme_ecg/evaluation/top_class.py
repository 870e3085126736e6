"""Accuracy and F1 when each record gets the one class with the highest score: no threshold is chosen.

ETP reports accuracy and F1 beside AUROC for zero-shot classification; how it chooses a class is not known to
us, and this is our reading: the way CLIP classifies. Where a record has several classes it is right if the
chosen class is one of them, so recall cannot reach 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Integer


@dataclass(frozen=True, slots=True, kw_only=True)
class TopClass:
    """How good the class with the highest score is."""

    accuracy: float
    """Share of records whose highest-scored class is one of theirs."""
    macro_f1: float
    """Mean over the classes that any record has of the F1 of "this class is the highest"."""


def top_class(
    labels: Integer[np.ndarray, "record cls"], scores: Float[np.ndarray, "record cls"]
) -> TopClass:
    """Score the highest-scored class of each record.

    Args:
        labels: 1 positive, 0 negative; at least one record and one positive.
        scores: Comparable between classes; of equal ones the first class counts.
    """
    chosen = scores.argmax(axis=1)
    right = labels[np.arange(len(labels)), chosen] == 1
    found = np.bincount(chosen, minlength=labels.shape[1])
    hits = np.bincount(chosen[right], minlength=labels.shape[1])
    true = labels.sum(axis=0)
    there = true > 0
    f1 = 2 * hits[there] / (found + true)[there]
    return TopClass(accuracy=float(right.mean()), macro_f1=float(f1.mean()))
