"""Operating thresholds: the probability from which an answer counts as a yes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from supreme_ecg.models.calibration import ThresholdRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """How yes and no come out at a threshold. None where nothing is there to divide by."""

    sensitivity: float | None
    """Share of the positives that are said yes to."""
    specificity: float | None
    """Share of the negatives that are said no to."""
    precision: float | None
    """Share of the yeses that are positive."""
    f1: float | None
    """Harmonic mean of precision and sensitivity."""
    accuracy: float | None
    """Share of the answers that are right."""


def choose_threshold(
    probabilities: Float[np.ndarray, " pair"],
    labels: Float[np.ndarray, " pair"],
    *,
    rule: ThresholdRule,
) -> float:
    """The threshold at which F1, or sensitivity + specificity, is highest.

    Args:
        probabilities: 0 to 1.
        labels: Counted as positive from 0.5 on; none NaN; both kinds there.
        rule: What is maximised.

    Returns:
        Half-way between the last probability that counts as a yes and the first that does not; the
        lowest such threshold where several are best.
    """
    order = np.argsort(-probabilities, kind="stable")
    ranked, positive = probabilities[order].astype(np.float64), labels[order] >= 0.5
    yes = np.arange(1, len(ranked) + 1)
    hits = positive.cumsum()
    if rule == "f1":
        merit = 2 * hits / (yes + hits[-1])
    else:
        merit = hits / hits[-1] - (yes - hits) / (len(ranked) - hits[-1])
    ends = np.append(ranked[1:] < ranked[:-1], True)
    merit = np.where(ends, merit, -np.inf)
    best = len(merit) - 1 - int(np.argmax(merit[::-1]))
    below = ranked[best + 1] if best + 1 < len(ranked) else 0.0
    return float((ranked[best] + below) / 2)


def operate(yes: Bool[np.ndarray, " pair"], labels: Float[np.ndarray, " pair"]) -> Operation:
    """Count yes and no against labels.

    Args:
        yes: Answers.
        labels: Counted as positive from 0.5 on; none NaN.
    """
    positive = labels >= 0.5
    hits, found, true = int((yes & positive).sum()), int(yes.sum()), int(positive.sum())
    return Operation(
        sensitivity=_share(hits, true),
        specificity=_share(int((~yes & ~positive).sum()), len(labels) - true),
        precision=_share(hits, found),
        f1=_share(2 * hits, found + true),
        accuracy=_share(int((yes == positive).sum()), len(labels)),
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
