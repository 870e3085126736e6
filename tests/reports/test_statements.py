"""Reports as statements: leakage cut, device notes tagged, wraps joined."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supreme_ecg.reports.statements import (
    cut_leaked_codes,
    is_unconfirmed,
    lower_umlauts,
    split_statements,
)


def texts(report: str) -> list[str]:
    """The statements that are no device notes."""
    return [each.text for each in split_statements(report) if each.kind == "finding"]


@pytest.mark.parametrize(
    "tail",
    [
        " Edit: IMI 50, LVH",
        " edit : NORM",
        "consensus label derived from: {'IMI': 100.0}",
        " 'SR': 0}",
        " {'SR': 0.0},{'AFIB': 0.0}",
        "\n{ 'NORM': 80",
    ],
)
def test_leaked_codes_are_cut(tail: str) -> None:
    """Nothing after the first sign of a code survives."""
    assert texts(f"regular rhythm. narrow complexes{tail}") == [
        "regular rhythm",
        "narrow complexes",
    ]


def test_ordinary_braces_and_words_are_no_leak() -> None:
    """Words such as "edited" cut nothing."""
    assert cut_leaked_codes("edited by hand (second reading)") == "edited by hand (second reading)"


@pytest.mark.parametrize(
    "note",
    [
        "4.46                  unbestÄtigter bericht",
        "4.46    unbestÄti",
        "unbestätigter Bericht",
        "trace only requested.",
        "unconfirmed report",
        "4.46",
    ],
)
def test_device_notes_are_kept_and_tagged(note: str) -> None:
    """A note about the tracing is a device note, also where the text was cut off."""
    statements = split_statements(f"sinusrhythmus linkstyp {note}")
    assert [each.text for each in statements if each.kind == "finding"] == [
        "sinusrhythmus",
        "linkstyp",
    ]
    assert len([each for each in statements if each.kind == "device_note"]) == 1


@pytest.mark.parametrize(
    "report",
    [
        "sinusrhythmus normales ekg 4.46          unbestÄtigter bericht",
        "infarkt mÖglich 4.46          unbestÄti",  # cut off where the field ended
        "Sinus rhythm. Unconfirmed report",
        "*** UNCONFIRMED DIAGNOSIS ***",
        "Sinusrytm. Obekräftad rapport",
        "inferiorer infarkt     alter unbest. 4.46          unbestÄtigter bericht",
    ],
)
def test_a_report_that_no_reader_confirmed_is_known_by_its_mark(report: str) -> None:
    """In the three languages, in any case, whole or cut off."""
    assert is_unconfirmed(report)


@pytest.mark.parametrize(
    "report",
    [
        "sinusrhythmus normales ekg",
        "qrs(t) abnorm    inferiorer infarkt     alter unbest",
        "qrs(t) abnorm    inferiorer infarkt     alter unbest.",
        "lagetyp unbestimmbar",
        "Confirmed by the reader. QTc 0.45",
        "",
    ],
)
def test_a_report_without_the_mark_is_not_unconfirmed(report: str) -> None:
    """An infarct of undetermined age ("alter unbest.") is none either."""
    assert not is_unconfirmed(report)


def test_line_wraps_join_and_lead_lists_hold_together() -> None:
    """English is cut at full stops only."""
    report = "sinus rhythm. t waves are flat in i, avl,\n    v5, v6. pr interval 0.2 s."
    assert texts(report) == [
        "sinus rhythm",
        "t waves are flat in i, avl, v5, v6",
        "pr interval 0.2 s",
    ]


def test_run_on_german_is_cut_at_known_beginnings() -> None:
    """A machine statement keeps its doubt and its sub-items."""
    report = (
        "sinusrhythmus verdacht auf p-mitrale lagetyp normal qrs(t) abnorm    lateraler infarkt"
        "     alter unbest. t abnorm in lateralen ableitungen"
    )
    assert texts(report) == [
        "sinusrhythmus",
        "verdacht auf p-mitrale",
        "lagetyp normal",
        "qrs(t) abnorm lateraler infarkt alter unbest",
        "t abnorm in lateralen ableitungen",
    ]


def test_run_on_swedish_is_cut_at_known_beginnings() -> None:
    """Swedish machine statements begin with known phrases too."""
    report = "sinusrytm vÄnster el-axel a-v block i misstÄnkt vÄnster kammarhypertrofi"
    assert texts(report) == [
        "sinusrytm",
        "vänster el-axel",
        "a-v block i",
        "misstänkt vänster kammarhypertrofi",
    ]


def test_binding_words_keep_a_statement_together() -> None:
    """No cut between a negation or a preposition and what follows."""
    assert texts("kein linksschenkelblock") == ["kein linksschenkelblock"]
    assert texts("amplitudenkriterien für linkshypertrophie") == [
        "amplitudenkriterien für linkshypertrophie"
    ]


def test_a_question_mark_stays() -> None:
    """A question mark is doubt, so it stays with its statement."""
    assert texts("old infarct? axis normal.") == ["old infarct?", "axis normal"]


def test_umlauts_are_lowered_in_place() -> None:
    """Only umlauts among small letters change, and no length does."""
    assert lower_umlauts("bestÄtigt Über ÄRZTE") == "bestätigt über ÄRZTE"


def test_nothing_to_say_is_no_statement() -> None:
    """Empty reports and lone punctuation give no statement."""
    assert split_statements("") == ()
    assert split_statements("  . ! 17 ") == ()


@given(st.text())
def test_any_text_splits(text: str) -> None:
    """No text raises; every statement holds words of the report and no outer blanks."""
    for statement in split_statements(text):
        assert statement.text == statement.text.strip()
        assert statement.text


@given(st.text())
def test_the_leaked_tail_never_matters(tail: str) -> None:
    """Whatever follows ``Edit:`` changes nothing."""
    report = "sinus rhythm. old inferior infarct."
    assert split_statements(f"{report} Edit: {tail}") == split_statements(report)


def test_prose_is_not_cut() -> None:
    """A sentence that does not begin like a machine's stays whole, so that its words keep their scope."""
    text = "Im Vergleich zum Vorbefund jetzt Vorhofflimmern statt Sinusrhythmus"
    assert texts(text) == [text]
    assert texts("intermittierendes Vorhofflimmern") == ["intermittierendes Vorhofflimmern"]
