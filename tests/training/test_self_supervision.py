"""Self-supervised pre-training as a whole: it resumes exactly, reads no label, and shows a collapse."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.errors import RecipeError
from supreme_ecg.models.loading import SELF_SUPERVISED, load_model
from supreme_ecg.store.reading import Store
from supreme_ecg.training import self_supervision
from supreme_ecg.training.callbacks import Callbacks
from supreme_ecg.training.loop import METRICS, STATE
from supreme_ecg.training.pretrain import Pretraining, pretrain
from supreme_ecg.training.recipe import Recipe
from supreme_ecg.training.recipe_file import find_recipe, read_recipe
from supreme_ecg.training.self_supervision import SelfSupervision, embedding_spread
from supreme_ecg.training.training_set import make_training_set, make_unlabelled_set

SMALL = ["training.batch_size=8", "training.accumulate=2", "training.epochs=3"]
VIEWS = ["augmentation.lead_dropout=0.1", "augmentation.time_out_share=0.2"]
LEAD_VIT = 'encoder={name="lead_vit", width=24, layers=1}'


def recipe(method: str, *overrides: str) -> Recipe:
    named = f'method={{name="{method}"}}'
    encoder = LEAD_VIT if method == "st_mem" else "encoder.stem_width=8"
    last = 'training.keep="last"'
    return read_recipe(
        find_recipe("smoke"), overrides=[named, encoder, last, *SMALL, *VIEWS, *overrides]
    )


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


@pytest.mark.parametrize("method", SELF_SUPERVISED)
def test_a_killed_and_resumed_run_equals_an_uninterrupted_one(
    cohort_store: Path, tmp_path: Path, method: str
) -> None:
    """With two parts a step: every loss and weight, those of a following branch too, to the last bit."""
    shorter = ["training.epochs=2"]
    run(cohort_store, tmp_path / "whole", method, *shorter)
    with pytest.raises(KeyboardInterrupt):
        run(cohort_store, tmp_path / "killed", method, *shorter, stop_after=1)
    resumed = run(cohort_store, tmp_path / "killed", method, *shorter)
    assert np.isfinite(losses(tmp_path / "whole")).all()
    assert losses(tmp_path / "killed") == losses(tmp_path / "whole")
    first, second = (
        torch.load(tmp_path / name / STATE, weights_only=True) for name in ("whole", "killed")
    )
    assert all(torch.equal(first["model"][key], second["model"][key]) for key in first["model"])
    assert load_model(resumed.model).manifest["recipe"]["method"]["name"] == method


def test_the_last_weights_are_kept_and_what_was_seen_is_counted(
    cohort_store: Path, tmp_path: Path
) -> None:
    """All epochs are run although no loss falls after the first; the count is records times epochs."""
    result = run(
        cohort_store,
        tmp_path / "run",
        "simsiam",
        "training.learning_rate=1e-12",
        "training.patience_epochs=1",
    )
    assert (result.epochs, result.best_epoch, result.concepts) == (3, 2, 0)
    whole = result.records // 8 * 8
    assert [each["samples_seen"] for each in metrics_of(tmp_path / "run")] == [
        whole,
        2 * whole,
        3 * whole,
    ]
    assert result.samples_seen == 3 * whole
    description = json.loads((result.model / "model.json").read_text())
    assert description["metrics"]["samples_seen"] == 3 * whole
    assert description["metrics"]["best_epoch"] == 2


def test_the_best_weights_are_kept_if_asked_for(cohort_store: Path, tmp_path: Path) -> None:
    """With keep = best, training stops once the patience is over, and keeps the weights from before it."""
    best = ['training.keep="best"', "training.patience_epochs=1", "training.learning_rate=1e-12"]
    result = run(cohort_store, tmp_path / "run", "st_mem", *best)
    assert (result.epochs, result.best_epoch) == (2, 0)


def test_it_learns_from_the_rows_of_the_other_methods_and_from_no_label(
    cohort_store: Path,
) -> None:
    """The same records are trained on and held out; there is no column of labels."""
    store, chosen = Store.open(cohort_store), recipe("simclr")
    without = make_unlabelled_set(store, data=chosen.data)
    labelled = make_training_set(
        store, data=chosen.data, labels=chosen.labels, table=ConceptTable.load()
    )
    assert np.array_equal(without.training_rows, labelled.training_rows)
    assert np.array_equal(without.validation_rows, labelled.validation_rows)
    assert without.labels.shape == (len(store.records), 0)
    assert without.manifest()["records_sha256"] == labelled.manifest()["records_sha256"]


@pytest.mark.parametrize("method", ["simclr", "st_mem"])
def test_a_judgement_is_the_same_twice(cohort_store: Path, method: str) -> None:
    """Views and hidden patches of held-out records are the same; the run's randomness goes on untouched."""
    chosen, store = recipe(method), Store.open(cohort_store)
    model = SELF_SUPERVISED[method](chosen.parts)
    data = make_unlabelled_set(store, data=chosen.data)
    objective = SelfSupervision(data, recipe=chosen)
    fabric = Fabric(accelerator="cpu", devices=1)
    torch.manual_seed(1)
    first = objective.judge(model, fabric=fabric)
    after = torch.rand(3)
    torch.manual_seed(1)
    assert torch.equal(torch.rand(3), after)
    assert objective.judge(model, fabric=fabric) == first


def test_parts_of_a_step_are_one_batch(
    cohort_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """2 x 8 records have the loss of 1 x 16 and its gradients (but for batch norm, left out here)."""
    monkeypatch.setattr(
        "supreme_ecg.models.simclr.projection_head",
        lambda inputs, _, outputs: torch.nn.Linear(inputs, outputs),
    )
    plain = ['encoder={name="vit", dropout=0.0}', "training.epochs=1", "data.folds=[1, 2, 3]"]
    plain += ["augmentation.lead_dropout=0.0", "augmentation.time_out_share=0.0"]
    plain += ["training.gradient_clip=1e9"]
    for name, batch, parts in (("two", 8, 2), ("one", 16, 1)):
        shape = [f"training.batch_size={batch}", f"training.accumulate={parts}"]
        run(cohort_store, tmp_path / name, "simclr", *plain, *shape)
    assert np.allclose(losses(tmp_path / "two"), losses(tmp_path / "one"), rtol=1e-4)
    two, one = (torch.load(tmp_path / name / STATE, weights_only=True) for name in ("two", "one"))
    assert one["progress"]["step"] == two["progress"]["step"] == 1
    for key, state in one["optimizer"]["state"].items():
        scale = float(state["exp_avg"].abs().max())
        difference = (two["optimizer"]["state"][key]["exp_avg"] - state["exp_avg"]).abs().max()
        assert difference <= 1e-3 * scale + 1e-9


def test_a_collapse_is_seen() -> None:
    """One embedding for all is 0, whatever its length; embeddings spread evenly are 1."""
    one = np.random.default_rng(0).normal(size=(1, 64))
    lengths = np.random.default_rng(1).uniform(0.1, 9, size=(500, 1))
    assert embedding_spread(lengths * one) == pytest.approx(0, abs=1e-6)
    assert embedding_spread(np.zeros((5, 4))) == 0
    even = np.random.default_rng(2).normal(size=(2000, 64))
    assert embedding_spread(even) == pytest.approx(1, abs=0.02)


def test_the_spread_is_recorded_with_every_epoch(
    cohort_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a planted collapse of the encoder shows in it."""
    run(cohort_store, tmp_path / "run", "byol", "training.epochs=1")
    assert metrics_of(tmp_path / "run")[0]["embedding_spread"] > 0.05
    measure = self_supervision.embedding_spread
    monkeypatch.setattr(
        self_supervision, "embedding_spread", lambda found: measure(np.ones_like(found))
    )
    run(cohort_store, tmp_path / "collapsed", "byol", "training.epochs=1")
    assert metrics_of(tmp_path / "collapsed")[0]["embedding_spread"] == 0


@pytest.mark.parametrize(
    ("method", "override", "message"),
    [
        ("clocs", 'encoder={name="vit"}', "expected resnet for the method 'clocs', found 'vit'"),
        ("st_mem", 'encoder={name="resnet"}', "expected lead_vit for the method 'st_mem'"),
        ("simclr", "augmentation.mixup_alpha=0.4", "expected 0 for the method 'simclr'"),
        ("simclr", 'data.corpus="ptb_xl"', "data.corpus"),
    ],
)
def test_a_recipe_that_does_not_fit_the_method_is_refused(
    cohort_store: Path, tmp_path: Path, method: str, override: str, message: str
) -> None:
    """An encoder that it cannot train, a blend of ECGs, another corpus: each with its place."""
    with pytest.raises(RecipeError, match=message):
        run(cohort_store, tmp_path / "run", method, override)
