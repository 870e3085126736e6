"""Looking up concepts, their relatives and their words."""

from __future__ import annotations

import pytest

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.errors import ConceptError

from .tables import write_table


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> ConceptTable:
    """The small table."""
    return ConceptTable.load(write_table(tmp_path_factory.mktemp("table")))


def test_relatives_reach_over_generations(table: ConceptTable) -> None:
    """Ancestors and descendants are closed and leave the concept itself out."""
    assert table.ancestors("fast_fibrillation") == {"atrial_fibrillation", "arrhythmia"}
    assert table.descendants("arrhythmia") == {"atrial_fibrillation", "fast_fibrillation"}
    assert table.ancestors("infarction") == table.descendants("infarction") == frozenset()


def test_codes_lead_to_their_concept(table: ConceptTable) -> None:
    """An unknown code leads nowhere."""
    fibrillation = table["atrial_fibrillation"]
    assert table.by_scp("AFIB") == table.by_snomed_ct("164889003") == fibrillation
    assert table.by_scp("XXX") is table.by_snomed_ct("1") is None


@pytest.mark.parametrize("text", ["Atrial Fibrillation", "VORHOFFLIMMERN", "af", " afib "])
def test_a_concept_is_found_by_any_of_its_words(table: ConceptTable, text: str) -> None:
    """Name, synonym or abbreviation, in any case."""
    found = table.find(text)
    assert found is not None
    assert found.id == "atrial_fibrillation"


def test_a_text_that_says_more_is_no_concept(table: ConceptTable) -> None:
    """Only a whole text is looked up."""
    assert table.find("atrial fibrillation with MI") is None


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("Vorhofflimmern", "atrial fibrillation"),
        ("mi", "myocardial infarction"),
        ("ischemia after MI", "ischemia after myocardial infarction"),
        ("ischemia, not mi", "ischemia, not mi"),
        ("afib since MI", "atrial fibrillation since myocardial infarction"),
        ("anything else", "anything else"),
    ],
)
def test_queries_are_written_out(table: ConceptTable, text: str, expanded: str) -> None:
    """A synonym becomes the preferred name; in longer texts whole-word abbreviations do."""
    assert table.expand(text) == expanded


def test_an_unknown_id_is_an_error_that_names_the_nearest(table: ConceptTable) -> None:
    """Every look-up by id says what was meant, perhaps."""
    for look_up in (table.__getitem__, table.ancestors, table.descendants):
        with pytest.raises(ConceptError, match="nearest: atrial_fibrillation"):
            look_up("atrial_fibrilation")


def test_the_lexicon_holds_names_and_synonyms(table: ConceptTable) -> None:
    """The matcher gets every phrase; short abbreviations keep their case there."""
    lexicon = table.lexicon()
    assert lexicon.find("Rapid atrial fibrillation") == "fast_fibrillation"
    assert lexicon.find("auricular fibrillation") == "atrial_fibrillation"
    assert lexicon.find("MI") == "infarction"
    assert lexicon.find("mi") is None


def test_a_table_is_a_collection_of_ids_that_cannot_be_changed(table: ConceptTable) -> None:
    """Membership and size count concepts; the mapping is read-only."""
    assert "infarction" in table
    assert "infarct" not in table
    assert len(table) == 4
    with pytest.raises(TypeError):
        table.concepts["new"] = table["infarction"]  # type: ignore[index]
