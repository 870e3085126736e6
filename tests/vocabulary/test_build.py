"""Mentions -> vocabulary."""

from __future__ import annotations

import polars as pl
import pytest

from supreme_ecg.extraction.findings import FINDINGS_SCHEMA
from supreme_ecg.vocabulary.build import build_vocabulary, collect_units
from supreme_ecg.vocabulary.entities import collect_mentions
from supreme_ecg.vocabulary.entry import Settings, Vocabulary
from supreme_ecg.vocabulary.mapping import WAYS, Placement
from supreme_ecg.vocabulary.review import Review

SILENT = pl.DataFrame(
    [
        ("a", "p waves are rather shy today"),
        ("b", "p waves are rather shy"),
        ("c", "p waves are rather shy"),
        ("c", "holter monitor helpful"),
        ("c", "left wobble is seen quite clearly here"),
        ("d", "right wobble is seen quite clearly here"),
    ],
    schema=["record_id", "statement"],
    orient="row",
)


@pytest.fixture(scope="module")
def mentions(table, findings_of) -> pl.DataFrame:
    found = findings_of(
        ("a", "atrial fibrillation", "atrial_fibrillation"),
        ("b", "AF", "atrial_fibrillation"),
        ("c", "Vorhofflimmern", "atrial_fibrillation"),
        ("d", "wild fibrillating atria", "atrial_fibrillation"),
        ("d", "atrial flutter", "atrial_flutter"),
    )
    return collect_mentions(found, SILENT, table)


@pytest.fixture(scope="module")
def vocabulary(mentions, table, words, opposites) -> Vocabulary:
    return build_vocabulary(mentions, table, words, opposites)


def placed(vocabulary: Vocabulary) -> dict[str, tuple[str, str | None, str]]:
    rows = vocabulary.entities.select("entity", "entry", "concept", "mapped_by").iter_rows()
    return {entity: tuple(where) for entity, *where in rows}


def test_names_synonyms_and_the_extractors_word_meet_in_one_entry(vocabulary) -> None:
    """Whatever the language, with how each came there."""
    found = placed(vocabulary)
    name, concept = "atrial fibrillation", "atrial_fibrillation"
    assert found["atrial fibrillation"] == (name, concept, "exact")
    assert found["af"] == (name, concept, "synonym")
    assert found["vorhofflimmern"] == (name, concept, "synonym")
    assert found["wild fibrillating atria"] == (name, concept, "extractor")
    assert vocabulary.entries[name] == 4


def test_near_texts_that_nobody_knows_are_one_new_entry(vocabulary) -> None:
    """Named by the commonest, and counted by record."""
    found = placed(vocabulary)
    assert found["p waves are rather shy today"][0] == "p waves are rather shy"
    assert vocabulary.entries["p waves are rather shy"] == 3
    assert (
        found["left wobble is seen quite clearly here"][0]
        != found["right wobble is seen quite clearly here"][0]
    )


def test_counts_add_up(vocabulary) -> None:
    """Every entity came in one way, and every entry is mapped or new."""
    counts = vocabulary.counts
    assert tuple(counts.entities_by_way) == WAYS
    assert sum(counts.entities_by_way.values()) == counts.entities == vocabulary.entities.height
    assert counts.mentions == 11
    assert (counts.entries, counts.entries_new, counts.entries_rare) == (6, 4, 0)
    assert counts.clusters == vocabulary.entities["cluster"].n_unique()
    assert counts.clusters - counts.clusters_mapped == 4
    assert counts.merged_pairs == 1
    assert counts.refused_pairs >= 1


def test_rare_entries_are_left_out_and_counted(mentions, table, words, opposites) -> None:
    """The records of all its entities together make the count of an entry."""
    settings = Settings(minimum_count=2)
    rare = build_vocabulary(mentions, table, words, opposites, settings=settings)
    assert set(rare.entries) == {"atrial fibrillation", "p waves are rather shy"}
    assert rare.counts.entries_rare == 4


def test_a_record_counts_once(table, words, opposites, findings_of, nothing) -> None:
    """However often it says the same."""
    said = [("a", text, "atrial_fibrillation") for text in ("AF", "vorhofflimmern", "AF")]
    mentions = collect_mentions(findings_of(*said), nothing, table)
    made = build_vocabulary(mentions, table, words, opposites)
    assert made.entries == {"atrial fibrillation": 1}


def test_words_alone_do_without_the_extractors_concepts(mentions, table, words, opposites) -> None:
    """Then the words that only it knew are nearest to something or new."""
    settings = Settings(trust_extractor=False)
    alone = build_vocabulary(mentions, table, words, opposites, settings=settings)
    assert placed(alone)["wild fibrillating atria"][2] in ("cluster", "nearest", "new")
    assert alone.counts.entities_by_way["extractor"] == 0


def test_a_text_in_a_cluster_with_a_known_one_gets_its_concept(table, words, opposites) -> None:
    """With the cosine that brought it there."""
    silent = pl.DataFrame(
        {"record_id": ["a", "b"], "statement": ["atrial flutter", "shown atrial flutter"]}
    )
    mentions = collect_mentions(pl.DataFrame(schema=FINDINGS_SCHEMA), silent, table)
    made = build_vocabulary(mentions, table, words, opposites, settings=Settings(threshold=0.7))
    row = made.entities.filter(pl.col("entity") == "shown atrial flutter").to_dicts()[0]
    assert (row["concept"], row["mapped_by"]) == ("atrial_flutter", "cluster")
    assert 0.7 <= row["score"] < 1


def test_a_review_maps_rejects_and_names(mentions, table, words, opposites) -> None:
    """Its word is above that of the table's likeness; what it names unheard of is counted."""
    review = Review(
        places={
            "holter monitor helpful": Placement("sinus_rhythm", "review", 1.0),
            "p waves are rather shy": Placement(None, "review", 1.0, "shy p wave"),
            "never said": Placement("sinus_rhythm", "review", 1.0),
        },
        rejected=frozenset({"left wobble is seen quite clearly here"}),
    )
    made = build_vocabulary(mentions, table, words, opposites, review=review)
    found = placed(made)
    assert found["holter monitor helpful"] == ("sinus rhythm", "sinus_rhythm", "review")
    assert found["p waves are rather shy"] == ("shy p wave", None, "review")
    assert found["p waves are rather shy today"] == ("shy p wave", None, "cluster")
    assert "left wobble is seen quite clearly here" not in found
    assert (made.counts.rejected, made.counts.review_unused) == (1, 1)
    assert made.entries["shy p wave"] == 3


def test_nothing_found_makes_an_empty_vocabulary(table, words, opposites, findings_of, nothing):
    """No finding at all is no error."""
    mentions = collect_mentions(findings_of(), nothing, table)
    made = build_vocabulary(mentions, table, words, opposites)
    assert (made.entities.height, made.entries, made.counts.clusters) == (0, {}, 0)


def test_the_order_of_records_changes_nothing(mentions, table, words, opposites) -> None:
    """Entities are taken commonest first, then by their text."""
    shuffled = mentions.sample(fraction=1, shuffle=True, seed=3)
    one = build_vocabulary(mentions, table, words, opposites)
    other = build_vocabulary(shuffled, table, words, opposites)
    assert one.entities.equals(other.entities)
    assert collect_units(mentions, table) == collect_units(shuffled, table)
