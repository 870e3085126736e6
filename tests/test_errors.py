"""The error tree."""

from __future__ import annotations

import pickle

import pytest

from supreme_ecg import errors


@pytest.mark.parametrize("kind", errors.SupremeError.__subclasses__())
def test_an_error_says_where_expected_found_and_remedy(kind: type[errors.SupremeError]) -> None:
    """The message holds all four parts, and survives the way back from a worker process."""
    error = kind("a.dat", expected="24000 bytes", found="12000", remedy="Copy the file again.")
    assert str(error) == "a.dat: expected 24000 bytes, found 12000. Copy the file again."
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    assert type(pickle.loads(pickle.dumps(error))) is kind
