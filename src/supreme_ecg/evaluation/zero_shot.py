"""Zero-shot scores of one task: per class and on average, with intervals and honest exposure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any, Final

import numpy as np
from jaxtyping import Bool, Float, Integer

from supreme_ecg.errors import WeightsError
from supreme_ecg.evaluation.bootstrap import BootstrapDraws, bootstrap_auroc
from supreme_ecg.evaluation.calibration_scores import calibration_error
from supreme_ecg.evaluation.decisions import (
    Decisions,
    decide_across_halves,
    decide_from_validation,
)
from supreme_ecg.evaluation.exposure import EXPOSURES, Exposure
from supreme_ecg.evaluation.metrics import (
    RARE_BELOW,
    auroc,
    average_precision,
    number,
    scorable,
)
from supreme_ecg.evaluation.task import Task
from supreme_ecg.evaluation.thresholds import operate
from supreme_ecg.evaluation.zero_shot_result import ClassScore, MacroScore, ZeroShotResult

DRAWS: Final = 1000
"""Bootstrap resamples behind every interval."""


def zero_shot(
    task: Task,
    labels: Integer[np.ndarray, "record cls"],
    scores: Float[np.ndarray, "record cls"],
    patients: Sequence[str],
    *,
    exposure: Mapping[str, Exposure],
    seed: int,
    weights: str,
    probable: bool = True,
    validation: tuple[np.ndarray, np.ndarray] | None = None,
) -> ZeroShotResult:
    """Score a task. No model, no file: labels and scores in, numbers out.

    Args:
        task: Its classes name the columns.
        labels: 1 positive, 0 negative, as :meth:`Task.labels` makes them.
        scores: Of each record for each class's prompt; the higher, the more believed.
        patients: Patient of each record, the unit of resampling.
        exposure: Concept id -> how far it was trained, for every class.
        seed: Seed of the bootstrap.
        weights: What gave the scores, for the result and for errors.
        probable: The scores are probabilities, so that it makes sense to ask how far they are right.
        validation: Labels and scores of other records (record, cls), on which thresholds are chosen. Without
            them each half of the patients is decided on at the thresholds of the other.

    Returns:
        Scores in the order of the classes.

    Raises:
        WeightsError: A score is not a number.
    """
    require_finite(scores, weights=weights)
    if validation is None:
        decisions = decide_across_halves(labels, scores, patients)
    else:
        require_finite(validation[1], weights=weights)
        decisions = decide_from_validation(
            scores, validation_labels=validation[0], validation_scores=validation[1]
        )
    draws = bootstrap_auroc(labels, scores, patients, draws=DRAWS, seed=seed)
    classes = _classes(
        task, labels, scores, exposure=exposure, decisions=decisions, probable=probable, draws=draws
    )
    positives = labels.sum(axis=0, dtype=int)
    kinds = np.array([one.exposure for one in classes])
    return ZeroShotResult(
        task=task.name,
        weights=weights,
        records=len(labels),
        patients=len(set(patients)),
        macro=_average(classes, draws, positives >= 0),
        macro_min10=_average(classes, draws, positives >= RARE_BELOW),
        macro_by_exposure={
            kind: _average(classes, draws, kinds == kind)
            for kind in EXPOSURES
            if (kinds == kind).any()
        },
        classes=classes,
        run={"thresholds": _source(decisions, classes)},
    )


def _classes(
    task: Task,
    labels: Integer[np.ndarray, "record cls"],
    scores: Float[np.ndarray, "record cls"],
    *,
    exposure: Mapping[str, Exposure],
    decisions: Decisions,
    probable: bool,
    draws: BootstrapDraws,
) -> tuple[ClassScore, ...]:
    """Each class by itself."""
    areas, precisions = auroc(labels, scores), average_precision(labels, scores)
    intervals, scored = draws.intervals(), scorable(labels)

    def score(cls: int) -> ClassScore:
        one, truth, answers = task.classes[cls], labels[:, cls].astype(float), scores[:, cls]
        has_thresholds = scored[cls] and decisions.there[cls]
        has_probabilities = scored[cls] and probable
        return ClassScore(
            name=one.name,
            concept=one.concept,
            exposure=exposure[one.concept],
            positives=int(truth.sum()),
            auroc=number(areas[cls]),
            ci95=intervals[cls],
            auprc=number(precisions[cls]),
            thresholds=decisions.thresholds_of(cls) if has_thresholds else (),
            operation=operate(decisions.yes[:, cls], truth) if has_thresholds else None,
            brier=float(((answers - truth) ** 2).mean()) if has_probabilities else None,
            ece=calibration_error(answers, truth) if has_probabilities else None,
        )

    return tuple(score(cls) for cls in range(len(task.classes)))


def _average(
    classes: Sequence[ClassScore], draws: BootstrapDraws, keep: Bool[np.ndarray, " cls"]
) -> MacroScore:
    """Mean over some classes, as far as they have a value."""
    kept = [one for one, is_kept in zip(classes, keep, strict=True) if is_kept]
    decided = [one.operation for one in kept if one.operation is not None]
    return MacroScore(
        auroc=_mean(one.auroc for one in kept),
        ci95=draws.macro_interval(keep=keep),
        auprc=_mean(one.auprc for one in kept),
        classes=sum(one.auroc is not None for one in kept),
        f1=_mean(one.f1 for one in decided),
        accuracy=_mean(one.accuracy for one in decided),
        classes_with_thresholds=len(decided),
        brier=_mean(one.brier for one in kept),
        ece=_mean(one.ece for one in kept),
    )


def _mean(values: Iterable[float | None]) -> float | None:
    present = [value for value in values if value is not None]
    return fmean(present) if present else None


def _source(decisions: Decisions, classes: Sequence[ClassScore]) -> dict[str, Any]:
    """Where the thresholds are from, and which classes that were scored lack them."""
    without = [one.name for one in classes if one.auroc is not None and one.operation is None]
    return {**decisions.source, "classes_without": without}


def require_finite(scores: Float[np.ndarray, "record cls"], *, weights: str) -> None:
    """Stop at the first score that is NaN or infinite.

    Raises:
        WeightsError: Saying how many records are concerned.
    """
    bad = int((~np.isfinite(scores)).any(axis=1).sum())
    if bad:
        raise WeightsError(
            weights,
            expected="a finite score for every record and query",
            found=f"NaN or infinity for {bad} of {len(scores)} records",
            remedy="The weights are damaged or their training diverged: train or fetch them again.",
        )
