"""The vocabulary of PTB-XL's reports, folds 1-8: the figures of docs/vocabulary.md.

    python benchmarks/vocabulary_ptb_xl.py STORE [--json]
    python benchmarks/vocabulary_ptb_xl.py STORE --draw PAIRS.csv

The second form draws the pairs that a person then judges (tests/vocabulary/golden_merges.csv).
Entities and clusters are counted with the extractor's concepts and, as if the words alone were
known, without; the nearest concept is scored against the one that the rules gave, and phrase by
phrase of the table, each taken out of it in turn, for English, German and Swedish.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from collections.abc import Iterator
from dataclasses import asdict
from itertools import combinations
from pathlib import Path

import numpy as np
import polars as pl

from supreme_ecg.concepts.phrases import normalise
from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.models.text_encoder import (
    MINILM,
    TextEncoder,
    TextEncoderConfig,
    TransformerTextEncoder,
)
from supreme_ecg.store.reading import Store
from supreme_ecg.vocabulary.build import build_vocabulary, cluster_units, collect_units
from supreme_ecg.vocabulary.entities import collect_mentions
from supreme_ecg.vocabulary.entry import Settings
from supreme_ecg.vocabulary.mapping import NearestConcept
from supreme_ecg.vocabulary.opposites import Opposites
from supreme_ecg.vocabulary.sources import read_source

FOLDS = range(1, 9)
THRESHOLDS = (0.7, 0.8, 0.9)
MERGED, REFUSED = 200, 50
"""Pairs to draw of each kind."""
SEED = 1
PAIR_COLUMNS = ("one", "other", "cosine", "outcome", "refused_for", "same", "reason")
NO_OPPOSITES = Opposites({})


def main() -> None:
    """Measure and print, or draw pairs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", type=Path, help="store of PTB-XL with findings")
    parser.add_argument("--draw", type=Path, help="write pairs to judge to this file instead")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    table, encoder = ConceptTable.load(), TransformerTextEncoder(TextEncoderConfig(name=MINILM))
    mentions = read_mentions(options.store, table)
    if options.draw:
        draw_pairs(options.draw, mentions, table, encoder)
        return
    result = {
        "records": mentions["record_id"].n_unique(),
        "thresholds": [measure(mentions, table, encoder, t) for t in THRESHOLDS],
        "table_phrases": list(score_phrases(table, encoder)),
    }
    print(json.dumps(result, indent=1) if options.json else as_text(result))


def read_mentions(store: Path, table: ConceptTable) -> pl.DataFrame:
    """Read the mentions of folds 1-8."""
    records = Store.open(store).records.filter(pl.col("fold").is_in(FOLDS))["record_id"]
    findings, unmatched = (
        each.filter(pl.col("record_id").is_in(records.implode())) for each in read_source(store)
    )
    return collect_mentions(findings, unmatched, table)


def measure(
    mentions: pl.DataFrame, table: ConceptTable, encoder: TextEncoder, threshold: float
) -> dict:
    """Count entities and clusters, and score nearest concepts, at one threshold."""
    opposites, begun = Opposites.load(), time.perf_counter()
    full = build_vocabulary(
        mentions, table, encoder, opposites, settings=Settings(threshold=threshold)
    )
    seconds = time.perf_counter() - begun
    words = Settings(threshold=threshold, trust_extractor=False)
    alone = build_vocabulary(mentions, table, encoder, opposites, settings=words)
    units = collect_units(mentions, table, trust_extractor=False)
    unguarded = cluster_units(units, encoder, NO_OPPOSITES, threshold=threshold)
    sizes = np.bincount(unguarded.labels)
    return {
        "threshold": threshold,
        "seconds": seconds,
        "with_extractor": asdict(full.counts),
        "words_alone": asdict(alone.counts),
        "merged_pairs_without_opposites": int((sizes * (sizes - 1) // 2).sum()),
        "nearest_against_rules": against_rules(alone.entities, mentions, table),
        "merges_against_rules": merges_against_rules(alone.entities, mentions),
    }


def against_rules(entities: pl.DataFrame, mentions: pl.DataFrame, table: ConceptTable) -> dict:
    """Score entities placed by likeness against the concept that the rules gave for the words."""
    said = mentions.drop_nulls("concept").group_by("entity").agg(pl.col("concept").mode().first())
    both = entities.filter(pl.col("mapped_by").is_in(["nearest", "cluster", "new"])).join(
        said, on="entity", suffix="_said"
    )
    placed = both.drop_nulls("concept")
    same = placed.filter(pl.col("concept") == pl.col("concept_said"))
    related = sum(
        a == b or a in table.ancestors(b) or b in table.ancestors(a)
        for a, b in placed.select("concept", "concept_said").iter_rows()
    )
    return {
        "entities": both.height,
        "placed": placed.height,
        "same_concept": same.height,
        "same_parent_or_child": related,
    }


def merges_against_rules(entities: pl.DataFrame, mentions: pl.DataFrame) -> dict:
    """Count merged pairs of texts whose concept by the rules is the same."""
    said = mentions.drop_nulls("concept").group_by("entity").agg(pl.col("concept").mode().first())
    texts = (
        entities.select("entity", "expanded", "cluster")
        .join(said, on="entity")
        .unique("expanded", keep="first", maintain_order=True)
    )
    pairs = [
        one == other
        for _, concepts in texts.group_by("cluster").agg("concept").iter_rows()
        for one, other in combinations(concepts, 2)
    ]
    return {"pairs": len(pairs), "same_concept": sum(pairs)}


def score_phrases(table: ConceptTable, encoder: TextEncoder) -> Iterator[dict]:
    """Place each term of the table without itself, by language: how far does the encoder carry?"""
    for named, opposites in (("opposites", Opposites.load()), ("none", NO_OPPOSITES)):
        nearest = NearestConcept(table, encoder, opposites)
        for language in ("en", "de", "sv"):
            terms = [
                (normalise(synonym.phrase), concept.id)
                for concept in table.concepts.values()
                for synonym in concept.synonyms
                if synonym.language == language and synonym.kind == "term"
            ]
            placed = [
                (nearest.place(text, threshold=0.0, without=without_language(table, text)), right)
                for text, right in terms
            ]
            for threshold in THRESHOLDS:
                reached = [(p, right) for p, right in placed if (p.score or 0) >= threshold]
                yield {
                    "refusals": named,
                    "language": language,
                    "threshold": threshold,
                    "phrases": len(terms),
                    "placed": len(reached),
                    "right": sum(p.concept == right for p, right in reached),
                }


def without_language(table: ConceptTable, text: str) -> frozenset[str]:
    """Return all that must not count for a phrase: itself, and everything that is not English."""
    foreign = {
        normalise(synonym.phrase)
        for concept in table.concepts.values()
        for synonym in concept.synonyms
        if synonym.language != "en"
    }
    return frozenset(foreign | {text})


def draw_pairs(
    path: Path, mentions: pl.DataFrame, table: ConceptTable, encoder: TextEncoder
) -> None:
    """Draw merged and refused pairs of different texts, for a person to judge."""
    opposites = Opposites.load()
    units = collect_units(mentions, table, trust_extractor=False)
    clustering = cluster_units(units, encoder, opposites, threshold=0.8)
    cosine = clustering.vectors @ clustering.vectors.T
    kinds: dict[str, list[tuple]] = {"merged": [], "refused": []}
    for one, other in combinations(range(len(units)), 2):
        texts = units[one].text, units[other].text
        row = (*texts, round(float(cosine[one, other]), 4))
        if clustering.labels[one] == clustering.labels[other]:
            kinds["merged"].append((*row, "merged", "", "", ""))
        elif cosine[one, other] >= 0.8:
            groups = "; ".join(opposites.differing(*texts))
            if groups:
                kinds["refused"].append((*row, "refused", groups, "", ""))
    chance = np.random.default_rng(SEED)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(PAIR_COLUMNS)
        for kind, wanted in (("merged", MERGED), ("refused", REFUSED)):
            rows = kinds[kind]
            drawn = chance.permutation(len(rows))[:wanted]
            writer.writerows(rows[k] for k in sorted(drawn))
            print(f"{kind}: {len(drawn)} of {len(rows)} pairs")


def as_text(result: dict) -> str:
    """Lay the result out as the tables of the page."""
    lines = [f"{result['records']} records of folds 1-8", ""]
    head = "threshold extractor entities texts clusters mapped new merged refused entries new"
    lines.append(" ".join(f"{word:>9}" for word in head.split()))
    for each in result["thresholds"]:
        for name in ("with_extractor", "words_alone"):
            counts = each[name]
            new = counts["clusters"] - counts["clusters_mapped"]
            row = [each["threshold"], "yes" if name == "with_extractor" else "no"]
            row += [counts[key] for key in ("entities", "texts", "clusters", "clusters_mapped")]
            row += [new, counts["merged_pairs"], counts["refused_pairs"]]
            row += [counts["entries"], counts["entries_new"]]
            lines.append(" ".join(f"{value:>9}" for value in row))
    for each in result["thresholds"]:
        nearest, merges = each["nearest_against_rules"], each["merges_against_rules"]
        lines.append(
            f"{each['threshold']}: {each['with_extractor']['entities_by_way']}; words alone "
            f"{each['words_alone']['entities_by_way']}; merged without refusals "
            f"{each['merged_pairs_without_opposites']}; likeness against the rules {nearest}; "
            f"merges against the rules {merges}; {each['seconds']:.1f} s"
        )
    for each in result["table_phrases"]:
        right = each["right"] / max(each["placed"], 1)
        lines.append(
            f"{each['language']} refusals {each['refusals']:9} {each['threshold']}: "
            f"{each['placed']} of {each['phrases']} placed, {right:.3f} right"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
