r"""What each part of the recipe is worth: one change at a time, the same budget, one table.

    python benchmarks/ablations.py STORE --out runs/ablations --json docs/results/ablations.json \\
        --epochs 4 --seeds 0 --workers 2

Every row trains the recipe (asked by names and synonyms, plain text vectors) with a few ``--set`` changed,
for the same number of epochs, and scores the PTB-XL tasks on fold 9, each class by its prompts alone. Runs
that are done are not repeated, and one that was killed goes on, so rows and seeds can be added later with the
same command. ``--rows "head: dot product"`` runs only this one.
"""

from __future__ import annotations

import argparse
import json
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from unmerged_wordings import UnmergedStore, unmerged_table

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.evaluation.metrics import auroc
from supreme_ecg.evaluation.task import tasks_of
from supreme_ecg.evaluation.zero_shot_plan import plan_zero_shot
from supreme_ecg.models.supreme import SuPreME
from supreme_ecg.store.reading import Store
from supreme_ecg.training.pretrain import pretrain
from supreme_ecg.training.recipe import LabelConfig
from supreme_ecg.training.recipe_file import find_recipe, read_recipe
from supreme_ecg.training.training_set import report_labels, split_rows

BASE: Final = (
    "labels.definition_share=0.0",
    'text_encoder.adapter="none"',
    "method.rows_c=0.0",
    "encoder.squeeze_excite=false",
)
"""What every row has of its own: the recipe got its text adapter and definitions after these runs."""
UNMERGED: Final = "labels: no hierarchy, wordings not merged"
"""Conclusions are drawn before, as in the row without a hierarchy."""
_DECODER: Final = 'name="decoder", dropout=0.0'
ROWS: Final[dict[str, tuple[str, ...]]] = {
    "recipe": (),
    "head: decoder (CFN), queries apart": (f"method.fusion={{{_DECODER}}}",),
    "head: decoder (CFN), queries interact": (
        f"method.fusion={{{_DECODER}, interacting_queries=true}}",
    ),
    "head: dot product": ('method.fusion={name="dot_product"}',),
    "head: linear, names only": ('method.fusion={name="linear"}', "labels.synonym_share=0.0"),
    "encoder: ViT-tiny": ('encoder={name="vit", size="tiny"}',),
    "encoder: 64 channels (48)": ("encoder.stem_width=64",),
    "encoder: 34 layers (18)": ("encoder.depth=34",),
    "encoder: kernel of 9 (5)": ("encoder.kernel_size=9",),
    "augmentation: none": (
        "augmentation.shift_s=0.0",
        "augmentation.gain_share=0.0",
        "augmentation.lead_dropout=0.0",
        "augmentation.wander_mv=0.0",
        "augmentation.lead_set_share=0.0",
    ),
    "augmentation: no shift": ("augmentation.shift_s=0.0",),
    "augmentation: no gain": ("augmentation.gain_share=0.0",),
    "augmentation: no wander": ("augmentation.wander_mv=0.0",),
    "augmentation: no missing leads": (
        "augmentation.lead_dropout=0.0",
        "augmentation.lead_set_share=0.0",
    ),
    "augmentation: noise of 0.05 mV": ("augmentation.noise_mv=0.05",),
    "augmentation: mixup": ("augmentation.mixup_alpha=0.3",),
    "text: not whitened": ("method.fusion.whiten_text=false",),
    "text: aligned adapter": ('text_encoder.adapter="minilm-aligned"',),
    "text: names only": ("labels.synonym_share=0.0",),
    "text: any synonym": ("labels.synonym_share=1.0",),
    "labels: no hierarchy": ("labels.hierarchy=false",),
    "labels: doubt masked": ('labels.uncertain="masked"',),
    "labels: doubt one half": ('labels.uncertain="half"',),
    "labels: doubt negative": ('labels.uncertain="negative"',),
    UNMERGED: ("labels.hierarchy=false", "labels.conclusions=false"),
    "concepts: no filter (1)": ("labels.minimum_count=1",),
    "concepts: in 20 reports": ("labels.minimum_count=20",),
    "concepts: in 100 reports": ("labels.minimum_count=100",),
    "concepts: in 500 reports": ("labels.minimum_count=500",),
}
"""Row -> what differs from the recipe."""
BATCH: Final = 128
LEAST_POSITIVES: Final = 10


@dataclass(frozen=True, slots=True)
class Job:
    """One training run."""

    row: str
    seed: int
    options: argparse.Namespace

    @property
    def folder(self) -> Path:
        """Where it lives."""
        name = "".join(letter if letter.isalnum() else "_" for letter in self.row)
        out: Path = self.options.out
        return out / f"{name}-{self.options.epochs}-{self.seed}"


def main() -> None:
    """Run what is missing and write what is there."""
    options = _options()
    jobs = [Job(row, seed, options) for seed in options.seeds for row in options.rows]
    with ProcessPoolExecutor(options.workers) as pool:
        for job, result in zip(jobs, pool.map(run, jobs), strict=True):
            print(f"{job.row:40} seed {job.seed}  {_shown(result)}", flush=True)
    done = [json.loads(path.read_text()) for path in sorted(options.out.glob("*/result.json"))]
    chosen = [one for one in done if one["epochs"] == options.epochs]
    order = list(ROWS)
    chosen.sort(key=lambda one: (order.index(one["row"]), one["seed"]))
    values = {"recipe": options.recipe, "epochs": options.epochs, "fold": options.fold}
    options.json.write_text(json.dumps({**values, "runs": chosen}, indent=1) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("--recipe", default="supreme_ptb_xl_100hz")
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--rows", nargs="+", default=list(ROWS), choices=list(ROWS), metavar="ROW")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--fold", type=int, default=9)
    parser.add_argument("--workers", type=int, default=1, help="runs at once, one thread each")
    return parser.parse_args()


def run(job: Job) -> dict[str, Any]:
    """Train and score, or read what was found before."""
    result = job.folder / "result.json"
    if result.is_file():
        found: dict[str, Any] = json.loads(result.read_text())
        return found
    torch.set_num_threads(1)
    options = job.options
    changed = [f"training.epochs={options.epochs}", f"training.seed={job.seed}"]
    recipe = read_recipe(find_recipe(options.recipe), overrides=[*changed, *BASE, *ROWS[job.row]])
    store = Store.open(options.store)
    unmerged = job.row == UNMERGED
    started = time.perf_counter()
    trained = pretrain(
        recipe,
        UnmergedStore.open(options.store) if unmerged else store,
        job.folder,
        table=unmerged_table() if unmerged else None,
    )
    values = {
        "row": job.row,
        "seed": job.seed,
        "epochs": options.epochs,
        "changed": list(ROWS[job.row]),
        "concepts": trained.concepts,
        "minutes": round((time.perf_counter() - started) / 60, 2),
        **_scores(SuPreME.from_pretrained(trained.model), store, options.fold, recipe.data),
    }
    result.write_text(json.dumps(values) + "\n")
    (job.folder / "state.ckpt").unlink()
    return values


def _scores(model: SuPreME, store: Store, fold: int, data: Any) -> dict[str, Any]:
    """Macro AUROC of each task, and of the concepts that held-out reports mention."""
    asked = [task.plain() for task in tasks_of(store.corpus)]
    plans = [plan_zero_shot(model, store, task, folds=[fold]) for task in asked]
    tasks = {}
    for plan in plans:
        answers = _answers(model, store, plan.rows, plan.task.prompts)
        areas = auroc(plan.labels, plan.task.scores(answers))
        tasks[plan.task.name] = float(np.nanmean(areas))
    return {"tasks": tasks, **_held_out(model, store, data)}


def _held_out(model: SuPreME, store: Store, data: Any) -> dict[str, Any]:
    """All concepts of the table that ten held-out reports mention, the same for every row."""
    table = ConceptTable.load()
    _, rows = split_rows(store, store.findings(), data=data)
    concepts = sorted(table.concepts)
    labels = report_labels(
        store.findings(),
        record_ids=store.records["record_id"].gather(rows).to_list(),
        concepts=concepts,
        table=table,
        rules=LabelConfig(uncertain="positive"),
    ).astype(np.int8)
    kept = np.flatnonzero((labels.sum(axis=0) >= LEAST_POSITIVES) & (labels == 0).any(axis=0))
    names = [table[concepts[column]].name for column in kept]
    areas = auroc(labels[:, kept], _answers(model, store, rows, names))
    return {"held_out": float(areas.mean()), "held_out_concepts": len(kept)}


def _answers(model: SuPreME, store: Store, rows: np.ndarray, queries: Any) -> np.ndarray:
    parts = []
    for start in range(0, len(rows), BATCH):
        batch = store.batch(rows[start : start + BATCH])
        parts.append(model.predict(batch.signal, batch.lead_mask, batch.sample_mask, queries))
    return np.concatenate(parts).astype(np.float64)


def _shown(result: dict[str, Any]) -> str:
    tasks = " ".join(
        f"{name.removeprefix('ptb_xl_')} {area:.3f}" for name, area in result["tasks"].items()
    )
    return f"{tasks} held-out reports {result['held_out']:.4f} ({result['minutes']:.1f} min)"


if __name__ == "__main__":
    main()
