"""A run that starts from weights, in place of fresh ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.errors import RecipeError, WeightsError
from supreme_ecg.models.supreme import SuPreME
from supreme_ecg.store.reading import Store
from supreme_ecg.training.pretrain import Pretraining, pretrain
from supreme_ecg.training.recipe import Recipe
from supreme_ecg.training.recipe_file import find_recipe, read_recipe
from supreme_ecg.training.start import Start
from supreme_ecg.training.training_set import TrainingSet, make_training_set
from tests.training.test_pretrain import recipe

ROWS = ("method.rows_c=0.1", "training.epochs=1")


@pytest.fixture(autouse=True)
def _offline_letters(letters, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("supreme_ecg.models.supreme.TransformerTextEncoder", lambda _: letters)


@pytest.fixture(scope="module")
def first(letters, cohort_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("supreme_ecg.models.supreme.TransformerTextEncoder", lambda _: letters)
        folder = tmp_path_factory.mktemp("runs") / "first"
        return pretrain(recipe(*ROWS), Store.open(cohort_store), folder).model


def go_on(start: Path, store: Path, folder: Path, *overrides: str) -> Pretraining:
    return pretrain(recipe(*ROWS, *overrides), Store.open(store), folder, start=start)


def training_set(store: Path) -> TrainingSet:
    used = recipe(*ROWS)
    return make_training_set(
        Store.open(store), data=used.data, labels=used.labels, table=ConceptTable.load()
    )


def test_a_run_at_a_rate_of_next_to_nothing_gives_the_weights_it_started_from(
    first: Path, cohort_store: Path, tmp_path: Path, letters
) -> None:
    """What it says of itself includes what it started from, and by which recipe that was trained."""
    result = go_on(first, cohort_store, tmp_path / "second", "training.learning_rate=1e-12")
    before, after = (
        SuPreME.from_pretrained(m, text_encoder=letters) for m in (first, result.model)
    )
    state = after.state_dict()
    for key, tensor in before.state_dict().items():
        if "running" not in key and "num_batches" not in key and "named_rows" not in key:
            assert torch.allclose(tensor, state[key], atol=1e-8), key
    origin = after.manifest["started_from"]
    assert origin["weights_sha256"] == before.weights_sha256
    assert origin["recipe"] == before.manifest["recipe"]
    assert "label_counts" not in origin


def test_rows_in_training_start_with_the_rows_of_the_same_names(
    first: Path, cohort_store: Path, letters
) -> None:
    """A concept that the weights have no row for keeps its fresh one."""
    start = Start.read(first, recipe=recipe(*ROWS), data=training_set(cohort_store))
    known = start.model.trained_concepts
    table, concepts = ConceptTable.load(), [*known[::-1], "dextrocardia"]
    given = torch.nn.Linear(start.model.encoder.width, len(concepts))
    fresh = given.weight[-1].clone()
    assert "dextrocardia" not in known
    start.give_rows(given, names=letters.encode([table[concept].name for concept in concepts]))
    rows = start.model.named_rows
    assert rows is not None
    assert torch.equal(given.weight[:-1], rows.weight.flip(0))
    assert torch.equal(given.bias[:-1], rows.bias.flip(0))
    assert torch.equal(given.weight[-1], fresh)


def test_a_run_goes_on_only_from_the_weights_it_started_with(
    first: Path, cohort_store: Path, tmp_path: Path
) -> None:
    """Resumed without them, or with others, it stops and says so; so does a run that had none."""
    second = go_on(first, cohort_store, tmp_path / "run").model
    again = go_on(first, cohort_store, tmp_path / "run")
    assert again.epochs == 1
    with pytest.raises(RecipeError, match=r"started from weights.*one that started from weights"):
        go_on(second, cohort_store, tmp_path / "run")
    with pytest.raises(RecipeError, match=r"started from weights.*one that started from fresh"):
        go_on(second, cohort_store, first.parent)
    with pytest.raises(
        RecipeError, match=r"started from fresh weights.*one that started from weights"
    ):
        pretrain(recipe(*ROWS), Store.open(cohort_store), tmp_path / "run")


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (recipe(*ROWS, "encoder.stem_width=16"), r"the recipe's encoder.*'stem_width': 8"),
        (recipe(*ROWS, "method.fusion.heads=2"), r"the recipe's method\.fusion"),
        (recipe(*ROWS, "data.sampling_rate_hz=250"), "the recipe's contract"),
        (recipe(*ROWS, "text_encoder.maximum_tokens=32"), "the recipe's text_encoder"),
        (read_recipe(find_recipe("etp_ptb_xl_100hz")), "a recipe of the method 'supreme'"),
    ],
)
def test_weights_of_another_model_are_refused(
    first: Path, cohort_store: Path, other: Recipe, message: str
) -> None:
    """The section that differs is named; another method has no start."""
    with pytest.raises(RecipeError, match=message):
        Start.read(first, recipe=other, data=training_set(cohort_store))


def test_dropout_may_differ(first: Path, cohort_store: Path) -> None:
    """It makes no other model."""
    other = recipe(*ROWS, "encoder.dropout=0.3", "method.rows_c=0.01")
    assert Start.read(first, recipe=other, data=training_set(cohort_store)).sha256


def test_weights_that_know_more_concepts_are_refused(first: Path, cohort_store: Path) -> None:
    """The new weights would call them unseen."""
    data = training_set(cohort_store)
    fewer = replace(data, concepts=data.concepts[2:], labels=data.labels[:, 2:])
    with pytest.raises(RecipeError, match=f"2 others: {', '.join(sorted(data.concepts[:2]))}"):
        Start.read(first, recipe=recipe(*ROWS), data=fewer)


def test_weights_of_another_corpus_are_refused(
    first: Path, cohort_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their records could not be told from those held out here."""
    loaded = SuPreME.from_pretrained(first)
    assert loaded.seen is not None
    loaded.seen = replace(loaded.seen, corpus="cpsc2018")
    monkeypatch.setattr(SuPreME, "from_pretrained", lambda _: loaded)
    with pytest.raises(WeightsError, match="records of cpsc2018"):
        Start.read(first, recipe=recipe(*ROWS), data=training_set(cohort_store))


def test_weights_that_saw_other_records_are_refused(first: Path, cohort_store: Path) -> None:
    """Records of folds that this run does not have; records that it holds out."""
    data = training_set(cohort_store)
    fewer = replace(data, training_rows=data.training_rows[5:])
    with pytest.raises(WeightsError, match="5 records seen that are not here, 0 of the"):
        Start.read(first, recipe=recipe(*ROWS), data=fewer)
    moved = replace(
        data,
        training_rows=data.training_rows[3:],
        validation_rows=np.concatenate([data.validation_rows, data.training_rows[:3]]),
    )
    with pytest.raises(WeightsError, match="0 records seen that are not here, 3 of the"):
        Start.read(first, recipe=recipe(*ROWS), data=moved)


def test_weights_without_a_list_of_what_they_saw_are_refused(
    first: Path, cohort_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody could say later which records the run's weights have seen."""
    loaded = SuPreME.from_pretrained(first)
    loaded.seen = None
    monkeypatch.setattr(SuPreME, "from_pretrained", lambda _: loaded)
    with pytest.raises(WeightsError, match="no list"):
        Start.read(first, recipe=recipe(*ROWS), data=training_set(cohort_store))
