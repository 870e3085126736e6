"""Time to score six tasks of PTB-XL: asked for the first time, from kept answers, and probed from embeddings.

    python benchmarks/scoring_speed.py STORE [--weights MODEL] [--threads 2] [--json OUT]

The store is linked into a temporary folder, so that what earlier runs kept in it plays no part and
nothing is left there. Zero-shot scoring is that of fold 9 with all intervals; a probe learns from folds
1-8 with its choice of settings. Every step counts reading, metrics and 1,000 bootstrap draws.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import torch

from supreme_ecg.cli.cost import peak_memory_mb
from supreme_ecg.evaluation.embedding_cache import FOLDER as EMBEDDINGS
from supreme_ecg.evaluation.guard import Guard
from supreme_ecg.evaluation.label_draws import Amounts
from supreme_ecg.evaluation.probe import embed_stores, run_probe
from supreme_ecg.evaluation.probe_plan import ProbePlan, plan_probe
from supreme_ecg.evaluation.task import Task
from supreme_ecg.evaluation.zero_shot_plan import plan_zero_shot
from supreme_ecg.evaluation.zero_shot_run import run_zero_shot
from supreme_ecg.models.pretrained import PACKAGED
from supreme_ecg.models.supreme import SuPreME
from supreme_ecg.store.answer_cache import FOLDER as ANSWERS
from supreme_ecg.store.reading import Store

TASKS: Final = ("superclass", "subclass", "form", "rhythm", "diagnostic", "all")
FOLD: Final = 9


def main() -> None:
    """Time each step, print, and write JSON where asked."""
    options = _options()
    torch.set_num_threads(options.threads)
    load = os.getloadavg()[0]
    with TemporaryDirectory() as folder:
        store = Store.open(_linked(options.store, Path(folder)))
        steps = measure(SuPreME.from_pretrained(options.weights), store)
    print(
        f"{options.threads} threads, load before {load:.1f}, peak memory {peak_memory_mb():.0f} MB"
    )
    for name, seconds in steps.items():
        print(f"{name:45} {seconds['wall_s']:7.1f} s  (processor {seconds['processor_s']:.1f} s)")
    if options.json:
        cost = {"threads": options.threads, "load_before": round(load, 1)}
        records = int((store.records["fold"] == FOLD).sum())
        values = {"records": records, "records_embedded": len(store), **cost, "steps": steps}
        values["peak_memory_mb"] = round(peak_memory_mb())
        options.json.write_text(json.dumps(values, indent=1) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", type=Path)
    parser.add_argument("--weights", default=PACKAGED)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def _linked(store: Path, folder: Path) -> Path:
    """A folder with links to the store's files, without what was kept in it."""
    for path in store.resolve().iterdir():
        if path.name not in {ANSWERS, EMBEDDINGS}:
            (folder / path.name).symlink_to(path)
    return folder


def measure(model: SuPreME, store: Store) -> dict[str, dict[str, float]]:
    """Wall and processor seconds of each step."""
    guard, tasks = Guard(model, store), [Task.load(f"ptb_xl_{name}") for name in TASKS]

    def ask() -> None:
        plans = [plan_zero_shot(model, store, task, folds=[FOLD], guard=guard) for task in tasks]
        run_zero_shot(model, plans, weights="")

    def plan() -> list[ProbePlan]:
        return [plan_probe(model, store, task, part="validation", guard=guard) for task in tasks]

    def probe() -> None:
        planned = plan()
        vectors = embed_stores(model, planned)
        for one in planned:
            run_probe(one, vectors, weights="", amounts=Amounts(fractions=(1.0,)))

    steps: dict[str, Callable[[], object]] = {
        "zero-shot, asked for the first time": ask,
        "zero-shot, from kept answers": ask,
        "embedding the whole store": lambda: embed_stores(model, plan()),
        "probes of all labels, from kept embeddings": probe,
    }
    return {name: _timed(step) for name, step in steps.items()}


def _timed(step: Callable[[], object]) -> dict[str, float]:
    started, processor = time.perf_counter(), time.process_time()
    step()
    return {
        "wall_s": round(time.perf_counter() - started, 1),
        "processor_s": round(time.process_time() - processor, 1),
    }


if __name__ == "__main__":
    main()
