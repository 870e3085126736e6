"""Bootstrap intervals of the AUROC: patients are resampled, and no rare class ever vanishes.

One draw resamples the patients with replacement; a record weighs as often as its patient was
drawn, and the AUROC is computed with these weights, ties counted half. Two things would go wrong
with that alone:

* a class with few positive patients has none in many draws, and leaving those draws out (as is
  often done) biases its interval. So for a **class's own interval** the patients of its positive
  records and those of its negative records are resampled apart, each side as many times as it
  has patients. A side with more than ``LARGE_SIDE`` patients uses the shared draw instead: there
  only the side's total weight differs, and the AUROC divides it out.
* classes are scored on the same patients, so their errors go together. For the **macro interval**
  every class therefore uses the shared draw of patients; where a class has lost all positives or
  all negatives in a draw, its value drawn apart stands in. No draw is dropped or repeated.

A side with one single patient has nothing to resample: the interval then shows the other side's
spread only, and is too narrow. The number of positives stands beside every interval for that.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float, Float64, Integer, Shaped

from supreme_ecg.evaluation.metrics import macro, scorable

LARGE_SIDE: Final = 200
"""Patients on one side of a class above which the shared draw serves: the chance that none of
them is drawn is below e^-200, and their total weight varies by about 7 % at most."""

_BLOCK: Final = 25
"""Draws that are worked on together: their record weights stay within the processor's cache."""

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class BootstrapDraws:
    """AUROC of each class in each draw. Two models are compared draw by draw."""

    own: Float64[np.ndarray, "draw cls"]
    """For the interval of the class: positive and negative patients resampled apart."""
    joint: Float64[np.ndarray, "draw cls"]
    """For averages over classes: one resample of patients for all classes."""

    def intervals(self, *, level: float = 0.95) -> list[Interval | None]:
        """Percentile interval of each class; None where the class could not be scored."""
        return [percentile_interval(column, level=level) for column in self.own.T]

    def macro_interval(
        self, *, keep: Shaped[np.ndarray, " cls"] | None = None, level: float = 0.95
    ) -> Interval | None:
        """Percentile interval of the mean over the scorable classes (of ``keep``, if given)."""
        return percentile_interval(macro(self.joint, keep=keep), level=level)

    def __sub__(self, other: BootstrapDraws) -> BootstrapDraws:
        """Difference draw by draw: paired where labels, patients and seed were the same."""
        return BootstrapDraws(self.own - other.own, self.joint - other.joint)

    @classmethod
    def mean(cls, several: Sequence[BootstrapDraws]) -> BootstrapDraws:
        """Mean draw by draw, of scores on the same labels, patients and seed."""
        own, joint = ([getattr(one, name) for one in several] for name in ("own", "joint"))
        return cls(np.mean(own, axis=0), np.mean(joint, axis=0))


def percentile_interval(
    values: Float[np.ndarray, " draw"], *, level: float = 0.95
) -> Interval | None:
    """The central share of the draws.

    Args:
        values: One value per draw, all finite or all NaN.
        level: Share of the draws that the interval holds, in (0, 1).

    Returns:
        Lower and upper end; None where the values are NaN.
    """
    if not np.isfinite(values).all():
        return None
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def bootstrap_auroc(
    labels: Integer[np.ndarray, "record cls"],
    scores: Shaped[np.ndarray, "record cls"],
    patients: Sequence[str],
    *,
    draws: int = 1000,
    seed: int = 0,
    workers: int | None = None,
) -> BootstrapDraws:
    """Resample the patients and score every class each time.

    The result depends on ``seed``, labels, scores and patients alone: not on the order of records
    or classes, nor on ``workers``. The resampling does not look at the scores, so two models
    scored with the same seed, labels and patients are compared on the same draws.

    Args:
        labels: 1 positive, 0 negative.
        scores: The higher, the more the class is believed; finite.
        patients: Patient of each record.
        draws: Number of resamples, above 0.
        seed: Seed of the resampling.
        workers: Threads; as many as processors where None.

    Returns:
        AUROC per draw and class; NaN throughout for a class without positives or negatives.
    """
    assert labels.shape == scores.shape, "labels and scores must both be (record, class)"
    assert len(patients) == len(labels), "one patient per record"
    unique, patient_of_record = np.unique(np.asarray(patients, dtype=str), return_inverse=True)
    kept = np.flatnonzero(scorable(labels))
    ranked = [_RankedClass.of(labels[:, c], scores[:, c], patient_of_record) for c in kept]

    def run(block: int) -> tuple[np.ndarray, np.ndarray]:
        count = min(_BLOCK, draws - block * _BLOCK)
        rng = np.random.default_rng([seed, block])
        drawn = _resample(len(unique), count, rng)
        own, joint = np.full((2, count, labels.shape[1]), np.nan)
        for c, one in zip(kept, ranked, strict=True):
            own[:, c], joint[:, c] = one.score(drawn, np.random.default_rng([seed, block, 1]))
        return own, joint

    with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        blocks = list(pool.map(run, range(-(-draws // _BLOCK))))
    return BootstrapDraws(*(np.concatenate(parts) for parts in zip(*blocks, strict=True)))


def _resample(
    patients: int, draws: int, rng: np.random.Generator
) -> Integer[np.ndarray, "draw patient"]:
    """How often each patient comes up in each draw of as many patients as there are."""
    drawn = rng.integers(0, patients, (draws, patients))
    counts = [np.bincount(row, minlength=patients) for row in drawn]
    return np.stack(counts).astype(np.int16)


@dataclass(frozen=True, slots=True)
class _Side:
    """The positive or the negative records of a class, in the order of their scores."""

    patient: Integer[np.ndarray, " record"]
    """Index of the patient of each record, among all patients."""
    place: Integer[np.ndarray, " record"]
    """Index of the patient of each record, among the patients of this side."""
    patients: int
    """Number of patients on this side."""

    @classmethod
    def of(cls, patient: Integer[np.ndarray, " record"]) -> _Side:
        unique, place = np.unique(patient, return_inverse=True)
        return cls(patient, place, len(unique))

    def shared(self, drawn: Integer[np.ndarray, "draw patient"]) -> np.ndarray:
        """Weight of each record (draw, record) in the shared draws."""
        return drawn.take(self.patient, axis=1)

    def apart(self, draws: int, rng: np.random.Generator) -> np.ndarray | None:
        """Weight of each record (draw, record), this side resampled by itself; None if large."""
        if self.patients > LARGE_SIDE:
            return None
        return _resample(self.patients, draws, rng).take(self.place, axis=1)


@dataclass(frozen=True, slots=True)
class _RankedClass:
    """One class with its scores ranked once, for any number of reweightings."""

    positive: _Side
    negative: _Side
    below: Integer[np.ndarray, " positive"]
    """For each positive record, how many negative records score lower."""
    up_to: Integer[np.ndarray, " positive"]
    """For each positive record, how many negative records score lower or the same."""

    @classmethod
    def of(cls, labels: np.ndarray, scores: np.ndarray, patient: np.ndarray) -> _RankedClass:
        order = np.argsort(scores)
        positive, negative = order[labels[order] == 1], order[labels[order] == 0]
        return cls(
            _Side.of(patient[positive]),
            _Side.of(patient[negative]),
            np.searchsorted(scores[negative], scores[positive], side="left"),
            np.searchsorted(scores[negative], scores[positive], side="right"),
        )

    def score(
        self, drawn: Integer[np.ndarray, "draw patient"], rng: np.random.Generator
    ) -> tuple[Float[np.ndarray, " draw"], Float[np.ndarray, " draw"]]:
        """AUROC of each draw with the sides resampled apart, and with the shared draw."""
        shared_weights = self.positive.shared(drawn)
        shared_places = self._places(self.negative.shared(drawn))
        joint = _weighted_mean(shared_places, shared_weights)
        positive, negative = (
            side.apart(len(drawn), rng) for side in (self.positive, self.negative)
        )
        if positive is None and negative is None:
            return joint, joint
        own = _weighted_mean(
            shared_places if negative is None else self._places(negative),
            shared_weights if positive is None else positive,
        )
        return own, np.where(np.isnan(joint), own, joint)

    def _places(self, negative_weights: np.ndarray) -> Float[np.ndarray, "draw positive"]:
        """Weighted share of the negative records below each positive one, ties half.

        The mean of these "placement values" over the positive records is the AUROC
        (DeLong et al. 1988).
        """
        sums = np.zeros((len(negative_weights), negative_weights.shape[1] + 1), dtype=np.int32)
        np.cumsum(negative_weights, axis=1, dtype=np.int32, out=sums[:, 1:])
        twice = sums.take(self.below, axis=1) + sums.take(self.up_to, axis=1)
        with np.errstate(invalid="ignore"):
            return np.asarray(twice / (2.0 * sums[:, -1:]))


def _weighted_mean(values: np.ndarray, weights: np.ndarray) -> Float[np.ndarray, " draw"]:
    """Mean along the records of each draw; NaN where all of them weigh nothing."""
    total = weights.sum(axis=1, dtype=np.int64)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.einsum("br,br->b", values, weights.astype(np.float64)) / total)
