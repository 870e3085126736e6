"""`supreme ask`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from supreme_ecg.cli.main import app
from supreme_ecg.models.pooling import PoolingConfig
from supreme_ecg.models.resnet import ResNetConfig
from supreme_ecg.models.supreme import SuPreME, SuPreMEConfig, SuPreMEParts


@pytest.fixture
def weights(letters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("supreme_ecg.models.supreme.TransformerTextEncoder", lambda _: letters)
    torch.manual_seed(0)
    parts = SuPreMEParts(
        method=SuPreMEConfig(fusion=PoolingConfig(width=32)), encoder=ResNetConfig(stem_width=8)
    )
    SuPreME(parts).save(tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def file(cohort: Path) -> Path:
    return sorted((cohort / "records").glob("*.hea"))[0]


def test_json_has_the_documented_shape(weights: Path, file: Path) -> None:
    """One JSON object on stdout: record, answers with query and probability, warnings."""
    result = CliRunner().invoke(
        app, ["ask", str(file), "atrial fibrillation", "LBBB", "--weights", str(weights), "--json"]
    )
    assert result.exit_code == 0, result.stderr
    reply = json.loads(result.stdout)
    assert reply["record"] == file.stem
    assert [a["query"] for a in reply["answers"]] == ["atrial fibrillation", "LBBB"]
    assert all(0 <= a["probability"] <= 1 for a in reply["answers"])
    assert isinstance(reply["warnings"], list)


def test_a_table_is_printed_for_people_and_the_ecg_drawn(
    weights: Path, file: Path, tmp_path: Path
) -> None:
    """With a note that the answers are for research, and a PNG of the ECG."""
    plot = tmp_path / "ecg.png"
    result = CliRunner().invoke(
        app, ["ask", str(file), "normal ECG", "--weights", str(weights), "--plot", str(plot)]
    )
    assert result.exit_code == 0, result.stderr
    assert "not for diagnosis" in result.stdout
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_a_file_that_is_not_there_is_named(weights: Path) -> None:
    """As one message with exit status 1."""
    result = CliRunner().invoke(app, ["ask", "no.hea", "normal ECG", "--weights", str(weights)])
    assert result.exit_code == 1
    assert "no.hea" in result.stderr


def test_a_folder_without_weights_is_named(file: Path, tmp_path: Path) -> None:
    """And the message says which folder to give."""
    result = CliRunner().invoke(app, ["ask", str(file), "LBBB", "--weights", str(tmp_path)])
    assert result.exit_code == 1
    assert "WeightsError" in result.stderr
