"""The mean of the weights of several runs from one start."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from supreme_ecg.errors import ContractError, StoreError, WeightsError
from supreme_ecg.models.supreme import SuPreME
from supreme_ecg.preprocessing.contract import SignalContract
from supreme_ecg.store.reading import Store
from supreme_ecg.training import average_runs as module
from supreme_ecg.training.average_runs import average_runs
from supreme_ecg.training.callbacks import Callbacks
from supreme_ecg.training.epoch import Epoch
from supreme_ecg.training.pretrain import pretrain
from supreme_ecg.training.training_set import TrainingSet, make_training_set
from tests.models.test_calibration import CALIBRATION
from tests.training.test_pretrain import recipe

ROWS = ("method.rows_c=0.1", "training.epochs=2", "training.confirmed_epochs=1")


@pytest.fixture(autouse=True)
def _offline_letters(letters, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("supreme_ecg.models.supreme.TransformerTextEncoder", lambda _: letters)


@pytest.fixture(scope="module")
def runs(letters, cohort_store: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A first run, two that started from it, and two that must not be averaged with these."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("supreme_ecg.models.supreme.TransformerTextEncoder", lambda _: letters)

        def run(name: str, *overrides: str, start: Path | None = None) -> Path:
            used = recipe(*ROWS, *overrides)
            return pretrain(used, Store.open(cohort_store), folder / name, start=start).model

        first = run("first")
        return {
            "first": first,
            "one": run("one", start=first),
            "two": run("two", "training.seed=1", 'loss={name="asymmetric"}', start=first),
            "fresh": run("fresh", "training.seed=1"),
            "other start": run("other", start=run("second", "training.seed=2")),
            "wider": run("wider", "encoder.stem_width=16"),
            "fewer": run("fewer", "labels.minimum_count=12"),
            "other records": run("records", "data.validation_share=0.06", start=first),
        }


@pytest.fixture(scope="module")
def averaged(letters, runs: dict[str, Path], cohort_store: Path, tmp_path_factory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("supreme_ecg.models.supreme.TransformerTextEncoder", lambda _: letters)
        names = [runs["one"], runs["two"]]
        return average_runs(names, Store.open(cohort_store), tmp_path_factory.mktemp("mean")).model


def test_weights_are_the_mean_of_those_of_the_runs(averaged: Path, runs: dict[str, Path]) -> None:
    """Of encoder, fusion and all else that is trained by gradients."""
    one, two, mean = (SuPreME.from_pretrained(m) for m in (runs["one"], runs["two"], averaged))
    checked = 0
    for key, weight in mean.named_parameters():
        expected = (one.state_dict()[key] + two.state_dict()[key]) / 2
        assert torch.allclose(weight, expected, atol=1e-6), key
        checked += not torch.equal(one.state_dict()[key], two.state_dict()[key])
    assert checked > 10


def test_batch_statistics_are_those_of_the_mean_weights(
    averaged: Path, runs: dict[str, Path], cohort_store: Path
) -> None:
    """Of the first norm: what its convolution gives for the windows of the last epoch, confirmed ones."""
    model = SuPreME.from_pretrained(averaged)
    running = model.encoder.stem[1].running_mean
    for number, is_last in ((0, False), (1, True)):
        epoch = Epoch(data=training_set(cohort_store), recipe=recipe(*ROWS), number=number)
        signal = torch.cat([windows[0] for windows in epoch.windows()])
        with torch.no_grad():
            given = model.encoder.stem[0](signal.unsqueeze(2)).mean(dim=(0, 2, 3))
        assert torch.allclose(running, given, atol=1e-6) is is_last
    of_one = SuPreME.from_pretrained(runs["one"]).encoder.stem[1].running_mean
    assert not torch.allclose(running, of_one, atol=1e-5)


def test_rows_of_trained_names_are_fitted_to_the_mean(
    averaged: Path, runs: dict[str, Path]
) -> None:
    """They are no mean of rows."""
    one, two, mean = (
        SuPreME.from_pretrained(m).named_rows for m in (runs["one"], runs["two"], averaged)
    )
    assert one is not None
    assert two is not None
    assert mean is not None
    assert mean.weight.shape == one.weight.shape
    assert not torch.allclose(mean.weight, (one.weight + two.weight) / 2, atol=1e-4)


def test_the_model_says_which_runs_it_is_the_mean_of(
    averaged: Path, runs: dict[str, Path], cohort_store: Path
) -> None:
    """Weights, recipe and start of each; what it has seen; and it answers."""
    one, two, mean = (SuPreME.from_pretrained(m) for m in (runs["one"], runs["two"], averaged))
    said = mean.manifest
    assert [run["weights_sha256"] for run in said["averaged"]] == [
        one.weights_sha256,
        two.weights_sha256,
    ]
    assert said["averaged"][1]["recipe"]["loss"]["name"] == "asymmetric"
    assert said["recipe"] == one.manifest["recipe"]
    assert said["started_from"] == one.manifest["started_from"]
    assert mean.seen is not None
    assert one.seen is not None
    assert mean.seen.to_bytes() == one.seen.to_bytes()
    metrics = json.loads((averaged / "model.json").read_text())["metrics"]
    assert metrics["averaged"] == 2
    batch = Store.open(cohort_store).batch([0, 1])
    answers = mean.predict(batch.signal, batch.lead_mask, batch.sample_mask, ["heart failure"])
    assert answers.shape == (2, 1)


def test_listeners_hear_of_every_batch_and_window(
    runs: dict[str, Path], cohort_store: Path, tmp_path: Path
) -> None:
    """As many batches as were announced, and the windows to the last."""
    heard: list[object] = []
    average_runs(
        [runs["one"], runs["two"]],
        Store.open(cohort_store),
        tmp_path,
        callbacks=Callbacks(
            on_start=heard.append,
            on_batch=lambda: heard.append("batch"),
            on_windows=lambda done, total: heard.append((done, total)),
        ),
    )
    assert heard[0] == heard.count("batch") > 1
    done, total = heard[-1]  # type: ignore[misc]
    assert done == total


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["one"], "two runs or more to average, found 1"),
        ([], "no weights: expected two runs or more"),
        (["one", "two", "one"], "each run once"),
        (["one", "wider"], "the first run's encoder"),
        (["one", "other records"], r"the \d+ \+ \d+ records of the first run, found \d+ \+ \d+"),
        (["one", "fewer"], r"the \d+ concepts of the first run"),
        (["one", "other start"], r"started from weights .*, and the first from weights"),
        (["one", "fresh"], r"started from fresh weights, and the first from weights"),
        (["first", "fresh"], r"started from fresh weights, and the first from fresh weights"),
    ],
)
def test_what_has_no_mean_is_refused(
    runs: dict[str, Path], cohort_store: Path, tmp_path: Path, names: list[str], message: str
) -> None:
    """Each with its own message, before anything is written."""
    with pytest.raises(WeightsError, match=message):
        average_runs([runs[name] for name in names], Store.open(cohort_store), tmp_path / "mean")
    assert not (tmp_path / "mean").exists()


def test_a_store_of_other_records_is_refused(
    runs: dict[str, Path], cohort_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batch statistics and rows would be of what the runs have not seen."""
    data = training_set(cohort_store)
    fewer = replace(data, training_rows=data.training_rows[3:])
    counts = (data.labels == 1).sum(axis=0)
    unlike = replace(data, labels=np.where(counts == counts.max(), 0, data.labels))
    for other, message in ((fewer, "records, not the same"), (unlike, "same records with")):
        monkeypatch.setattr(module, "make_training_set", lambda *_, other=other, **__: other)
        with pytest.raises(StoreError, match=message):
            average_runs([runs["one"], runs["two"]], Store.open(cohort_store), tmp_path / "mean")
        assert not (tmp_path / "mean").exists()


def test_a_store_of_another_contract_is_refused(
    runs: dict[str, Path], cohort_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batch statistics of other windows would belong to no answer."""
    other = SignalContract(sampling_rate_hz=250)
    monkeypatch.setattr(Store, "contract", property(lambda _: other))
    with pytest.raises(ContractError, match="250"):
        average_runs([runs["one"], runs["two"]], Store.open(cohort_store), tmp_path / "mean")


def test_a_mean_is_no_run(averaged: Path, runs: dict[str, Path], cohort_store: Path) -> None:
    """Which runs are in a mean of means could not be told, nor is one written over a run."""
    store = Store.open(cohort_store)
    with pytest.raises(WeightsError, match="found a mean of 2"):
        average_runs([runs["one"], averaged], store, averaged.parent / "again")
    before = (runs["one"] / "weights.safetensors").read_bytes()
    with pytest.raises(WeightsError, match="no run's"):
        average_runs([runs["one"], runs["two"]], store, runs["one"].parent)
    assert (runs["one"] / "weights.safetensors").read_bytes() == before


def test_a_calibration_of_the_first_run_is_not_that_of_the_mean(
    runs: dict[str, Path], cohort_store: Path, tmp_path: Path
) -> None:
    """Its curves and thresholds are of other answers."""
    first = SuPreME.from_pretrained(runs["one"])
    first.calibration = CALIBRATION
    first.save(tmp_path / "calibrated")
    mean = average_runs(
        [tmp_path / "calibrated", runs["two"]], Store.open(cohort_store), tmp_path
    ).model
    assert SuPreME.from_pretrained(tmp_path / "calibrated").calibration is not None
    assert SuPreME.from_pretrained(mean).calibration is None


def training_set(store: Path) -> TrainingSet:
    used = recipe(*ROWS)
    opened = Store.open(store)
    return make_training_set(
        opened, data=used.data, labels=used.labels, table=module.ConceptTable.load()
    )
