"""Fitting the rows of trained names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.models.named_rows import NamedRows
from supreme_ecg.models.pooling import PoolingConfig
from supreme_ecg.models.resnet import ResNetConfig
from supreme_ecg.models.supreme import SuPreME, SuPreMEConfig, SuPreMEParts
from supreme_ecg.store.reading import Store
from supreme_ecg.training.named_rows import fit_named_rows
from supreme_ecg.training.objective import mean_auroc
from supreme_ecg.training.pretrain import pretrain
from supreme_ecg.training.recipe import Recipe
from supreme_ecg.training.recipe_file import find_recipe, read_recipe
from supreme_ecg.training.training_set import Phrasing, TrainingSet, make_training_set

OVERRIDES = ["method.fusion.width=32", "encoder.stem_width=8", "labels.minimum_count=5"]


@pytest.fixture
def model(letters) -> SuPreME:
    torch.manual_seed(0)
    parts = SuPreMEParts(
        method=SuPreMEConfig(fusion=PoolingConfig(width=32)), encoder=ResNetConfig(stem_width=8)
    )
    return SuPreME(parts, text_encoder=letters)


def recipe(*more: str) -> Recipe:
    return read_recipe(find_recipe("smoke"), overrides=[*OVERRIDES, *more])


def training_set(store: Path) -> TrainingSet:
    chosen, table = recipe(), ConceptTable.load()
    return make_training_set(Store.open(store), data=chosen.data, labels=chosen.labels, table=table)


def fit(
    model: SuPreME, data: TrainingSet, *, c: float, unconfirmed_weight: float = 1.0
) -> tuple[NamedRows, list[int]]:
    names = Phrasing(
        data.concepts, table=ConceptTable.load(), text_encoder=model.text_encoder
    ).names
    told: list[int] = []
    rows = fit_named_rows(
        model,
        data,
        c=c,
        names=names,
        unconfirmed_weight=unconfirmed_weight,
        advance=lambda done, _: told.append(done),
    )
    return rows, told


def test_rows_tell_the_training_records_apart(model: SuPreME, cohort_store: Path) -> None:
    """Even over an untrained encoder, better than chance by far; the encoder is not touched."""
    data = training_set(cohort_store)
    before = {key: each.clone() for key, each in model.state_dict().items()}
    rows, told = fit(model, data, c=10.0)
    assert all(torch.equal(before[key], each) for key, each in model.state_dict().items())
    assert told[-1] == len(data.training_rows)
    batch = data.store.batch(data.training_rows)
    features = torch.from_numpy(model.embed(batch.signal, batch.lead_mask, batch.sample_mask))
    logits = (features @ rows.weight.T + rows.bias).numpy()
    assert (mean_auroc(logits, data.labels[data.training_rows]) or 0) > 0.9


def test_a_stronger_penalty_gives_shorter_rows(model: SuPreME, cohort_store: Path) -> None:
    """`c` is the inverse strength."""
    data = training_set(cohort_store)
    (weak, _), (strong, _) = (fit(model, data, c=c) for c in (1.0, 0.001))
    assert strong.weight.norm() < weak.weight.norm() / 2


def test_an_unconfirmed_report_counts_as_little_as_it_is_told_to(
    model: SuPreME, cohort_store: Path
) -> None:
    """At next to nothing it may say the opposite."""
    data = training_set(cohort_store)
    confirmed = np.arange(len(data.store)) % 3 > 0
    opposite = np.where(confirmed[:, None], data.labels, 1 - data.labels)
    common = np.nansum(data.labels[data.training_rows], axis=0).argmax()

    def weight(labels: np.ndarray, unconfirmed_weight: float) -> torch.Tensor:
        chosen = replace(data, confirmed=confirmed, labels=labels)
        return fit(model, chosen, c=1.0, unconfirmed_weight=unconfirmed_weight)[0].weight[common]

    one, other = weight(data.labels, 1e-4), weight(opposite, 1e-4)
    assert (one - other).norm() < 0.05 * one.norm()
    assert (weight(data.labels, 1.0) - one).norm() > 0.1 * one.norm()


@pytest.mark.parametrize(("rows_c", "expected"), [(0.0, False), (0.1, True)])
def test_a_recipe_with_rows_trains_a_model_with_rows(
    letters, cohort_store: Path, tmp_path: Path, monkeypatch, *, rows_c: float, expected: bool
) -> None:
    """And one without does not."""
    monkeypatch.setattr("supreme_ecg.models.supreme.TransformerTextEncoder", lambda _: letters)
    chosen = recipe("training.epochs=1", f"method.rows_c={rows_c}")
    result = pretrain(chosen, Store.open(cohort_store), tmp_path)
    loaded = SuPreME.from_pretrained(result.model, text_encoder=letters)
    assert (loaded.named_rows is not None) is expected
    assert loaded.rows_in_training is None
    if loaded.named_rows is not None:
        assert len(loaded.named_rows.weight) == result.concepts == len(loaded.trained_concepts)
        assert np.isfinite(loaded.named_rows.weight.numpy()).all()
