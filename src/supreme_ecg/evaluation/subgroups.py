"""Scores by sex and by age, each group beside all records on the same classes.

A group has its own mix of classes, so its macro average alone says little: next to it stands the
average of all records over exactly the classes that the group could score.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from jaxtyping import Bool, Float, Integer

from supreme_ecg.evaluation.bootstrap import Interval, bootstrap_auroc
from supreme_ecg.evaluation.metrics import RARE_BELOW, auroc, macro, number

AGE_GROUPS: Final = (
    ("under 40", 0.0, 40.0),
    ("40-59", 40.0, 60.0),
    ("60-79", 60.0, 80.0),
    ("80 and over", 80.0, np.inf),
)
"""Name, first age and the age that is no longer in it, years."""
UNKNOWN: Final = "not given"
"""Records without age or sex. In PTB-XL everyone over 89 is without age."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupClass:
    """One class in one group."""

    name: str
    """The class's name in the task."""
    positives: int
    """Records of the group that have it."""
    auroc: float | None
    """None where the group has no positives or no negatives."""
    ci95: Interval | None
    """95 % bootstrap interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupScore:
    """One group of patients."""

    division: str
    """``sex`` or ``age``."""
    group: str
    """Which part of it."""
    records: int
    """Records of the group that the task scores."""
    patients: int
    """Their patients."""
    classes_averaged: int
    """Classes with at least ten positives and ten negatives in the group."""
    auroc: float | None
    """Mean AUROC over these in the group; None where there is none."""
    ci95: Interval | None
    """95 % bootstrap interval of the mean."""
    auroc_all: float | None
    """Mean AUROC over the same classes among all records."""
    classes: tuple[GroupClass, ...]
    """Every class of the task, in its order."""


def divisions(records: pl.DataFrame) -> Iterator[tuple[str, str, Bool[np.ndarray, " record"]]]:
    """Yield each division, the name of a group in it and which records are in the group.

    Args:
        records: Rows of a store, with the columns ``sex`` and ``age_years``.
    """
    sex, age = records["sex"], records["age_years"]
    for name in ("female", "male"):
        yield "sex", name, (sex == name).fill_null(value=False).to_numpy()
    yield "sex", UNKNOWN, sex.is_null().to_numpy()
    for name, first, end in AGE_GROUPS:
        inside = (age >= first) & (age < end)
        yield "age", name, inside.fill_null(value=False).to_numpy()
    yield "age", UNKNOWN, age.is_null().to_numpy()


def score_groups(
    labels: Integer[np.ndarray, "record cls"],
    scores: Float[np.ndarray, "record cls"],
    patients: Sequence[str],
    *,
    records: pl.DataFrame,
    names: Sequence[str],
    draws: int,
    seed: int,
) -> tuple[GroupScore, ...]:
    """Score every group that has a record.

    Args:
        labels: 1 positive, 0 negative.
        scores: The higher, the more the class is believed.
        patients: Patient of each record.
        records: The same records with ``sex`` and ``age_years``.
        names: Name of each class.
        draws: Bootstrap resamples.
        seed: Seed of the bootstrap.
    """
    of_all = auroc(labels, scores)
    owners = np.asarray(patients, dtype=str)

    def score(division: str, group: str, inside: np.ndarray) -> GroupScore:
        own, answers, people = labels[inside], scores[inside], owners[inside].tolist()
        areas = auroc(own, answers)
        resampled = bootstrap_auroc(own, answers, people, draws=draws, seed=seed)
        positives = own.sum(axis=0, dtype=int)
        keep = (positives >= RARE_BELOW) & (len(own) - positives >= RARE_BELOW)
        classes = (
            GroupClass(name=name, positives=int(count), auroc=number(area), ci95=interval)
            for name, count, area, interval in zip(
                names, positives, areas, resampled.intervals(), strict=True
            )
        )
        return GroupScore(
            division=division,
            group=group,
            records=len(own),
            patients=len(set(people)),
            classes_averaged=int(keep.sum()),
            auroc=number(macro(areas, keep=keep)),
            ci95=resampled.macro_interval(keep=keep) if keep.any() else None,
            auroc_all=number(macro(of_all, keep=keep)),
            classes=tuple(classes),
        )

    return tuple(
        score(division, group, inside)
        for division, group, inside in divisions(records)
        if inside.any()
    )
