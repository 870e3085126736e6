"""The same encoder trained on the codes instead of the reports: what zero-shot answers are measured against.

    python benchmarks/supervised_twin.py STORE --out runs/twin --json docs/results/supervised_twin.json

Same records, held-out patients, augmentation, epochs, batch, learning rate and schedule as the recipe;
only the labels (SCP codes of the four PTB-XL tasks at once) and the head (one linear row a class over the
mean token) differ. A killed run goes on from its last epoch. ``--records 640 --set training.epochs=1``
tries it out.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor

from supreme_ecg.evaluation.task import Task, tasks_of
from supreme_ecg.evaluation.zero_shot_run import plan_zero_shot, run_zero_shot
from supreme_ecg.models.linear_head import LinearHeadConfig
from supreme_ecg.models.supreme import SuPreME, SuPreMEConfig
from supreme_ecg.models.text_encoder import TextEncoderConfig
from supreme_ecg.store.reading import Store
from supreme_ecg.training.concept_queries import ConceptQueries
from supreme_ecg.training.loop import Trainer
from supreme_ecg.training.recipe import Recipe, find_recipe, read_recipe
from supreme_ecg.training.training_set import TrainingSet, split_rows


def main() -> None:
    """Train, score, write."""
    options = _options()
    torch.set_num_threads(options.threads)
    recipe = read_recipe(find_recipe(options.recipe), overrides=options.set)
    store = Store.open(options.store)
    tasks = tasks_of(store.corpus)
    data = _training_set(store, recipe, tasks, most=options.records)
    started = time.perf_counter()
    model = _train(recipe, data, folder=options.out)
    minutes = (time.perf_counter() - started) / 60
    results = []
    for task in tasks:
        plan = plan_zero_shot(model, store, _by_column(task, tasks), folds=[options.fold])
        results.append(run_zero_shot(model, plan, weights="supervised twin").to_json())
        print(f"{task.name:22} {results[-1]['macro']['auroc']:.4f}")
    values = {
        "recipe": options.recipe,
        "overrides": options.set,
        "records": len(data.training_rows),
        "labels": len(data.concepts),
        "parameters": sum(parameter.numel() for parameter in model.encoder.parameters()),
        "epochs": recipe.training.epochs,
        "minutes": round(minutes, 1),
        "threads": options.threads,
        "results": results,
    }
    options.json.write_text(json.dumps(values, indent=1) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("--recipe", default="supreme_ptb_xl_100hz")
    parser.add_argument("--set", action="append", default=[], help="as of `supreme pretrain`")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--fold", type=int, default=9)
    parser.add_argument("--records", type=int, default=None, help="train on so many only")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


class ClassNumbers:
    """A "text encoder" that knows the classes by number: a one-hot vector for ``column 7``."""

    def __init__(self, count: int) -> None:
        self.config, self.width = TextEncoderConfig(name="class numbers"), count

    def encode(self, texts: Sequence[str]) -> Tensor:
        """One row of the identity for each text."""
        return torch.eye(self.width)[[int(text.removeprefix("column ")) for text in texts]]


@dataclass(frozen=True, slots=True)
class Columns:
    """Queries of the training loop: always the same."""

    names: Tensor

    def draw(self, **_: object) -> Tensor:
        """A class has no synonyms."""
        return self.names


def _keys(tasks: Sequence[Task]) -> Iterator[tuple[str, str]]:
    yield from ((task.name, one.name) for task in tasks for one in task.classes)


def _by_column(task: Task, tasks: Sequence[Task]) -> Task:
    """The same task, its classes asked for by number."""
    place = {key: f"column {number}" for number, key in enumerate(_keys(tasks))}
    classes = tuple(
        replace(one, prompts=(place[task.name, one.name],)) for one in task.plain().classes
    )
    return replace(task, classes=classes)


def _training_set(
    store: Store, recipe: Recipe, tasks: Sequence[Task], *, most: int | None
) -> TrainingSet:
    """The records of the recipe with the codes as labels."""
    training_rows, validation_rows = split_rows(store, store.findings(), data=recipe.data)
    return TrainingSet(
        store=store,
        concepts=tuple(f"{task}/{one}" for task, one in _keys(tasks)),
        labels=np.concatenate([task.labels(store.records) for task in tasks], axis=1).astype(
            np.float32
        ),
        training_rows=training_rows[:most],
        validation_rows=validation_rows,
    )


def _train(recipe: Recipe, data: TrainingSet, *, folder: Path) -> SuPreME:
    folder.mkdir(parents=True, exist_ok=True)
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    fabric = Fabric(precision=recipe.training.precision, devices="auto", accelerator="auto")
    fabric.launch()
    torch.manual_seed(recipe.training.seed)
    numbers = ClassNumbers(len(data.concepts))
    parts = replace(
        recipe.parts, method=SuPreMEConfig(fusion=LinearHeadConfig(rows=len(data.concepts)))
    )
    manifest: dict[str, Any] = data.manifest()
    model = SuPreME(parts, manifest=manifest, text_encoder=numbers)
    columns = Columns(torch.eye(len(data.concepts)))
    model.fusion.fit_text(columns.names)
    objective = ConceptQueries(data, phrasing=columns, recipe=recipe)
    trainer = Trainer(model, objective=objective, recipe=recipe, folder=folder, fabric=fabric)
    trainer.run(report=lambda metrics: print(json.dumps(metrics), flush=True))
    model.load_state_dict(trainer.best)
    return model.eval()


if __name__ == "__main__":
    main()
