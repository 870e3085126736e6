"""`supreme embed`: weights and a store -> a table with a vector of each record."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from supreme_ecg.cli.console import console, print_json, progress_bar
from supreme_ecg.cli.scoring_options import require_writable


def embed_command(
    weights: Annotated[Path, typer.Option(help="Folder of the model, or file of outside weights.")],
    store: Annotated[Path, typer.Option(help="Store to embed.", show_default=False)],
    out: Annotated[
        Path, typer.Option(help="Parquet file to write: record_id, vector.", show_default=False)
    ],
    encoder: Annotated[
        str | None,
        typer.Option(
            help="Outside model: merl, ecg_fm, st_mem, hubert_ecg, or MODULE:FUNCTION of yours."
        ),
    ] = None,
    threads: Annotated[int, typer.Option(min=0, help="Processor threads; 0 = all.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Write the vector of each record that probes read, of our weights or of others'."""
    import polars as pl  # noqa: PLC0415  slow to import, as those below
    import torch  # noqa: PLC0415

    from supreme_ecg.evaluation.embedding_cache import embed_store  # noqa: PLC0415
    from supreme_ecg.extraction.files import write_whole  # noqa: PLC0415
    from supreme_ecg.models.outside.loading import load_encoder  # noqa: PLC0415
    from supreme_ecg.store.reading import Store  # noqa: PLC0415

    require_writable(out, option="--out")
    if threads:
        torch.set_num_threads(threads)
    begun = time.perf_counter()
    opened = Store.open(store)
    model = load_encoder(weights, name=encoder)
    with progress_bar() as bar:
        row = bar.add_task("embedding", total=len(opened))
        embeddings = embed_store(model, opened, advance=lambda count: bar.advance(row, count))
    width = embeddings.vectors.shape[1]
    column = pl.Series("vector", embeddings.vectors, dtype=pl.Array(pl.Float32, width))
    table = io.BytesIO()
    opened.records.select("record_id").with_columns(column).write_parquet(table)
    write_whole(out, [table.getvalue()])
    values = {
        "out": str(out),
        "records": len(opened),
        "width": width,
        "origin": embeddings.origin,
        "weights_sha256": model.weights_sha256,
        "corpus": opened.corpus,
        "seconds": round(time.perf_counter() - begun, 1),
    }
    if json:
        print_json(values)
        return
    console.print(
        f"{len(opened):,} vectors of {width} numbers ({embeddings.origin}): {escape(str(out))} "
        f"({values['seconds']} s)",
        highlight=False,
        soft_wrap=True,
    )
