"""What a vocabulary is: entities with their places, entries, and the counts of how it was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import polars as pl

ENTITIES_SCHEMA: Final = pl.Schema(
    {
        "entity": pl.String,
        "expanded": pl.String,
        "records": pl.UInt32,
        "cluster": pl.Int64,
        "entry": pl.String,
        "concept": pl.String,
        "mapped_by": pl.String,
        "score": pl.Float64,
    }
)
"""A row per entity. ``expanded``: with abbreviations written out, as it was embedded. ``entry``:
name of its row in the vocabulary. ``mapped_by``: a ``Way``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a vocabulary is made."""

    threshold: float = 0.8
    """Least cosine in a cluster, and to the phrase that a cluster is mapped by."""
    minimum_count: int = 1
    """Fewest records of an entry."""
    trust_extractor: bool = True
    """Whether the concept that the extractor gave counts; else the words alone do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How a vocabulary came about."""

    mentions: int = 0
    """Entities in statements of records."""
    entities: int = 0
    """Different ones, without those that the review rejects."""
    entities_by_way: Mapping[str, int] = field(default_factory=dict)
    """How many came to their concept in each ``Way``."""
    texts: int = 0
    """Different ones after abbreviations and synonyms are written out: what was embedded."""
    clusters: int = 0
    """Clusters of these texts, single ones among them."""
    clusters_mapped: int = 0
    """Clusters with a concept of the table; the others are new."""
    merged_pairs: int = 0
    """Pairs of texts that are in one cluster."""
    refused_pairs: int = 0
    """Pairs of texts above the threshold that oppose each other."""
    entries: int = 0
    """Rows of the vocabulary."""
    entries_new: int = 0
    """Those that the concept table does not have."""
    entries_rare: int = 0
    """Left out for being in too few records."""
    rejected: int = 0
    """Entities that the review rejects."""
    review_unused: int = 0
    """Entities of the review that nobody mentions."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a corpus speaks of."""

    entities: pl.DataFrame
    """Every entity and its place (``ENTITIES_SCHEMA``), commonest first."""
    mentions: pl.DataFrame
    """Who said it (``MENTIONS_SCHEMA``), without rejected entities."""
    entries: Mapping[str, int]
    """Name of each entry in enough records -> how many, commonest first."""
    counts: Counts
