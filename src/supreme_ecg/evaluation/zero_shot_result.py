"""What the scores of one task are: per class, on average, and beside a second model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from supreme_ecg.evaluation.bootstrap import Interval
from supreme_ecg.evaluation.exposure import Exposure
from supreme_ecg.evaluation.thresholds import Operation


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
    thresholds: tuple[float, ...]
    """Scores from which the answer is yes: one, or one for each half of the patients; none where the
    records for choosing them lack positives or negatives."""
    operation: Operation | None
    """Yes and no at these thresholds; None where there are none."""
    brier: float | None
    """Mean squared difference of probability and label; None where answers are no probabilities."""
    ece: float | None
    """Expected calibration error; None where answers are no probabilities."""


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
    f1: float | None
    """Mean F1 at the thresholds, over the classes that have them."""
    accuracy: float | None
    """Mean accuracy of yes and no at the thresholds, over the same classes."""
    classes_with_thresholds: int
    """Number of these."""
    brier: float | None
    """Mean Brier score."""
    ece: float | None
    """Mean expected calibration error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """What the first of two models gains over the second."""

    auroc: float | None
    """AUROC of the first less that of the second."""
    ci95: Interval | None
    """95 % interval, both models on the same bootstrap draws."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A second model on the same records, and the paired differences to it."""

    name: str
    """What the second model is."""
    macro: MacroScore
    """Its averages."""
    auroc: Mapping[str, float | None]
    """Class name -> its AUROC."""
    ci95: Mapping[str, Interval | None]
    """Class name -> 95 % bootstrap interval of that."""
    exposure: Mapping[str, Exposure]
    """Class name -> how far it was trained on it."""
    gain: float | None
    """Macro AUROC of the first model less that of the second."""
    gain_ci95: Interval | None
    """95 % interval of the gain, both models on the same bootstrap draws."""
    gains: Mapping[str, Gain]
    """Class name -> the difference there."""
    better: tuple[str, ...]
    """Classes with ten positives and negatives whose interval is above 0."""
    worse: tuple[str, ...]
    """The same, below 0."""
    decidable: int
    """Classes with ten positives and negatives; one in twenty of them is decided by chance alone."""
    run: Mapping[str, Any] = field(default_factory=dict)
    """What is the second model's own: weights, what they have seen, thresholds, what its answers are."""


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
    macro_by_exposure: Mapping[Exposure, MacroScore]
    """Over those that were seen, related and unseen; kinds without a class are absent."""
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
