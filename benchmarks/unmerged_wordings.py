"""Findings as a vocabulary has them before its wordings are merged: each wording a label of its own.

An extractor that writes down entities in words, as the paper's language model does, calls one finding by
many names. Here every wording of the reports stands for one English phrase of its concept, always the same
(by a hash of the wording), and those phrases are labels of their own: a record that says the finding in other
words is a negative. `ablations.py` trains on it beside the merged concepts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from supreme_ecg.concepts.concept import Concept
from supreme_ecg.concepts.conclusions import add_conclusions
from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.store.reading import Store
from supreme_ecg.vocabulary.entities import entity_of


class UnmergedStore(Store):
    """A store in whose findings each phrase is a concept."""

    def findings(self) -> pl.DataFrame:
        """The findings of the store, and what they say together, by phrase."""
        table = ConceptTable.load()
        findings = add_conclusions(super().findings(), table=table)
        spans = findings.select("statement", "start", "end").unique()
        entities = pl.Series(
            "entity",
            [text and entity_of(text[start:end], table) for text, start, end in spans.iter_rows()],
        )
        said = findings.join(spans.with_columns(entities), on=spans.columns, nulls_equal=True)
        wordings = said.group_by("concept", "entity").len().sort(-pl.col("len").cast(int), "entity")
        places = wordings.with_columns(place=pl.int_range(pl.len()).over("concept"))
        phrases = [
            f"{concept}/{place % len(table[concept].phrases)}"
            for concept, place in places.select("concept", "place").iter_rows()
        ]
        named = places.select("concept", "entity", phrase=pl.Series(phrases))
        return (
            said.join(named, on=["concept", "entity"], nulls_equal=True)
            .drop("concept", "entity")
            .rename({"phrase": "concept"})
        )


def unmerged_table() -> ConceptTable:
    """A concept for every English phrase of the package's table: no synonyms, nothing above it."""
    concepts: Mapping[str, Concept] = ConceptTable.load().concepts
    return ConceptTable(
        {
            f"{concept.id}/{place}": replace(
                concept, id=f"{concept.id}/{place}", name=phrase, parents=(), synonyms=()
            )
            for concept in concepts.values()
            for place, phrase in enumerate(concept.phrases)
        }
    )
