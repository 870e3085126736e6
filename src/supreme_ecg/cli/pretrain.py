"""`supreme pretrain`: recipe and store -> model."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer

from supreme_ecg.cli.console import console, error_console, print_json, progress_bar
from supreme_ecg.cli.cost import peak_memory_mb


def pretrain_command(
    recipe: Annotated[
        str, typer.Argument(help="Name of a packaged recipe, or a TOML file.", show_default=False)
    ],
    store: Annotated[Path, typer.Argument(help="Store with findings.", show_default=False)],
    out: Annotated[
        Path, typer.Option(help="Folder of the run; a run that was killed goes on from there.")
    ],
    override: Annotated[
        list[str] | None,
        typer.Option("--set", help="Override, a line of TOML: training.learning_rate=3e-4"),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            help="Weights to start from in place of fresh ones (SuPreME): a name or a folder."
        ),
    ] = None,
    threads: Annotated[int | None, typer.Option(help="CPU threads; default: all cores.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Pre-train a model on a store's windows and findings."""
    import torch  # noqa: PLC0415  slow to import

    from supreme_ecg.store.reading import Store  # noqa: PLC0415
    from supreme_ecg.training.callbacks import Callbacks  # noqa: PLC0415
    from supreme_ecg.training.pretrain import pretrain  # noqa: PLC0415
    from supreme_ecg.training.recipe_file import find_recipe, read_recipe  # noqa: PLC0415

    if threads is not None:
        torch.set_num_threads(threads)
    checked = read_recipe(find_recipe(recipe), overrides=override or [])
    with progress_bar() as bar:
        task = bar.add_task("pre-training", total=None)
        reading = cache(lambda: bar.add_task("encoding reports"))
        embedding = cache(lambda: bar.add_task("rows of trained names"))
        result = pretrain(
            checked,
            Store.open(store),
            out,
            start=start,
            callbacks=Callbacks(
                on_start=lambda batches: bar.update(task, total=batches),
                on_batch=lambda: bar.advance(task),
                on_epoch=_print_epoch,
                on_reports=lambda done, total: bar.update(reading(), completed=done, total=total),
                on_windows=lambda done, total: bar.update(embedding(), completed=done, total=total),
            ),
        )
    values = asdict(result) | {"model": str(result.model), "peak_memory_mb": peak_memory_mb()}
    if json:
        print_json(values)
        return
    console.print(
        f"Trained on {result.records} records and {result.concepts or 'no'} concepts: "
        f"{result.epochs} epochs, kept {result.best_epoch + 1} "
        f"(validation loss {result.validation_loss:.4f}), {result.seconds:.0f} s, "
        f"{peak_memory_mb():.0f} MB at most.\nModel: {result.model}"
    )


def _print_epoch(metrics: dict[str, Any]) -> None:
    area = metrics["validation_auroc"]
    ranked = "" if area is None else f"validation AUROC {area:.4f}, "
    error_console.print(
        f"epoch {metrics['epoch'] + 1}: training loss {metrics['training_loss']:.4f}, "
        f"validation loss {metrics['validation_loss']:.4f}, "
        f"{ranked}{metrics['samples_per_s']:.0f} records/s",
        highlight=False,
    )
