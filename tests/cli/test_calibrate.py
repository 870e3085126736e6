"""`supreme calibrate` from its options to the weights, its tables and its JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import typer
from rich.console import Console
from typer.testing import CliRunner

from supreme_ecg.cli import calibrate as command
from supreme_ecg.models.pooling import PoolingConfig
from supreme_ecg.models.resnet import ResNetConfig
from supreme_ecg.models.supreme import SuPreME, SuPreMEConfig, SuPreMEParts
from supreme_ecg.training.recipe_file import find_recipe, read_recipe


@pytest.fixture
def weights(letters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An untrained model of three concepts that says it was trained on the cohort."""
    monkeypatch.setattr("supreme_ecg.models.supreme.TransformerTextEncoder", lambda _: letters)
    recipe = read_recipe(find_recipe("smoke"), overrides=["data.validation_share=0.5"])
    torch.manual_seed(0)
    SuPreME(
        SuPreMEParts(
            method=SuPreMEConfig(fusion=PoolingConfig(width=32)),
            encoder=ResNetConfig(stem_width=8),
        ),
        trained_concepts=["sinus_rhythm", "atrial_fibrillation", "long_qt"],
        manifest={"corpus": "synthetic", "folds": [1], "recipe": recipe.to_json()},
        text_encoder=letters,
    ).save(tmp_path / "model")
    return tmp_path / "model"


def _run(weights: Path, store: Path, *options: str):
    app = typer.Typer()
    app.command()(command.calibrate_command)
    arguments = ["--weights", str(weights), "--store", str(store), "--score-folds", "9,10"]
    return CliRunner().invoke(app, [*arguments, *options])


def test_tables_json_plot_and_weights(
    weights: Path, cohort_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person reads before and after and what the probability means; the weights hold the calibration."""
    monkeypatch.setattr(command, "console", Console(width=80, color_system=None, record=True))
    out, plot = tmp_path / "c.json", tmp_path / "c.png"
    result = _run(weights, cohort_store, "--json", str(out), "--plot", str(plot))
    assert result.exit_code == 0, result.output
    printed = command.console.export_text()
    for words in (
        "log loss",
        "Brier score",
        "Probability: that a report of synthetic",
        "highest f1",
    ):
        assert words in printed
    stored = json.loads((weights / "model.json").read_text())["calibration"]
    assert json.loads(out.read_text())["calibration"] == stored
    assert plot.is_file()


def test_the_rule_of_the_thresholds_is_an_option(weights: Path, cohort_store: Path) -> None:
    """`--json -` prints JSON alone, with the rule that was asked for."""
    result = _run(weights, cohort_store, "--youden", "--json", "-")
    assert json.loads(result.stdout)["calibration"]["rule"] == "youden"
