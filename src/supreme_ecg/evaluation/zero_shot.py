"""Zero-shot scores of one task: per class and on average, with intervals and honest exposure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

import numpy as np
from jaxtyping import Float, Integer

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.errors import WeightsError
from supreme_ecg.evaluation.bootstrap import Interval, bootstrap_auroc
from supreme_ecg.evaluation.metrics import RARE_BELOW, auroc, average_precision, macro
from supreme_ecg.evaluation.task import Task

Exposure = Literal["seen", "related", "unseen"]

DRAWS: Final = 1000
"""Bootstrap resamples behind every interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassScore:
    """How well one class was told from the rest of the task's records."""

    name: str
    """The class's name in the task."""
    concept: str
    """Its concept id."""
    exposure: Exposure
    """Whether the concept, or one above or below it, was trained."""
    positives: int
    """Records that have the class."""
    auroc: float | None
    """0 to 1; None where there are no positives or no negatives: not scored."""
    ci95: Interval | None
    """95 % bootstrap interval of the AUROC."""
    auprc: float | None
    """Average precision, 0 to 1; chance is the share of positives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MacroScore:
    """Mean over classes, each counting the same."""

    auroc: float | None
    """None where no class could be scored."""
    ci95: Interval | None
    """95 % bootstrap interval of the mean AUROC."""
    auprc: float | None
    """Mean average precision."""
    classes: int
    """Number of classes averaged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A second model on the same records, and the paired difference to it."""

    name: str
    """What the second model is."""
    macro: MacroScore
    """Its averages."""
    auroc: Mapping[str, float | None]
    """Class name -> its AUROC."""
    gain: float | None
    """Macro AUROC of the first model less that of the second."""
    gain_ci95: Interval | None
    """95 % interval of the gain, both models on the same bootstrap draws."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZeroShotResult:
    """Scores of one task."""

    task: str
    """Name of the task."""
    weights: str
    """Name or folder of the weights."""
    records: int
    """Records scored."""
    patients: int
    """Patients they are from."""
    macro: MacroScore
    """Over all classes that could be scored."""
    macro_min10: MacroScore
    """Over those with at least ten positives."""
    classes: tuple[ClassScore, ...]
    """In the order of the task, those that could not be scored in their places."""
    comparison: Comparison | None = None
    """A second model, where one was asked for."""
    run: Mapping[str, Any] = field(default_factory=dict)
    """How it was made: store, folds, seed, contract, in-domain or not."""

    @property
    def not_scored(self) -> tuple[str, ...]:
        """Names of the classes without positives or without negatives."""
        return tuple(one.name for one in self.classes if one.auroc is None)

    def to_json(self) -> dict[str, Any]:
        """Plain values, in the form that ``docs/evaluation.md`` describes."""
        values = asdict(self) | {"run": dict(self.run), "not_scored": list(self.not_scored)}
        values["classes"] = list(values["classes"])
        return {key: value for key, value in values.items() if value is not None}


def zero_shot(
    task: Task,
    labels: Integer[np.ndarray, "record cls"],
    scores: Float[np.ndarray, "record cls"],
    patients: Sequence[str],
    *,
    exposure: Mapping[str, Exposure],
    seed: int,
    weights: str,
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

    Returns:
        Scores in the order of the classes.

    Raises:
        WeightsError: A score is not a number.
    """
    require_finite(scores, weights=weights)
    areas, precisions = auroc(labels, scores), average_precision(labels, scores)
    draws = bootstrap_auroc(labels, scores, patients, draws=DRAWS, seed=seed)
    positives = labels.sum(axis=0, dtype=int)

    def average(keep: np.ndarray) -> MacroScore:
        return MacroScore(
            auroc=_number(macro(areas, keep=keep)),
            ci95=draws.macro_interval(keep=keep),
            auprc=_number(macro(precisions, keep=keep)),
            classes=int(np.isfinite(areas[keep]).sum()),
        )

    classes = (
        ClassScore(
            name=one.name,
            concept=one.concept,
            exposure=exposure[one.concept],
            positives=int(count),
            auroc=_number(area),
            ci95=interval,
            auprc=_number(precision),
        )
        for one, count, area, interval, precision in zip(
            task.classes, positives, areas, draws.intervals(), precisions, strict=True
        )
    )
    return ZeroShotResult(
        task=task.name,
        weights=weights,
        records=len(labels),
        patients=len(set(patients)),
        macro=average(positives >= 0),
        macro_min10=average(positives >= RARE_BELOW),
        classes=tuple(classes),
    )


def compare(
    labels: Integer[np.ndarray, "record cls"],
    scores: Float[np.ndarray, "record cls"],
    patients: Sequence[str],
    *,
    other: ZeroShotResult,
    other_scores: Float[np.ndarray, "record cls"],
    seed: int,
) -> Comparison:
    """Set a second model beside the first, on the same records and the same bootstrap draws.

    Args:
        labels: 1 positive, 0 negative.
        scores: Of the first model.
        patients: Patient of each record.
        other: Result of the second model on these labels.
        other_scores: Of the second model.
        seed: Seed of the bootstrap.

    Returns:
        The second model's averages and what the first gains over it.
    """
    first, second = (
        bootstrap_auroc(labels, each, patients, draws=DRAWS, seed=seed)
        for each in (scores, other_scores)
    )
    return Comparison(
        name=other.weights,
        macro=other.macro,
        auroc={one.name: one.auroc for one in other.classes},
        gain=_number(macro(auroc(labels, scores)) - macro(auroc(labels, other_scores))),
        gain_ci95=(first - second).macro_interval(),
    )


def exposure_of(concept: str, trained: Collection[str], table: ConceptTable) -> Exposure:
    """How far a concept was trained, so that "zero-shot" is never said of a trained class.

    Args:
        concept: Concept id.
        trained: Ids of the concepts that had a label column in pre-training.
        table: For the ancestors and descendants.

    Returns:
        ``seen``: the concept itself was trained. ``related``: one above or below it was.
        ``unseen``: neither.

    Raises:
        ConceptError: The table has no such concept.
    """
    known = table[concept].id
    if known in trained:
        return "seen"
    relatives = table.ancestors(known) | table.descendants(known)
    return "unseen" if relatives.isdisjoint(trained) else "related"


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


def _number(value: np.ndarray | float) -> float | None:
    number = float(value)
    return number if np.isfinite(number) else None
