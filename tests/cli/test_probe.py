"""`supreme probe` from its options to its tables, JSON and plot."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from supreme_ecg.cli import probe as command
from supreme_ecg.cli import probe_shown
from supreme_ecg.corpora.synthetic import Synthetic
from supreme_ecg.errors import ContractError, TaskError
from supreme_ecg.models.outside import loading
from supreme_ecg.preprocessing.contract import SignalContract
from supreme_ecg.store.ingest import ingest
from supreme_ecg.store.reading import Store
from supreme_ecg.synthetic.cohort import make_cohort
from tests.models.small_model import small_model


@pytest.fixture
def run(cohort_store: Path, letters, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The command on the simulated patients and a small untrained model of known weights."""
    model = small_model(letters)
    model.weights_sha256 = "a" * 64
    monkeypatch.setattr(loading, "load_model", lambda folder: model)
    monkeypatch.setattr(probe_shown, "console", Console(width=100, color_system=None))
    app = typer.Typer()
    app.command()(command.probe_command)
    fixed = ["--weights", "W", "--store", str(cohort_store), "--cache", str(tmp_path / "cache")]

    def invoke(*options: str) -> Any:
        return CliRunner().invoke(app, [*fixed, *options])

    return invoke


def printed(run: Any, *options: str) -> str:
    with pytest.MonkeyPatch.context() as patch:
        console = Console(width=100, color_system=None, record=True)
        patch.setattr(probe_shown, "console", console)
        result = run(*options)
        assert result.exit_code == 0, result.output
        return console.export_text()


def said(result: Any) -> str:
    """The words of an error, out of their box."""
    return " ".join(result.output.replace("│", " ").split())


def test_people_see_every_probe_the_classes_and_how_settings_were_chosen(run: Any) -> None:
    """Both encoders, both ways, each amount of labels, and the notes."""
    text = printed(
        run,
        "--task",
        "synthetic",
        "--part",
        "validation",
        "--fraction",
        "0.5",
        "--fraction",
        "1",
        "--draws",
        "2",
        "--knn",
        "--few-shot",
        "1",
        "--random-encoder",
    )
    for words in (
        "logistic",
        "kNN",
        "50 %",
        "100 %",
        "1 per class",
        "random encoder",
        "95 % interval",
    ):
        assert words in text
    assert "Settings chosen on a tenth of the training patients" in text
    assert "learnt from" in text


def test_the_json_has_cost_and_origin_of_the_embeddings(run: Any, tmp_path: Path) -> None:
    """Computed at first, read from the cache afterwards, with the same scores."""
    files = [tmp_path / "first.json", tmp_path / "second.json"]
    for file in files:
        result = run(
            "--task", "synthetic", "--part", "validation", "--fraction", "1", "--json", str(file)
        )
        assert result.exit_code == 0, result.output
    first, second = (json.loads(file.read_text()) for file in files)
    assert [list(one["run"]["embeddings"].values()) for one in (first, second)] == [
        ["computed"],
        ["cached"],
    ]
    assert first["scores"] == second["scores"]
    assert first["run"]["peak_memory_mb"] > 0
    assert first["run"]["weights_sha256"] == "a" * 64


def test_age_and_sex_are_targets(run: Any) -> None:
    """Two objects in one list: years off, and an AUROC."""
    result = run(
        "--target",
        "age",
        "--target",
        "sex",
        "--part",
        "validation",
        "--fraction",
        "1",
        "--json",
        "-",
    )
    age, sex = json.loads(result.stdout)
    assert (age["task"], sex["task"]) == ("age", "sex")
    assert age["scores"][0]["mean_absolute_error"] > 0
    assert 0 <= sex["scores"][0]["macro"]["auroc"] <= 1
    assert "years off" in printed(run, "--target", "age", "--part", "validation", "--fraction", "1")


OWN_ENCODER = """
from supreme_ecg.preprocessing.contract import SignalContract

class Amplitudes:
    contract = SignalContract()
    weights_sha256, manifest, seen = None, {}, None

    def embed(self, signal, lead_mask, sample_mask):
        return signal.std(axis=2)

def load(path):
    return Amplitudes()
"""


def test_an_encoder_of_ones_own_stands_against_others_on_the_same_draws(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its module lies in the working folder; each further one says how far it is from the first."""
    monkeypatch.chdir(tmp_path)
    Path("my_amplitudes.py").write_text(OWN_ENCODER)
    options = ["--task", "synthetic", "--part", "validation", "--fraction", "1"]
    both = ["--against", "my_amplitudes:load=none.pt", "--against", "W"]
    first, own, same = json.loads(run(*options, *both, "--json", "-").stdout)
    assert first["scores"][0]["difference"] is None
    assert own["weights"] == "my_amplitudes:load none.pt"
    area, other = (one["scores"][0]["macro"]["auroc"] for one in (first, own))
    difference = own["scores"][0]["difference"]
    assert difference["auroc"] == pytest.approx(other - area)
    assert difference["ci95"][0] <= difference["auroc"] <= difference["ci95"][1]
    assert same["scores"][0]["difference"] == {"auroc": 0.0, "ci95": [0.0, 0.0]}
    assert "less W, same draws" in printed(run, *options, *both)


def test_an_encoder_without_an_untrained_form_says_so(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is embedded."""
    monkeypatch.chdir(tmp_path)
    Path("my_amplitudes.py").write_text(OWN_ENCODER)
    result = run(
        *("--task", "synthetic", "--part", "validation", "--random-encoder"),
        *("--encoder", "my_amplitudes:load"),
    )
    assert result.exit_code == 2
    assert "no with_random_encoder" in said(result)


def test_each_encoder_reads_the_store_of_its_contract(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cohort: Path
) -> None:
    """The same recordings at 250 Hz for the second; without that store the contracts are named."""
    monkeypatch.chdir(tmp_path)
    faster = OWN_ENCODER.replace("SignalContract()", "SignalContract(sampling_rate_hz=250)")
    Path("my_faster.py").write_text(faster)
    options = ["--task", "synthetic", "--part", "validation", "--fraction", "1", "--json", "-"]
    against = ["--against", "my_faster:load=none.pt"]
    assert isinstance(run(*options, *against).exception, ContractError)
    contract = SignalContract(sampling_rate_hz=250)
    ingest(Synthetic(), cohort, tmp_path / "faster", contract=contract)
    _, second = json.loads(run(*options, *against, "--store", str(tmp_path / "faster")).stdout)
    assert second["run"]["contract"]["sampling_rate_hz"] == 250


def test_stores_of_other_recordings_are_refused(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A comparison on other patients would be none."""
    monkeypatch.chdir(tmp_path)
    faster = OWN_ENCODER.replace("SignalContract()", "SignalContract(sampling_rate_hz=250)")
    Path("my_faster.py").write_text(faster)
    make_cohort(tmp_path / "others", patients=60, seed=9, sampling_rate_hz=100)
    contract = SignalContract(sampling_rate_hz=250)
    ingest(Synthetic(), tmp_path / "others", tmp_path / "faster", contract=contract)
    result = run(
        *("--task", "synthetic", "--part", "validation", "--fraction", "1"),
        *("--against", "my_faster:load=none.pt", "--store", str(tmp_path / "faster")),
    )
    assert result.exit_code == 2
    assert "hold other records of synthetic" in said(result)


def test_stores_of_several_corpora_are_refused(
    run: Any, cohort_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are named."""
    kept = Store.open(cohort_store)
    stores = {str(cohort_store): kept, "S": SimpleNamespace(corpus="cpsc2018")}
    monkeypatch.setattr(Store, "open", lambda path: stores[str(path)])
    result = run("--task", "synthetic", "--store", "S")
    assert result.exit_code == 2
    assert "several corpora: cpsc2018, synthetic" in said(result)


def test_transfer_lists_the_matched_classes(run: Any, cohort_store: Path) -> None:
    """To a store and task given apart; every record of it may be scored."""
    options = ["--transfer-to", str(cohort_store), "--transfer-task", "synthetic", "--part", "all"]
    text = printed(run, "--task", "synthetic", "--fraction", "1", *options)
    assert "Classes matched by concept" in text


def test_fine_tuning_stands_beside_the_frozen_probe(run: Any, tmp_path: Path) -> None:
    """One more row, its runs in the folder given; the plot is drawn."""
    result = run(
        "--task",
        "synthetic",
        "--part",
        "validation",
        "--fraction",
        "0.2",
        "--draws",
        "1",
        "--fine-tune",
        str(tmp_path / "runs"),
        "--plot",
        str(tmp_path / "plot.png"),
        "--json",
        "-",
    )
    values = json.loads(result.stdout)
    assert [score["method"] for score in values["scores"]] == ["logistic_regression", "fine_tuning"]
    assert len(list((tmp_path / "runs").iterdir())) == 1
    assert (tmp_path / "plot.png").is_file()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([], "give --task or --target"),
        (["--task", "synthetic", "--fraction", "0"], "above 0 and at most 1"),
        (["--task", "synthetic", "--fraction", "1.5"], "above 0 and at most 1"),
        (["--task", "synthetic", "--part", "all"], "would score what was learnt"),
        (["--task", "synthetic", "--transfer-to", "S"], "together"),
        (
            ["--target", "age", "--transfer-to", "S", "--transfer-task", "t"],
            "cannot be transferred",
        ),
        (
            ["--task", "synthetic", "--encoder", "merl", "--fine-tune", "runs"],
            "only encoders of this package",
        ),
    ],
)
def test_options_that_fit_no_run_are_refused(run: Any, options: list[str], says: str) -> None:
    """Before a store is opened, each with what to do."""
    result = run(*options)
    assert result.exit_code == 2
    assert says in said(result)


def test_a_task_of_another_corpus_is_refused(run: Any) -> None:
    """As everywhere, naming both corpora."""
    result = run("--task", "cpsc2018")
    assert isinstance(result.exception, TaskError)
