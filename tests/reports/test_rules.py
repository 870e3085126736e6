"""The rule extractor on a small lexicon: scope, lists, shared heads, context."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supreme_ecg.reports.ellipsis import complete_words
from supreme_ecg.reports.finding import Finding
from supreme_ecg.reports.lexicon import Lexicon
from supreme_ecg.reports.rules import RuleExtractor
from supreme_ecg.reports.statements import split_statements
from supreme_ecg.reports.tokens import tokenize

PHRASES = {
    "mi": ["infarct", "infarkt", "myocardial infarction"],
    "imi": ["inferior infarct", "inferiorer infarkt", "inferior infarkt"],
    "ami": ["anterior infarct", "anteriorer infarkt"],
    "lmi": ["lateral infarct", "lateraler infarkt"],
    "isc": ["ischaemia", "ischämie", "ischemi"],
    "iscal": ["anterolaterale ischämie"],
    "iscil": ["inferolaterale ischämie"],
    "lvh": ["LVH", "linkshypertrophie", "vänster kammarhypertrofi"],
    "strain": ["lv strain", "linksbelastung"],
    "lae": ["left atrial enlargement"],
    "rae": ["right atrial enlargement"],
    "lbbb": ["LBBB", "left bundle branch block", "linksschenkelblock"],
    "afib": ["atrial fibrillation"],
    "pace": ["paced rhythm"],
    "lad": ["left axis deviation"],
}
EXTRACTOR = RuleExtractor(
    Lexicon([(phrase, concept, False) for concept, ps in PHRASES.items() for phrase in ps])
)


def said(text: str) -> dict[str, str]:
    """Assertion of each concept found."""
    return {each.concept: each.assertion for each in EXTRACTOR.extract(text)}


def extract_report(report: str) -> list[tuple[str, Finding]]:
    """Every finding of a report with its statement."""
    return [
        (statement.text, finding)
        for statement in split_statements(report)
        if statement.kind == "finding"
        for finding in EXTRACTOR.extract(statement.text)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no evidence of ischaemia or infarct", {"isc": "absent", "mi": "absent"}),
        ("no evidence of ischaemia, LVH or LBBB", dict.fromkeys(("isc", "lvh", "lbbb"), "absent")),
        ("no ischaemia but LVH", {"isc": "absent", "lvh": "present"}),
        ("kein Hinweis auf Ischämie", {"isc": "absent"}),
        ("kein Linksschenkelblock, Linkshypertrophie", {"lbbb": "absent", "lvh": "present"}),
        ("inga tecken på ischemi", {"isc": "absent"}),
        ("LBBB is no longer present", {"lbbb": "absent"}),
        ("compared with the last tracing LBBB is no longer present", {"lbbb": "absent"}),
        ("no longer shows LBBB", {"lbbb": "absent"}),
        ("linksschenkelblock nicht mehr nachweisbar", {"lbbb": "absent"}),
        ("ischaemia is unlikely", {"isc": "absent"}),
        ("LBBB has resolved, LVH", {"lbbb": "absent", "lvh": "present"}),
    ],
)
def test_negation_reaches_its_findings(text: str, expected: dict[str, str]) -> None:
    """Negation goes over lists that end in a conjunction, and no further."""
    assert said(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cannot rule out inferior infarct", {"imi": "uncertain"}),
        ("ischaemia cannot be excluded", {"isc": "uncertain"}),
        ("ischaemia or infarct cannot be excluded", {"isc": "uncertain", "mi": "uncertain"}),
        ("ischaemia is not excluded", {"isc": "uncertain"}),
        ("ischämie nicht auszuschliessen", {"isc": "uncertain"}),
        ("ischemi kan ej uteslutas", {"isc": "uncertain"}),
        ("possible LVH", {"lvh": "uncertain"}),
        ("LVH possible", {"lvh": "uncertain"}),
        ("probable LBBB, left axis deviation", {"lbbb": "uncertain", "lad": "present"}),
        ("left axis deviation, consider LVH", {"lad": "present", "lvh": "uncertain"}),
        ("left axis deviation and LVH possible", {"lad": "present", "lvh": "uncertain"}),
        ("v.a. linkshypertrophie", {"lvh": "uncertain"}),
        ("verdacht auf ischämie", {"isc": "uncertain"}),
        ("misstänkt vänster kammarhypertrofi", {"lvh": "uncertain"}),
        ("suggesting LVH", {"lvh": "uncertain"}),
        ("this may be due to lv strain or ischaemia", {"strain": "uncertain", "isc": "uncertain"}),
        ("inferior infarct?", {"imi": "uncertain"}),
        ("no definite ischaemia, cannot be excluded", {"isc": "uncertain"}),
        ("möglicher inferiorer infarkt", {"imi": "uncertain"}),
        ("inferior infarkt bör övervägas", {"imi": "uncertain"}),
    ],
)
def test_doubt_reaches_its_findings(text: str, expected: dict[str, str]) -> None:
    """Doubt before and behind, in three languages; it wins over negation."""
    assert said(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("consistent with inferior infarct", {"imi": "present"}),
        ("ischaemia or lv strain", {"isc": "uncertain", "strain": "uncertain"}),
        ("ischämie oder linksbelastung", {"isc": "uncertain", "strain": "uncertain"}),
        ("ischaemia and lv strain", {"isc": "present", "strain": "present"}),
        ("LBBB, this is probably a normal variant", {"lbbb": "present"}),
    ],
)
def test_what_is_and_is_not_doubt(text: str, expected: dict[str, str]) -> None:
    """``consistent with`` asserts; an open choice of two doubts both."""
    assert said(text) == expected


def test_german_doubt_follows_and_does_not_leak_to_the_next_item() -> None:
    """In run-on lists "möglich" belongs to the item before it, "wahrscheinlich" to its list."""
    assert said("inferiorer infarkt möglich anteriorer infarkt") == {
        "imi": "uncertain",
        "ami": "present",
    }
    text = "st & t abnorm, wahrscheinlich anterolaterale ischämie inferolaterale ischämie"
    assert said(text) == {"iscal": "uncertain", "iscil": "uncertain"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("left and right atrial enlargement", {"lae", "rae"}),
        ("inferior and lateral infarct", {"imi", "lmi"}),
        ("inferior, anterior and lateral infarct", {"imi", "ami", "lmi"}),
        ("anterior/inferior infarct", {"ami", "imi"}),
        ("anterolaterale und inferolaterale ischämie", {"iscal", "iscil"}),
        ("infarct, inferior", {"imi"}),
        ("infarct of the inferior wall", {"imi"}),
        ("infarct, inferior and lateral", {"imi", "lmi"}),
        ("inferior infarct and left axis deviation", {"imi", "lad"}),
    ],
)
def test_shared_heads(text: str, expected: set[str]) -> None:
    """Modifiers that share a head, or stand apart from it, make their own findings."""
    assert set(said(text)) == expected


def test_a_shared_head_shares_its_doubt() -> None:
    """A cue before a list with one head reaches each of its findings."""
    assert said("possible left and right atrial enlargement") == {
        "lae": "uncertain",
        "rae": "uncertain",
    }


def test_the_statement_gives_a_word_its_meaning() -> None:
    """Damage in an abnormal QRS is infarction; on its own the word names none."""
    assert said("qrs(t) abnorm inferiorer myokardschaden möglich") == {"imi": "uncertain"}
    assert said("t abnorm, inferiorer myokardschaden") == {}


def test_spans_are_the_words_of_the_finding() -> None:
    """The span cuts the evidence out of the statement as written."""
    text = "Possible LEFT and right atrial enlargement"
    spans = {each.concept: text[slice(*each.span)] for each in EXTRACTOR.extract(text)}
    assert spans == {
        "lae": "LEFT and right atrial enlargement",
        "rae": "right atrial enlargement",
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("consider ischaemia, LVH, or injury", {"isc": "uncertain", "lvh": "uncertain"}),
        ("suggests ischaemia, LVH or LBBB", dict.fromkeys(("isc", "lvh", "lbbb"), "uncertain")),
        (
            "V.a. Ischämie, Linksbelastung oder Infarkt",
            dict.fromkeys(("isc", "strain", "mi"), "uncertain"),
        ),
        ("misstänkt ischemi, LVH eller infarkt", dict.fromkeys(("isc", "lvh", "mi"), "uncertain")),
        ("consider ischaemia, some drug or LVH", {"isc": "uncertain", "lvh": "uncertain"}),
        ("possible LVH, atrial fibrillation", {"lvh": "uncertain", "afib": "present"}),
        (
            "possible LVH, atrial fibrillation, LBBB",
            {"lvh": "uncertain", "afib": "present", "lbbb": "present"},
        ),
    ],
)
def test_doubt_reaches_a_list_that_ends_in_or(text: str, expected: dict[str, str]) -> None:
    """Also where its last item is unknown; commas alone begin something new."""
    assert said(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("inferior and possible anterior infarct", {"imi": "present", "ami": "uncertain"}),
        ("inferior but no anterior infarct", {"ami": "absent"}),
        ("the cause of the LBBB is not evident", {"lbbb": "present"}),
        ("LBBB is not evident", {"lbbb": "absent"}),
        ("die Ursache der Ischämie ist nicht erkennbar", {"isc": "present"}),
        ("orsaken till LBBB ses inte", {"lbbb": "present"}),
        ("LBBB, left sided pathway likely", {"lbbb": "present"}),
        ("LBBB, this is likely", {"lbbb": "uncertain"}),
        ("LVH, ?ischaemia", {"lvh": "present", "isc": "uncertain"}),
        ("LVH? ischaemia", {"lvh": "uncertain", "isc": "present"}),
        ("neither left nor right atrial enlargement", {"lae": "absent", "rae": "absent"}),
    ],
)
def test_a_cue_is_kept_from_what_it_does_not_mean(text: str, expected: dict[str, str]) -> None:
    """One head of two assertions, what is said of a cause, an unknown subject, a leading "?"."""
    assert said(text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Vorder- und Hinterwandinfarkt", ["vorderwandinfarkt", "and", "hinterwandinfarkt"]),
        ("myokard- oder perikardschaden", ["myokardschaden", "or", "perikardschaden"]),
        ("Vorder-/Hinterwandinfarkt", ["vorderwandinfarkt", "hinterwandinfarkt"]),
        ("Ober- und Hinterwandinfarkt", ["ober", "and", "hinterwandinfarkt"]),
        ("Vorder und Hinterwandinfarkt", ["vorder", "and", "hinterwandinfarkt"]),
        ("Vorder- ", ["vorder"]),
    ],
)
def test_a_hanging_hyphen_takes_the_end_of_the_next_word(text: str, words: list[str]) -> None:
    """Where the whole word is known; without a hyphen nothing is spared."""
    known = {"vorderwandinfarkt", "hinterwandinfarkt", "myokardschaden", "perikardschaden"}
    assert [each.plain for each in complete_words(text, tokenize(text), known)] == words


def test_a_concept_is_said_once_for_words_that_touch() -> None:
    """The widest span of both; words apart stay two findings."""
    text = "LBBB (left bundle branch block)"
    assert [text[slice(*each.span)] for each in EXTRACTOR.extract(text)] == [text[:-1]]
    assert len(EXTRACTOR.extract("LBBB, no LVH, LBBB")) == 3


def test_the_extractor_says_its_name() -> None:
    """Each finding carries the extractor's name and version."""
    assert {each.extractor for each in EXTRACTOR.extract("LVH")} == {EXTRACTOR.name} == {"rules/3"}


WORDS = st.sampled_from(
    [
        "no",
        "possible",
        "infarct",
        "inferior",
        "lateral",
        "and",
        "or",
        ",",
        ".",
        "LVH",
        "möglich",
        "nicht",
        "old",
        "?",
        "/",
        "t",
        "waves",
        "inverted",
        "qrs(t)",
        "abnorm",
        "oder",
        "ischämie",
        "consider",
        "is",
        "are",
        "in",
        "ii",
        "unbest.",
        "left",
        "right",
        "atrial",
        "enlargement",
        "no",
        "longer",
        "but",
    ]
)


@given(st.one_of(st.text(), st.lists(WORDS, max_size=25).map(" ".join)))
def test_any_text_is_extracted_with_spans_inside_it(text: str) -> None:
    """No text raises, and evidence lies within the text."""
    for finding in EXTRACTOR.extract(text):
        assert 0 <= finding.span[0] < finding.span[1] <= len(text)


@given(st.lists(WORDS, max_size=15).map(" ".join))
def test_a_device_note_changes_nothing(report: str) -> None:
    """Findings are the same with and without the recorder's note at the end."""
    note = " 4.46           unbestÄtigter bericht"
    assert extract_report(report + note) == extract_report(report)


@given(st.lists(WORDS, max_size=15).map(" ".join), st.text())
def test_leaked_codes_change_nothing(report: str, tail: str) -> None:
    """Findings are the same with and without what follows ``Edit:``."""
    assert extract_report(f"{report} Edit: {tail}") == extract_report(report)
