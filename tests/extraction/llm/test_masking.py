"""Masking: what could name a person goes, what is said of the ECG stays."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.extraction.llm.extractor import known_words
from supreme_ecg.extraction.llm.masking import Masker

MASKER = Masker(["Anna Lindqvist", "Block"], known_words(ConceptTable.load()))


@pytest.mark.parametrize(
    ("statement", "masked"),
    [
        ("Confirmed by MILLER, ANN B. on 12-MAR-2009", "Confirmed by [NAME] on [DATE]"),
        ("Dr. Block: sinus rhythm", "Dr. [NAME]: sinus rhythm"),
        ("DR SMITH SINUS RHYTHM", "DR [NAME] SINUS RHYTHM"),
        ("Prof. Dr. med. Hans Meier, Sinusrhythmus", "Prof. Dr. med. [NAME], Sinusrhythmus"),
        ("Herr Meier-Ohm hat Vorhofflimmern", "Herr [NAME] hat Vorhofflimmern"),
        ("name: hans meier, pause", "name: [NAME], pause"),
        ("Granskad av Lena Ek", "Granskad av [NAME]"),
        ("anna LINDQVIST, left block", "[NAME] [NAME], left block"),
        ("compared with 03/04/2012 at 10:32", "compared with [DATE] at [TIME]"),
        ("since 2 May 2010, 2:1 AV block", "since [DATE], 2:1 AV block"),
        ("am 12. März 2009 und am 3.4. gleich", "am [DATE] und am [DATE] gleich"),
        ("EKG 2009-03-12 jämfört med 12 mars", "EKG [DATE] jämfört med [DATE]"),
        ("tracings of 17 & 19:3:92 and of 2/1/94", "tracings of [DATE] and of [DATE]"),
        ("MRN 4711-22 flutter", "MRN [NUMBER] flutter"),
        ("ID: A123456, Fall 00012345", "ID: [NUMBER], Fall [NUMBER]"),
        ("19560412-1234 och 560412-1234", "[NUMBER] och [NUMBER]"),
        ("call 0176 1234567 or a.b@c.example", "call [PHONE] or [EMAIL]"),
    ],
)
def test_identifiers_are_cut(statement: str, masked: str) -> None:
    """A placeholder of its kind stands for each."""
    assert MASKER.mask(statement).text == masked


@pytest.mark.parametrize(
    "statement",
    [
        "ST changes in V2 may be normal",
        "MR and MS cannot be told from the ECG",
        "2:1 AV block, rate 75/min, QT/QTc 400/440, PR:160",
        "Patient: Vorhofflimmern",
        "Wolff-Parkinson-White, Mobitz II, Wenckebach, Brugada type 1",
        "signed by the technician",
        "Confirmed by the reading physician",
        "T-Negativierung in V4-V6, Lagetyp unverändert seit 2009",
        "0.12 s, 1,5 mV, 120-140 ms, 1.2.3",
        "No 12-lead recording",
    ],
)
def test_what_is_said_of_the_ecg_stays(statement: str) -> None:
    """Rates, intervals, leads, eponyms, valve diseases and years are no identifiers."""
    assert MASKER.mask(statement).text == statement


def test_a_place_in_the_masked_text_is_found_again_in_the_original() -> None:
    """Also behind placeholders of other lengths; a place on one takes all that was cut."""
    statement = "Dr. Featherstonehaugh on 1.2.2003: old infarct, atrial flutter"
    masked = MASKER.mask(statement)
    for words in ("old infarct", "flutter", "Dr"):
        start = masked.text.index(words)
        first, last = masked.original_span(start, start + len(words))
        assert statement[first:last] == words
    start, end = masked.text.index("[NAME] on"), masked.text.index("DATE")
    first, last = masked.original_span(start, end + 2)
    assert statement[first:last] == "Featherstonehaugh on 1.2.2003"
    assert masked.is_hidden(masked.text.index("NAME"), masked.text.index("NAME") + 4)
    assert not masked.is_hidden(0, 2)


PIECES = st.sampled_from(["Dr. Smith", " 1.2.2003 ", "id 123456", "ü\ud800", "ST", ", ", "a@b.cc"])


@settings(deadline=None)
@given(st.lists(PIECES | st.text(max_size=8), max_size=8).map("".join))
def test_masking_any_text_keeps_every_place(text: str) -> None:
    """What is not cut stands, letter by letter, at the place that the map gives; nothing raises."""
    masked = MASKER.mask(text)
    masked.text.encode()
    for index, letter in enumerate(masked.text):
        first, last = masked.original_span(index, index + 1)
        assert 0 <= first < last <= len(text)
        if not masked.is_hidden(index, index + 1):
            assert text[first:last].encode("utf-8", "replace") in (letter.encode(), b"?")
