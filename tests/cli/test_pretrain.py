"""`supreme pretrain`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from supreme_ecg.cli.main import app

SMALL = ["method.fusion.width=32", "encoder.stem_width=8"]
SMALL += ["labels.minimum_count=5", "training.batch_size=8", "training.epochs=1"]


@pytest.fixture(autouse=True)
def _offline_letters(letters, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("supreme_ecg.models.supreme.TransformerTextEncoder", lambda _: letters)


def test_a_recipe_by_name_becomes_a_model(cohort_store: Path, tmp_path: Path) -> None:
    """The JSON names the model's folder, which holds weights and description."""
    arguments = ["pretrain", "smoke", str(cohort_store), "--out", str(tmp_path / "run"), "--json"]
    for override in SMALL:
        arguments += ["--set", override]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.stderr
    values = json.loads(result.stdout)
    assert values["epochs"] == 1
    assert {p.name for p in Path(values["model"]).iterdir()} == {
        "model.json",
        "training_manifest.safetensors.xz",
        "weights.safetensors",
    }


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
