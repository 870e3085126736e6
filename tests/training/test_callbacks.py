"""Whoever listens to a training is told of its start, its batches and its epochs."""

from __future__ import annotations

from pathlib import Path

from supreme_ecg.store.reading import Store
from supreme_ecg.training.callbacks import Callbacks
from supreme_ecg.training.pretrain import pretrain
from supreme_ecg.training.recipe_file import find_recipe, read_recipe


def test_a_run_tells_its_batches_epochs_and_windows_in_order(
    cohort_store: Path, tmp_path: Path
) -> None:
    """As many batches as were promised, each epoch once, then the windows whose rows are fitted."""
    sizes = ["method.fusion.width=32", "encoder.stem_width=8", "method.rows_c=0.1"]
    recipe = read_recipe(
        find_recipe("smoke"),
        overrides=[*sizes, "labels.minimum_count=5", "training.batch_size=16", "training.epochs=2"],
    )
    told: list[str] = []
    promised: list[int] = []
    pretrain(
        recipe,
        Store.open(cohort_store),
        tmp_path,
        callbacks=Callbacks(
            on_start=promised.append,
            on_batch=lambda: told.append("batch"),
            on_epoch=lambda metrics: told.append(f"epoch {metrics['epoch']}"),
            on_windows=lambda done, total: told.append(f"windows {done == total}"),
        ),
    )
    half = promised[0] // 2
    assert half > 0
    assert told[: promised[0] + 2] == ["batch"] * half + ["epoch 0"] + ["batch"] * half + [
        "epoch 1"
    ]
    assert told[-1] == "windows True"
