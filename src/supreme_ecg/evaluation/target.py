"""What a probe may learn from the signal though no statement names it: age and sex.

A target is no zero-shot task: nothing is asked in words. Sex is a binary target scored by AUROC; age
is a number of years scored by the mean absolute error, for which no limit of age has to be chosen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import polars as pl
from jaxtyping import Float

from supreme_ecg.errors import TaskError
from supreme_ecg.evaluation.split import SplitRule
from supreme_ecg.evaluation.task import tasks_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A column of a store's records that a probe predicts."""

    name: str
    """As on the command line."""
    title: str
    """One line for people."""
    column: Literal["age_years", "sex"]
    """Column of the records."""
    positive: str | None
    """The value that counts as 1; None for a number."""
    measure: Literal["auroc", "mean_absolute_error"]
    """What it is scored by."""

    @classmethod
    def named(cls, name: str) -> Target:
        """Look up a target.

        Raises:
            TaskError: There is no such target.
        """
        if name in TARGETS:
            return TARGETS[name]
        raise TaskError(
            f"target {name!r}",
            expected=f"one of {', '.join(TARGETS)}",
            found="no such target",
            remedy="Choose one of these.",
        )

    def values(self, records: pl.DataFrame) -> Float[np.ndarray, " record"]:
        """What is to be predicted of each record.

        Args:
            records: Records of a store.

        Returns:
            Years, or 1 and 0; NaN where the corpus does not say. (PTB-XL gives everyone over 89 the
            age 300: the store leaves it unknown, and so does this.)
        """
        column = records[self.column]
        if self.positive is not None:
            column = column == self.positive
        return column.cast(pl.Float64).fill_null(float("nan")).to_numpy()

    def split(self, corpus: str) -> SplitRule:
        """How the records of a corpus are divided: as its tasks are."""
        return next((task.split for task in tasks_of(corpus)), SplitRule())


TARGETS: Final = {
    target.name: target
    for target in (
        Target(
            name="age",
            title="Age at recording, years",
            column="age_years",
            positive=None,
            measure="mean_absolute_error",
        ),
        Target(
            name="sex",
            title="Sex, female against male",
            column="sex",
            positive="female",
            measure="auroc",
        ),
    )
}
"""Name -> target."""
