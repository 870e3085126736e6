"""The model card: every figure from JSON, and no card from results of another run."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from supreme_ecg.models.supreme import SuPreME
from tests.models.small_model import small_model

ROOT = Path(__file__).resolve().parent.parent
RUN = {"epochs": 2, "best_epoch": 1, "validation_loss": 0.5}


@pytest.fixture
def model(letters, tmp_path: Path) -> Path:
    small = small_model(letters)
    small.manifest = {
        "corpus": "ptb_xl",
        "folds": [1, 2, 3],
        "records_trained": 4321,
        "records_validation": 234,
        "patients": 3210,
        "label_counts": {"atrial_fibrillation": 77},
        "recipe": {
            "training": {"epochs": 2, "keep": "mean", "confirmed_epochs": 2},
            "method": {"name": "supreme", "fusion": {"heads": 4}},
        },
        "started_from": {
            "weights_sha256": "ab" * 32,
            "recipe": {"training": {"epochs": 7, "keep": "best"}},
        },
    }
    small.save(tmp_path / "small-weights", metrics=RUN)
    return tmp_path / "small-weights"


@pytest.fixture
def results(tmp_path: Path, model: Path) -> Path:
    """The repository's results of tasks and population, as if they and a run were the small model's."""
    folder = tmp_path / "results"
    folder.mkdir()
    shutil.copy(ROOT / "docs" / "results" / "population.json", folder)
    digest = json.loads((model / "model.json").read_text())["weights_sha256"]
    for name in ("zero_shot", "cpsc2018"):
        values = json.loads((ROOT / "docs" / "results" / f"{name}.json").read_text())
        for one in values if isinstance(values, list) else [values]:
            one["run"]["weights_sha256"] = digest
        (folder / f"{name}.json").write_text(json.dumps(values))
    run = {**RUN, "records": 4321, "concepts": 1, "seconds": 90.0, "peak_memory_mb": 1234.0}
    (folder / "pretrain.json").write_text(json.dumps(run))
    first = {**run, "epochs": 7, "best_epoch": 4, "seconds": 600.0}
    (folder / "pretrain_first.json").write_text(json.dumps(first))
    return folder


def write_card(model: Path, results: Path) -> subprocess.CompletedProcess[str]:
    script = ROOT / "benchmarks" / "model_card.py"
    return subprocess.run(
        [sys.executable, str(script), str(model), str(results)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_card_says_whose_data_who_how_and_how_well(model: Path, results: Path) -> None:
    """Front matter for the hub, attribution, population, cost, tables with intervals, limits of use."""
    done = write_card(model, results)
    assert done.returncode == 0, done.stderr
    text = (model / "README.md").read_text()
    front = text.split("---\n")[1]
    assert "license: apache-2.0" in front
    assert "datasets:" in front
    assert "name: small-weights" in front
    for words in (
        "Wagner, P.",
        "CC BY 4.0",
        "not for diagnosis",
        "Not to be used for",
        "Schiller",
        "4,321 records of 3,210 patients",
        "First run**: 10.0 minutes, 1.23 GB of memory",
        "7 epochs, the weights of epoch 5",
        "Second run**: 1.5 minutes, 1.23 GB of memory, CPU only unless said; 2 epochs, the mean of the",
        "the weights of the first (SHA-256 `abababababab...`). In its last 2 epochs it draws only",
        "heads = 4",
        "atrial fibrillation (77)",
    ):
        assert words in text
    for result in json.loads((results / "zero_shot.json").read_text()):
        low, high = result["macro"]["ci95"]
        assert f"**{result['macro']['auroc']:.3f}** | {low:.3f} to {high:.3f}" in text
        assert f"## {result['task']}, by class" in text


def test_the_card_of_a_mean_says_of_which_runs(letters, model: Path, results: Path) -> None:
    """Their losses and seeds, what the mean cost; results of another mean make no card."""
    mean = SuPreME.from_pretrained(model, text_encoder=letters)
    runs = [
        {"recipe": {"loss": {"name": loss}, "training": {"seed": seed}}}
        for loss, seed in (("binary_cross_entropy", 0), ("asymmetric", 1))
    ]
    mean.manifest["averaged"] = runs
    metrics = {"averaged": 2, "validation_loss": 0.25}
    mean.save(model, metrics=metrics)
    average = {**metrics, "records": 4321, "concepts": 1, "seconds": 60.0, "peak_memory_mb": 2000.0}
    (results / "average.json").write_text(json.dumps(average))
    done = write_card(model, results)
    assert done.returncode == 0, done.stderr
    text = " ".join((model / "README.md").read_text().split())
    assert "Second run, each (the first is shown)**" in text
    assert (
        "of 2 second runs, which differ in loss and seed alone (binary cross entropy with" in text
    )
    assert "seed 0, asymmetric with seed 1)" in text
    assert "(1.0 minutes, 2.00 GB of memory; held-out loss 0.2500)" in text
    (results / "average.json").write_text(json.dumps(average | {"averaged": 3}))
    assert "average.json is of another run" in write_card(model, results).stderr
    (results / "average.json").write_text(json.dumps(average))
    pretrain = json.loads((results / "pretrain.json").read_text())
    (results / "pretrain.json").write_text(json.dumps(pretrain | {"epochs": 3}))
    assert "1 concepts, 3 epochs; the weights say 4321, 1 and at most 2" in (
        write_card(model, results).stderr
    )
    (results / "pretrain.json").write_text(json.dumps(pretrain))
    runs[1]["recipe"]["training"]["learning_rate"] = 1e-4
    mean.save(model, metrics=metrics)
    assert "differ in more than loss, seed" in write_card(model, results).stderr


def test_what_was_not_measured_is_said(model: Path, results: Path) -> None:
    """In the card and on the console, so that no gap passes for a clean record."""
    done = write_card(model, results)
    assert "robustness" in done.stderr
    assert "*Not measured yet: robustness.*" in (model / "README.md").read_text()


def test_results_of_another_run_make_no_card(model: Path, results: Path) -> None:
    """Numbers of one training beside the weights of another are refused."""
    path = results / "pretrain.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"best_epoch": 0}))
    done = write_card(model, results)
    assert done.returncode != 0
    assert "another run" in done.stderr
    assert not (model / "README.md").exists()


@pytest.mark.parametrize(
    ("source", "name", "task"),
    [("cpsc2018", "cpsc2018", "cpsc2018"), ("zero_shot", "probes", "ptb_xl_all")],
)
def test_scores_of_other_weights_make_no_card(
    model: Path, results: Path, source: str, name: str, task: str
) -> None:
    """A table is refused whose checksum is not that of these weights, and so are probes."""
    values = json.loads((results / f"{source}.json").read_text())
    for one in values if isinstance(values, list) else [values]:
        one["run"]["weights_sha256"] = 64 * "0"
    (results / f"{name}.json").write_text(json.dumps(values))
    done = write_card(model, results)
    assert f"{task} was scored with other weights" in done.stderr
    assert not (model / "README.md").exists()


def test_weights_that_are_not_their_description_s_make_no_card(model: Path, results: Path) -> None:
    """The checksum stands here too."""
    with (model / "weights.safetensors").open("ab") as file:
        file.write(b"x")
    done = write_card(model, results)
    assert "do not belong together" in done.stderr
    assert not (model / "README.md").exists()
