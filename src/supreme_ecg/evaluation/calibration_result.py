"""A calibration scored on records that it was not fitted to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import expit

from supreme_ecg.evaluation.bootstrap import Interval
from supreme_ecg.evaluation.calibration import ReportAnswers, calibrated
from supreme_ecg.evaluation.calibration_scores import ProbabilityScores, score_probabilities
from supreme_ecg.evaluation.metrics import RARE_BELOW
from supreme_ecg.evaluation.thresholds import Operation, operate
from supreme_ecg.evaluation.zero_shot import DRAWS
from supreme_ecg.models.calibration import Calibration

RELIABILITY_BINS: Final = 14
"""Bins of the reliability curve: each holds as many expected positives as the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityBin:
    """Answers of about the same probability."""

    probability: float
    """Their mean."""
    observed: float
    """Share of them that is positive."""
    ci95: Interval
    """95 % interval of the share, patients resampled."""
    answers: int
    """How many they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConceptCalibration:
    """One concept."""

    concept: str
    """Its id."""
    positives_held_out: int
    """Positives that its curve and threshold were fitted to."""
    positives: int
    """Positives among the scored records."""
    mean_before: float
    """Mean uncalibrated probability of the scored records."""
    mean_after: float
    """Mean calibrated probability."""
    threshold: float
    """Calibrated probability from which the answer is yes."""
    own_threshold: bool
    """Whether it is the concept's own."""
    operation: Operation
    """Yes and no at it, on the scored records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationResult:
    """All that a reader should know about a calibration."""

    weights: str
    """Folder of the weights."""
    calibration: Calibration
    """As stored with them."""
    cross_validated_log_loss: Mapping[str, float]
    """Form -> log loss of held-out patients that the form was not fitted to."""
    records: int
    """Records scored."""
    patients: int
    """Patients they are from."""
    before: ProbabilityScores
    """Uncalibrated."""
    after: ProbabilityScores
    """Calibrated."""
    reliability_before: tuple[ReliabilityBin, ...]
    """Uncalibrated, all concepts together."""
    reliability_after: tuple[ReliabilityBin, ...]
    """Calibrated, all concepts together."""
    operations: Mapping[str, Operation]
    """Which thresholds -> yes and no over all records and concepts together."""
    macro_f1: Mapping[str, float | None]
    """Which thresholds -> mean F1 over the concepts with ten or more scored positives."""
    concepts: tuple[ConceptCalibration, ...]
    """Each trained concept."""
    run: Mapping[str, Any]
    """How it was made."""

    def to_json(self) -> dict[str, Any]:
        """Plain values, in the form that ``docs/calibration.md`` describes."""
        return asdict(self) | {"calibration": self.calibration.to_json()}


def score_calibration(
    held_out: ReportAnswers,
    scored: ReportAnswers,
    calibration: Calibration,
    *,
    cross_validated_log_loss: Mapping[str, float],
    weights: str,
    run: Mapping[str, Any],
    seed: int = 0,
) -> CalibrationResult:
    """Score a calibration before and after, on records that took no part in it.

    Args:
        held_out: What it was fitted to.
        scored: Other patients' answers, the same concepts.
        calibration: What was fitted.
        cross_validated_log_loss: Of each form that was compared.
        weights: Folder of the weights.
        run: How it was made, for the result.
        seed: Seed of the bootstrap.
    """
    curves = [calibration.concepts.get(c, calibration.overall) for c in scored.concepts]
    before, after = expit(scored.logits.astype(np.float64)), calibrated(curves, scored.logits)
    labels, patients = scored.labels, scored.patients
    scores = [
        score_probabilities(p, labels, patients, least_positives=RARE_BELOW, draws=DRAWS, seed=seed)
        for p in (before, after)
    ]
    own = np.array([calibration.threshold_of(concept) for concept in scored.concepts])
    choices = {
        "0.5, uncalibrated": before >= 0.5,
        "0.5": after >= 0.5,
        "one threshold": after >= calibration.threshold,
        "stored thresholds": after >= own,
    }
    known = ~np.isnan(labels)
    return CalibrationResult(
        weights=weights,
        calibration=calibration,
        cross_validated_log_loss=cross_validated_log_loss,
        records=len(labels),
        patients=len(set(patients)),
        before=scores[0],
        after=scores[1],
        reliability_before=reliability(before, labels, patients, seed=seed),
        reliability_after=reliability(after, labels, patients, seed=seed),
        operations={name: operate(yes[known], labels[known]) for name, yes in choices.items()},
        macro_f1={name: _macro_f1(yes, labels) for name, yes in choices.items()},
        concepts=_by_concept(held_out, scored, calibration, before=before, after=after),
        run=run,
    )


def reliability(
    probabilities: Float[np.ndarray, "record concept"],
    labels: Float[np.ndarray, "record concept"],
    patients: Sequence[str],
    *,
    seed: int,
) -> tuple[ReliabilityBin, ...]:
    """Shares of positives among answers of about the same probability.

    Most answers are near 0, so bins with as many answers each would all lie there: these hold as
    many *expected positives* (sum of the probabilities) each.

    Args:
        probabilities: 0 to 1.
        labels: 0 to 1; NaN is left out.
        patients: Patient of each record.
        seed: Seed of the bootstrap.
    """
    known = ~np.isnan(labels)
    p, y = probabilities[known], labels[known]
    _, person = np.unique(np.asarray(patients, dtype=str), return_inverse=True)
    owner = np.broadcast_to(person[:, None], labels.shape)[known]
    order = np.argsort(p, kind="stable")
    mass = p[order].cumsum()
    number = np.empty(len(p), dtype=int)
    number[order] = np.minimum(
        (mass / mass[-1] * RELIABILITY_BINS).astype(int), RELIABILITY_BINS - 1
    )
    cell = owner * RELIABILITY_BINS + number
    shape = (int(person.max()) + 1, RELIABILITY_BINS)
    size = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)
    positive = np.bincount(cell, weights=y, minlength=shape[0] * shape[1]).reshape(shape)
    weight = np.random.default_rng(seed).multinomial(
        shape[0], np.full(shape[0], 1 / shape[0]), DRAWS
    )
    drawn = (weight @ positive) / np.maximum(weight @ size, 1)
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    return tuple(
        ReliabilityBin(
            probability=float(p[number == b].mean()),
            observed=float(y[number == b].mean()),
            ci95=(float(low[b]), float(high[b])),
            answers=int((number == b).sum()),
        )
        for b in range(RELIABILITY_BINS)
        if (number == b).any()
    )


def _macro_f1(
    yes: Bool[np.ndarray, "record concept"], labels: Float[np.ndarray, "record concept"]
) -> float | None:
    values = []
    for column in range(labels.shape[1]):
        here = ~np.isnan(labels[:, column])
        if (labels[here, column] >= 0.5).sum() >= RARE_BELOW:
            values.append(operate(yes[here, column], labels[here, column]).f1 or 0.0)
    return float(np.mean(values)) if values else None


def _by_concept(
    held_out: ReportAnswers,
    scored: ReportAnswers,
    calibration: Calibration,
    *,
    before: Float[np.ndarray, "record concept"],
    after: Float[np.ndarray, "record concept"],
) -> tuple[ConceptCalibration, ...]:
    found = []
    for column, concept in enumerate(scored.concepts):
        here = ~np.isnan(scored.labels[:, column])
        truth, threshold = scored.labels[here, column], calibration.threshold_of(concept)
        found.append(
            ConceptCalibration(
                concept=concept,
                positives_held_out=int((held_out.labels[:, column] >= 0.5).sum()),
                positives=int((truth >= 0.5).sum()),
                mean_before=float(before[here, column].mean()),
                mean_after=float(after[here, column].mean()),
                threshold=threshold,
                own_threshold=concept in calibration.thresholds,
                operation=operate(after[here, column] >= threshold, truth),
            )
        )
    return tuple(found)
