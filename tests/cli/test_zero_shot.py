"""`supreme zero-shot` from its options to its table and its JSON."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from supreme_ecg.cli import zero_shot as command
from supreme_ecg.errors import TaskError
from supreme_ecg.evaluation import asking, full_length
from supreme_ecg.models import loading
from supreme_ecg.store.answer_cache import Ask
from supreme_ecg.store.reading import Store
from tests.evaluation.scripted import ScriptedModel, ScriptedStore, scripted_store

OPTIONS = ["--weights", "W", "--store", "S"]


def _app() -> typer.Typer:
    app = typer.Typer()
    app.command()(command.zero_shot_command)
    return app


def _run(*options: str) -> Any:
    return CliRunner().invoke(_app(), [*OPTIONS, *options])


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> ScriptedStore:
    """A scripted store and model in place of what the paths would open; a console of fixed width."""
    scripted = scripted_store(missing=["STE"])
    monkeypatch.setattr(Store, "open", lambda path: scripted)
    monkeypatch.setattr(loading, "load_answering_model", lambda folder: ScriptedModel(scripted))
    monkeypatch.setattr(command, "console", Console(width=140, color_system=None))
    return scripted


def test_table_names_classes_macro_and_what_was_not_scored(
    store: ScriptedStore, capsys: pytest.CaptureFixture[str]
) -> None:
    """A person reads each class with its interval, the macro row and the notes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command, "console", Console(width=140, color_system=None, record=True))
        result = _run("--task", "cpsc2018", "--folds", "2", "--random-encoder")
        printed = command.console.export_text()
    assert result.exit_code == 0, result.output
    assert "cpsc2018: 32 records of 32 patients" in printed
    for words in ("1AVB", "unseen", "95 % interval", "macro", "random encoder", "8 classes"):
        assert words in printed
    assert "Not scored, no positives or no negatives: STE." in printed
    assert "Macro gain over the random encoder: +0." in printed


def test_answers_of_an_earlier_run_are_said_to_be_so(
    store: ScriptedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody wonders why the second run takes seconds."""
    printed = Console(width=140, color_system=None, record=True)
    monkeypatch.setattr(command, "console", printed)
    model = ScriptedModel(store, weights_sha256="0" * 64)
    monkeypatch.setattr(loading, "load_answering_model", lambda folder: model)
    monkeypatch.setattr(asking, "identity_of", lambda *_, **__: "")

    def kept(ask: Ask, rows: np.ndarray, **_: object) -> tuple[np.ndarray, str]:
        return ask(rows, lambda _: None), "cached"

    monkeypatch.setattr(asking, "kept_answers", kept)
    assert _run("--task", "cpsc2018").exit_code == 0
    assert "Answers are those of an earlier run" in printed.export_text()


def test_one_task_writes_one_object(store: ScriptedStore, tmp_path: Path) -> None:
    """The file holds the issue's shape, the class without positives null under its own name."""
    out = tmp_path / "scores.json"
    result = _run("--task", "cpsc2018", "--json", str(out))
    assert result.exit_code == 0, result.output
    values = json.loads(out.read_text())
    assert (values["task"], values["weights"], values["records"]) == ("cpsc2018", "W", 64)
    assert values["classes"][-1]["name"] == "STE"
    assert values["classes"][-1]["auroc"] is None
    assert values["run"]["seed"] == 0


def test_dash_prints_json_alone(store: ScriptedStore, capsys: pytest.CaptureFixture[str]) -> None:
    """`--json -` leaves nothing but JSON on stdout, for pipes."""
    result = _run("--task", "cpsc2018", "--json", "-")
    assert json.loads(result.stdout)["task"] == "cpsc2018"


def test_several_tasks_write_a_list(store: ScriptedStore, tmp_path: Path) -> None:
    """Two tasks give a list in the order asked; a task asked twice is scored once."""
    source = Path(command.__file__).parent.parent / "evaluation" / "tasks" / "cpsc2018.toml"
    own = tmp_path / "own.toml"
    own.write_text(source.read_text().replace('name = "cpsc2018"', 'name = "own"'))
    out = tmp_path / "scores.json"
    tasks = ("--task", str(own), "--task", "cpsc2018", "--task", "cpsc2018")
    assert _run(*tasks, "--json", str(out)).exit_code == 0
    assert [values["task"] for values in json.loads(out.read_text())] == ["own", "cpsc2018"]


def test_all_means_every_task_of_the_corpus(store: ScriptedStore, tmp_path: Path) -> None:
    """CPSC2018 has one task, so `all` gives that one."""
    out = tmp_path / "scores.json"
    assert _run("--task", "all", "--json", str(out)).exit_code == 0
    assert json.loads(out.read_text())["task"] == "cpsc2018"


def test_all_on_a_corpus_without_tasks_is_refused(
    store: ScriptedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the corpus rather than scoring nothing."""
    monkeypatch.setattr(ScriptedStore, "corpus", "elsewhere")
    object.__setattr__(store, "corpus", "elsewhere")
    assert isinstance(_run("--task", "all").exception, TaskError)


def test_unwritable_result_is_refused_before_the_work(
    store: ScriptedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A result file in a folder that is absent stops the command before the model is loaded."""
    monkeypatch.setattr(loading, "load_answering_model", lambda _: pytest.fail("loaded"))
    result = _run("--task", "cpsc2018", "--json", str(tmp_path / "absent" / "scores.json"))
    assert result.exit_code == 2
    assert "--json" in result.output


def test_plain_asks_for_no_class_that_another_excludes(
    store: ScriptedStore, tmp_path: Path
) -> None:
    """The JSON says what each class excludes and wants beside, and nothing under --plain."""
    own, out = tmp_path / "own.toml", tmp_path / "out.json"
    published = resources.files("supreme_ecg.evaluation") / "tasks" / "cpsc2018.toml"
    prompt = 'prompts = ["right bundle branch block"]'
    assert prompt in published.read_text()
    further = 'unless = ["normal ECG"]\nalso = ["ST elevation"]'
    own.write_text(published.read_text().replace(prompt, f"{prompt}\n{further}"))
    asked = ({"CRBBB": ["normal ECG"]}, {"CRBBB": ["ST elevation"]})
    for options, (excluded, wanted) in (((), asked), (("--plain",), ({}, {}))):
        result = _run("--task", str(own), "--json", str(out), *options)
        assert result.exit_code == 0, result.output
        run = json.loads(out.read_text())["run"]
        assert (run["unless"], run["also"]) == (excluded, wanted)


def test_whole_recordings_are_scored_where_their_folder_is_given(
    store: ScriptedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The corpus is that of the store, and the JSON says what was scored and how it was pooled."""
    made: list[tuple[str, Path, str]] = []

    class Recordings:
        def __init__(self, store: Any, corpus: Any, source: Path, *, pooling: str) -> None:
            made.append((corpus.name, source, pooling))
            self.store = store

        def answers(self, rows: np.ndarray, answer: Any, *, advance: Any) -> np.ndarray:
            advance(len(rows))
            return np.asarray(answer(self.store.batch(rows)))

    monkeypatch.setattr(full_length, "FullLength", Recordings)
    out = tmp_path / "out.json"
    options = ("--recordings", str(tmp_path), "--pooling", "max", "--json", str(out))
    assert _run("--task", "cpsc2018", *options).exit_code == 0
    assert made == [("cpsc2018", tmp_path, "max")]
    assert json.loads(out.read_text())["run"]["windows"] == "whole recordings, max"


def test_seen_records_are_marked_in_the_table_and_the_json(
    store: ScriptedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused by default; with --allow-seen, table and file say how many and how it is known."""
    model = ScriptedModel(store, manifest={"corpus": "cpsc2018", "folds": [1]})
    monkeypatch.setattr(loading, "load_answering_model", lambda folder: model)
    monkeypatch.setattr(command, "console", Console(width=140, color_system=None, record=True))
    refused = _run("--task", "cpsc2018")
    assert isinstance(refused.exception, TaskError)
    assert "32 of 64 records that they have: 32 by fold" in str(refused.exception)
    out = tmp_path / "scores.json"
    result = _run("--task", "cpsc2018", "--allow-seen", "--json", str(out))
    assert result.exit_code == 0, result.output
    printed = command.console.export_text()
    assert "NOT HELD OUT: 32 records were seen in pre-training (32 by fold)." in printed
    run = json.loads(out.read_text())["run"]
    assert run["records_seen_in_pretraining"] == 32
    assert run["overlap"]["seen_by"] == {"fold": 32}


def test_weights_without_a_manifest_are_warned_of(store: ScriptedStore) -> None:
    """On the error stream, so that JSON on the other stays JSON."""
    result = _run("--task", "cpsc2018", "--json", "-")
    assert "no manifest: overlap cannot be checked" in " ".join(result.stderr.split())
    assert not json.loads(result.stdout)["run"]["overlap"]["manifest"]
