"""Training on classes: an encoder and a linear head over its mean token, all weights, from labels of a task.

One piece of code for fine-tuning (trained weights to begin with) and for the supervised twin (fresh
ones). The head is SuPreME's linear one, asked for its classes by number, so the loop, its state on disk
and its resumption are those of pre-training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Protocol

import torch
from torch import Tensor, nn

from supreme_ecg.models.encoder import EncoderConfig
from supreme_ecg.models.linear_head import LinearHead, LinearHeadConfig
from supreme_ecg.models.supreme import SuPreME, SuPreMEConfig, SuPreMEParts
from supreme_ecg.models.text_encoder import TextEncoderConfig
from supreme_ecg.preprocessing.contract import SignalContract
from supreme_ecg.training.callbacks import SILENT, Callbacks
from supreme_ecg.training.concept_queries import ConceptQueries
from supreme_ecg.training.loop import Progress, Trainer
from supreme_ecg.training.precision import launch
from supreme_ecg.training.recipe import DataConfig, Recipe, TrainingConfig
from supreme_ecg.training.schedule import CosineConfig
from supreme_ecg.training.training_set import TrainingSet

BATCHES_PER_EPOCH: Final = 16
"""The batch is what makes an epoch about so long, within the two limits below."""
SMALLEST_BATCH: Final = 8
"""Below it the statistics of batch normalisation say little."""
LARGEST_BATCH: Final = 64
"""As in pre-training."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FineTuning:
    """How every model is fine-tuned: one recipe for all amounts of labels."""

    epochs: int = 10
    """Passes over the labelled records; the epoch of the lowest loss on the records of choice is kept."""
    learning_rate: float = 3e-4
    """Highest rate of AdamW, a third of that of pre-training; the head has the same."""
    weight_decay: float = 0.01
    """Decoupled weight decay."""
    warmup_share: float = 0.1
    """Share of the steps in which the rate rises; then half a cosine."""
    patience_epochs: int = 3
    """Epochs without a lower loss after which training stops."""
    seed: int = 0
    """Decides the head's first weights, order and dropout."""

    def recipe(self, encoder: EncoderConfig, *, data: TrainingSet) -> Recipe:
        """The whole recipe for an encoder and some labelled records. No augmentation."""
        fitting = len(data.training_rows) // BATCHES_PER_EPOCH
        return Recipe(
            data=DataConfig(
                corpus=data.store.corpus,
                sampling_rate_hz=data.store.contract.sampling_rate_hz,
            ),
            method=SuPreMEConfig(fusion=LinearHeadConfig(rows=len(data.concepts))),
            encoder=encoder,
            training=TrainingConfig(
                epochs=self.epochs,
                batch_size=min(max(fitting, SMALLEST_BATCH), LARGEST_BATCH),
                learning_rate=self.learning_rate,
                weight_decay=self.weight_decay,
                precision="32-true",
                patience_epochs=self.patience_epochs,
                seed=self.seed,
            ),
            schedule=CosineConfig(warmup_share=self.warmup_share),
        )


class Tunable(Protocol):
    """A model of this package whose encoder can be trained on."""

    encoder: Any
    """The torch module."""
    parts: Any
    """``parts.encoder`` describes it."""
    weights_sha256: str | None
    """Of its file."""

    @property
    def contract(self) -> SignalContract:
        """What its windows are."""


class ClassNumbers:
    """A "text encoder" that knows the classes by number: a one-hot vector for ``column 7``.

    Args:
        count: Number of classes.
    """

    def __init__(self, count: int) -> None:
        self.config, self.width = TextEncoderConfig(name="class numbers"), count

    def encode(self, texts: Sequence[str]) -> Tensor:
        """One row of the identity for each text."""
        return torch.eye(self.width)[[int(text.removeprefix("column ")) for text in texts]]


@dataclass(frozen=True, slots=True)
class _Columns:
    """Queries of the training loop: always the same, for a class has no synonyms."""

    names: Tensor

    def draw(self, **_: object) -> Tensor:
        return self.names


def column_queries(count: int) -> list[str]:
    """What a classifier is asked for its classes, in their order."""
    return [f"column {number}" for number in range(count)]


def train_classifier(
    data: TrainingSet,
    recipe: Recipe,
    *,
    folder: Path,
    start: nn.Module | None = None,
    callbacks: Callbacks = SILENT,
) -> tuple[SuPreME, Progress]:
    """Train an encoder and a linear head on the columns of a training set, or go on with a killed run.

    Args:
        data: Its labels are the classes: 1, 0, NaN left out.
        recipe: Encoder, loop and augmentation; its head and text encoder are replaced.
        folder: Where the state goes; made if absent. One folder for each recipe, data and start.
        start: Encoder whose weights are begun with; fresh ones where None.
        callbacks: Who is told how far it has come.

    Returns:
        The model of the best epoch, in evaluation mode, which answers :func:`column_queries`; and how the
        training went.

    Raises:
        RecipeError: The folder holds a run of another recipe.
    """
    folder.mkdir(parents=True, exist_ok=True)
    recipe = recipe.resolved()
    fabric = launch(recipe.training.precision)
    torch.manual_seed(recipe.training.seed)
    count = len(data.concepts)
    method = SuPreMEConfig(fusion=LinearHeadConfig(rows=count))
    numbers = ClassNumbers(count)
    own = replace(recipe, method=method, text_encoder=numbers.config)
    parts = SuPreMEParts(
        contract=own.contract, method=method, encoder=own.encoder, text_encoder=numbers.config
    )
    model = SuPreME(parts, manifest=data.manifest(), text_encoder=numbers)
    if start is not None:
        model.get_submodule("encoder").load_state_dict(start.state_dict())
    columns = _Columns(torch.eye(count))
    assert isinstance(model.fusion, LinearHead)
    model.fusion.fit_text(columns.names)
    objective = ConceptQueries(data, phrasing=columns, recipe=own)
    trainer = Trainer(model, objective=objective, recipe=own, folder=folder, fabric=fabric)
    trainer.run(callbacks)
    model.load_state_dict(trainer.best)
    return model.eval(), trainer.progress
