"""What of an answer is believed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.extraction.llm.answer import (
    NORMAL_CONCEPTS,
    answer_schema,
    assertion_of,
    check_answer,
    find_evidence,
)
from supreme_ecg.extraction.llm.masking import Masked, Masker

TABLE = ConceptTable.load()


@pytest.mark.parametrize(
    ("said", "concept", "assertion"),
    [
        ("Abnormal", "atrial_flutter", "present"),
        ("Normal", "atrial_flutter", "absent"),
        ("Uncertain", "atrial_flutter", "uncertain"),
        ("Normal", "sinus_rhythm", "present"),
        ("Abnormal", "normal_ecg", "absent"),
        ("Uncertain", "normal_ecg", "uncertain"),
        ("Abnormal", None, "present"),
    ],
)
def test_the_assertions_of_the_paper_become_ours(said, concept, assertion) -> None:
    """Normal denies a finding, but affirms the five concepts that are normal themselves."""
    assert assertion_of(said, concept) == assertion


def test_the_normal_concepts_are_concepts() -> None:
    """A renamed concept would silently turn its assertions around."""
    assert set(TABLE.concepts) >= NORMAL_CONCEPTS


@pytest.mark.parametrize(
    ("evidence", "statement", "found"),
    [
        ("infarkt", "Vorderwandinfarkt", "infarkt"),
        ("ST", "STEMI, st change", "st"),
        ("st", "STEMI", None),
        ("AV  block", "av\tBlock", "av\tBlock"),
        ("'pause'", "a pause.", "pause"),
        ("(", "a ( b", None),
        ("[a-z]+", "abc", None),
    ],
)
def test_evidence_is_found_as_words(evidence: str, statement: str, found: str | None) -> None:
    """Case and blanks do not matter; a few letters inside another word are no evidence."""
    span = find_evidence(evidence, statement)
    assert (statement[slice(*span)] if span else None) == found


def test_what_was_masked_is_no_evidence() -> None:
    """A name that the model read into a placeholder proves nothing."""
    masked = Masker().mask("Dr. Flutter")
    answer = (
        '{"findings": [{"evidence": "NAME", "concept": "atrial_flutter", "assertion": "Normal"}]}'
    )
    checked = check_answer(answer, masked, TABLE, new_entities=False)
    assert checked.accepted == ()
    assert "does not stand" in checked.faults[0]


def test_an_entity_as_long_as_a_sentence_is_refused() -> None:
    """A name of a new entity has letters, and at most 120 of them."""
    for name in ("x" * 121, "!"):
        answer = f'{{"findings": [{{"evidence": "pause", "new_entity": "{name}", "assertion": "Normal"}}]}}'
        checked = check_answer(answer, Masked("pause", ()), TABLE, new_entities=True)
        assert checked.faults == ("finding 1: neither a concept nor a short name of a new entity",)


@settings(deadline=None)
@given(st.text() | st.recursive(st.none() | st.text(), st.lists).map(repr), st.text(max_size=20))
def test_any_answer_to_any_statement_gives_an_answer(answer: str, statement: str) -> None:
    """Nothing raises, whatever the model writes."""
    checked = check_answer(answer, Masked(statement, ()), TABLE, new_entities=True)
    assert checked.accepted == ()
    assert checked.faults


@pytest.mark.parametrize(
    ("evidence", "concept", "entity"),
    [
        ("Vorhofflattern", "atrial_flutter", None),
        ("odd atrial flutter today", "atrial_flutter", None),
        ("T wave alternans", None, "T wave alternans"),
        ("pause, atrial flutter", None, "pause, atrial flutter"),
    ],
)
def test_the_table_can_name_the_evidence(evidence, concept, entity) -> None:
    """Words that name one concept are it; words that name none, or two, are a new entity."""
    answer = f'{{"findings": [{{"evidence": "{evidence}", "assertion": "Abnormal"}}]}}'
    masked = Masked(f"maybe {evidence}.", ())
    checked = check_answer(answer, masked, TABLE, new_entities=True, named_by="evidence")
    (found,) = checked.accepted
    assert (found.concept, found.entity, found.assertion) == (concept, entity, "present")


def test_deeply_nested_json_is_refused() -> None:
    """A hundred thousand brackets neither raise nor pass."""
    text = "[" * 100_000
    assert check_answer(text, Masked("x", ()), TABLE, new_entities=True).faults == ("not JSON",)


def test_a_schema_can_hold_the_model_to_the_candidates() -> None:
    """Then no other concept and no new entity fits it."""
    schema = answer_schema(only=["pause"], new_entities=False)
    fields = schema["properties"]["findings"]["items"]["properties"]
    assert fields["concept"] == {"type": "string", "enum": ["pause"]}
    assert "new_entity" not in fields
    assert "new_entity" in str(answer_schema(new_entities=True))
    assert "concept" not in str(answer_schema(new_entities=True, named_by="evidence"))
