"""How well concepts are found that were never trained on, beside the model that was trained on them.

    python benchmarks/unseen_concepts.py STORE --seen supreme-ptbxl-100hz --out runs/unseen --json OUT

Trains both runs (or those of ``--recipes``) once more without the concepts of ``EXCLUDED``, their synonyms
and their descendants (`labels.exclude`), then asks both models for each of them about fold 9: by the words of
its preferred name alone, by these and the definition (the mean of two logits), and as the model asks of
itself: with what is above it in the table as well (`models/asked.py`). A killed run goes on from its last
epoch. Truth: what the reports say (doubt counts as said, as in training), and the SCP codes where the concept
or one below it has any. The list was fixed before the first such run: common concepts of every group, and
none that is only a general term for another.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.evaluation.bootstrap import bootstrap_auroc
from supreme_ecg.evaluation.metrics import auroc
from supreme_ecg.evaluation.zero_shot import DRAWS
from supreme_ecg.models.supreme import SuPreME
from supreme_ecg.store.reading import Store
from supreme_ecg.training.callbacks import Callbacks
from supreme_ecg.training.loop import METRICS
from supreme_ecg.training.pretrain import Pretraining, pretrain
from supreme_ecg.training.recipe import LabelConfig
from supreme_ecg.training.recipe_file import find_recipe, read_recipe
from supreme_ecg.training.training_set import report_labels

EXCLUDED = (
    "atrial_fibrillation",
    "sinus_bradycardia",
    "paced_rhythm",
    "premature_ventricular_complex",
    "complete_left_bundle_branch_block",
    "incomplete_right_bundle_branch_block",
    "first_degree_av_block",
    "left_anterior_fascicular_block",
    "inferior_myocardial_infarction",
    "anteroseptal_myocardial_infarction",
    "inferior_ischaemia",
    "left_ventricular_hypertrophy",
    "left_atrial_enlargement",
    "low_qrs_voltage",
    "pathological_q_wave",
    "right_axis_deviation",
    "st_depression",
    "t_wave_inversion",
    "long_qt",
)
RECIPES = ["supreme_ptb_xl_100hz", "supreme_ptb_xl_100hz_confirmed"]
"""Of the packaged weights."""
UNSEEN = ("unseen", "unseen, defined", "unseen, as asked")
"""The three ways to ask the model that was trained without."""
BATCH = 128
LEAST_POSITIVES = 10
Scores = dict[str, np.ndarray]


def main() -> None:
    """Train without, ask both, write."""
    options = _options()
    torch.set_num_threads(options.threads)
    store, table = Store.open(options.store), ConceptTable.load()
    run = _train(options, store)
    rows = np.flatnonzero((store.records["fold"] == options.fold).to_numpy())
    model = SuPreME.from_pretrained(run.model)
    names = [table[concept].name for concept in EXCLUDED]
    scores = {
        "unseen, as asked": _scores(model, store, rows, names),
        "seen": _scores(SuPreME.from_pretrained(options.seen), store, rows, names),
        "untrained encoder": _scores(model.with_random_encoder(0), store, rows, names),
    }
    related = {concept: _trained_above(concept, model, table) for concept in EXCLUDED}
    model.trained_concepts = ()  # from here on, words as they stand
    definitions = [table[concept].definition for concept in EXCLUDED]
    scores["unseen"] = _scores(model, store, rows, names)
    scores["unseen, defined"] = (scores["unseen"] + _scores(model, store, rows, definitions)) / 2
    records = store.records[rows]
    truths = {
        "reports": report_labels(
            store.findings(),
            record_ids=records["record_id"].to_list(),
            concepts=EXCLUDED,
            table=table,
            rules=LabelConfig(uncertain="positive"),
        ).astype(np.int8),
        "scp": _coded(records["codes"].to_list(), table),
    }
    patients = records["patient_id"].to_list()
    values = {
        "recipes": options.recipes,
        "overrides": options.set,
        "records_trained": run.records,
        "concepts_trained": run.concepts,
        "minutes": round(_seconds(options) / 60, 1),
        "fold": options.fold,
        "records": len(rows),
        "related": related,
        "truths": {
            key: _compared(truth, scores, patients, name=key) for key, truth in truths.items()
        },
    }
    options.json.write_text(json.dumps(values, indent=1) + "\n")


def _train(options: argparse.Namespace, store: Store) -> Pretraining:
    """The runs one after the other, each from the weights of the one before; the last of them."""
    overrides = [*options.set, f"labels.exclude={json.dumps(EXCLUDED)}"]
    callbacks = Callbacks(on_epoch=lambda metrics: print(json.dumps(metrics), flush=True))
    run: Pretraining | None = None
    for number, name in enumerate(options.recipes):
        recipe = read_recipe(find_recipe(name), overrides=overrides)
        start = None if run is None else run.model
        run = pretrain(recipe, store, options.out / str(number), start=start, callbacks=callbacks)
    assert run is not None
    return run


def _seconds(options: argparse.Namespace) -> float:
    """That the epochs of all runs took."""
    paths = [options.out / str(number) / METRICS for number in range(len(options.recipes))]
    lines = (line for path in paths for line in path.read_text().splitlines())
    return sum(json.loads(line)["seconds"] for line in lines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("--seen", required=True, help="weights that were trained on all concepts")
    parser.add_argument("--recipes", nargs="+", default=RECIPES, help="run one after the other")
    parser.add_argument("--set", action="append", default=[], help="as of `supreme pretrain`")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--fold", type=int, default=9)
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def _scores(model: SuPreME, store: Store, rows: np.ndarray, names: list[str]) -> np.ndarray:
    parts = []
    for start in range(0, len(rows), BATCH):
        batch = store.batch(rows[start : start + BATCH])
        parts.append(model.logits(batch.signal, batch.lead_mask, batch.sample_mask, names))
    return np.concatenate(parts)


def _coded(codes: list[list[str]], table: ConceptTable) -> np.ndarray:
    """1 where a code of the concept, or of one below it, is listed."""
    labels = np.zeros((len(codes), len(EXCLUDED)), dtype=np.int8)
    for column, concept in enumerate(EXCLUDED):
        below = {concept, *table.descendants(concept)}
        wanted = {code for each in below for code in table[each].scp}
        labels[:, column] = [bool(wanted & set(listed or ())) for listed in codes]
    return labels


def _trained_above(concept: str, model: SuPreME, table: ConceptTable) -> list[str]:
    """Trained concepts above it: what could have taught it in part."""
    return sorted(table.ancestors(concept) & set(model.trained_concepts))


def _compared(truth: np.ndarray, scores: Scores, patients: list[str], *, name: str) -> Any:
    """AUROC and interval of each model for each concept, and on average."""
    enough = (truth.sum(axis=0) >= LEAST_POSITIVES) & ((truth == 0).any(axis=0))
    areas = {key: auroc(truth, each) for key, each in scores.items()}
    draws = {
        key: bootstrap_auroc(truth, each, patients, draws=DRAWS, seed=0)
        for key, each in scores.items()
    }
    concepts = [
        {
            "concept": concept,
            "positives": int(truth[:, column].sum()),
            "scored": bool(enough[column]),
            **{key: float(areas[key][column]) if enough[column] else None for key in scores},
            "ci95": {
                key: draws[key].intervals()[column] if enough[column] else None for key in UNSEEN
            },
        }
        for column, concept in enumerate(EXCLUDED)
    ]
    means = {key: float(areas[key][enough].mean()) for key in scores}
    means_ci95 = {key: each.macro_interval(keep=enough) for key, each in draws.items()}
    print(name, {key: round(mean, 4) for key, mean in means.items()})
    return {"concepts": concepts, "mean": means, "mean_ci95": means_ci95}


if __name__ == "__main__":
    main()
