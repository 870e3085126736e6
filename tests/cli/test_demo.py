"""`supreme demo`: the whole path, small."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from supreme_ecg.cli import demo
from supreme_ecg.cli.main import app
from supreme_ecg.models.pretrained import PACKAGED
from supreme_ecg.records.reading import read_record
from tests.models.small_model import small_model


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


def test_the_packaged_model_answers_first(letters, tmp_path: Path, monkeypatch) -> None:
    """About sample ECGs that are there to be asked about again; with none packaged, nothing is said."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("supreme_ecg.models.supreme.TransformerTextEncoder", lambda _: letters)
    monkeypatch.setattr("supreme_ecg.models.pretrained._packaged_folder", lambda: tmp_path / "w")
    assert demo._ask_packaged(tmp_path / "samples", seed=0) == ()
    small_model(letters).save(tmp_path / "w" / PACKAGED)
    samples = demo._ask_packaged(tmp_path / "samples", seed=0)
    assert [one.conditions for one in samples][:2] == [(), ("atrial_fibrillation",)]
    assert all(len(one.reply.answers) == len(demo.QUESTIONS) for one in samples)
    assert all(read_record(tmp_path / "samples" / one.file).leads for one in samples)
    demo._print_samples(samples, tmp_path / "samples")


def test_a_folder_that_exists_is_left_alone(tmp_path: Path) -> None:
    """The message says what to do, and nothing is written."""
    result = CliRunner().invoke(app, ["demo", str(tmp_path)])
    assert result.exit_code == 1
    assert "CorpusError" in result.stderr
    assert list(tmp_path.iterdir()) == []
