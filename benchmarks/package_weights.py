"""Put the model of a run into the package, in half the bytes, and show that its scores stay.

    python benchmarks/package_weights.py RUN/model [--name supreme-ptbxl-100hz] [--store STORE]
        [--text-encoder minilm-l6-packed]

Writes src/supreme_ecg/models/weights/NAME. With a store (of the corpus that the model knows), both models
are scored on fold 9 of every task, and sizes and changes go to docs/results/weights.json. Refuses
weights that no longer fit into the package, or whose macro AUROC moves. A model that was trained with a text
encoder may be asked through a packed form of it (`pack_text_encoder.py`); the changes are then of both. The
card beside them:
`python benchmarks/model_card.py`.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from supreme_ecg.evaluation.asking import BATCH
from supreme_ecg.evaluation.metrics import auroc
from supreme_ecg.evaluation.task import tasks_of
from supreme_ecg.evaluation.zero_shot_plan import plan_zero_shot
from supreme_ecg.models.checkpoint import DESCRIPTION, WEIGHTS, read_checkpoint, write_checkpoint
from supreme_ecg.models.pretrained import PACKAGED
from supreme_ecg.models.supreme import SuPreME
from supreme_ecg.store.reading import Store

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "supreme_ecg" / "models" / "weights"
RESULT = Path("docs/results/weights.json")
LARGEST_BYTES = 25_000_000
LARGEST_CHANGE = 1e-4
"""Of a macro AUROC. A class with three positives moves by more if two swap."""


def main() -> None:
    """Write, load again, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--name", default=PACKAGED)
    parser.add_argument("--out", type=Path, default=PACKAGE)
    parser.add_argument("--store", type=Path)
    parser.add_argument("--fold", type=int, default=9)
    parser.add_argument("--stored-as", choices=("float16", "bfloat16"), default="float16")
    parser.add_argument("--text-encoder", help="in place of the one that it was trained with")
    parser.add_argument("--json", type=Path, default=RESULT)
    options = parser.parse_args()
    folder = options.out / options.name
    checkpoint = read_checkpoint(options.model, method="supreme")
    trained_with = checkpoint.description["parts"]["text_encoder"]["name"]
    if options.text_encoder:
        checkpoint.description["parts"]["text_encoder"]["name"] = options.text_encoder
    write_checkpoint(folder, checkpoint, stored_as=options.stored_as)
    size = (folder / WEIGHTS).stat().st_size
    numbers = sum(tensor.numel() for tensor in checkpoint.tensors.values())
    print(f"{folder}: {numbers:,} numbers, {size / 1e6:.1f} MB as {options.stored_as}")
    if size > LARGEST_BYTES:
        sys.exit(f"more than {LARGEST_BYTES / 1e6:.0f} MB")
    if options.store is None:
        return
    changes = _changes(options.model, folder, store=Store.open(options.store), fold=options.fold)
    values = {"name": options.name, "numbers": numbers, "bytes": size}
    values["sha256"] = json.loads((folder / DESCRIPTION).read_text())["weights_sha256"]
    values |= {"text_encoder": options.text_encoder or trained_with, "trained_with": trained_with}
    values |= {"stored_as": options.stored_as, "fold": options.fold, "changes": changes}
    options.json.write_text(json.dumps(values, indent=1) + "\n")
    for task, change in changes.items():
        print(f"{task:24} macro {change['macro']:+.1e}, largest of a class {change['class']:.1e}")
    if max(abs(change["macro"]) for change in changes.values()) > LARGEST_CHANGE:
        sys.exit(f"a macro AUROC changes by more than {LARGEST_CHANGE}")


def _changes(whole: Path, half: Path, *, store: Store, fold: int) -> dict[str, dict[str, float]]:
    """Task -> change of its macro AUROC, and the largest of any class."""
    models = [SuPreME.from_pretrained(folder) for folder in (whole, half)]
    plans = [
        plan_zero_shot(models[0], store, task, folds=[fold]) for task in tasks_of(store.corpus)
    ]
    prompts = [prompt for plan in plans for prompt in plan.task.prompts]
    rows = np.unique(np.concatenate([plan.rows for plan in plans]))
    scores: list[list[np.ndarray]] = [[], []]
    for start in range(0, len(rows), BATCH):
        batch = store.batch(rows[start : start + BATCH])
        for model, parts in zip(models, scores, strict=True):
            parts.append(model.predict(batch.signal, batch.lead_mask, batch.sample_mask, prompts))
    changes, first = {}, 0
    for plan in plans:
        columns = slice(first, first := first + len(plan.task.prompts))
        at = np.searchsorted(rows, plan.rows)
        before, after = (
            auroc(plan.labels, plan.task.scores(np.concatenate(parts)[at, columns]))
            for parts in scores
        )
        difference = after - before
        changes[plan.task.name] = {
            "macro": float(np.nanmean(difference)),
            "class": float(np.nanmax(np.abs(difference))),
        }
    return changes


if __name__ == "__main__":
    main()
