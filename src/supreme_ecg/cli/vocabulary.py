"""`supreme vocabulary`: findings -> the vocabulary of a corpus, with a file to review."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from supreme_ecg.cli.console import console, print_json

if TYPE_CHECKING:
    from supreme_ecg.vocabulary.entry import Vocabulary

_SHOWN = 15
"""New entries shown to people; the review file has all."""


def vocabulary_command(
    source: Annotated[
        Path,
        typer.Argument(
            help="Store with findings, or folder that `supreme extract` wrote.", show_default=False
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder to write to.", show_default=False)],
    threshold: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Least cosine between members of a cluster.")
    ] = 0.8,
    minimum_count: Annotated[int, typer.Option(min=1, help="Fewest records of an entry.")] = 1,
    review: Annotated[
        Path | None, typer.Option(help="review.csv that a person has edited.", show_default=False)
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Gather what the reports speak of into one list of concepts and new terms."""
    from supreme_ecg.concepts.table import ConceptTable  # noqa: PLC0415  keeps --help light
    from supreme_ecg.models.text_encoder import (  # noqa: PLC0415
        TextEncoderConfig,
        TransformerTextEncoder,
    )
    from supreme_ecg.vocabulary.build import build_vocabulary  # noqa: PLC0415
    from supreme_ecg.vocabulary.entities import collect_mentions  # noqa: PLC0415
    from supreme_ecg.vocabulary.entry import Settings  # noqa: PLC0415
    from supreme_ecg.vocabulary.opposites import Opposites  # noqa: PLC0415
    from supreme_ecg.vocabulary.output import write_vocabulary  # noqa: PLC0415
    from supreme_ecg.vocabulary.review import Review, read_review  # noqa: PLC0415
    from supreme_ecg.vocabulary.sources import read_source  # noqa: PLC0415

    begun, table = time.perf_counter(), ConceptTable.load()
    decided = read_review(review, table) if review else Review()
    mentions = collect_mentions(*read_source(source), table)
    encoder = TransformerTextEncoder(TextEncoderConfig())
    settings = Settings(threshold=threshold, minimum_count=minimum_count)
    vocabulary = build_vocabulary(
        mentions, table, encoder, Opposites.load(), settings=settings, review=decided
    )
    about = {
        "source": str(source),
        "text_encoder": encoder.config.name,
        "seconds": time.perf_counter() - begun,
    }
    write_vocabulary(
        vocabulary, out, table, settings=settings, review=decided, review_path=review, about=about
    )
    if json:
        print_json(asdict(vocabulary.counts) | asdict(settings) | about | {"out": str(out)})
        return
    _print(vocabulary, about, out)


def _print(vocabulary: Vocabulary, about: dict[str, Any], out: Path) -> None:
    counts = vocabulary.counts
    ways = ", ".join(f"{n} {way}" for way, n in counts.entities_by_way.items() if n)
    console.print(
        f"{counts.mentions} mentions of {counts.entities} entities ({ways}); {counts.texts} texts "
        f"in {counts.clusters} clusters, {counts.clusters_mapped} of them mapped, "
        f"{counts.refused_pairs} near pairs refused; {counts.entries} entries, "
        f"{counts.entries_new} new, {counts.entries_rare} left out as rare; "
        f"{about['seconds']:.1f} s.",
        highlight=False,
    )
    if counts.rejected or counts.review_unused:
        console.print(
            f"Review: {counts.rejected} entities rejected; "
            f"{counts.review_unused} that it names are not in these findings.",
            highlight=False,
        )
    new = _new_entries(vocabulary)
    if new:
        shown = Table("records", "new entry", title="Commonest entries that no concept names")
        for name, records in new[:_SHOWN]:
            shown.add_row(str(records), escape(name))
        console.print(shown)
    console.print(f"Written to {escape(str(out))}: vocabulary.csv, provenance.csv, review.csv.")


def _new_entries(vocabulary: Vocabulary) -> list[tuple[str, int]]:
    of_table = set(vocabulary.entities.drop_nulls("concept")["entry"])
    return [(name, n) for name, n in vocabulary.entries.items() if name not in of_table]
