"""Each check of a concept table refuses the fault it is for and says where it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from supreme_ecg.concepts.reading import read_concepts
from supreme_ecg.errors import ConceptError

from .tables import CONCEPTS, SYNONYMS, write_table

FAULTY_CONCEPTS = {
    "same id twice": ("arrhythmia,another,rhythm,Text.,,,", "arrhythmia", "the same id above"),
    "id not in snake case": ("Bad-Id,bad,rhythm,Text.,,,", "Bad-Id", "snake_case"),
    "unknown group": ("new,new,weather,Text.,,,", "new", "weather"),
    "no definition": ("new,new,rhythm,,,,", "new", "a definition"),
    "no name": ("new, ,rhythm,Text.,,,", "new", "a name"),
    "unknown parent": ("new,new,rhythm,Text.,nowhere,,", "new", "nowhere"),
    "its own parent": ("new,new,rhythm,Text.,new,,", "new", "new -> new"),
    "SCP code of another": ("new,new,rhythm,Text.,,AFIB,", "new", "AFIB of 'atrial_fibrillation'"),
    "SNOMED CT code of another": (
        "new,new,rhythm,Text.,,,164865005",
        "new",
        "164865005 of 'infarction'",
    ),
    "no SNOMED CT code": ("new,new,rhythm,Text.,,,AFIB", "new", "6 to 18 digits"),
    "name of another": ("new,Atrial-Fibrillation,rhythm,Text.,,,", "new", "'atrial_fibrillation'"),
    "too few values": ("new,new,rhythm", "concepts.csv:6", "found 3"),
}

FAULTY_SYNONYMS = {
    "unknown concept": ("nowhere,en,term,phrase", "nowhere", "a concept of concepts.csv"),
    "unknown language": ("infarction,fr,term,infarctus", "infarction", "'fr'"),
    "unknown kind": ("infarction,en,word,heart attack", "infarction", "'word'"),
    "no phrase": ("infarction,en,term, - ", "infarction", "a phrase"),
    "phrase of another": (
        "infarction,de,term,VORHOF FLIMMERN",
        "infarction",
        "'atrial_fibrillation'",
    ),
    "name of another": ("infarction,en,term,Arrhythmia", "infarction", "'arrhythmia'"),
    "too many values": ("infarction,en,term,one,two", "synonyms.csv:7", "found 5"),
}


def test_a_sound_table_is_read_in_its_order(tmp_path: Path) -> None:
    """Values joined by a semicolon are split, and synonyms stand with their concept."""
    concepts = read_concepts(write_table(tmp_path))
    assert list(concepts) == [
        "arrhythmia",
        "atrial_fibrillation",
        "fast_fibrillation",
        "infarction",
    ]
    fibrillation = concepts["atrial_fibrillation"]
    assert fibrillation.scp == ("AFIB",)
    assert fibrillation.parents == ("arrhythmia",)
    assert [s.phrase for s in fibrillation.synonyms] == [
        "auricular fibrillation",
        "Vorhofflimmern",
        "AFIB",
        "AF",
    ]
    assert concepts["arrhythmia"].parents == concepts["arrhythmia"].scp == ()


@pytest.mark.parametrize("fault", FAULTY_CONCEPTS)
def test_a_faulty_concept_is_refused(fault: str, tmp_path: Path) -> None:
    """The message names file, line and id, and what is wrong."""
    row, concept_id, found = FAULTY_CONCEPTS[fault]
    with pytest.raises(ConceptError) as refused:
        read_concepts(write_table(tmp_path, concepts=(*CONCEPTS, row)))
    message = str(refused.value)
    assert "concepts.csv:6" in message
    assert concept_id in message
    assert found in message


@pytest.mark.parametrize("fault", FAULTY_SYNONYMS)
def test_a_faulty_synonym_is_refused(fault: str, tmp_path: Path) -> None:
    """The message names file, line and concept, and what is wrong."""
    row, concept_id, found = FAULTY_SYNONYMS[fault]
    synonyms = (*SYNONYMS, row)
    if fault == "phrase of another":
        synonyms = (*SYNONYMS[:2], "atrial_fibrillation,de,term,Vorhof-Flimmern", row)
    with pytest.raises(ConceptError) as refused:
        read_concepts(write_table(tmp_path, synonyms=synonyms))
    message = str(refused.value)
    assert f"synonyms.csv:{len(synonyms)}" in message
    assert concept_id in message
    assert found in message


def test_a_cycle_of_parents_is_refused_and_shown(tmp_path: Path) -> None:
    """The message shows the way round."""
    cyclic = CONCEPTS[1].replace("Not regular.,,", "Not regular.,fast_fibrillation,")
    with pytest.raises(ConceptError, match="arrhythmia -> fast_fibrillation -> atrial_f"):
        read_concepts(write_table(tmp_path, concepts=(CONCEPTS[0], cyclic, *CONCEPTS[2:])))


def test_a_missing_file_is_a_concept_error(tmp_path: Path) -> None:
    """A folder without the table is named."""
    with pytest.raises(ConceptError, match=r"concepts\.csv"):
        read_concepts(tmp_path)


def test_other_columns_are_refused(tmp_path: Path) -> None:
    """A table of another layout is told apart from a faulty row."""
    with pytest.raises(ConceptError, match=r"concepts\.csv:1.*the columns id,name"):
        read_concepts(write_table(tmp_path, concepts=("id,label", "a,b")))


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    """Latin-1 umlauts are not read as something else."""
    folder = write_table(tmp_path)
    (folder / "synonyms.csv").write_bytes("concept,language,kind,phrase\nä".encode("latin-1"))
    with pytest.raises(ConceptError, match=r"synonyms\.csv.*UTF-8"):
        read_concepts(folder)
