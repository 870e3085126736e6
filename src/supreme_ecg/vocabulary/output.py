"""Vocabulary -> files: the vocabulary, where each entry comes from, and what to review."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import polars as pl

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.errors import TableError
from supreme_ecg.extraction.files import cannot_write, write_whole
from supreme_ecg.vocabulary.entry import Settings, Vocabulary
from supreme_ecg.vocabulary.review import BETWEEN, Review, as_csv, has_decisions

VOCABULARY: Final = "vocabulary.csv"
PROVENANCE: Final = "provenance.csv"
REVIEW: Final = "review.csv"
REPORT: Final = "report.json"

_SHOWN: Final = 3
"""Statements shown with an entry; the file of provenance has all."""
_TO_REVIEW: Final = ("cluster", "nearest", "new")


def write_vocabulary(
    vocabulary: Vocabulary,
    folder: Path,
    table: ConceptTable,
    *,
    settings: Settings,
    review: Review | None = None,
    review_path: Path | None = None,
    about: Mapping[str, Any] | None = None,
) -> None:
    """Write a vocabulary.

    Args:
        vocabulary: What was built.
        folder: Where to; made if need be.
        table: Concepts, for their groups.
        settings: How it was built.
        review: The decisions that were used; they are written again, before what is still open.
        review_path: Their file.
        about: More for the report.

    Raises:
        TableError: The folder holds a review file with decisions that were not used.
        StoreError: The folder cannot be written to.
    """
    review = review or Review()
    kept = folder / REVIEW
    if has_decisions(kept) and not (review_path and review_path.resolve() == kept.resolve()):
        raise TableError(
            kept,
            expected="no decisions that would be lost",
            found="a review file that a person has edited",
            remedy=f"Give `--review {kept}`, or choose another folder.",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error, 0) from None
    open_rows = review_rows(vocabulary)
    report = asdict(vocabulary.counts) | asdict(settings) | {"to_review": len(open_rows)}
    report |= dict(about or {})
    files = {
        VOCABULARY: _csv(entry_table(vocabulary, table)),
        PROVENANCE: _csv(provenance_table(vocabulary)),
        REVIEW: as_csv([*review.rows, *open_rows]),
        REPORT: json.dumps(report, indent=1, ensure_ascii=False).encode(),
    }
    for name, content in files.items():
        write_whole(folder / name, [content])


def entry_table(vocabulary: Vocabulary, table: ConceptTable) -> pl.DataFrame:
    """Return a row per entry in enough records, commonest first.

    Columns: name, concept, group, mapped_by (ways and their number of entities), score (the
    lowest of an entity), records, present, uncertain, absent (records, by what is said),
    statements (different ones), entities (texts), clusters, extractors, examples (statements).
    """
    groups = {concept.id: concept.group for concept in table.concepts.values()}
    said = _of_entries(vocabulary)
    asserted = [
        pl.col("record_id").filter(pl.col("assertion") == each).n_unique().alias(each)
        for each in ("present", "uncertain", "absent")
    ]
    counted = said.group_by("entry").agg(
        pl.col("record_id").n_unique().alias("records"),
        *asserted,
        pl.col("statement").n_unique().alias("statements"),
        pl.col("extractor").unique().sort().str.join("; ").alias("extractors"),
    )
    ways = (
        vocabulary.entities.group_by("entry", "mapped_by")
        .len()
        .sort("len", "mapped_by", descending=[True, False])
        .group_by("entry", maintain_order=True)
        .agg(pl.format("{} {}", "mapped_by", "len").str.join("; ").alias("mapped_by"))
    )
    gathered = vocabulary.entities.group_by("entry", maintain_order=True).agg(
        pl.col("concept").first(),
        pl.col("score").min().round(4),
        pl.col("cluster").n_unique().alias("clusters"),
        pl.col("entity").str.join(BETWEEN).alias("entities"),
    )
    joined = counted.join(gathered, on="entry").join(ways, on="entry")
    joined = joined.join(_examples(said, "entry"), on="entry")
    return joined.sort("records", "entry", descending=[True, False]).select(
        pl.col("entry").alias("name"),
        "concept",
        pl.col("concept").replace_strict(groups, default=None).alias("group"),
        *("mapped_by", "score", "records", "present", "uncertain", "absent"),
        *("statements", "entities", "clusters", "extractors", "examples"),
    )


def provenance_table(vocabulary: Vocabulary) -> pl.DataFrame:
    """Return a row per entry, entity, statement and extractor, with the number of records."""
    keys = ("entry", "entity", "statement", "extractor")
    counted = _of_entries(vocabulary).group_by(keys).agg(pl.col("record_id").n_unique())
    places = vocabulary.entities.select("entity", "expanded", "mapped_by", "score", "cluster")
    return (
        counted.join(places, on="entity")
        .sort(
            "entry", "entity", "record_id", *keys[2:], descending=[False] * 2 + [True] + [False] * 2
        )
        .select(
            pl.col("entry").alias("name"),
            *("entity", "expanded", "cluster", "mapped_by"),
            pl.col("score").round(4),
            "statement",
            pl.col("record_id").alias("records"),
            "extractor",
        )
    )


def review_rows(vocabulary: Vocabulary) -> list[dict[str, object]]:
    """Return what a person should look at: a row per cluster with likeness or without concept."""
    asked = vocabulary.entities.filter(
        pl.col("mapped_by").is_in(_TO_REVIEW) & pl.col("entry").is_in(list(vocabulary.entries))
    )
    said = vocabulary.mentions.join(asked, on="entity")
    rows = (
        asked.group_by("cluster", "mapped_by")
        .agg(
            pl.col("expanded").first().alias("name"),
            pl.col("concept").first().alias("proposed_concept"),
            pl.col("score").min().round(4),
            pl.col("entity").str.join(BETWEEN).alias("entities"),
        )
        .join(
            said.group_by("cluster").agg(pl.col("record_id").n_unique().alias("records")),
            on="cluster",
        )
        .join(_examples(said, "cluster"), on="cluster")
        .rename({"mapped_by": "proposed_by", "examples": "statements"})
        .sort("records", "name", descending=[True, False])
    )
    blank = {"decision": "", "map_to": "", "comment": ""}
    return [blank | {k: v for k, v in row.items() if k != "cluster"} for row in rows.to_dicts()]


def _of_entries(vocabulary: Vocabulary) -> pl.DataFrame:
    """Return the mentions of kept entries."""
    entries = vocabulary.entities.select("entity", "entry")
    said = vocabulary.mentions.join(entries, on="entity")
    return said.filter(pl.col("entry").is_in(list(vocabulary.entries)))


def _examples(said: pl.DataFrame, column: str) -> pl.DataFrame:
    """Return the commonest statements of each value of a column."""
    counted = said.group_by(column, "statement").agg(pl.col("record_id").n_unique())
    return (
        counted.sort("record_id", "statement", descending=[True, False])
        .group_by(column, maintain_order=True)
        .agg(pl.col("statement").head(_SHOWN).str.join(BETWEEN).alias("examples"))
    )


def _csv(table: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    table.write_csv(buffer, include_bom=True)
    return buffer.getvalue()
