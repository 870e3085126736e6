"""`supreme manifest`: which records existing weights have seen, from their store and their own recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from supreme_ecg.cli.console import console, print_json, progress_bar


def manifest_command(
    weights: Annotated[
        Path, typer.Argument(help="Folder of the model; its model.json is rewritten.", exists=True)
    ],
    store: Annotated[Path, typer.Argument(help="The store that it was trained on, with findings.")],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Give weights the list of the records that they have seen, as `supreme pretrain` writes it."""
    from supreme_ecg.store.reading import Store  # noqa: PLC0415  slow to import
    from supreme_ecg.training.seen_records import add_training_manifest  # noqa: PLC0415

    with progress_bar() as bar:
        task = bar.add_task("fingerprints", total=None)
        manifest, size = add_training_manifest(
            weights, Store.open(store), advance=lambda records: bar.advance(task, records)
        )
    held_out = int(manifest.held_out.sum())
    without = int((manifest.fingerprints.counts == 0).sum())
    if json:
        print_json(
            {
                "weights": str(weights),
                "corpus": manifest.corpus,
                "records_trained": len(manifest) - held_out,
                "records_validation": held_out,
                "without_fingerprint": without,
                "bytes": size,
            }
        )
        return
    console.print(
        f"{len(manifest) - held_out} records of {manifest.corpus} trained on, {held_out} held out, "
        f"{without} without a fingerprint: {size / 1e6:.2f} MB beside the weights in "
        f"{escape(str(weights))}.",
        highlight=False,
    )
