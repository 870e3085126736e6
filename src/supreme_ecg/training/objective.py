"""What a method learns from and is judged by: the part of training that is the method's own.

The loop (`loop.py`) knows epochs, steps, optimiser and state; it is the same for all methods.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Bool, Float
from lightning_fabric import Fabric
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn

from supreme_ecg.errors import RecipeError
from supreme_ecg.store.reading import Store
from supreme_ecg.training.augmentation import augment
from supreme_ecg.training.recipe import Recipe
from supreme_ecg.training.training_set import TrainingSet

LEAST_POSITIVES: Final = 10
"""A concept with fewer held-out records takes no part in the validation AUROC."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """How well a model does on the held-out patients."""

    loss: float
    """The method's own: training stops by it."""
    auroc: float | None
    """Mean over concepts asked by their preferred names; None where none has enough records."""
    embedding_spread: float | None = None
    """0 where all held-out ECGs have one embedding, 1 where they are spread evenly; None: not measured."""


@runtime_checkable
class Objective(Protocol):
    """The gradients of a step, and the judgement after an epoch."""

    data: TrainingSet
    """Rows to learn from and rows held out."""

    def add_gradients(
        self,
        model: Any,
        batches: Sequence[np.ndarray],
        *,
        generator: torch.Generator,
        fabric: Fabric,
    ) -> list[float]:
        """Add the gradients of one optimiser step to those of the model.

        Args:
            model: As Fabric wrapped it, in training mode.
            batches: Rows of each of the step's batches.
            generator: Source of augmentation and phrasing; dropout draws from torch's own.
            fabric: Devices and precision.

        Returns:
            A loss per batch.
        """

    def after_step(self, _model: Any, _progress: float, /) -> None:
        """Move what gradients do not move; nothing, unless a method says so.

        Args:
            _model: Without Fabric's wrapping.
            _progress: Share of the run's optimiser steps that are done, 0 to 1.
        """
        return

    def judge(self, model: nn.Module, *, fabric: Fabric) -> Judgement:
        """Score the model, in evaluation mode, on the rows held out."""


def refuse_mixup(recipe: Recipe, *, because: str) -> None:
    """Stop where a recipe asks for mixup of a method that has none.

    Raises:
        RecipeError: It does.
    """
    if recipe.augmentation.mixup_alpha:
        raise RecipeError(
            "augmentation.mixup_alpha",
            expected=f"0 for the method {recipe.method.name!r}",
            found=str(recipe.augmentation.mixup_alpha),
            remedy=f"Leave it out: {because}.",
        )


def judged_batches(records: int, *, step: int) -> list[slice]:
    """Cut held-out records into batches as large as a step's: a smaller one has a smaller contrastive loss.

    Returns:
        Whole batches; the rest is left out, unless it is all.
    """
    last = max(step, records // step * step)
    return [slice(start, start + step) for start in range(0, last, step)]


def draw_windows(
    store: Store, rows: np.ndarray, *, recipe: Recipe, generator: torch.Generator
) -> tuple[Float[Tensor, "batch lead time"], Bool[Tensor, "batch time"]]:
    """Windows of these rows, changed at random as the recipe says, with their sample masks."""
    batch = store.batch(rows)
    return augment(
        torch.from_numpy(batch.signal),
        torch.from_numpy(batch.sample_mask),
        config=recipe.augmentation,
        sampling_rate_hz=recipe.data.sampling_rate_hz,
        generator=generator,
    )


def plain_windows(
    store: Store, rows: np.ndarray
) -> tuple[Float[Tensor, "batch lead time"], Bool[Tensor, "batch time"]]:
    """Windows of these rows as they are, with their sample masks."""
    batch = store.batch(rows)
    return torch.from_numpy(batch.signal), torch.from_numpy(batch.sample_mask)


def mean_auroc(
    logits: Float[np.ndarray, "record concept"], labels: Float[np.ndarray, "record concept"]
) -> float | None:
    """Mean AUROC over the concepts with enough held-out records, doubt left out; None if no concept has.

    Args:
        logits: Answers.
        labels: 1 present, 0 absent, anything else in doubt.
    """
    areas = []
    for answer, label in zip(logits.T, labels.T, strict=True):
        sure = (label == 0) | (label == 1)
        positives = int((label[sure] == 1).sum())
        if LEAST_POSITIVES <= positives < sure.sum():
            areas.append(roc_auc_score(label[sure], answer[sure]))
    return float(np.mean(areas)) if areas else None
