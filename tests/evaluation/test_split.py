"""Splits: by the publisher's folds or by patient, and never across a patient."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from supreme_ecg.errors import TaskError
from supreme_ecg.evaluation.split import PARTS, SplitRule
from supreme_ecg.evaluation.task import Task, task_names

FOLDS = SplitRule(rule="folds", train=(1, 2), validation=(3,), test=(4,))


def records(folds: list[int | None], patients: list[str]) -> pl.DataFrame:
    """Records of a store."""
    return pl.DataFrame(
        {"fold": folds, "patient_id": patients}, schema={"fold": pl.Int64, "patient_id": pl.String}
    )


def test_folds_give_the_parts() -> None:
    """A fold that the rule does not name, or no fold, is of no part."""
    parts = FOLDS.parts(records([1, 2, 3, 4, 5, None], list("abcdef")), where="x")
    assert parts.to_list() == ["train", "train", "validation", "test", None, None]


def test_a_patient_in_two_parts_is_refused() -> None:
    """Folds that do not keep patients together are no patient-safe split."""
    with pytest.raises(TaskError, match="found 1 in two or more"):
        FOLDS.parts(records([1, 4, 2, 3], ["a", "a", "b", "c"]), where="x")
    assert FOLDS.parts(records([1, 2], ["a", "a"]), where="x").to_list() == ["train", "train"]


def test_folds_that_are_not_there_are_refused() -> None:
    """A corpus without folds cannot be split by them."""
    with pytest.raises(TaskError, match="found none with a fold"):
        FOLDS.parts(records([None], ["a"]), where="x")


@given(st.lists(st.text(max_size=5), min_size=1, max_size=30))
def test_a_patient_has_one_part_whoever_else_is_there(patients: list[str]) -> None:
    """The part follows from the patient's id alone."""
    parts = SplitRule().parts(records([None] * len(patients), patients), where="x").to_list()
    assert set(parts) <= set(PARTS)
    for patient, part in zip(patients, parts, strict=True):
        assert SplitRule().parts(records([None], [patient]), where="x").to_list() == [part]


def test_patients_are_divided_70_10_20() -> None:
    """Within chance, of 10,000; and as on every other machine."""
    patients = [f"JS{number:05}" for number in range(10_000)]
    parts = SplitRule().parts(records([None] * 10_000, patients), where="x")
    counts = dict(parts.value_counts().iter_rows())
    assert counts["train"] == pytest.approx(7_000, abs=150)
    assert counts["validation"] == pytest.approx(1_000, abs=100)
    assert counts["test"] == pytest.approx(2_000, abs=130)
    # golden: sha256, first eight bytes as a share of 2**64, computed apart
    assert parts[:4].to_list() == ["train", "validation", "train", "test"]


@pytest.mark.parametrize("name", task_names())
def test_every_task_says_how_it_is_split(name: str) -> None:
    """PTB-XL by its folds 1-8, 9 and 10; corpora without folds by patient."""
    split = Task.load(name).split
    if name.startswith("ptb_xl"):
        assert (split.rule, split.validation, split.test) == ("folds", (9,), (10,))
        assert split.train == tuple(range(1, 9))
    else:
        assert split == SplitRule()
