r"""How far the answers of a recipe depend on the seed: several trainings of it, scored alike.

    supreme pretrain supreme_ptb_xl_100hz STORE --out runs/first --threads 1
    supreme pretrain supreme_ptb_xl_100hz STORE --out runs/seed-1 --threads 1 --set training.seed=1
    supreme pretrain supreme_ptb_xl_100hz STORE --out runs/seed-2 --threads 1 --set training.seed=2
    python benchmarks/seeds.py STORE --cpsc2018 STORE2 \
        --weights runs/first/model runs/seed-1/model runs/seed-2/model --json docs/results/seeds.json

Zero-shot on fold 9 of PTB-XL and on CPSC2018, as ``supreme zero-shot`` asks. Weights of another recipe, that
started from others, or of a seed that is given already, are refused, and so is a mean of runs.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from supreme_ecg.evaluation.guard import Guard
from supreme_ecg.evaluation.task import Task, tasks_of
from supreme_ecg.evaluation.zero_shot_plan import plan_zero_shot
from supreme_ecg.evaluation.zero_shot_run import run_zero_shot
from supreme_ecg.models.supreme import SuPreME
from supreme_ecg.store.reading import Store
from supreme_ecg.training.recipe import recipe_of


def main() -> None:
    """Score each, write."""
    options = _options()
    torch.set_num_threads(options.threads)
    models = [SuPreME.from_pretrained(weights) for weights in options.weights]
    seeds = seeds_of([model.manifest for model in models])
    store, other = Store.open(options.store), Store.open(options.cpsc2018)
    runs = []
    for seed, model in zip(seeds, models, strict=True):
        runs.append({"seed": seed, "tasks": score(model, store, other)})
        print(json.dumps(runs[-1]), flush=True)
    training = models[0].manifest["recipe"]["training"]
    values = {"epochs": training["epochs"], "runs": runs}
    options.json.write_text(json.dumps(values, indent=1) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("--cpsc2018", type=Path, required=True, help="store of CPSC2018")
    parser.add_argument("--weights", nargs="+", required=True, help="folders or packaged names")
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def seeds_of(manifests: Sequence[Mapping[str, Any]]) -> list[int]:
    """Seed of each run; ends the program where they differ in anything else, or a seed is there twice."""
    if any("averaged" in one for one in manifests):
        sys.exit("expected weights of single runs, found a mean: it has no seed")
    recipes = [recipe_of(one, where="--weights").resolved().to_json() for one in manifests]
    starts = [one.get("started_from", {}).get("weights_sha256") for one in manifests]
    rests = [
        ({**one, "training": {**one["training"], "seed": None}}, start)
        for one, start in zip(recipes, starts, strict=True)
    ]
    seeds = [one["training"]["seed"] for one in recipes]
    if any(rest != rests[0] for rest in rests) or len(set(seeds)) < len(seeds):
        sys.exit(
            f"expected weights of one recipe and start with different seeds, found seeds {seeds}"
        )
    return seeds


def score(model: SuPreME, store: Store, other: Store) -> dict[str, Any]:
    """Macro scores by task."""
    guard = Guard(model, store)
    plans = [
        plan_zero_shot(model, store, t, folds=[9], guard=guard) for t in tasks_of(store.corpus)
    ]
    plans.append(plan_zero_shot(model, other, Task.load("cpsc2018")))
    results = [
        result.to_json() for plan in plans for result in run_zero_shot(model, [plan], weights="")
    ]
    return {result["task"]: result["macro"] for result in results}


if __name__ == "__main__":
    main()
