"""`supreme average`: the mean of the weights of several runs that started from the same weights."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from supreme_ecg.cli.console import console, print_json, progress_bar
from supreme_ecg.cli.cost import peak_memory_mb


def average_command(
    weights: Annotated[
        list[str], typer.Argument(help="Models of two runs or more.", show_default=False)
    ],
    store: Annotated[Path, typer.Option(help="The store that they were trained on.")],
    out: Annotated[Path, typer.Option(help="Folder that the `model` folder is made in.")],
    threads: Annotated[int | None, typer.Option(help="CPU threads; default: all cores.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Average the weights of runs that `supreme pretrain --start` began with the same weights."""
    import torch  # noqa: PLC0415  slow to import

    from supreme_ecg.store.reading import Store  # noqa: PLC0415
    from supreme_ecg.training.average_runs import average_runs  # noqa: PLC0415
    from supreme_ecg.training.callbacks import Callbacks  # noqa: PLC0415

    if threads is not None:
        torch.set_num_threads(threads)
    with progress_bar() as bar:
        task = bar.add_task("batch statistics", total=None)
        embedding = cache(lambda: bar.add_task("rows of trained names"))
        result = average_runs(
            weights,
            Store.open(store),
            out,
            callbacks=Callbacks(
                on_start=lambda batches: bar.update(task, total=batches),
                on_batch=lambda: bar.advance(task),
                on_windows=lambda done, total: bar.update(embedding(), completed=done, total=total),
            ),
        )
    values = asdict(result) | {"model": str(result.model), "peak_memory_mb": peak_memory_mb()}
    if json:
        print_json(values)
        return
    console.print(
        f"Mean of {result.averaged} runs (validation loss {result.validation_loss:.4f}), "
        f"{result.seconds:.0f} s.\nModel: {escape(str(result.model))}",
        highlight=False,
    )
