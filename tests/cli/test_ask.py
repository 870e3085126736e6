"""`supreme ask`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from supreme_ecg.cli.main import app
from supreme_ecg.models.calibration import Calibration, Curve, store_calibration
from supreme_ecg.models.dual_encoder import DualEncoderParts
from supreme_ecg.models.etp import ETP, ETPConfig
from supreme_ecg.models.pooling import PoolingConfig
from supreme_ecg.models.pretrained import PACKAGED
from supreme_ecg.models.resnet import ResNetConfig
from supreme_ecg.models.self_supervised import SelfSupervisedParts
from supreme_ecg.models.simclr import SimCLR, SimCLRConfig
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
    assert "speaks for it" in " ".join(result.stdout.split())
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_a_file_that_is_not_there_is_named(weights: Path) -> None:
    """As one message with exit status 1."""
    result = CliRunner().invoke(app, ["ask", "no.hea", "normal ECG", "--weights", str(weights)])
    assert result.exit_code == 1
    assert "no.hea" in result.stderr


def test_without_weights_the_packaged_model_answers(
    weights: Path, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And where an installation has none, the message says so and what to give."""
    folder = tmp_path / "weights"
    monkeypatch.setattr("supreme_ecg.models.pretrained._packaged_folder", lambda: folder)
    monkeypatch.chdir(tmp_path)
    absent = CliRunner().invoke(app, ["ask", str(file), "LBBB"])
    assert absent.exit_code == 1
    assert "none in this" in absent.stderr
    shutil.copytree(weights, folder / PACKAGED)
    result = CliRunner().invoke(app, ["ask", str(file), "LBBB"])
    assert result.exit_code == 0, result.stderr
    assert "LBBB" in result.stdout


def test_a_folder_without_weights_is_named(file: Path, tmp_path: Path) -> None:
    """And the message says which folder to give."""
    result = CliRunner().invoke(app, ["ask", str(file), "LBBB", "--weights", str(tmp_path)])
    assert result.exit_code == 1
    assert "WeightsError" in result.stderr


def test_explanations_are_in_the_json_where_asked_for(weights: Path, file: Path) -> None:
    """One for each question with a probability, named as it was typed; none without the option."""
    words = ["ask", str(file), "AFIB", "LBBB", "--weights", str(weights), "--json"]
    result = CliRunner().invoke(app, [*words, "--explain"])
    assert result.exit_code == 0, result.stderr
    explained = json.loads(result.stdout)["explanations"]
    assert [one["query"] for one in explained] == ["AFIB", "LBBB"]
    assert all(len(one["lead_sums"]) == 12 for one in explained)
    assert "explanations" not in json.loads(CliRunner().invoke(app, words).stdout)


def test_a_plain_picture_is_drawn_without_explaining(
    weights: Path, file: Path, tmp_path: Path
) -> None:
    """And it is smaller, having no maps below."""
    sizes = []
    for option in ("--explain", "--no-explain"):
        plot = tmp_path / f"{option}.png"
        words = ["ask", str(file), "LBBB", "--weights", str(weights), "--plot", str(plot), option]
        assert CliRunner().invoke(app, words).exit_code == 0
        sizes.append(int.from_bytes(plot.read_bytes()[20:24], "big"))  # height in the PNG header
    assert sizes[0] > sizes[1] + 300


def test_more_questions_than_fit_a_picture_are_told(
    weights: Path, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The most probable are drawn."""
    monkeypatch.setattr("supreme_ecg.serving.explained_paper.MOST_SHEETS", 1)
    plot = tmp_path / "ecg.png"
    words = ["ask", str(file), "LBBB", "AFIB", "--weights", str(weights), "--plot", str(plot)]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0
    assert "the 1 most probable of 2" in result.stderr


def test_what_a_probability_means_is_said_where_it_is_shown(weights: Path, file: Path) -> None:
    """Uncalibrated weights are said to be so; calibrated ones say of what, and from when on it is a yes."""
    asked = ["ask", str(file), "LBBB", "--weights", str(weights), "--no-explain"]
    plain = CliRunner().invoke(app, asked, env={"COLUMNS": "200"})
    assert "Probabilities are not calibrated" in plain.stdout
    calibration = Calibration(
        meaning="that a report would mention the finding",
        method="by hand",
        overall=Curve(),
        rule="f1",
        minimum_positives=20,
        threshold=0.321,
    )
    store_calibration(weights, calibration)
    shown = CliRunner().invoke(app, asked, env={"COLUMNS": "200"})
    assert shown.exit_code == 0, shown.output
    assert "Probability: that a report would mention the finding" in shown.stdout
    assert "0.321" in shown.stdout


def test_contrastive_weights_answer_with_similarities(
    letters, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No probability is claimed, in the table or the JSON; a plain ECG is drawn; nothing is explained."""
    monkeypatch.setattr("supreme_ecg.models.dual_encoder.TransformerTextEncoder", lambda _: letters)
    parts = DualEncoderParts(method=ETPConfig(width=16), encoder=ResNetConfig(stem_width=8))
    ETP(parts).save(tmp_path / "etp")
    asked = ["ask", str(file), "atrial fibrillation", "no LBBB", "--weights", str(tmp_path / "etp")]
    result = CliRunner().invoke(app, [*asked, "--json"])
    assert result.exit_code == 0, result.stderr
    reply = json.loads(result.stdout)
    first, denied = reply["answers"]
    assert first["probability"] is None
    assert -1 <= first["similarity"] <= 1
    assert (denied["probability"], denied["similarity"]) == (None, None)
    assert any("no probabilities" in warning for warning in reply["warnings"])
    shown = CliRunner().invoke(app, [*asked, "--plot", str(tmp_path / "ecg.png")])
    assert shown.exit_code == 0, shown.stderr
    words = " ".join(shown.stdout.split())
    assert "similarity" in words
    assert "not scored" in words
    assert words.count("no probabilities") == 1
    assert (tmp_path / "ecg.png").is_file()
    explained = CliRunner().invoke(app, [*asked, "--explain"])
    assert explained.exit_code == 2


@pytest.mark.parametrize("command", ["ask", "zero-shot", "benchmark", "calibrate"])
def test_weights_that_learned_from_signals_alone_are_not_asked(
    file: Path, tmp_path: Path, command: str, cohort_store: Path
) -> None:
    """One error, which says what they are for; whichever command would ask."""
    parts = SelfSupervisedParts(method=SimCLRConfig(), encoder=ResNetConfig(stem_width=8))
    SimCLR(parts).save(tmp_path / "simclr")
    words = {
        "ask": [str(file), "LBBB"],
        "zero-shot": ["--store", str(cohort_store), "--task", "all"],
        "benchmark": ["--store", str(cohort_store), "--task", "all"],
        "calibrate": ["--store", str(cohort_store)],
    }[command]
    result = CliRunner().invoke(app, [command, *words, "--weights", str(tmp_path / "simclr")])
    assert result.exit_code == 1, result.output
    assert "answer no questions: use `supreme probe`" in " ".join(result.stderr.split())
