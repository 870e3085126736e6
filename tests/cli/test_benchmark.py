"""`supreme benchmark` from its options to its table and its JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from supreme_ecg.cli import benchmark as command
from supreme_ecg.errors import TaskError
from supreme_ecg.models import loading
from supreme_ecg.store.reading import Store
from tests.evaluation.scripted import ScriptedModel, ScriptedStore
from tests.evaluation.test_benchmark import numbered_store, published_file


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> ScriptedStore:
    """A scripted store and model in place of what the paths would open."""
    scripted = numbered_store()
    monkeypatch.setattr(Store, "open", lambda path: scripted)
    monkeypatch.setattr(loading, "load_answering_model", lambda folder: ScriptedModel(scripted))
    return scripted


def _run(*options: str) -> Any:
    app = typer.Typer()
    app.command()(command.benchmark_command)
    return CliRunner().invoke(
        app, ["--weights", "W", "--store", "S", "--task", "cpsc2018", *options]
    )


def test_both_protocols_are_printed_with_their_difference(
    store: ScriptedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person reads each class under both and the difference, and how many records each has."""
    folder = published_file(tmp_path, store, wrong="AFIB")
    monkeypatch.setattr(command, "console", Console(width=160, color_system=None, record=True))
    result = _run("--protocol", "both", "--published", str(folder))
    assert result.exit_code == 0, result.output
    printed = command.console.export_text()
    for words in (
        "cpsc2018, test",
        "corrected AUROC",
        "published AUROC",
        "difference",
        "published: 400 records of 400 patients; 976 of the published file not in the store",
        "without any class left out",
        "Difference: published less corrected; macro over the 9 classes that both can score.",
    ):
        assert words in printed
    (row,) = [line for line in printed.splitlines() if line.startswith("│ AFIB")]
    assert "-0.4" in row or "-0.5" in row or "-0.3" in row


def test_json_holds_both_protocols(store: ScriptedStore, tmp_path: Path) -> None:
    """One object a task: both results and the difference."""
    folder = published_file(tmp_path, store)
    result = _run("--protocol", "both", "--published", str(folder), "--json", "-")
    values = json.loads(result.stdout)
    assert list(values) == ["task", "protocols", "difference"]
    assert values["protocols"]["corrected"]["run"]["part"] == "test"
    assert values["protocols"]["published"]["records"] == 400
    assert "peak_memory_mb" in values["protocols"]["published"]["run"]


def test_the_corrected_protocol_is_the_default(store: ScriptedStore, tmp_path: Path) -> None:
    """Without files of the literature a model can be scored."""
    out = tmp_path / "scores.json"
    result = _run("--part", "validation", "--json", str(out))
    assert result.exit_code == 0, result.output
    assert list(json.loads(out.read_text())["protocols"]) == ["corrected"]


def test_a_second_model_is_compared_and_drawn(
    store: ScriptedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table has its AUROC and the gain with its interval; the notes say what is decided."""
    models = {"W": ScriptedModel(store), "V": ScriptedModel(store, strength=0.2)}
    monkeypatch.setattr(loading, "load_answering_model", lambda folder: models[str(folder)])
    monkeypatch.setattr(command, "console", Console(width=180, color_system=None, record=True))
    out, plot = tmp_path / "scores.json", tmp_path / "forest.png"
    result = _run("--against", "V", "--json", str(out), "--plot", str(plot))
    assert result.exit_code == 0, result.output
    printed = " ".join(command.console.export_text().split())
    for words in ("against", "gain", "Macro gain over the V: +0.", "Decided, of", "F1, accuracy:"):
        assert words in printed
    values = json.loads(out.read_text())["protocols"]["corrected"]
    assert values["comparison"]["name"] == "V"
    assert values["comparison"]["gain_ci95"][0] > 0
    assert values["run"]["thresholds"]["from"] == "validation part"
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_a_second_model_that_has_seen_the_records_is_refused(
    store: ScriptedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guard stands before both."""
    seen = ScriptedModel(store, manifest={"corpus": "cpsc2018", "folds": [1]})
    models = {"W": ScriptedModel(store), "V": seen}
    monkeypatch.setattr(loading, "load_answering_model", lambda folder: models[str(folder)])
    result = _run("--against", "V")
    assert isinstance(result.exception, TaskError)


def test_an_unwritable_plot_is_refused_before_the_work(tmp_path: Path) -> None:
    """Its folder is absent."""
    result = _run("--plot", str(tmp_path / "absent" / "forest.png"))
    assert result.exit_code == 2
    assert "--plot" in result.output
