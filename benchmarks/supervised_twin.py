"""The same encoder trained on the codes instead of the reports: what zero-shot answers are measured against.

    python benchmarks/supervised_twin.py STORE --out runs/twin --json docs/results/supervised_twin.json

Same records, held-out patients, augmentation, epochs, batch, learning rate and schedule as the recipe;
only the labels (SCP codes of all tasks of PTB-XL at once) and the head (one linear row a class over the
mean token) differ. A killed run goes on from its last epoch. ``--records 640 --set training.epochs=1``
tries it out.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from supreme_ecg.evaluation.task import Task, tasks_of
from supreme_ecg.evaluation.zero_shot_plan import plan_zero_shot
from supreme_ecg.evaluation.zero_shot_run import run_zero_shot
from supreme_ecg.store.reading import Store
from supreme_ecg.training.callbacks import SILENT, Callbacks
from supreme_ecg.training.fine_tuning import column_queries, train_classifier
from supreme_ecg.training.recipe import Recipe
from supreme_ecg.training.recipe_file import find_recipe, read_recipe
from supreme_ecg.training.training_set import TrainingSet, split_rows


def main() -> None:
    """Train, score, write."""
    options = _options()
    torch.set_num_threads(options.threads)
    recipe = read_recipe(find_recipe(options.recipe), overrides=options.set)
    values = train_and_score(
        Store.open(options.store),
        recipe,
        options.out,
        fold=options.fold,
        most=options.records,
        callbacks=Callbacks(on_epoch=lambda metrics: print(json.dumps(metrics), flush=True)),
    )
    for result in values["results"]:
        print(f"{result['task']:22} {result['macro']['auroc']:.4f}")
    of_run = {"recipe": options.recipe, "overrides": options.set, "threads": options.threads}
    options.json.write_text(json.dumps({**of_run, **values}, indent=1) + "\n")


def train_and_score(
    store: Store,
    recipe: Recipe,
    folder: Path,
    *,
    fold: int,
    most: int | None = None,
    callbacks: Callbacks = SILENT,
) -> dict[str, Any]:
    """Train the twin of a recipe, or go on with a killed run, and score it.

    Args:
        store: Of PTB-XL.
        recipe: Whose records, encoder, augmentation and schedule it has.
        folder: Of the run.
        fold: To score.
        most: Train on so many records only.
        callbacks: Who is told how far it has come.
    """
    tasks = tasks_of(store.corpus)
    data = _training_set(store, recipe, tasks, most=most)
    started = time.perf_counter()
    model, _ = train_classifier(data, recipe, folder=folder, callbacks=callbacks)
    minutes = (time.perf_counter() - started) / 60
    plans = [plan_zero_shot(model, store, _by_column(task, tasks), folds=[fold]) for task in tasks]
    return {
        "records": len(data.training_rows),
        "labels": len(data.concepts),
        "parameters": sum(parameter.numel() for parameter in model.encoder.parameters()),
        "epochs": recipe.training.epochs,
        "minutes": round(minutes, 1),
        "results": [
            run_zero_shot(model, [plan], weights="supervised twin")[0].to_json() for plan in plans
        ],
    }


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


def _keys(tasks: Sequence[Task]) -> Iterator[tuple[str, str]]:
    yield from ((task.name, one.name) for task in tasks for one in task.classes)


def _by_column(task: Task, tasks: Sequence[Task]) -> Task:
    """The same task, its classes asked for by number."""
    keys = list(_keys(tasks))
    place = dict(zip(keys, column_queries(len(keys)), strict=True))
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
        confirmed=np.ones(len(store), dtype=bool),
        training_rows=training_rows[:most],
        validation_rows=validation_rows,
    )


if __name__ == "__main__":
    main()
