"""SuPreME's loss over labels of which some are in doubt."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.store.reading import Store
from supreme_ecg.training.concept_queries import ConceptQueries
from supreme_ecg.training.loss import BinaryCrossEntropyConfig, masked_loss
from supreme_ecg.training.recipe import Recipe
from supreme_ecg.training.recipe_file import find_recipe, read_recipe
from supreme_ecg.training.training_set import Phrasing, make_training_set

BCE = BinaryCrossEntropyConfig()


class Fixed(torch.nn.Module):
    """Answers the same whatever it is asked."""

    def __init__(self, logits: torch.Tensor) -> None:
        super().__init__()
        self.logits = torch.nn.Parameter(logits.detach())

    def forward(self, *_: torch.Tensor) -> torch.Tensor:
        return self.logits


def test_rows_in_training_learn_the_labels_of_the_queries(letters, cohort_store: Path) -> None:
    """Two opinions of the same labels: the loss is that of both, each a mean."""
    recipe = read_recipe(find_recipe("smoke"), overrides=["labels.minimum_count=5"])
    data = make_training_set(
        Store.open(cohort_store), data=recipe.data, labels=recipe.labels, table=ConceptTable.load()
    )
    rows, concepts = data.training_rows[:8], len(data.concepts)
    logits = torch.randn(8, 2 * concepts, requires_grad=True)
    phrasing = Phrasing(data.concepts, table=ConceptTable.load(), text_encoder=letters)
    objective = ConceptQueries(data, phrasing=phrasing, recipe=recipe)
    fabric = Fabric(accelerator="cpu")
    (loss,) = objective.add_gradients(
        fabric.setup(Fixed(logits)),
        [rows],
        generator=torch.Generator().manual_seed(0),
        fabric=fabric,
    )
    labels = torch.from_numpy(data.labels[rows])
    parts = [masked_loss(part, labels, config=BCE) for part in logits.split(concepts, dim=1)]
    assert loss == pytest.approx(sum(part.item() for part in parts), rel=1e-5)


def test_held_out_patients_are_judged_by_confirmed_reports(letters, cohort_store: Path) -> None:
    """Where training ends on confirmed reports; elsewhere by all."""
    recipe = read_recipe(find_recipe("smoke"), overrides=["labels.minimum_count=5"])
    data = make_training_set(
        Store.open(cohort_store), data=recipe.data, labels=recipe.labels, table=ConceptTable.load()
    )
    one = np.zeros(len(data.store), dtype=bool)
    one[data.validation_rows[2]] = True
    data = replace(data, confirmed=one)
    phrasing = Phrasing(data.concepts, table=ConceptTable.load(), text_encoder=letters)
    logits = torch.randn(len(data.concepts)).repeat(len(data.validation_rows), 1)
    fabric = Fabric(accelerator="cpu")

    def loss(recipe: Recipe) -> float:
        judged = data.validation_rows
        if recipe.training.confirmed_epochs:
            judged = judged[2:3]
        objective = ConceptQueries(data, phrasing=phrasing, recipe=recipe)
        return objective.judge(Fixed(logits[: len(judged)]), fabric=fabric).loss

    overrides = ["labels.minimum_count=5", "training.batch_size=1000"]
    ending = [*overrides, "training.confirmed_epochs=1"]
    expected = [
        masked_loss(
            logits[: len(rows)],
            torch.from_numpy(data.labels[rows]),
            config=BinaryCrossEntropyConfig(),
        )
        for rows in (data.validation_rows, data.validation_rows[2:3])
    ]
    found = [loss(read_recipe(find_recipe("smoke"), overrides=o)) for o in (overrides, ending)]
    assert found == pytest.approx([each.item() for each in expected], rel=1e-6)
