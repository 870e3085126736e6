"""The training loop: epochs of steps on Lightning Fabric, resumable after any epoch.

Every epoch draws all its randomness from (seed, epoch), so a run that was killed and resumed repeats
an uninterrupted one exactly; only weights, optimiser and progress need to be saved.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from supreme_ecg.errors import RecipeError
from supreme_ecg.training.averaging import mean_with, renew_batch_statistics
from supreme_ecg.training.callbacks import Callbacks
from supreme_ecg.training.epoch import Epoch
from supreme_ecg.training.objective import Objective
from supreme_ecg.training.recipe import Recipe
from supreme_ecg.training.schedule import ends_cycle, rate_share
from supreme_ecg.training.start import named

STATE: Final = "state.ckpt"
METRICS: Final = "metrics.jsonl"


@dataclass(slots=True)
class Progress:
    """How far a run has come."""

    epoch: int = 0
    """Epochs finished."""
    step: int = 0
    """Optimiser steps done."""
    best_epoch: int = -1
    """Epoch whose weights are kept, from 0; -1 before the first."""
    best_loss: float = float("inf")
    """Its validation loss."""
    averaged: int = 0
    """States that the kept weights are the mean of; 0 where they are no mean."""


class Trainer:
    """Trains one model towards one objective.

    Args:
        model: Fresh model on the CPU.
        objective: What it learns from and is judged by; the method's own.
        recipe: How.
        folder: Where state and metrics go.
        fabric: Devices and precision.
        started_from: SHA-256 of the weights that the model was given; None where they are fresh.
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        objective: Objective,
        recipe: Recipe,
        folder: Path,
        fabric: Fabric,
        started_from: str | None = None,
    ) -> None:
        self.recipe, self.objective, self.folder = recipe, objective, folder
        self.fabric, self.progress, self.started_from = fabric, Progress(), started_from
        settings = recipe.training
        optimizer = torch.optim.AdamW(
            _weight_groups(model, settings.weight_decay), lr=settings.learning_rate
        )
        self.model, self.optimizer = fabric.setup(model, optimizer)
        self.average: AveragedModel | None = None
        if settings.average_decay:
            average = get_ema_multi_avg_fn(settings.average_decay)  # type: ignore[no-untyped-call]
            self.average = AveragedModel(
                self.model.module, multi_avg_fn=average, use_buffers=True
            ).requires_grad_(requires_grad=False)
        self.best: dict[str, Tensor] = {}
        if (folder / STATE).is_file():
            self._resume()

    @property
    def batches(self) -> int:
        """Batches of one process in an epoch; the last incomplete one is left out."""
        return len(self._epoch())

    @property
    def total_steps(self) -> int:
        """Optimiser steps of the whole run."""
        return self.recipe.training.epochs * -(-self.batches // self.recipe.training.accumulate)

    @property
    def samples_seen(self) -> int:
        """Records drawn so far, by all processes; a record counts again in every epoch."""
        in_epoch = self.batches * self.recipe.training.batch_size * self.fabric.world_size
        return self.progress.epoch * in_epoch

    def _epoch(self) -> Epoch:
        """The one to come."""
        return Epoch(
            data=self.objective.data,
            recipe=self.recipe,
            number=self.progress.epoch,
            process=self.fabric.global_rank,
            processes=self.fabric.world_size,
        )

    def run(self, callbacks: Callbacks) -> None:
        """Train until the last epoch or until the validation loss has stopped falling.

        Args:
            callbacks: Who is told of each batch and epoch.
        """
        settings = self.recipe.training
        while self.progress.epoch < settings.epochs:
            waited = self.progress.epoch - self.progress.best_epoch
            if settings.keep == "best" and waited > settings.patience_epochs:
                break
            started = time.perf_counter()
            training_loss = self._train_epoch(callbacks.on_batch)
            seconds = time.perf_counter() - started
            judgement = self.objective.judge(self._kept, fabric=self.fabric)
            metrics = {
                "epoch": self.progress.epoch,
                "step": self.progress.step,
                "training_loss": training_loss,
                "validation_loss": judgement.loss,
                "validation_auroc": judgement.auroc,
                "learning_rate": self.optimizer.param_groups[0]["lr"],
                "seconds": round(seconds, 2),
                "samples_per_s": round(self.batches * settings.batch_size / seconds, 1),
            }
            if judgement.embedding_spread is not None:
                metrics["embedding_spread"] = round(judgement.embedding_spread, 4)
            if self._keeps(judgement.loss):
                self._keep(judgement.loss)
            self.progress.epoch += 1
            metrics["samples_seen"] = self.samples_seen
            if self.fabric.is_global_zero:
                self._save(metrics)
            callbacks.on_epoch(metrics)
        if settings.keep == "mean":
            self._settle()

    def _train_epoch(self, on_batch: Callable[[], None]) -> float:
        """One pass over the training rows; returns the mean loss."""
        epoch = self._epoch()
        generator = epoch.seed()
        self.model.train()
        total = 0.0
        batches = epoch.batches()
        while group := list(islice(batches, self.recipe.training.accumulate)):
            for loss in self.objective.add_gradients(
                self.model, group, generator=generator, fabric=self.fabric
            ):
                total += loss
                on_batch()
            self._step()
        return total / self.batches

    def _step(self) -> None:
        share = rate_share(
            self.progress.step, schedule=self.recipe.schedule, total_steps=self.total_steps
        )
        for group in self.optimizer.param_groups:
            group["lr"] = share * self.recipe.training.learning_rate
        clip = self.recipe.training.gradient_clip
        self.fabric.clip_gradients(self.model, self.optimizer, max_norm=clip)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.progress.step += 1
        self.objective.after_step(self.model.module, self.progress.step / self.total_steps)
        if self.average is not None:
            self.average.update_parameters(self.model.module)

    @property
    def _kept(self) -> nn.Module:
        """The model that is judged and saved: the averaged one, where there is an average."""
        kept: nn.Module = self.model.module if self.average is None else self.average.module
        return kept

    def _keeps(self, validation_loss: float) -> bool:
        """Whether the weights of this epoch are kept, or go into the mean that is."""
        settings = self.recipe.training
        if settings.keep == "mean":
            return ends_cycle(
                self.progress.epoch, schedule=self.recipe.schedule, epochs=settings.epochs
            )
        return settings.keep == "last" or validation_loss < self.progress.best_loss

    def _keep(self, validation_loss: float) -> None:
        self.progress.best_loss = validation_loss
        self.progress.best_epoch = self.progress.epoch
        self.best = mean_with(self.best, self._kept.state_dict(), averaged=self.progress.averaged)
        self.progress.averaged += self.recipe.training.keep == "mean"

    def _settle(self) -> None:
        """Give the mean weights their batch statistics, and judge them."""
        model = self.model.module
        model.load_state_dict(self.best)
        windows = map(self.fabric.to_device, self._epoch().windows())
        with self.fabric.autocast():
            renew_batch_statistics(model.encoder, windows)
        self.progress.best_loss = self.objective.judge(model, fabric=self.fabric).loss
        self.best = mean_with({}, model.state_dict(), averaged=0)

    def _save(self, metrics: dict[str, Any]) -> None:
        """Write state, then metrics; a kill between the two is mended at resume."""
        state = {
            "model": self.model.module.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "progress": asdict(self.progress),
            "best": self.best,
            "average": None if self.average is None else self.average.state_dict(),
            "recipe": self.recipe.to_json(),
            "started_from": self.started_from,
            "metrics": metrics,
        }
        partial = self.folder / f".{STATE}"
        torch.save(state, partial)
        os.replace(partial, self.folder / STATE)
        with (self.folder / METRICS).open("a") as file:
            file.write(json.dumps(metrics) + "\n")

    def _resume(self) -> None:
        path = self.folder / STATE
        state = torch.load(path, map_location="cpu", weights_only=True)
        if differing := _differences(state["recipe"], self.recipe.to_json()):
            raise RecipeError(
                path,
                expected="the state of a run of this recipe",
                found=f"the state of another recipe: {', '.join(differing)}",
                remedy="Choose another --out folder, or resume with the recipe it was started with.",
            )
        if state["started_from"] != self.started_from:
            raise RecipeError(
                path,
                expected=f"the state of a run that started from {named(self.started_from)}",
                found=f"one that started from {named(state['started_from'])}",
                remedy="Choose another --out folder, or resume with the --start it was started with.",
            )
        self.model.module.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.average is not None:
            self.average.load_state_dict(state["average"])
        self.progress, self.best = Progress(**state["progress"]), state["best"]
        _mend_metrics(self.folder / METRICS, last=state["metrics"])


def _differences(
    theirs: Mapping[str, Any], ours: Mapping[str, Any], *, prefix: str = ""
) -> list[str]:
    """Keys of a recipe that another has otherwise, with what it has."""
    found: list[str] = []
    for key in sorted(theirs.keys() | ours.keys()):
        their, our = theirs.get(key), ours.get(key)
        if isinstance(their, Mapping) and isinstance(our, Mapping):
            found += _differences(their, our, prefix=f"{prefix}{key}.")
        elif their != our:
            found.append(f"{prefix}{key}={their}")
    return found


def _weight_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Decay matrices, not biases, norms or positions; what is frozen is in neither group."""
    trained = [p for p in model.parameters() if p.requires_grad]
    matrices = [p for p in trained if p.ndim > 1]
    others = [p for p in trained if p.ndim <= 1]
    return [
        {"params": matrices, "weight_decay": weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]


def _mend_metrics(path: Path, *, last: dict[str, Any]) -> None:
    """Make the metrics file end with the epoch of the state."""
    lines = path.read_text().splitlines() if path.is_file() else []
    kept = [line for line in lines if json.loads(line)["epoch"] < last["epoch"]]
    path.write_text("\n".join([*kept, json.dumps(last)]) + "\n")
