"""The search for a file near a wrong folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from supreme_ecg.corpora.nearby import find_nearby, wrong_folder


@pytest.mark.parametrize("start", [".", "a", "a/b/c", "a/b/c/d", "a/other", "a/b/none"])
def test_found_two_levels_up_and_down(tmp_path: Path, start: str) -> None:
    """The file in a/b is found from up to two levels around it, and from a folder that is absent."""
    (tmp_path / "a/b/c/d").mkdir(parents=True)
    (tmp_path / "a/other").mkdir()
    (tmp_path / "a/b/table.csv").touch()
    assert find_nearby(tmp_path / start, "table.csv") == tmp_path / "a/b"


def test_not_found_further_away(tmp_path: Path) -> None:
    """Three levels down is too far: the search stays short."""
    (tmp_path / "a/b/c").mkdir(parents=True)
    (tmp_path / "a/b/c/table.csv").touch()
    (tmp_path / "x/y/z").mkdir(parents=True)
    assert find_nearby(tmp_path / "x/y/z", "table.csv") is None
    assert find_nearby(tmp_path, "table.csv") is None


def test_the_error_says_what_is_there_instead(tmp_path: Path) -> None:
    """No folder, a file, and a folder of other things are told apart."""
    (tmp_path / "file").touch()
    assert "no such folder" in str(wrong_folder("x", tmp_path / "absent", "q.csv"))
    assert "found a file." in str(wrong_folder("x", tmp_path / "file", "q.csv"))
    assert "without it (1 other" in str(wrong_folder("x", tmp_path, "q.csv"))
