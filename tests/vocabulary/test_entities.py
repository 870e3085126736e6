"""Findings -> mentions of entities."""

from __future__ import annotations

import polars as pl
import pytest

from supreme_ecg.extraction.findings import FINDINGS_SCHEMA
from supreme_ecg.vocabulary.entities import MENTIONS_SCHEMA, UNMATCHED, collect_mentions, entity_of

WORDS = [
    ("Sinus-Rhythm", "sinus rhythm"),
    ("anteroseptal infarct, probably old", "anteroseptal infarct old"),
    ("inferiorer Infarkt wahrscheinlich alt", "inferiorer infarkt alt"),
    ("anterior infarkt möjligen färsk", "anterior infarkt faersk"),
    ("T waves are flat in II and inverted", "t waves are flat and inverted"),
    ("T neg. in V2-V4", "t neg"),
    ("t waves are low in limb leads and v4", "t waves are low limb leads"),
    ("AV-Block 1. Grades", "av block 1. grades"),
    ("infarkt (inferior) chronisch", "infarkt inferior chronisch"),
    ("posteriorer infarkt,chronisch", "posteriorer infarkt chronisch"),
    ("odd premature contraction(s)", "odd premature contraction"),
    ("compared with tracing of 4:9:91", "compared with tracing of"),
    ("sokolow 3,5", "sokolow"),
    ("atrial rate = 111/min", "atrial rate"),
    ("PR interval of 0.21 seconds", "pr interval of"),
]


@pytest.mark.parametrize(("evidence", "entity"), WORDS)
def test_evidence_is_brought_into_one_spelling(table, evidence: str, entity: str) -> None:
    """Without hedges, lists of leads, dates, measured values and punctuation."""
    assert entity_of(evidence, table) == entity


def test_a_phrase_of_the_table_is_left_alone(table) -> None:
    """``ekg u.a.`` keeps its full stops, by which the table knows it."""
    assert entity_of("EKG u.a.", table) == "ekg u.a."


def test_a_mention_per_record_statement_and_span(table, nothing) -> None:
    """The same words in another record are another mention of one entity."""
    text = "sinus rhythm with odd wave"
    rows = [
        ("a", text, "sinus_rhythm", "present", 0, 12, "rules/1"),
        ("b", text, "sinus_rhythm", "present", 0, 12, "rules/1"),
        ("b", "Sinus rhythm", "sinus_rhythm", "uncertain", 0, 12, "rules/1"),
    ]
    found = collect_mentions(pl.DataFrame(rows, FINDINGS_SCHEMA, orient="row"), nothing, table)
    assert found.schema == MENTIONS_SCHEMA
    assert found["entity"].unique().to_list() == ["sinus rhythm"]
    assert found["assertion"].to_list() == ["present", "present", "uncertain"]


def several(*concepts: tuple[str, str]) -> pl.DataFrame:
    rows = [("a", "odd words", concept, said, 0, 9, "rules/1") for concept, said in concepts]
    return pl.DataFrame(rows, FINDINGS_SCHEMA, orient="row")


def test_the_surest_and_most_special_concept_of_a_span_counts(table, nothing) -> None:
    """A parent on the same words, and a doubtful implication of them, give way."""
    child, parent = "anterior_myocardial_infarction", "myocardial_infarction"
    found = collect_mentions(several((parent, "present"), (child, "present")), nothing, table)
    assert set(found["concept"]) == {child}
    doubt = several(("left_ventricular_hypertrophy", "uncertain"), (child, "present"))
    assert set(collect_mentions(doubt, nothing, table)["concept"]) == {child}


def test_words_of_two_concepts_are_of_neither(table, nothing) -> None:
    """A span over a list names no single concept."""
    both = several(("sinus_rhythm", "present"), ("left_axis_deviation", "present"))
    assert set(collect_mentions(both, nothing, table)["concept"]) == {None}


@pytest.mark.parametrize("concept", ["new:Brugada-like_pattern", "Brugada-like pattern"])
def test_a_concept_that_the_table_lacks_is_an_entity(table, nothing, concept: str) -> None:
    """As a language model names it; the evidence may be other words."""
    found = collect_mentions(several((concept, "present")), nothing, table)
    assert found["entity"].to_list() == ["brugada like pattern"]
    assert found["concept"].to_list() == [None]


def test_a_statement_without_finding_is_an_entity(table, findings_of) -> None:
    """Of no extractor and without an assertion."""
    silent = pl.DataFrame({"record_id": ["a", "b"], "statement": ["P waves are shy."] * 2})
    found = collect_mentions(findings_of(), silent, table)
    assert found["entity"].to_list() == ["p waves are shy"] * 2
    assert set(found["extractor"]) == {UNMATCHED}
    assert found["assertion"].null_count() == 2


def test_a_single_letter_is_no_entity(table, findings_of) -> None:
    """Pieces of cut-off reports."""
    silent = pl.DataFrame({"record_id": ["a", "a"], "statement": ["g", "in V3"]})
    assert collect_mentions(findings_of(), silent, table).height <= 1
