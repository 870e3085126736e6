"""Folds on the command line."""

from __future__ import annotations

import pytest
import typer

from supreme_ecg.cli.folds import parse_folds


@pytest.mark.parametrize(
    ("text", "folds"),
    [("1-9", range(1, 10)), ("3", [3]), ("1, 4-5,10", [1, 4, 5, 10]), ("1,1-2", [1, 2])],
)
def test_folds_are_numbers_and_ranges(text: str, folds: list[int]) -> None:
    """Numbers and ranges may be mixed and may overlap."""
    assert parse_folds(text) == list(folds)


@pytest.mark.parametrize("text", ["", "a", "9-1", "1-", "1;2", "-3", "1,,2", "nine"])
def test_other_words_for_folds_are_refused(text: str) -> None:
    """The usage error shows how folds are written."""
    with pytest.raises(typer.BadParameter, match="1-8,10"):
        parse_folds(text)
