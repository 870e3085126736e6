"""`supreme demo`: the whole path, small."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from supreme_ecg.cli.main import app


@pytest.mark.slow
def test_the_demo_goes_from_a_cohort_to_answers(tmp_path: Path, monkeypatch) -> None:
    """Two hundred patients and two epochs: every stage runs, and each leaves what it should."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("supreme_ecg.cli.demo.RECIPE_OVERRIDES", ("training.epochs=2",))
    folder = tmp_path / "demo"
    result = CliRunner().invoke(app, ["demo", str(folder), "--patients", "200", "--json"])
    assert result.exit_code == 0, result.stderr
    values = json.loads(result.stdout)
    assert values["zero_shot"]["task"] == "synthetic"
    assert len(values["ask"]["answers"]) == 6
    assert Path(values["plot"]).read_bytes().startswith(b"\x89PNG")
    assert (folder / "run" / "model" / "model.json").is_file()


def test_a_folder_that_exists_is_left_alone(tmp_path: Path) -> None:
    """The message says what to do, and nothing is written."""
    result = CliRunner().invoke(app, ["demo", str(tmp_path)])
    assert result.exit_code == 1
    assert "CorpusError" in result.stderr
    assert list(tmp_path.iterdir()) == []
