"""`supreme align-text`: the concept table -> an adapter over the text encoder."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from supreme_ecg.cli.console import console, print_json, progress_bar
from supreme_ecg.cli.scoring_options import require_writable


def align_text_command(
    out: Annotated[Path, typer.Argument(help="File to write (.safetensors).", show_default=False)],
    held_out: Annotated[
        float,
        typer.Option(
            min=0, max=0.5, help="Share of the synonyms kept out of training, to be ranked."
        ),
    ] = 0.0,
    without: Annotated[
        list[str] | None,
        typer.Option(help="Concept id to leave out with all below it; repeat it for more."),
    ] = None,
    steps: Annotated[int, typer.Option(min=1, help="Optimiser steps.")] = 400,
    seed: Annotated[int, typer.Option(min=0, help="Of weights and texts.")] = 0,
    threads: Annotated[int, typer.Option(min=0, help="Processor threads; 0 = all.")] = 1,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Train the text adapter on names and synonyms: no ECG, no report, no label.

    The paraphrases of `supreme wording` are never trained on.
    """
    import torch  # noqa: PLC0415  slow to import

    from supreme_ecg.concepts.table import ConceptTable  # noqa: PLC0415
    from supreme_ecg.evaluation.paraphrase import read_paraphrases  # noqa: PLC0415
    from supreme_ecg.models.text_encoder import (  # noqa: PLC0415
        TextEncoderConfig,
        TransformerTextEncoder,
    )
    from supreme_ecg.training.align_run import align_text  # noqa: PLC0415
    from supreme_ecg.training.text_alignment import AlignmentConfig  # noqa: PLC0415

    require_writable(out, option="OUT")
    if threads:
        torch.set_num_threads(threads)
    begun = time.perf_counter()
    table = ConceptTable.load()
    with progress_bar() as bar:
        row = bar.add_task("aligning", total=steps)
        alignment = align_text(
            out,
            table=table,
            text_encoder=TransformerTextEncoder(TextEncoderConfig()),
            config=AlignmentConfig(steps=steps, seed=seed),
            never=[paraphrase.phrase for paraphrase in read_paraphrases(table=table)],
            held_out_share=held_out,
            without_concepts=without or (),
            advance=lambda: bar.advance(row),
        )
    values = {**alignment.to_json(), "seconds": round(time.perf_counter() - begun, 1)}
    if json:
        print_json(values)
        return
    console.print(f"{alignment.texts} texts of {alignment.concepts} concepts", highlight=False)
    if alignment.before and alignment.after:
        before, after = alignment.before, alignment.after
        console.print(
            f"{after.phrases} held-out synonyms: rank of the true concept {before.mean_rank:.1f} "
            f"before, {after.mean_rank:.1f} after; first in {before.first_share:.0%} before, "
            f"{after.first_share:.0%} after",
            highlight=False,
        )
    console.print(f"Adapter: {escape(str(out))} ({values['seconds']} s)", highlight=False)
