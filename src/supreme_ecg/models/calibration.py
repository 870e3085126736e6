"""Logits -> probabilities that are as often right as they say, and thresholds; stored with the weights."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from jaxtyping import Float

from supreme_ecg.errors import WeightsError
from supreme_ecg.models.checkpoint import DESCRIPTION

KEY: Final = "calibration"
"""Where a calibration stands in the description of a checkpoint."""
ThresholdRule = Literal["f1", "youden"]
_RULES: Final[dict[ThresholdRule, str]] = {"f1": "F1", "youden": "sensitivity + specificity"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A rising curve from logit to calibrated logit, so that no ranking changes."""

    scale: float = 1.0
    """Factor, above 0."""
    shift: float = 0.0
    """Added after it."""
    knots: tuple[tuple[float, float], ...] = ()
    """(logit, calibrated logit), both rising: lines between them and of slope 1 beyond the ends. In
    place of scale and shift where there are any."""

    def __call__(self, logits: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
        """Calibrated logits."""
        if not self.knots:
            return self.scale * logits + self.shift
        before, after = np.array(self.knots).T
        inside = np.clip(logits, before[0], before[-1])
        return np.asarray(np.interp(inside, before, after) + (logits - inside))


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What makes a model's logits probabilities, and the probabilities that count as a yes."""

    meaning: str
    """What the probability is of, for people."""
    method: str
    """Which form was chosen, of those that were compared."""
    overall: Curve
    """For questions about anything but the trained concepts."""
    concepts: Mapping[str, Curve] = field(default_factory=dict)
    """Trained concept id -> its own curve; absent = ``overall``."""
    rule: ThresholdRule
    """What the thresholds maximise on the held-out patients: F1, or sensitivity + specificity."""
    minimum_positives: int
    """Held-out records with the concept below which it has no threshold of its own."""
    threshold: float
    """Calibrated probability from which the answer is yes, over all concepts together."""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    """Concept id -> its own threshold; absent = ``threshold``."""
    source: Mapping[str, Any] = field(default_factory=dict)
    """What it was fitted on: corpus, folds, records, patients."""

    def apply(
        self, logits: Float[np.ndarray, "batch query"], concepts: Sequence[str | None]
    ) -> Float[np.ndarray, "batch query"]:
        """Calibrate logits.

        Args:
            logits: Of the model.
            concepts: Concept that each query names; None where it names none.

        Returns:
            Calibrated logits, float32.
        """
        curves = [self.concepts.get(concept or "", self.overall) for concept in concepts]
        scale, shift = np.array([[curve.scale, curve.shift] for curve in curves]).T
        calibrated = scale * logits + shift
        for column, curve in enumerate(curves):
            if curve.knots:
                calibrated[:, column] = curve(logits[:, column].astype(np.float64))
        return np.asarray(calibrated, dtype=np.float32)

    def threshold_of(self, concept: str | None) -> float:
        """Calibrated probability from which the answer about a concept is yes.

        Args:
            concept: Concept id; None for a question that names none.
        """
        return self.thresholds.get(concept or "", self.threshold)

    def to_json(self) -> dict[str, Any]:
        """Plain values with a checksum; :meth:`from_json` reads them back."""
        values = json.loads(json.dumps(asdict(self)))
        return {**values, "sha256": _digest(values)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any], *, where: object) -> Calibration:
        """Read what :meth:`to_json` wrote.

        Raises:
            WeightsError: It was changed or damaged since.
        """
        own = {key: value for key, value in dict(values).items() if key != "sha256"}
        if _digest(own) != values.get("sha256"):
            raise WeightsError(
                where,
                expected="the calibration that `supreme calibrate` wrote",
                found="one that was changed since",
                remedy="Calibrate these weights again, or copy the checkpoint again.",
            )
        concepts = {concept: _curve(curve) for concept, curve in own["concepts"].items()}
        return cls(**(own | {"overall": _curve(own["overall"]), "concepts": concepts}))


def say_meaning(calibration: Calibration | None, *, similarity: bool = False) -> str:
    """What a model's answers are, in one sentence: to be shown wherever they are.

    Args:
        calibration: Of the model.
        similarity: Its answers are cosines as long as it has no calibration.
    """
    if calibration is None and similarity:
        return (
            "Similarities of ECG and question, -1 to 1, no probabilities: they rank ECGs for one question, "
            "and say nothing between questions."
        )
    if calibration is None:
        return "Probabilities are not calibrated: use them to rank, not as frequencies."
    return (
        f"Probability: {calibration.meaning}; calibrated on whole 12-lead recordings. "
        f"Yes from: the threshold with the highest {_RULES[calibration.rule]} among held-out patients."
    )


def store_calibration(folder: Path, calibration: Calibration) -> None:
    """Write a calibration into the description of weights, in place of any other; weights stay as they are.

    Args:
        folder: A checkpoint that can be read.
        calibration: Fitted to these weights.
    """
    path = folder / DESCRIPTION
    description = json.loads(path.read_text()) | {KEY: calibration.to_json()}
    partial = folder / f".{DESCRIPTION}"
    partial.write_text(json.dumps(description, indent=1) + "\n")
    os.replace(partial, path)


def _curve(values: Mapping[str, Any]) -> Curve:
    knots = tuple([(float(x), float(y)) for x, y in values["knots"]])
    return Curve(scale=values["scale"], shift=values["shift"], knots=knots)


def _digest(values: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
