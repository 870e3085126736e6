"""What holds for the rules whatever the text."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.reports.finding import Finding
from supreme_ecg.reports.rules import RuleExtractor
from supreme_ecg.reports.statements import split_statements

TABLE = ConceptTable.load()
EXTRACTOR = RuleExtractor(TABLE.lexicon())
DENIALS = {
    "en": ("no", "without", "no evidence of", "no sign of", "absence of"),
    "de": ("kein", "keine", "ohne", "kein Hinweis auf", "kein Anhalt für"),
    "sv": ("ingen", "inget", "inga tecken på", "utan", "inga hållpunkter för"),
}
DOUBTS = {
    "en": ("possible", "cannot rule out", "suspected", "consider"),
    "de": ("möglicher", "Verdacht auf", "fragliche", "V.a."),
    "sv": ("möjlig", "misstänkt", "överväg", "sannolik"),
}
PHRASES = [
    (language, phrase)
    for concept in TABLE.concepts.values()
    for language, phrase in [
        ("en", concept.name),
        *((s.language, s.phrase) for s in concept.synonyms),
    ]
]


def own_statements() -> list[str]:
    """Statements of the tests beside this one, which stand on their own."""
    with (Path(__file__).parent / "gold_statements.csv").open(encoding="utf-8") as file:
        texts = [row["statement"] for row in csv.DictReader(file)]
    return [text for text in texts if len(split_statements(text)) == 1 and "?" not in text]


STATEMENTS = own_statements()
FRAGMENTS = st.sampled_from(
    [phrase for _, phrase in PHRASES[::7]]
    + [word for words in (*DENIALS.values(), *DOUBTS.values()) for word in words]
    + [",", ".", ";", "(", ")", "/", "and", "or", "und", "och", "old", "?", ":", "gräns", "links"]
)
TEXTS = st.one_of(
    st.text(max_size=80),
    st.lists(FRAGMENTS, max_size=12).map(" ".join),
    st.lists(st.one_of(FRAGMENTS, st.text(max_size=5)), max_size=12).map("".join),
)


@given(TEXTS)
def test_any_text_is_extracted_with_spans_inside_it(text: str) -> None:
    """Nothing raises, evidence lies in the text, concepts are those of the table."""
    for finding in EXTRACTOR.extract(text):
        assert 0 <= finding.span[0] < finding.span[1] <= len(text)
        assert finding.concept in TABLE
        assert finding.assertion in ("present", "uncertain", "absent")


@given(TEXTS)
def test_any_report_is_split_and_extracted(report: str) -> None:
    """Also a whole report of anything."""
    for statement in split_statements(report):
        for finding in EXTRACTOR.extract(statement.text):
            assert finding.span[1] <= len(statement.text)


@given(st.sampled_from(STATEMENTS), st.sampled_from(STATEMENTS))
@settings(max_examples=200)
def test_another_statement_changes_nothing(one: str, other: str) -> None:
    """The findings of a statement are the same alone and with another one before or behind."""
    alone = _findings_of_report(one) + _findings_of_report(other)
    assert _findings_of_report(f"{one}. {other}.") == alone
    assert _findings_of_report(f"{one}.\n{other}") == alone


def _findings_of_report(report: str) -> list[tuple[str, str]]:
    return [
        (finding.concept, finding.assertion)
        for statement in split_statements(report)
        for finding in EXTRACTOR.extract(statement.text)
    ]


@given(st.text(max_size=40))
def test_case_and_blanks_change_nothing(text: str) -> None:
    """Long phrases are found in any case, whatever blanks stand between their words."""
    usual = _said(f"inferior infarct cannot be ruled out, {text}")
    assert _said(f"inferior  infarct\n cannot be ruled   out, {text}") == usual


def _said(text: str) -> list[tuple[str, str]]:
    return [(each.concept, each.assertion) for each in EXTRACTOR.extract(text)]


@pytest.mark.parametrize("language", ["en", "de", "sv"])
def test_what_is_denied_is_never_present(language: str) -> None:
    """Every phrase of every concept behind every denial ("no X"), unless both are one phrase."""
    wrong = {
        (denial, phrase, finding.concept)
        for spoken, phrase in PHRASES
        if spoken == language
        for denial in DENIALS[language]
        for finding in EXTRACTOR.extract(f"{denial} {phrase}")
        if finding.assertion == "present" and finding.concept != "no_definite_pathology"
    }
    assert wrong == set()


@pytest.mark.parametrize("language", ["en", "de", "sv"])
def test_what_is_doubted_is_never_present(language: str) -> None:
    """Doubt before a phrase reaches it, unless the phrase judges doubt itself."""
    wrong = {
        (phrase, finding.concept)
        for spoken, phrase in PHRASES
        if spoken == language
        for doubt in DOUBTS[language]
        for finding in EXTRACTOR.extract(f"{doubt} {phrase}")
        if finding.assertion == "present"
    }
    assert wrong == set()


def test_the_same_text_gives_the_same_findings() -> None:
    """A second extractor, and one that has read other texts in between, say the same."""
    fresh = RuleExtractor(TABLE.lexicon())
    read: dict[str, tuple[Finding, ...]] = {text: fresh.extract(text) for text in STATEMENTS}
    assert {text: fresh.extract(text) for text in reversed(STATEMENTS)} == read
    assert {text: EXTRACTOR.extract(text) for text in STATEMENTS} == read
