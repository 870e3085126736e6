"""Age and sex from the signal."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from supreme_ecg.errors import TaskError
from supreme_ecg.evaluation.target import Target

RECORDS = pl.DataFrame({"age_years": [63.0, None], "sex": ["female", None]})


def test_age_is_a_number_of_years() -> None:
    """Unknown ages are NaN, no age is invented."""
    assert np.array_equal(Target.named("age").values(RECORDS), [63.0, np.nan], equal_nan=True)
    assert Target.named("age").measure == "mean_absolute_error"


def test_sex_is_female_against_male() -> None:
    """1 and 0, unknown NaN."""
    records = pl.DataFrame({"sex": ["female", "male", None]})
    assert np.array_equal(Target.named("sex").values(records), [1, 0, np.nan], equal_nan=True)


def test_targets_are_split_as_the_tasks_of_their_corpus() -> None:
    """PTB-XL by folds, an unknown corpus by patient."""
    assert Target.named("age").split("ptb_xl").test == (10,)
    assert Target.named("age").split("one's own").rule == "patients"


def test_an_unknown_target_lists_those_there_are() -> None:
    """The names stand in the message."""
    with pytest.raises(TaskError, match="one of age, sex"):
        Target.named("height")
