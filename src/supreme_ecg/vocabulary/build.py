"""Mentions -> vocabulary: the paper's path from entities to one list of terms.

Source:
    SuPreME (arXiv 2502.19668): entities are embedded, those above a cosine of about 0.8 merged,
    groups mapped to preferred terms and rare ones dropped. What differs: the concept table has
    the first word, and texts that oppose each other are never merged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from jaxtyping import Float, Int

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.models.text_encoder import TextEncoder
from supreme_ecg.vocabulary.clustering import cluster_texts, count_refused_pairs
from supreme_ecg.vocabulary.entry import ENTITIES_SCHEMA, Counts, Settings, Vocabulary
from supreme_ecg.vocabulary.mapping import WAYS, NearestConcept, Placement, encode, place_by_words
from supreme_ecg.vocabulary.opposites import Opposites
from supreme_ecg.vocabulary.review import Review


@dataclass(frozen=True, slots=True)
class Unit:
    """Entities that are one text once it is written out, and known as one concept."""

    text: str
    """Abbreviations written out; a synonym is the preferred name."""
    known: str | None
    """Concept or accepted name, if any; units with different ones are never merged."""
    entities: tuple[tuple[str, Placement | None], ...]
    """Their texts, commonest first, and where a person, the words or the extractor put them."""


@dataclass(frozen=True, slots=True)
class Clustering:
    """Units and the clusters that they fall into."""

    units: Sequence[Unit]
    vectors: Float[np.ndarray, "unit width"]
    labels: Int[np.ndarray, " unit"]
    """A cluster number per unit, from 0."""
    refused_pairs: int
    """Pairs of units above the threshold that oppose each other."""


def build_vocabulary(
    mentions: pl.DataFrame,
    table: ConceptTable,
    encoder: TextEncoder,
    opposites: Opposites,
    *,
    settings: Settings | None = None,
    review: Review | None = None,
) -> Vocabulary:
    """Cluster the entities of a corpus and map them to concepts.

    Args:
        mentions: As ``collect_mentions`` gives them.
        table: Concepts.
        encoder: Gives the vectors.
        opposites: Terms that the members of a cluster must not differ in.
        settings: Thresholds.
        review: What a person has decided.

    Returns:
        The vocabulary. No cluster holds two texts that oppose each other, nor two known concepts.
    """
    settings, review = settings or Settings(), review or Review()
    spoken = frozenset(mentions["entity"])
    mentions = mentions.filter(~pl.col("entity").is_in(sorted(review.rejected)))
    units = collect_units(mentions, table, review, trust_extractor=settings.trust_extractor)
    clustering = cluster_units(units, encoder, opposites, threshold=settings.threshold)
    nearest = NearestConcept(table, encoder, opposites)
    records = records_of(mentions, "entity")
    rows = [
        (entity, text, records[entity], label, entry, place.concept, place.way, place.score)
        for label, text, entity, entry, place in _places(clustering, nearest, table, settings)
    ]
    entities = pl.DataFrame(rows, schema=ENTITIES_SCHEMA, orient="row")
    entities = entities.sort("records", "entity", descending=[True, False])
    of_entry = records_of(mentions.join(entities.select("entity", "entry"), on="entity"), "entry")
    entries = {name: n for name, n in of_entry.items() if n >= settings.minimum_count}
    counts = replace(
        _cluster_counts(entities, clustering),
        mentions=mentions.height,
        entries=len(entries),
        entries_rare=len(of_entry) - len(entries),
        entries_new=len(entries.keys() & set(_new(entities)["entry"])),
        rejected=len(review.rejected & spoken),
        review_unused=len(review.entities - spoken),
    )
    return Vocabulary(entities, mentions, entries, counts)


def collect_units(
    mentions: pl.DataFrame,
    table: ConceptTable,
    review: Review | None = None,
    *,
    trust_extractor: bool = True,
) -> list[Unit]:
    """Put the entities together that are one text and known as one concept, commonest first."""
    review, said = review or Review(), _said(mentions) if trust_extractor else {}
    found: dict[tuple[str, str | None], list[tuple[str, Placement | None]]] = {}
    for entity in records_of(mentions, "entity"):
        place = review.place(entity) or place_by_words(entity, said.get(entity), table)
        known = (place.concept or place.name) if place else None
        found.setdefault((table.expand(entity), known), []).append((entity, place))
    return [Unit(text, known, tuple(entities)) for (text, known), entities in found.items()]


def cluster_units(
    units: Sequence[Unit], encoder: TextEncoder, opposites: Opposites, *, threshold: float
) -> Clustering:
    """Cluster units by their vectors; what opposes each other stays apart."""
    vectors = encode(encoder, [unit.text for unit in units])
    signatures = [opposites.signature(unit.text) for unit in units]
    kinds = [signature.sides for signature in signatures]
    facts = [
        (unit.known, *signature.open_sides)
        for unit, signature in zip(units, signatures, strict=True)
    ]
    labels = cluster_texts(vectors, kinds, facts, threshold=threshold)
    refused = count_refused_pairs(vectors, kinds, facts, threshold=threshold)
    return Clustering(units, vectors, labels, refused)


def records_of(mentions: pl.DataFrame, column: str) -> dict[str, int]:
    """Return each value of a column -> in how many records it is, commonest first."""
    counted = mentions.group_by(column).agg(pl.col("record_id").n_unique().alias("records"))
    counted = counted.sort("records", column, descending=[True, False])
    return dict(counted.select(column, "records").iter_rows())


def _said(mentions: pl.DataFrame) -> dict[str, str]:
    """Return the concept that extractors give an entity most often, where they give one."""
    counted = mentions.drop_nulls("concept").group_by("entity", "concept").len()
    counted = counted.sort("len", "concept")
    return dict(counted.select("entity", "concept").iter_rows())


def _places(
    clustering: Clustering, nearest: NearestConcept, table: ConceptTable, settings: Settings
) -> Iterator[tuple[int, str, str, str, Placement]]:
    """Yield cluster, text, entity, entry and place of every entity."""
    for label in range(int(clustering.labels.max(initial=-1)) + 1):
        (members,) = np.nonzero(clustering.labels == label)
        cluster = [clustering.units[int(k)] for k in members]
        likely = _place_cluster(cluster, clustering.vectors[members], nearest, settings)
        for unit, by_likeness in zip(cluster, likely, strict=True):
            for entity, known in unit.entities:
                place = known or by_likeness
                name = table[place.concept].name if place.concept else place.name
                yield label, unit.text, entity, name or cluster[0].text, place


def _place_cluster(
    cluster: Sequence[Unit],
    vectors: Float[np.ndarray, "unit width"],
    nearest: NearestConcept,
    settings: Settings,
) -> list[Placement]:
    """Place the units of a cluster, the commonest first, by likeness to a known one or a phrase."""
    known = [k for k, unit in enumerate(cluster) if unit.known]
    if not known:
        place = nearest.place(cluster[0].text, threshold=settings.threshold)
        return [place] * len(cluster)
    cosine = np.minimum((vectors @ vectors[known].T).max(axis=1), 1.0)
    anchor = next(place for _, place in cluster[known[0]].entities if place)
    return [replace(anchor, way="cluster", score=float(score)) for score in cosine]


def _new(entities: pl.DataFrame) -> pl.DataFrame:
    return entities.filter(pl.col("concept").is_null())


def _cluster_counts(entities: pl.DataFrame, clustering: Clustering) -> Counts:
    sizes = np.bincount(clustering.labels)
    ways: Mapping[str, int] = dict(entities["mapped_by"].value_counts().iter_rows())
    return Counts(
        entities=entities.height,
        entities_by_way={way: ways.get(way, 0) for way in WAYS},
        texts=len({unit.text for unit in clustering.units}),
        clusters=len(sizes),
        clusters_mapped=len(sizes) - _new(entities)["cluster"].n_unique(),
        merged_pairs=int((sizes * (sizes - 1) // 2).sum()),
        refused_pairs=clustering.refused_pairs,
    )
