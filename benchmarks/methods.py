r"""All methods on the same records, encoder and number of samples seen: train each, then score each.

    python benchmarks/methods.py STORE --cpsc2018 STORE2 --runs runs/methods --epochs 4 \\
        --json docs/results/methods.json --plot docs/pictures/methods.png

Each method is its packaged recipe with ``training.epochs`` set. What is trained or scored already is not
done again, and a run that was killed goes on. Scored: zero-shot on fold 9 of PTB-XL and on CPSC2018 (methods
that answer questions), linear probes at 1, 10 and 100 % of the labels of folds 1-8 on fold 9 (settings chosen
on a tenth of the training patients), and the probe of all 71 statements carried over to CPSC2018. An
untrained encoder, the packaged weights, which have seen more samples, and the supervised twin, which is
trained on the codes that are scored, are rows of their own.
``--train-only`` stops before scoring.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import torch
from results_methods import TITLES
from supervised_twin import train_and_score

from supreme_ecg.evaluation.age_probe import run_age_probe
from supreme_ecg.evaluation.guard import Guard
from supreme_ecg.evaluation.label_draws import Amounts
from supreme_ecg.evaluation.label_efficiency_plot import plot_label_efficiency
from supreme_ecg.evaluation.probe import embed_stores, run_probe
from supreme_ecg.evaluation.probe_plan import plan_probe, plan_transfer
from supreme_ecg.evaluation.probe_result import ProbeResult
from supreme_ecg.evaluation.target import Target
from supreme_ecg.evaluation.task import Task
from supreme_ecg.evaluation.zero_shot_plan import plan_zero_shot
from supreme_ecg.evaluation.zero_shot_run import run_zero_shot
from supreme_ecg.models.loading import SELF_SUPERVISED, load_model
from supreme_ecg.models.pretrained import PACKAGED
from supreme_ecg.models.self_supervised import SelfSupervised
from supreme_ecg.store.reading import Store
from supreme_ecg.training.loop import METRICS
from supreme_ecg.training.pretrain import pretrain
from supreme_ecg.training.recipe_file import find_recipe, read_recipe

METHODS: Final = (
    *("supreme", "etp", "merl"),
    *("simclr", "byol", "barlow_twins", "simsiam", "moco_v3", "clocs", "st_mem"),
)
"""Trained here, each by ``NAME_ptb_xl_100hz``."""
UNTRAINED, SHIPPED, SUPERVISED = "untrained", "packaged", "supervised"
TASKS: Final = ("superclass", "subclass", "form", "rhythm")
FRACTIONS: Final = {"probe_1": 0.01, "probe_10": 0.1, "probe_100": 1.0}


def main() -> None:
    """Train, score, write."""
    options = _options()
    torch.set_num_threads(options.threads)
    store, other = Store.open(options.store), Store.open(options.cpsc2018)
    rows = {}
    for method in options.methods:
        folder = options.runs / method
        if method in METHODS and not (folder / "model" / "model.json").is_file():
            recipe = find_recipe(f"{method}_ptb_xl_100hz")
            epochs = [f"training.epochs={options.epochs}"]
            pretrain(read_recipe(recipe, overrides=epochs), store, folder)
        if options.train_only:
            continue
        kept = folder / "scores.json"
        if not kept.is_file():
            folder.mkdir(parents=True, exist_ok=True)
            found = (
                _supervised(store, folder, options.epochs)
                if method == SUPERVISED
                else _score(method, folder, store, other)
            )
            kept.write_text(json.dumps(found))
        rows[method] = json.loads(kept.read_text())
        means = {
            key: round(each["mean"], 3) for key, each in rows[method].items() if "mean" in each
        }
        print(f"{method:14} {means}", flush=True)
    if not options.train_only:
        learned = [row for name, row in rows.items() if name in SELF_SUPERVISED]
        rows["self_supervised"] = {
            share: {"mean": max(row[share]["mean"] for row in learned)}
            for share in (FRACTIONS if learned else ())
        }
        options.json.write_text(json.dumps({"epochs": options.epochs, **rows}, indent=1) + "\n")
        named = (
            {**probe, "weights": TITLES[name].strip("*")}
            for name, row in rows.items()
            for probe in row.get("probes", ())
        )
        plot_label_efficiency(list(named), options.plot)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("--cpsc2018", type=Path, required=True, help="store of CPSC2018")
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--json", type=Path, default=Path("methods.json"))
    parser.add_argument("--plot", type=Path, default=Path("methods.png"))
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--methods", nargs="+", default=[*METHODS, UNTRAINED, SHIPPED, SUPERVISED])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--train-only", action="store_true")
    return parser.parse_args()


def _score(method: str, folder: Path, store: Store, other: Store) -> dict[str, Any]:
    """All that is known of one method."""
    model: Any = load_model(PACKAGED if method in {UNTRAINED, SHIPPED} else folder / "model")
    if method == UNTRAINED:
        model = model.with_random_encoder(seed=0)
    parameters = sum(each.numel() for each in model.encoder.parameters())
    row: dict[str, Any] = {"cost": _cost(model.parts.encoder.name, parameters, folder)}
    if method == SHIPPED:
        row["cost"]["epochs"] = model.manifest["recipe"]["training"]["epochs"]
    if not isinstance(model, SelfSupervised):
        row["zero_shot"] = _zero_shot(model, store, other)
    guard = Guard(model, store)
    plans = [
        plan_probe(model, store, Task.load(f"ptb_xl_{task}"), part="validation", guard=guard)
        for task in TASKS
    ]
    carried = plan_transfer(
        model,
        store,
        Task.load("ptb_xl_all"),
        to=other,
        to_task=Task.load("cpsc2018"),
        part="all",
    )
    age, sex = (
        plan_probe(model, store, Target.named(name), part="validation", guard=guard)
        for name in ("age", "sex")
    )
    vectors = embed_stores(model, [*plans, carried])
    probes = [run_probe(plan, vectors, weights=method) for plan in plans]
    for place, name in enumerate(FRACTIONS):
        by_task = {task: _probed(probes[n], place) for n, task in enumerate(TASKS)}
        row[name] = by_task | {"mean": _mean([each["auroc"] for each in by_task.values()])}
    amounts = Amounts(fractions=(1.0,))
    moved = run_probe(carried, vectors, weights=method, amounts=amounts)
    row["sex"] = _probed(run_probe(sex, vectors, weights=method, amounts=amounts))
    row["age"] = run_age_probe(age, vectors, weights=method, amounts=amounts).to_json()["scores"][0]
    row["transfer_cpsc2018"] = _probed(moved) | {"records": moved.records}
    row["probes"] = [_for_plot(probe.to_json()) for probe in probes]
    return row


def _probed(result: ProbeResult, place: int = 0) -> dict[str, Any]:
    """Averages of a probe at one amount of labels."""
    score = result.to_json()["scores"][place]
    return {**score["macro"], "top_class": score["top_class"]}


def _supervised(store: Store, folder: Path, epochs: int) -> dict[str, Any]:
    """The twin of SuPreME's recipe, by its own answers."""
    overrides = [f"training.epochs={epochs}"]
    recipe = read_recipe(find_recipe("supreme_ptb_xl_100hz"), overrides=overrides)
    twin = train_and_score(store, recipe, folder, fold=9)
    by_task = {one["task"].removeprefix("ptb_xl_"): one["macro"] for one in twin["results"]}
    mean = _mean([by_task[task]["auroc"] for task in TASKS])
    return {
        "cost": _cost(recipe.encoder.name, twin["parameters"], folder),
        "trained_on_codes": by_task | {"mean": mean},
    }


def _zero_shot(model: Any, store: Store, other: Store) -> dict[str, Any]:
    guard = Guard(model, store)
    plans = {
        task: plan_zero_shot(model, store, Task.load(f"ptb_xl_{task}"), folds=[9], guard=guard)
        for task in TASKS
    }
    untrained = model.with_random_encoder(seed=0)
    plans["cpsc2018"] = plan_zero_shot(model, other, Task.load("cpsc2018"))
    found = {}
    for task, plan in plans.items():
        result = run_zero_shot(model, [plan], weights="")[0].to_json()
        found[task] = result["macro"] | {"top_class": result["run"]["top_class"]}
    chance = run_zero_shot(untrained, [plans["cpsc2018"]], weights="")[0].to_json()
    found["cpsc2018_untrained"] = chance["macro"]["auroc"]
    return found | {"mean": _mean([found[task]["auroc"] for task in TASKS])}


def _cost(encoder: str, parameters: int, folder: Path) -> dict[str, Any]:
    lines = folder / METRICS
    epochs = (
        [json.loads(line) for line in lines.read_text().splitlines()] if lines.is_file() else []
    )
    return {
        "encoder": encoder,
        "parameters": parameters,
        "epochs": len(epochs),
        "samples_seen": epochs[-1].get("samples_seen") if epochs else None,
        "minutes": round(sum(epoch["seconds"] for epoch in epochs) / 60, 1),
    }


def _for_plot(probe: dict[str, Any]) -> dict[str, Any]:
    """Of a probe what the label-efficiency plot needs: classes and draws are many."""
    scores = [{**score, "classes": [], "draws": []} for score in probe["scores"]]
    kept = {key: probe[key] for key in ("task", "weights", "records", "records_train")}
    return {**kept, "scores": scores, "run": {"part": probe["run"]["part"]}}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


if __name__ == "__main__":
    main()
