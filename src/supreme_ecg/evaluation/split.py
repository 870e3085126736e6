"""How a task's records are divided: by the publisher's folds, or by patient."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import polars as pl
from jaxtyping import Bool, Integer
from pydantic import ConfigDict

from supreme_ecg.errors import TaskError

Part = Literal["train", "validation", "test"]

PARTS: Final[tuple[Part, ...]] = ("train", "validation", "test")

CHOICE_SHARE: Final = 0.1
"""Share of the training patients that settings are chosen on where the validation part is scored."""

_VALIDATION_FROM, _TEST_FROM = 0.7, 0.8
"""A patient's number, from 0 to 1, decides: 70 % train, 10 % validate, 20 % test."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitRule:
    """Which record is for training, which for validation, which for testing. No patient is in two."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    rule: Literal["folds", "patients"] = "patients"
    """``folds``: those of the publisher, which keep a patient's records together. ``patients``: the
    patient's id decides, so that it is the same on every machine, whatever other records there are."""
    train: tuple[int, ...] = ()
    """Folds for training; none under the rule ``patients``."""
    validation: tuple[int, ...] = ()
    """Folds for choosing thresholds and settings."""
    test: tuple[int, ...] = ()
    """Folds for testing."""

    def fault(self) -> str | None:
        """What is wrong with the rule; None where nothing is."""
        folds = [*self.train, *self.validation, *self.test]
        if self.rule == "patients":
            return f"folds {folds} under the rule 'patients'" if folds else None
        if not (self.train and self.validation and self.test):
            return "a part without folds under the rule 'folds'"
        return None if len(set(folds)) == len(folds) else "a fold in two parts"

    def parts(self, records: pl.DataFrame, *, where: object) -> pl.Series:
        """Say of each record for what it is.

        Args:
            records: Records of a store, with the columns ``fold`` and ``patient_id``.
            where: The store, for errors.

        Returns:
            ``train``, ``validation`` or ``test``; null for a record of another fold.

        Raises:
            TaskError: The rule is ``folds`` and no record has a fold, or a patient is in two parts.
        """
        if self.rule == "patients":
            parts = {patient: _part_of(patient) for patient in records["patient_id"].unique()}
            return records["patient_id"].replace_strict(parts, return_dtype=pl.String).alias("part")
        folds = records["fold"]
        if folds.is_null().all():
            raise TaskError(
                where,
                expected="records with the publisher's folds, by which the task is split",
                found="none with a fold",
                remedy="Ingest the corpus with its tables, or give the task the split 'patients'.",
            )
        part_of = {fold: part for part in PARTS for fold in getattr(self, part)}
        found = folds.replace_strict(part_of, default=None, return_dtype=pl.String).alias("part")
        crossing = _crossing(records["patient_id"], found)
        if crossing:
            raise TaskError(
                where,
                expected="each patient in one part of the split",
                found=f"{crossing} in two or more",
                remedy="Give the task other folds, or the split 'patients'.",
            )
        return found

    def rows(
        self, records: pl.DataFrame, part: str, *, where: object
    ) -> Integer[np.ndarray, " record"]:
        """Places of the records of one part.

        Raises:
            TaskError: There is none, or as :meth:`parts`.
        """
        parts = self.parts(records, where=where)
        rows = np.flatnonzero((parts == part).fill_null(value=False).to_numpy())
        if len(rows):
            return rows
        counts = dict(parts.drop_nulls().value_counts().iter_rows())
        raise TaskError(
            where,
            expected=f"records of the {part} part",
            found=f"none (the store has {counts or 'no record of any part'})",
            remedy="Choose another --part, or ingest the folds that are missing.",
        )


def held_for_choice(patients: Sequence[str]) -> Bool[np.ndarray, " record"]:
    """Which training records settings are chosen on, where the validation part is what is scored.

    Args:
        patients: Patient of each record; :data:`CHOICE_SHARE` of them is held, by a hash of the id.
    """
    held = {patient: _number(f"choice {patient}") < CHOICE_SHARE for patient in set(patients)}
    return np.array([held[patient] for patient in patients], dtype=bool)


def _number(text: str) -> float:
    """From 0 to 1, the same for the same text on every machine."""
    digest = hashlib.sha256(text.encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _part_of(patient: str) -> Part:
    number = _number(patient)
    if number < _VALIDATION_FROM:
        return "train"
    return "validation" if number < _TEST_FROM else "test"


def _crossing(patients: pl.Series, parts: pl.Series) -> int:
    """Number of patients with records in more than one part."""
    both = pl.DataFrame({"patient": patients, "part": parts}).drop_nulls().unique()
    return both.filter(pl.col("patient").is_duplicated())["patient"].n_unique()
