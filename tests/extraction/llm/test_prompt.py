"""Prompts and the concepts that they show."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.errors import RecipeError
from supreme_ecg.extraction.llm.masking import Masked
from supreme_ecg.extraction.llm.prompt import Prompt, packaged_prompts
from supreme_ecg.extraction.llm.shortlist import Shortlist

PACKAGED = Path(__file__).parents[3] / "src/supreme_ecg/extraction/llm/prompts"


@pytest.mark.parametrize("name", packaged_prompts())
def test_the_examples_of_a_prompt_pass_its_own_checks(name: str, table: ConceptTable) -> None:
    """Each evidence stands in its statement and each concept in the table."""
    prompt = Prompt.load(name, table)
    turns = [message.content for message in prompt.conversation("x")][1:-1]
    assert len(turns) == 2 * len(prompt.wording.examples)
    for example, answer in zip(prompt.wording.examples, turns[1::2], strict=True):
        checked = prompt.check(answer, Masked(example.statement, ()))
        assert checked.faults == ()
        assert len(checked.accepted) == len(example.findings)
        assert set(json.loads(answer)["findings"][0] if example.findings else ()) <= set(
            prompt.schema("x")["properties"]["findings"]["items"]["properties"]
        )


def test_the_full_prompt_holds_definitions_and_codes(full: Prompt, table: ConceptTable) -> None:
    """Id, name, SNOMED CT code and definition of a concept that the statement names are shown."""
    last = full.conversation("Vorhofflattern")[-1].content
    flutter = table["atrial_flutter"]
    for text in (flutter.id, flutter.name, flutter.snomed_ct[0], flutter.definition.rstrip(".")):
        assert text in last
    assert last.count("\n- ") == full.wording.candidates
    assert last.endswith("Statement: Vorhofflattern")


def test_the_version_names_all_that_the_model_sees(table: ConceptTable, tmp_path: Path) -> None:
    """Another word in the file or another definition in the table gives another version."""
    original = Prompt.load("full-1", table)
    assert original.version == Prompt.load("full-1", ConceptTable.load()).version
    text = (PACKAGED / "full-1.toml").read_text(encoding="utf-8")
    other = tmp_path / "full-1.toml"
    other.write_text(text.replace("cardiologist", "physician"), encoding="utf-8")
    changed = dict(table.concepts)
    del changed["pause"]
    versions = {
        original.version,
        Prompt.load(other, table).version,
        Prompt("full-1", original.wording, ConceptTable(changed)).version,
    }
    assert len(versions) == 3
    assert all(version.startswith("full-1+") for version in versions)


def test_a_prompt_that_shows_no_concepts_outlives_a_change_of_the_table(table) -> None:
    """``entity-1`` asks the same whatever the table has, so its answers stay good."""
    smaller = dict(table.concepts)
    del smaller["pause"]
    prompts = [Prompt.load("entity-1", each) for each in (table, ConceptTable(smaller))]
    assert prompts[0].conversation("pause") == prompts[1].conversation("pause")
    assert prompts[0].schema("pause") == prompts[1].schema("pause")
    assert prompts[0].version == prompts[1].version
    masked = Masked("a pause", ())
    answer = '{"findings": [{"evidence": "pause", "assertion": "Abnormal"}]}'
    assert [p.check(answer, masked).accepted[0].concept for p in prompts] == ["pause", None]


@pytest.mark.parametrize(
    ("text", "found"),
    [("", "candidates"), ("a = [", "TOMLDecodeError"), ("colour = 1", "candidates|colour")],
)
def test_a_wrong_prompt_file_is_refused_by_key(text: str, found: str, table, tmp_path) -> None:
    """The error names the file and the first key at fault."""
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(RecipeError, match=found):
        Prompt.load(path, table)


def test_an_unknown_prompt_is_refused_with_the_known_ones(table) -> None:
    """The error lists what the package has."""
    with pytest.raises(RecipeError, match="compact-1, entity-1, full-1"):
        Prompt.load("full-0", table)


def test_a_concept_is_found_by_the_name_that_a_model_is_shown(table: ConceptTable) -> None:
    """``compact-1`` shows names, so each must lead back to its own concept."""
    for concept in table.concepts.values():
        found = table.find(concept.name)
        assert found is not None
        assert found.id == concept.id


@pytest.mark.parametrize(
    ("statement", "concept"),
    [
        ("Vorhofflimern", "atrial_fibrillation"),
        ("rigth bundel branch block", "complete_right_bundle_branch_block"),
        ("Hinterwandnarbe bei Vorhofflattern", "atrial_flutter"),
        ("sinus rhythm. inferior infarct, age undetermined", "inferior_myocardial_infarction"),
        ("p-pulmonale", "p_pulmonale"),
    ],
)
def test_the_shortlist_has_the_concept(statement: str, concept: str, table) -> None:
    """Also of misspelt words, and of one phrase among several."""
    candidates = [each.id for each in Shortlist(table).candidates(statement, 10)]
    assert concept in candidates
    assert len(candidates) == len(set(candidates)) == 10


def test_the_shortlist_gives_no_hint_by_its_order(table) -> None:
    """Concepts come in the order of the table, as many as asked for, for any text."""
    shortlist, order = Shortlist(table), list(table.concepts)
    for statement in ("atrial flutter", "", "\u2603", "x" * 5000):
        ids = [each.id for each in shortlist.candidates(statement, 5)]
        assert ids == sorted(ids, key=order.index)
        assert len(ids) <= 5
