"""The objective of the self-supervised methods: a loss of the signals alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from lightning_fabric import Fabric
from torch import Tensor, nn

from supreme_ecg.errors import RecipeError
from supreme_ecg.models.self_supervised import SelfSupervised
from supreme_ecg.training.objective import (
    Judgement,
    Objective,
    draw_windows,
    judged_batches,
    refuse_mixup,
)
from supreme_ecg.training.recipe import Recipe
from supreme_ecg.training.training_set import TrainingSet
from supreme_ecg.training.whole_batch import add_whole_batch_gradients, gather


def require_own_encoder(recipe: Recipe, method: type[SelfSupervised]) -> None:
    """Stop where a recipe asks for what a self-supervised method cannot train with.

    Raises:
        RecipeError: An encoder that it does not fit, or mixup.
    """
    if recipe.encoder.name not in method.encoders:
        raise RecipeError(
            "encoder.name",
            expected=f"{' or '.join(method.encoders)} for the method {method.name!r}",
            found=repr(recipe.encoder.name),
            remedy="Take another encoder, or another method.",
        )
    refuse_mixup(recipe, because="a blend of two ECGs is a view of neither")


class SelfSupervision(Objective):
    """The method's loss over whole batches.

    Args:
        data: Rows; their labels are not looked at.
        recipe: Augmentation and sizes.
    """

    def __init__(self, data: TrainingSet, *, recipe: Recipe) -> None:
        self.data, self.recipe = data, recipe
        ids = data.store.records["patient_id"].to_numpy()
        self.patients = torch.from_numpy(np.unique(ids, return_inverse=True)[1])

    def add_gradients(
        self,
        model: Any,
        batches: Sequence[np.ndarray],
        *,
        generator: torch.Generator,
        fabric: Fabric,
    ) -> list[float]:
        """Gradient of one loss over all records of all batches and processes."""
        method: SelfSupervised = model.module
        parts = [fabric.to_device(self._views(rows, method.views, generator)) for rows in batches]
        own = fabric.to_device(self.patients[torch.from_numpy(np.concatenate(batches))])
        patients = gather(own, fabric=fabric)

        def loss(sides: tuple[Tensor, ...], _: Tensor) -> Tensor:
            return method.training_loss(sides, patients)

        value = add_whole_batch_gradients(model, parts, loss=loss, fabric=fabric)
        return [value] * len(batches)

    def after_step(self, model: Any, progress: float, /) -> None:
        """Let a momentum branch follow."""
        model.follow(progress)

    @torch.no_grad()
    def judge(self, model: nn.Module, *, fabric: Fabric) -> Judgement:
        """Mean loss of batches as large as a step's, of views that are the same in every epoch."""
        assert isinstance(model, SelfSupervised)
        model.eval()
        settings = self.recipe.training
        rows = np.random.default_rng(0).permutation(self.data.validation_rows)
        generator = torch.Generator().manual_seed(0)
        outputs, embeddings = [], []
        with torch.random.fork_rng():
            torch.manual_seed(0)  # what a method hides
            for start in range(0, len(rows), settings.batch_size):
                part = rows[start : start + settings.batch_size]
                windows = fabric.to_device(self._views(part, model.views, generator))
                with fabric.autocast():
                    outputs.append(model.sides(*windows))
                batch = self.data.store.batch(part)
                embeddings.append(model.embed(batch.signal, batch.lead_mask, batch.sample_mask))
        sides = [torch.cat(side).float().cpu() for side in zip(*outputs, strict=True)]
        patients = self.patients[torch.from_numpy(rows)]
        step = settings.batch_size * settings.accumulate * fabric.world_size
        losses = [
            model.training_loss([side[batch] for side in sides], patients[batch]).item()
            for batch in judged_batches(len(rows), step=step)
        ]
        spread = embedding_spread(np.concatenate(embeddings))
        return Judgement(float(np.mean(losses)), None, embedding_spread=spread)

    def _views(
        self, rows: Int[np.ndarray, " row"], views: int, generator: torch.Generator
    ) -> tuple[Tensor, ...]:
        """Signal and sample mask of each view, one after the other."""
        drawn = [
            draw_windows(self.data.store, rows, recipe=self.recipe, generator=generator)
            for _ in range(views)
        ]
        return tuple(tensor for pair in drawn for tensor in pair)


def embedding_spread(embeddings: Float[np.ndarray, "record width"]) -> float:
    """How far unit vectors are from being one vector, which is what a collapse makes of them.

    Source:
        SimSiam (arXiv 2011.10566), section 4.1: the deviation of each number of the unit vectors over the
        records, times the square root of the width: 0 where all are one, about 1 where they lie evenly.
    """
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    units = embeddings / np.maximum(lengths, 1e-12)
    return float(units.std(axis=0).mean() * np.sqrt(units.shape[1]))
