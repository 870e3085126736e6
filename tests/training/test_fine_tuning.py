"""Training on classes: from given weights, exactly repeatable, and gone on with where it was killed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from supreme_ecg.models.encoder import build_encoder
from supreme_ecg.models.resnet import ResNetConfig
from supreme_ecg.models.supreme import SuPreME
from supreme_ecg.store.reading import Store
from supreme_ecg.training.callbacks import Callbacks
from supreme_ecg.training.fine_tuning import FineTuning, column_queries, train_classifier
from supreme_ecg.training.recipe import Recipe
from supreme_ecg.training.training_set import TrainingSet

ENCODER = ResNetConfig(stem_width=8)


@pytest.fixture
def data(cohort_store: Path) -> TrainingSet:
    """Two classes of the simulated patients that the signal tells: sinus rhythm or not, and at random."""
    store = Store.open(cohort_store)
    has = [float("426783006" in codes or "SR" in codes) for codes in store.records["codes"]]
    labels = np.stack([has, np.arange(len(store)) % 2], axis=1).astype(np.float32)
    labels[3, 1] = np.nan
    rows = np.arange(len(store))
    return TrainingSet(
        store=store,
        concepts=("a", "b"),
        labels=labels,
        confirmed=np.ones(len(store), dtype=bool),
        training_rows=rows[:48],
        validation_rows=rows[48:],
    )


def recipe(data: TrainingSet, **options: float) -> Recipe:
    return FineTuning(**{"epochs": 3, **options}).recipe(ENCODER, data=data)


def test_it_begins_with_the_weights_that_it_is_given(data: TrainingSet, tmp_path: Path) -> None:
    """At a rate of next to nothing the trained encoder is the one it began with; a fresh one is another."""
    torch.manual_seed(5)
    first = build_encoder(ENCODER, contract=data.store.contract)
    still = recipe(data, epochs=1, learning_rate=1e-12, weight_decay=0.0)
    given, _ = train_classifier(data, still, folder=tmp_path / "given", start=first)
    fresh, _ = train_classifier(data, still, folder=tmp_path / "fresh")
    weight = dict(first.named_parameters())
    assert all(torch.allclose(p, weight[name]) for name, p in given.encoder.named_parameters())
    assert not all(torch.allclose(p, weight[name]) for name, p in fresh.encoder.named_parameters())


def test_all_weights_are_trained_and_the_start_stays_as_it_is(
    data: TrainingSet, tmp_path: Path
) -> None:
    """Every tensor of the encoder and of the head moves; the encoder that was given does not."""
    torch.manual_seed(5)
    first = build_encoder(ENCODER, contract=data.store.contract)
    before = {name: p.clone() for name, p in first.named_parameters()}
    tuned, _ = train_classifier(data, recipe(data, epochs=1), folder=tmp_path, start=first)
    assert all(torch.equal(p, before[name]) for name, p in first.named_parameters())
    assert not any(torch.equal(p, before[name]) for name, p in tuned.encoder.named_parameters())
    assert not tuned.training


def test_a_killed_run_gives_what_an_uninterrupted_one_gives(
    data: TrainingSet, tmp_path: Path
) -> None:
    """Bit for bit, after a kill in the second epoch."""

    def answers(model: SuPreME) -> np.ndarray:
        batch = data.store.batch(data.validation_rows)
        return model.logits(batch.signal, batch.lead_mask, batch.sample_mask, column_queries(2))

    def stop(metrics: dict[str, object]) -> None:
        if metrics["epoch"] == 1:
            raise KeyboardInterrupt

    whole, progress = train_classifier(data, recipe(data), folder=tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train_classifier(
            data, recipe(data), folder=tmp_path / "killed", callbacks=Callbacks(on_epoch=stop)
        )
    again: list[object] = []
    resumed, same = train_classifier(
        data, recipe(data), folder=tmp_path / "killed", callbacks=Callbacks(on_epoch=again.append)
    )
    assert len(again) == progress.epoch - 2
    assert same == progress
    assert np.array_equal(answers(whole), answers(resumed))


def test_a_finished_run_is_read_and_not_trained_again(data: TrainingSet, tmp_path: Path) -> None:
    """Not one epoch more."""
    train_classifier(data, recipe(data, epochs=1), folder=tmp_path)
    told: list[object] = []
    train_classifier(
        data, recipe(data, epochs=1), folder=tmp_path, callbacks=Callbacks(on_epoch=told.append)
    )
    assert told == []


@pytest.mark.parametrize(("records", "batch"), [(4, 8), (48, 8), (480, 30), (15_000, 64)])
def test_the_batch_follows_the_number_of_labels(
    data: TrainingSet, records: int, batch: int
) -> None:
    """About sixteen steps an epoch, within the limits."""
    rows = np.zeros(records, dtype=int)
    few = replace(data, training_rows=rows, validation_rows=rows)
    assert FineTuning().recipe(ENCODER, data=few).training.batch_size == batch
