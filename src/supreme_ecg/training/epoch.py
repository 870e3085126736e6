"""What an epoch draws: its randomness and the records of its batches, all from (seed, epoch, process)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from supreme_ecg.training.objective import draw_windows
from supreme_ecg.training.recipe import Recipe
from supreme_ecg.training.training_set import TrainingSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """One pass over the training records, the same whenever it is drawn."""

    data: TrainingSet
    """Rows to learn from."""
    recipe: Recipe
    """Seed, batch size, augmentation and which epochs draw confirmed reports alone."""
    number: int
    """Of the epoch, from 0."""
    process: int = 0
    """Of the processes that share the epoch, from 0."""
    processes: int = 1
    """That share it: every n-th row is for each."""

    def __len__(self) -> int:
        """Batches of one process; the last incomplete one is left out."""
        share = len(self.data.training_rows) // self.processes
        return max(1, share // self.recipe.training.batch_size)

    def seed(self) -> torch.Generator:
        """Seed torch (dropout), and give the source of augmentation and phrasing."""
        key = [self.recipe.training.seed, self.number, self.process]
        seed = int(np.random.SeedSequence(key).generate_state(1)[0])
        torch.manual_seed(seed)
        return torch.Generator().manual_seed(seed)

    def batches(self) -> Iterator[Int[np.ndarray, " row"]]:
        """Rows of each batch: one shuffle for all processes."""
        settings, rows = self.recipe.training, self.data.training_rows
        first_confirmed = settings.epochs - settings.confirmed_epochs
        if settings.confirmed_epochs and self.number >= first_confirmed:
            rows = self.data.only_confirmed(rows)
        draws = np.random.default_rng([settings.seed, self.number])
        passes = -(-len(self.data.training_rows) // len(rows))
        order = np.concatenate([draws.permutation(rows) for _ in range(passes)])
        own = order[self.process :: self.processes]
        size = settings.batch_size
        for start in range(0, len(self) * size, size):
            yield own[start : start + size]

    def windows(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Signal and sample mask of each batch, changed at random as the recipe says."""
        generator = self.seed()
        for rows in self.batches():
            yield draw_windows(self.data.store, rows, recipe=self.recipe, generator=generator)
