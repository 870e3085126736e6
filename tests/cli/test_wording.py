"""`supreme wording` and `supreme align-text` from their options to what they write."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from supreme_ecg.cli.main import app
from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.models import loading
from supreme_ecg.serving.question import QuestionReader
from tests.conftest import LetterEncoder
from tests.evaluation.test_wording_run import PARAPHRASES, OddModel


@pytest.fixture
def paraphrases(tmp_path: Path) -> Path:
    """A small set of paraphrases."""
    file = tmp_path / "paraphrases.csv"
    rows = [f"{each.concept},{each.kind},{each.phrase}" for each in PARAPHRASES]
    file.write_text("\n".join(["concept,kind,phrase", *rows]) + "\n")
    return file


def test_wording_writes_what_it_prints(
    cohort_store: Path, paraphrases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table for a person, the same in JSON for the page; --resolve reads as `supreme ask` does."""
    monkeypatch.setattr(loading, "load_answering_model", lambda name: OddModel())
    reader = QuestionReader(ConceptTable.load())
    monkeypatch.setattr("supreme_ecg.serving.ask.question_reader", lambda model: reader)
    options = ["--weights", "W", "--store", str(cohort_store), "--paraphrases", str(paraphrases)]
    out = tmp_path / "wording.json"
    shown = CliRunner().invoke(app, ["wording", *options, "--json", str(out)])
    assert shown.exit_code == 0, shown.output
    assert "Truth: reports" in shown.output
    values = json.loads(out.read_text())
    assert values["weights"] == "W"
    assert len(values["reports"]["scores"]) == 2
    resolved = CliRunner().invoke(app, ["wording", *options, "--resolve", "--json", "-"])
    read = json.loads(resolved.stdout)["run"]["read"]
    assert read["signs_of"]["its concept"] == 1
    assert sum(read["lay"].values()) == 2


def test_align_text_writes_an_adapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file, and the ranks before and after where synonyms were held out."""
    monkeypatch.setattr(
        "supreme_ecg.models.text_encoder.TransformerTextEncoder", lambda config: LetterEncoder()
    )
    out = tmp_path / "a.safetensors"
    options = [str(out), "--steps", "1", "--held-out", "0.1", "--json"]
    result = CliRunner().invoke(app, ["align-text", *options])
    assert result.exit_code == 0, result.output
    values = json.loads(result.stdout)
    assert values["before"]["phrases"] == values["after"]["phrases"] > 100
    assert 100_000 < out.stat().st_size < 2_000_000
    absent = CliRunner().invoke(app, ["align-text", str(tmp_path / "no" / "a")])
    assert absent.exit_code == 2
