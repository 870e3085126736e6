"""Columns are chosen as named, or refused with the nearest name."""

from __future__ import annotations

import pytest

from supreme_ecg.errors import TableError
from supreme_ecg.extraction.columns import can_choose, choose_columns

FOUND = ["study_id", "report_0", "report_1", "report_2", "report_10", "cart"]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (["report_1"], ["report_1"]),
        (["report_0..report_2"], ["report_0", "report_1", "report_2"]),
        (["report_1", "report_*"], ["report_1", "report_0", "report_2", "report_10"]),
        (["report_?"], ["report_0", "report_1", "report_2"]),
    ],
)
def test_names_wildcards_and_ranges(wanted: list[str], expected: list[str]) -> None:
    """Each column comes once, in the order wanted."""
    assert choose_columns(FOUND, wanted, where="t") == expected
    assert can_choose(FOUND, wanted)


def test_a_range_keeps_leading_zeros() -> None:
    """``r08..r10`` means r08, r09 and r10."""
    assert choose_columns(["r10", "r09", "r08"], ["r08..r10"], where="t") == ["r08", "r09", "r10"]


@pytest.mark.parametrize("name", ["a*b", "x1..x2"])
def test_a_column_of_that_very_name_is_taken_as_it_is(name: str) -> None:
    """Even where it looks like a wildcard or a range."""
    assert choose_columns([name, "x1", "x2"], [name], where="t") == [name]


@pytest.mark.parametrize(
    ("wanted", "hint"),
    [
        (["reprot_0"], "Did you mean report_0?"),
        (["Study_ID"], "Did you mean study_id?"),
        (["report_9..report_10"], "report_9"),
        (["zzz*"], "Name one of these."),
    ],
)
def test_a_missing_column_is_one_error_with_all_columns(wanted: list[str], hint: str) -> None:
    """It lists what is there and the nearest name."""
    with pytest.raises(TableError) as caught:
        choose_columns(FOUND, wanted, where="t")
    assert ", ".join(FOUND) in str(caught.value)
    assert hint in str(caught.value)
    assert not can_choose(FOUND, wanted)


def test_many_columns_are_not_all_listed() -> None:
    """The message stays readable."""
    with pytest.raises(TableError, match="and 60 more"):
        choose_columns([f"c{k}" for k in range(100)], ["x"], where="t")


def test_no_column_named_and_a_name_that_stands_twice_are_refused() -> None:
    """Neither is guessed."""
    with pytest.raises(TableError, match="the table has study_id"):
        choose_columns(FOUND, [], where="t")
    with pytest.raises(TableError, match="2 columns of this name"):
        choose_columns(["a", "a"], ["a"], where="t")
