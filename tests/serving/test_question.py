"""Questions in words: what the model is asked, and what it is not asked."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.serving.question import LONGEST, QuestionReader, read_question

TABLE = ConceptTable.load()
READER = QuestionReader(TABLE)
LISTS = Path(__file__).parent


def rows(name: str) -> list[dict[str, str]]:
    with (LISTS / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", rows("questions.csv"), ids=lambda row: row["query"])
def test_a_question_is_read_as_the_list_says(row: dict[str, str]) -> None:
    """Its kind and its concepts; what is no finding has no words for the model, and a reason."""
    if row["query"] in {"heart of gold", "pace of life"}:
        pytest.skip("told from the heart by the text encoder: see test_relevance.py")
    question = READER.read(row["query"])
    found = question.concept or "|".join(sorted(question.near))
    assert (question.kind, found) == (row["kind"], row["concepts"]), question.warnings
    if row["kind"] == "finding":
        assert question.asked
    else:
        assert question.asked is None
        assert any("was not scored" in warning for warning in question.warnings)


@pytest.mark.parametrize("concept", TABLE.concepts.values(), ids=lambda concept: concept.id)
def test_every_concept_is_asked_by_its_name_and_by_its_synonyms(concept) -> None:
    """A phrase of the table is that concept, whatever it looks like: "no P waves" is no denial."""
    question = READER.read(concept.name)
    assert (question.concept, question.how, question.asked) == (concept.id, "name", concept.name)
    assert question.warnings == ()
    for synonym in concept.synonyms[::7]:
        assert READER.read(synonym.phrase).concept == concept.id, synonym.phrase


@pytest.mark.parametrize(
    ("query", "how"),
    [
        ("atrial fibrillation", "name"),
        ("Vorhofflimmern", "synonym"),
        ("LBBB", "abbreviation"),
        ("does this ECG show LBBB?", "abbreviation"),
        ("signs of atrial fibrilation", "composed"),
        ("LVH is seen in that patient", "extractor"),
        ("epsilon wave", "words"),
    ],
)
def test_it_is_told_by_what_a_question_was_recognised(query: str, how: str) -> None:
    """Name, synonym, abbreviation, the rule extractor, or words only."""
    assert READER.read(query).how == how


@pytest.mark.parametrize(
    ("query", "note"),
    [
        (
            "no atrial fibrillation",
            "it denies, and a denial is no finding; ask 'atrial fibrillation'",
        ),
        ("no epsilon wave", "ask 'epsilon wave'"),
        ("possible LVH", "asked as 'left ventricular hypertrophy'"),
        ("new LBBB compared with 2010", "cannot be told from one ECG"),
        ("history of AF", "cannot be told from one ECG"),
        ("severe LVH", "a degree is not told apart"),
        ("AF and LBBB", "ask 'atrial fibrillation' and 'complete left bundle branch block' apart"),
        ("sinus rhythm without AF", "and denies some of them"),
        ("troponin", "a laboratory value is not seen on an ECG"),
        ("treatment of atrial fibrillation", "ask 'atrial fibrillation'"),
        ("purple elephant", "nothing to do with the electrical activity of the heart"),
        ("Brugada type 2 pattern", "answered from its words alone (nearest: 'Brugada pattern')"),
        ("signs of atrial fibrilation", "was read as 'atrial fibrillation'"),
    ],
)
def test_a_warning_says_what_was_done_and_what_to_ask(query: str, note: str) -> None:
    """One sentence for each thing that a reader must know."""
    assert any(note in warning for warning in READER.read(query).warnings)


def test_a_concept_that_is_named_by_more_words_keeps_them() -> None:
    """The model is asked about the narrower thing, in its words and with abbreviations written out."""
    question = READER.read("is there an acute anterior STEMI?")
    assert question.asked == "acute anterior ST elevation myocardial infarction"
    assert question.concept is None
    assert question.near == ("anterior_myocardial_infarction", "st_elevation_myocardial_infarction")


def test_the_artery_is_not_the_axis() -> None:
    """LAD is the left anterior descending artery where it is occluded, left axis deviation elsewhere."""
    assert READER.read("LAD").concept == "left_axis_deviation"
    assert "left anterior descending artery" in (READER.read("proximal LAD occlusion").asked or "")


PERSONAL = [
    "Does Mr Smith have AF?",
    "patient John Smith atrial fibrillation",
    "AF, born 12.03.1954",
    "AF in 19540312-1234",
    "epsilon wave of john@example.org",
    "zzz MRN 4711",
    "Frau Müller hat AF",
]


@pytest.mark.parametrize("query", PERSONAL)
def test_data_of_a_patient_are_not_repeated(query: str) -> None:
    """Neither in a warning nor in what the model is asked; a known finding is asked all the same."""
    question = READER.read(query)
    said = " ".join([*question.warnings, question.asked or "", question.label])
    assert not any(
        secret in said for secret in ("Smith", "1954", "example", "4711", "Müller", "1234")
    )
    assert any("data of a patient" in warning for warning in question.warnings)
    if "AF" in query:
        assert question.asked == "atrial fibrillation" or question.kind != "finding"


def test_a_number_of_the_tracing_is_no_data_of_a_patient() -> None:
    """Rates, times and voltages may be asked about."""
    for query in ("QTc over 500 ms", "R in aVL over 11 mm", "rate of 150 bpm", "LBBB since 2010"):
        assert not any("patient" in warning for warning in READER.read(query).warnings)


def test_a_very_long_text_is_neither_asked_nor_repeated() -> None:
    """A report is no question."""
    question = READER.read("atrial fibrillation " * LONGEST)
    assert question.kind == "unreadable"
    assert len(question.warnings[0]) < 250


@given(st.text(max_size=80))
@settings(max_examples=150, deadline=None)
def test_any_text_is_read(text: str) -> None:
    """Nothing that can be typed raises; exactly the findings have words to ask."""
    question = READER.read(text)
    assert (question.kind == "finding") == (question.asked is not None)
    assert question.typed == text
    assert question.kind == "finding" or question.warnings


def test_the_words_asked_are_read_alike() -> None:
    """Asking what was understood gives the same question again, so that a name is asked once."""
    for row in rows("questions.csv"):
        asked = READER.read(row["query"]).asked
        if asked is not None:
            assert READER.read(asked).asked == asked, row["query"]


def test_one_question_can_be_read_without_keeping_a_reader() -> None:
    """The function gives what the reader gives."""
    assert read_question("no AF", TABLE) == READER.read("no AF")
