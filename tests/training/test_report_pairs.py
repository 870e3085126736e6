"""Contrastive pre-training as a whole: it learns, resumes exactly, and its model is scored as any other."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.errors import RecipeError
from supreme_ecg.evaluation.guard import Guard
from supreme_ecg.evaluation.metrics import auroc
from supreme_ecg.models.loading import load_model
from supreme_ecg.models.training_manifest import FILE as MANIFEST
from supreme_ecg.store.reading import Store
from supreme_ecg.training.callbacks import Callbacks
from supreme_ecg.training.loop import METRICS, STATE
from supreme_ecg.training.pretrain import Pretraining, pretrain
from supreme_ecg.training.recipe import Recipe
from supreme_ecg.training.recipe_file import find_recipe, read_recipe
from supreme_ecg.training.report_vectors import FILE
from supreme_ecg.training.seen_records import add_training_manifest
from supreme_ecg.training.training_set import make_training_set

SMALL = [
    "encoder.stem_width=8",
    "labels.minimum_count=5",
    "training.batch_size=16",
    "training.epochs=3",
    "augmentation.lead_dropout=0.1",
]


class PhraseEncoder:
    """A text is the mean of its phrases: enough for a name to be near the reports that state it."""

    def __init__(self, letters) -> None:
        self.letters, self.config, self.width = letters, letters.config, letters.width

    def encode(self, texts):
        means = [self.letters.encode(text.split(". ")).mean(dim=0) for text in texts]
        return torch.nn.functional.normalize(torch.stack(means), dim=-1)


@pytest.fixture(autouse=True)
def _offline_letters(letters, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("supreme_ecg.models.dual_encoder.TransformerTextEncoder", lambda _: letters)


def recipe(method: str, *overrides: str) -> Recipe:
    named = f'method={{name="{method}", width=32}}'
    return read_recipe(find_recipe("smoke"), overrides=[named, *SMALL, *overrides])


def run(
    store: Path, folder: Path, method: str, *overrides: str, stop_after: int | None = None
) -> Pretraining:
    """Train; with ``stop_after``, be killed once that many epochs are reported."""

    def report(metrics) -> None:
        if metrics["epoch"] + 1 == stop_after:
            raise KeyboardInterrupt

    return pretrain(
        recipe(method, *overrides), Store.open(store), folder, callbacks=Callbacks(on_epoch=report)
    )


def metrics_of(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / METRICS).read_text().splitlines()]


def losses(folder: Path) -> list[tuple[float, float]]:
    return [(each["training_loss"], each["validation_loss"]) for each in metrics_of(folder)]


@pytest.mark.parametrize("method", ["etp", "merl"])
def test_a_killed_and_resumed_run_equals_an_uninterrupted_one(
    cohort_store: Path, tmp_path: Path, method: str
) -> None:
    """With two parts a step: every loss and every weight is the same to the last bit."""
    accumulate = ["training.accumulate=2", "training.batch_size=8"]
    run(cohort_store, tmp_path / "whole", method, *accumulate)
    with pytest.raises(KeyboardInterrupt):
        run(cohort_store, tmp_path / "killed", method, *accumulate, stop_after=2)
    run(cohort_store, tmp_path / "killed", method, *accumulate)
    assert losses(tmp_path / "killed") == losses(tmp_path / "whole")
    first, second = (
        torch.load(tmp_path / name / STATE, weights_only=True) for name in ("whole", "killed")
    )
    assert all(torch.equal(first["model"][key], second["model"][key]) for key in first["model"])


def test_accumulated_batches_are_one_whole_batch(cohort_store: Path, tmp_path: Path) -> None:
    """2 x 8 records have the loss of 1 x 16 and, in Adam's first moment, its gradients."""
    vit = ['encoder={name="vit", dropout=0.0}', "augmentation.lead_dropout=0.0"]
    vit += ["training.epochs=1", "training.gradient_clip=1e9", "data.folds=[1, 2, 3]"]
    vit += ["method.contrast.learn_temperature=true", "labels.minimum_count=1"]
    run(
        cohort_store,
        tmp_path / "two",
        "etp",
        *vit,
        "training.batch_size=8",
        "training.accumulate=2",
    )
    run(cohort_store, tmp_path / "one", "etp", *vit, "training.batch_size=16")
    assert np.allclose(losses(tmp_path / "two"), losses(tmp_path / "one"), rtol=1e-4)
    two, one = (torch.load(tmp_path / name / STATE, weights_only=True) for name in ("two", "one"))
    assert one["progress"]["step"] == two["progress"]["step"] == 1
    for key, state in one["optimizer"]["state"].items():
        scale = float(state["exp_avg"].abs().max())
        difference = (two["optimizer"]["state"][key]["exp_avg"] - state["exp_avg"]).abs().max()
        assert difference <= 1e-3 * scale + 1e-9


@pytest.mark.parametrize(
    "override",
    [
        'method.contrast.loss="sigmoid"',
        'method.contrast.positives="self"',
        'method.contrast.positives="identical"',
        'method.text="report"',
        "training.average_decay=0.5",
    ],
)
def test_every_option_trains(cohort_store: Path, tmp_path: Path, override: str) -> None:
    """An epoch of each gives finite losses and a model that loads."""
    result = run(cohort_store, tmp_path / "run", "etp", override, "training.epochs=1")
    assert np.isfinite(losses(tmp_path / "run")).all()
    assert load_model(result.model).manifest["recipe"]["method"]["name"] == "etp"


@pytest.mark.parametrize("method", ["etp", "merl"])
def test_the_model_lists_what_it_saw(cohort_store: Path, tmp_path: Path, method: str) -> None:
    """As of SuPreME: the guard knows every record by id and fingerprint, and the list can be made again."""
    result = run(cohort_store, tmp_path / "run", method, "training.epochs=1")
    model, store = load_model(result.model), Store.open(cohort_store)
    assert model.seen is not None
    assert len(model.seen) == result.records + model.manifest["records_validation"]
    data = make_training_set(
        store, data=recipe(method).data, labels=recipe(method).labels, table=ConceptTable.load()
    )
    overlap = Guard(model, store).overlap(data.training_rows)
    assert overlap.checked
    assert overlap.ways["record id"].all()
    written = (result.model / MANIFEST).read_bytes()
    add_training_manifest(result.model, store)
    assert (result.model / MANIFEST).read_bytes() == written


@pytest.mark.parametrize("method", ["etp", "merl"])
def test_a_trained_model_answers_better_than_chance(
    cohort_store: Path, tmp_path: Path, letters, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The records that it learned from are told apart by the names of their findings."""
    phrases = PhraseEncoder(letters)
    monkeypatch.setattr("supreme_ecg.models.dual_encoder.TransformerTextEncoder", lambda _: phrases)
    longer = ["training.epochs=30", "training.patience_epochs=30", "training.average_decay=0.9"]
    result = run(cohort_store, tmp_path / "run", method, *longer)
    trained = losses(tmp_path / "run")
    assert trained[-1][0] < trained[0][0]
    model, store, table = load_model(result.model), Store.open(cohort_store), ConceptTable.load()
    chosen = recipe(method)
    data = make_training_set(store, data=chosen.data, labels=chosen.labels, table=table)
    kept = [i for i, concept in enumerate(data.concepts) if concept in model.trained_concepts]
    batch = store.batch(data.training_rows)
    names = [table[data.concepts[i]].name for i in kept]
    scores = model.scores(batch.signal, batch.lead_mask, batch.sample_mask, names)
    labels = data.labels[data.training_rows][:, kept]
    areas = auroc(np.nan_to_num(labels).astype(int), scores)
    assert np.nanmean(areas) > 0.6


def test_only_concepts_that_reports_state_count_as_trained(
    cohort_store: Path, tmp_path: Path
) -> None:
    """An ancestor that holds by the hierarchy alone was never named to the model."""
    result = run(cohort_store, tmp_path / "run", "etp", "training.epochs=1")
    model, store = load_model(result.model), Store.open(cohort_store)
    said = set(store.findings()["concept"])
    assert model.trained_concepts
    assert set(model.trained_concepts) <= said
    chosen = recipe("etp")
    labels = make_training_set(
        store, data=chosen.data, labels=chosen.labels, table=ConceptTable.load()
    ).concepts
    assert set(labels) - said


def test_reports_are_encoded_once_for_all_starts(
    cohort_store: Path, tmp_path: Path, letters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A resumed run reads their vectors from its folder."""
    with pytest.raises(KeyboardInterrupt):
        run(cohort_store, tmp_path / "run", "merl", stop_after=1)
    assert (tmp_path / "run" / FILE).is_file()
    steps: list[int] = []
    pretrain(
        recipe("merl"),
        Store.open(cohort_store),
        tmp_path / "run",
        callbacks=Callbacks(on_reports=lambda done, _: steps.append(done)),
    )
    assert steps == []


def test_mixup_is_refused(cohort_store: Path, tmp_path: Path) -> None:
    """Reports cannot be blended; the key is named."""
    with pytest.raises(RecipeError, match=r"augmentation\.mixup_alpha"):
        run(cohort_store, tmp_path / "run", "etp", "augmentation.mixup_alpha=0.4")
