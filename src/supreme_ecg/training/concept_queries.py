"""SuPreME's objective: every concept is asked about every ECG, in one of its phrasings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from supreme_ecg.training.augmentation import mixup
from supreme_ecg.training.loss import BinaryCrossEntropyConfig, masked_loss
from supreme_ecg.training.objective import (
    Judgement,
    Objective,
    draw_windows,
    mean_auroc,
    plain_windows,
)
from supreme_ecg.training.recipe import Recipe
from supreme_ecg.training.training_set import TrainingSet


@runtime_checkable
class Queries(Protocol):
    """Query vectors of the columns of a training set."""

    @property
    def names(self) -> Tensor:
        """Of the columns' names: what a model is judged by."""

    def draw(
        self, *, synonym_share: float, definition_share: float, generator: torch.Generator
    ) -> Tensor:
        """Those of one batch, perhaps in other words."""


class ConceptQueries(Objective):
    """The recipe's loss over all concepts.

    Args:
        data: Rows and labels.
        phrasing: Query vectors.
        recipe: Augmentation, mixup, shares of synonyms and definitions.
    """

    def __init__(self, data: TrainingSet, *, phrasing: Queries, recipe: Recipe) -> None:
        self.data, self.phrasing, self.recipe = data, phrasing, recipe

    def add_gradients(
        self,
        model: Any,
        batches: Sequence[np.ndarray],
        *,
        generator: torch.Generator,
        fabric: Fabric,
    ) -> list[float]:
        """Mean gradient of the batches, one after the other."""
        losses = []
        for index, rows in enumerate(batches):
            last = index + 1 == len(batches)
            with fabric.no_backward_sync(model, enabled=not last):
                loss = self._loss(model, rows, generator=generator, fabric=fabric)
                fabric.backward(loss / len(batches))
            losses.append(loss.item())
        return losses

    def _loss(
        self, model: Any, rows: np.ndarray, *, generator: torch.Generator, fabric: Fabric
    ) -> Tensor:
        signal, sample_mask = draw_windows(
            self.data.store, rows, recipe=self.recipe, generator=generator
        )
        queries = self.phrasing.draw(
            synonym_share=self.recipe.labels.synonym_share,
            definition_share=self.recipe.labels.definition_share,
            generator=generator,
        )
        labels = torch.from_numpy(self.data.labels[rows])
        if alpha := self.recipe.augmentation.mixup_alpha:
            signal, sample_mask, labels = mixup(
                signal, sample_mask, labels, alpha=alpha, generator=generator
            )
        signal, sample_mask, queries, labels = fabric.to_device(
            (signal, sample_mask, queries, labels)
        )
        answers = model(signal, sample_mask, queries)
        opinions = answers.shape[1] // labels.shape[1]  # 2 with rows beside the text
        wanted = labels.repeat(1, opinions)
        loss: Tensor = opinions * masked_loss(answers, wanted, config=self.recipe.loss)
        return loss

    @torch.no_grad()
    def judge(self, model: nn.Module, *, fabric: Fabric) -> Judgement:
        """Binary cross-entropy, whatever the recipe's loss, and AUROC, each concept asked by its name."""
        model.eval()
        rows, size = self.data.validation_rows, self.recipe.training.batch_size
        if self.recipe.training.confirmed_epochs:
            rows = self.data.only_confirmed(rows)
        queries = fabric.to_device(self.phrasing.names)
        answers: list[Tensor] = []
        for start in range(0, len(rows), size):
            windows = fabric.to_device(plain_windows(self.data.store, rows[start : start + size]))
            with fabric.autocast():
                answers.append(model(*windows, queries).float().cpu())
        logits, labels = torch.cat(answers), torch.from_numpy(self.data.labels[rows])
        loss = masked_loss(logits, labels, config=BinaryCrossEntropyConfig()).item()
        return Judgement(loss, mean_auroc(logits.numpy(), labels.numpy()))
