"""`supreme average`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from supreme_ecg.cli.main import app
from tests.cli.test_pretrain import pretrain


@pytest.fixture(autouse=True)
def _offline_letters(letters, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("supreme_ecg.models.supreme.TransformerTextEncoder", lambda _: letters)


def test_two_runs_from_one_start_become_a_model(cohort_store: Path, tmp_path: Path) -> None:
    """The JSON names its folder; for people it is said in words; one run alone is refused."""
    first = json.loads(pretrain(cohort_store, tmp_path / "first").stdout)["model"]
    runs = []
    for seed in ("1", "2"):
        options = ["--start", first, "--set", f"training.seed={seed}"]
        result = pretrain(cohort_store, tmp_path / seed, *options)
        runs.append(json.loads(result.stdout)["model"])
    ending = ["--store", str(cohort_store), "--out", str(tmp_path / "mean")]
    result = CliRunner().invoke(app, ["average", *runs, *ending, "--json"])
    assert result.exit_code == 0, result.stderr
    values = json.loads(result.stdout)
    assert values["averaged"] == 2
    assert {p.name for p in Path(values["model"]).iterdir()} == {
        "model.json",
        "training_manifest.safetensors.xz",
        "weights.safetensors",
    }
    said = CliRunner().invoke(app, ["average", *runs, *ending])
    assert "Mean of 2 runs" in said.stdout
    refused = CliRunner().invoke(app, ["average", runs[0], *ending])
    assert refused.exit_code == 1
    assert "two runs or more" in refused.stderr
