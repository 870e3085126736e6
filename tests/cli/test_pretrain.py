"""`supreme pretrain`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from supreme_ecg.cli.main import app

SMALL = ["method.fusion.width=32", "encoder.stem_width=8"]
SMALL += ["labels.minimum_count=5", "training.batch_size=8", "training.epochs=1"]


@pytest.fixture(autouse=True)
def _offline_letters(letters, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("supreme_ecg.models.supreme.TransformerTextEncoder", lambda _: letters)


def pretrain(store: Path, out: Path, *options: str) -> Result:
    arguments = ["pretrain", "smoke", str(store), "--out", str(out), "--json", *options]
    for override in SMALL:
        arguments += ["--set", override]
    return CliRunner().invoke(app, arguments)


def test_a_recipe_by_name_becomes_a_model(cohort_store: Path, tmp_path: Path) -> None:
    """The JSON names the model's folder, which holds weights and description."""
    result = pretrain(cohort_store, tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    values = json.loads(result.stdout)
    assert values["epochs"] == 1
    assert {p.name for p in Path(values["model"]).iterdir()} == {
        "model.json",
        "training_manifest.safetensors.xz",
        "weights.safetensors",
    }


def test_a_run_starts_from_weights_and_not_from_none(cohort_store: Path, tmp_path: Path) -> None:
    """Those of a run; a name of no weights is refused before a folder is made."""
    first = json.loads(pretrain(cohort_store, tmp_path / "first").stdout)["model"]
    second = pretrain(cohort_store, tmp_path / "second", "--start", first)
    assert second.exit_code == 0, second.stderr
    description = json.loads((tmp_path / "second" / "model" / "model.json").read_text())
    assert "started_from" in description["manifest"]
    refused = pretrain(cohort_store, tmp_path / "third", "--start", str(tmp_path / "nowhere"))
    assert refused.exit_code == 1
    assert "nowhere" in refused.stderr
    assert not (tmp_path / "third").exists()


def test_an_override_that_is_wrong_is_refused_before_any_work(
    cohort_store: Path, tmp_path: Path
) -> None:
    """The nearest key is named and no folder is made."""
    out = tmp_path / "run"
    result = CliRunner().invoke(
        app,
        ["pretrain", "smoke", str(cohort_store), "--out", str(out), "--set", "training.epoch=1"],
    )
    assert result.exit_code == 1
    assert "epochs" in result.stderr
    assert not out.exists()
