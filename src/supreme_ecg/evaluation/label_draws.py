"""Which labels a probe may learn from: a share of the training part, or a few positives of each class.

Draws are of patients, whole. Draw n of every share and number of shots follows one shuffled list of
patients, so a larger draw goes on from a smaller one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Int8, Integer


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelDraw:
    """Some records of the training part with their labels."""

    number: int
    """Which draw, from 0."""
    places: Integer[np.ndarray, " drawn"]
    """Places in the training part, ascending."""
    labels: Float32[np.ndarray, "drawn cls"]
    """1 or 0; NaN where the label is hidden from the probe."""

    @property
    def positives(self) -> Integer[np.ndarray, " cls"]:
        """Positive records of each class."""
        return np.asarray((self.labels == 1).sum(axis=0))

    @property
    def trainable(self) -> Bool[np.ndarray, " cls"]:
        """Which classes have a positive and a negative."""
        return np.asarray((self.positives > 0) & (self.labels == 0).any(axis=0))


class Amount(NamedTuple):
    """How many labels are learnt from: one of the two is None."""

    fraction: float | None
    """Share of the training part."""
    shots: int | None
    """Positives of each class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """All amounts of labels that a probe is tried with."""

    fractions: tuple[float, ...] = (0.01, 0.1, 1.0)
    """Shares of the labels, above 0; at 1 there is one draw, for all are the same."""
    shots: tuple[int, ...] = ()
    """Positives per class, for few-shot probes."""
    draws: int = 5
    """Draws of labels at each amount."""
    seed: int = 0
    """Of the draws, and of the bootstrap of their scores."""

    def __len__(self) -> int:
        """Draws of all amounts together."""
        shares = sum(self.draws if share < 1 else 1 for share in self.fractions)
        return shares + self.draws * len(self.shots)

    def draw(
        self, labels: Int8[np.ndarray, "record cls"], patients: Sequence[str]
    ) -> Iterator[tuple[Amount, list[LabelDraw]]]:
        """Each amount with its draws.

        Args:
            labels: Of the training part, 1 and 0.
            patients: Patient of each record.
        """
        for share in self.fractions:
            yield (
                Amount(share, None),
                [
                    draw_fraction(labels, patients, fraction=share, number=n, seed=self.seed)
                    for n in range(self.draws if share < 1 else 1)
                ],
            )
        for count in self.shots:
            yield (
                Amount(None, count),
                [
                    draw_shots(labels, patients, shots=count, number=n, seed=self.seed)
                    for n in range(self.draws)
                ],
            )


def draw_fraction(
    labels: Int8[np.ndarray, "record cls"],
    patients: Sequence[str],
    *,
    fraction: float,
    number: int,
    seed: int = 0,
) -> LabelDraw:
    """Draw a share of the records, by patient, so that as many classes as possible keep a positive.

    The first patient of the shuffled list who has it is taken for each class, the rarest class first, as
    long as the share allows; then patients in the order of the list. So rare classes are commoner in a
    small draw than in the corpus.

    Args:
        labels: Of the training part, 1 and 0.
        patients: Patient of each record.
        fraction: Share of the records, above 0; 1 is all.
        number: Which draw.
        seed: Of all draws.
    """
    most = max(1, round(fraction * len(labels)))
    if most >= len(labels):
        everything = np.arange(len(labels))
        return LabelDraw(number=number, places=everything, labels=labels.astype(np.float32))
    place, of_record, has = _shuffled(labels, patients, number=number, seed=seed)
    sizes = np.bincount(of_record, minlength=len(place))
    taken = np.zeros(len(place), dtype=bool)
    for column in np.argsort(has.sum(axis=0), kind="stable"):
        first = next(iter(place[has[place, column]]), None)
        is_there = first is None or bool(has[taken, column].any())
        if not is_there and sizes[taken].sum() + sizes[first] <= most:
            taken[first] = True
    rest = place[~taken[place]]
    room = most - sizes[taken].sum()
    taken[rest[np.cumsum(sizes[rest]) <= room]] = True
    places = np.flatnonzero(taken[of_record])
    return LabelDraw(number=number, places=places, labels=labels[places].astype(np.float32))


def draw_shots(
    labels: Int8[np.ndarray, "record cls"],
    patients: Sequence[str],
    *,
    shots: int,
    number: int,
    seed: int = 0,
) -> LabelDraw:
    """Draw some positive records of each class, of as many patients, or all where there are fewer.

    Every class is learnt from its own positives and, as negatives, from those drawn for other classes.
    Positives that came with another class are hidden, so that no class has more than its shots.

    Args:
        labels: Of the training part, 1 and 0.
        patients: Patient of each record.
        shots: Positives of each class, above 0.
        number: Which draw.
        seed: Of all draws.
    """
    place, of_record, _ = _shuffled(labels, patients, number=number, seed=seed)
    rank = np.empty(len(place), dtype=int)
    rank[place] = np.arange(len(place))
    in_order = np.argsort(rank[of_record], kind="stable")
    own = np.zeros(labels.shape, dtype=bool)
    for column in range(labels.shape[1]):
        positive = in_order[labels[in_order, column] == 1]
        _, first_of_patient = np.unique(rank[of_record[positive]], return_index=True)
        own[positive[first_of_patient[:shots]], column] = True
    places = np.flatnonzero(own.any(axis=1))
    hidden = (labels == 1) & ~own
    shown = np.where(hidden, np.nan, labels).astype(np.float32)
    return LabelDraw(number=number, places=places, labels=shown[places])


def _shuffled(
    labels: Int8[np.ndarray, "record cls"], patients: Sequence[str], *, number: int, seed: int
) -> tuple[
    Integer[np.ndarray, " patient"],
    Integer[np.ndarray, " record"],
    Bool[np.ndarray, "patient cls"],
]:
    """Patients in random order, the patient of each record, and which classes each patient has."""
    unique, of_record = np.unique(np.asarray(patients, dtype=str), return_inverse=True)
    order = np.random.default_rng([seed, number]).permutation(len(unique))
    has = np.zeros((len(unique), labels.shape[1]), dtype=bool)
    np.logical_or.at(has, of_record, labels == 1)
    return order, of_record, has
