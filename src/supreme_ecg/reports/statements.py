"""A report as the statements it makes, without the codes that leaked into its text."""

from __future__ import annotations

import csv
import re
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import Final

from supreme_ecg.reports.finding import Statement
from supreme_ecg.reports.lexicon import Lexicon
from supreme_ecg.reports.tokens import Token, is_abbreviated, tokenize

_LEAK: Final = re.compile(
    r"\bEdit\s*:|consensus\s+label|\{\s*'|'[A-Z0-9_/()]{2,10}'\s*:\s*-?\d|\}\s*,\s*\{",
    re.IGNORECASE,
)
"""Where people's later codes begin: ``Edit:`` or (parts of) a dictionary of codes."""

_UNCONFIRMED: Final = (
    r"(?:\b\d\.\d{2}\s+)?\bunbest(?:ä(?:t(?:i(?:g(?:t(?:e(?:r)?)?)?)?)?)?)?"
    r"(?:\s+beric?h?t?\b|\s*$)"
    r"|\bunconfirmed(?:\s+(?:report|diagnosis))?"
    r"|\bobekräftad(?:\s+rapport)?"
)
"""That no reader confirmed it."""
_DEVICE_NOTE: Final = re.compile(
    _UNCONFIRMED + r"|\btrace\s+only(?:\s+requested)?"
    r"|\b\d\.\d{2}(?=\s*$|\s{2,}u)\s*(?:un?b?e?s?t?)?$"
    r"|\bpat\.?\s+uppgifter\s+saknas"
    r"|^\s*nr:.*?\bmed:",
    re.IGNORECASE,
)
"""What the recorder says about its own report, also where the text field cut it off."""

_LEAK_HINTS: Final = ("edit", "consensus", "{", "}", "'")
"""One of these stands in every text with a leaked code, so that the others need no search."""
_NOTE_HINTS: Final = ("unb", "unconfirmed", "obekr", "trace", "pat", "nr:")
"""One of these, or a number with two decimals, stands in every text with a device note."""
_DECIMALS: Final = re.compile(r"\d\.\d\d")

_NO_READER: Final = re.compile(_UNCONFIRMED, re.IGNORECASE)
_AGE: Final = re.compile(r"\balter\s+$", re.IGNORECASE)
"""Before "unbest.": an infarct's age that is undetermined, at the end of a text."""

_SENTENCE_END: Final = re.compile(r"[.;!?]+(?=\s|$)|\n\s*\n")
_DEGREE: Final = re.compile(r"\s+gra[dn]|\s+degree", re.IGNORECASE)
_INNER_UPPER: Final = re.compile(r"[ÄÖÜÅ]")
_BINDING: Final = frozenset(
    [
        "a",
        "abnormale",
        "abnorme",
        "ad",
        "an",
        "and",
        "auf",
        "av",
        "beginnende",
        "bei",
        "deutliche",
        "diskrete",
        "durch",
        "eventuelle",
        "eventueller",
        "eventuelles",
        "evtl",
        "for",
        "fragl",
        "fragliche",
        "fraglicher",
        "fragliches",
        "fur",
        "grenzwertige",
        "im",
        "in",
        "inga",
        "ingen",
        "inget",
        "inkompletter",
        "kein",
        "keine",
        "kompletter",
        "leichte",
        "linke",
        "linker",
        "minimale",
        "misstankt",
        "mit",
        "mogl",
        "mogliche",
        "moglichen",
        "moglicher",
        "moglicherweise",
        "mogliches",
        "mojlig",
        "mojligen",
        "mojligt",
        "n",
        "na",
        "nach",
        "nicht",
        "no",
        "of",
        "ohne",
        "om",
        "or",
        "ospecifik",
        "ospecifika",
        "ospecifikt",
        "overvag",
        "pa",
        "partieller",
        "rechte",
        "rechter",
        "repolarisation",
        "sannolikt",
        "sasom",
        "sichere",
        "sicherer",
        "sonst",
        "till",
        "troligen",
        "unspezifische",
        "unspezifischer",
        "unspezifisches",
        "unvollstandiger",
        "va",
        "verd",
        "verdacht",
        "vid",
        "vollstandiger",
        "von",
        "wahrscheinlich",
        "wahrscheinliche",
        "wahrscheinlicher",
        "with",
    ]
)
"""Words (without umlauts) after which no new statement begins."""


_RUN_ON: Final = 3
"""Heads in one sentence from which on it is no prose."""
_LONGEST_WORD: Final = 24
"""Letters before a full stop among which an abbreviation is looked for."""
_LAST_WORD: Final = re.compile(r"\w+$")
_REMEMBERED: Final = 50_000
"""Sentences whose cuts are kept: machines write the same ones again and again."""


def split_statements(report: str) -> tuple[Statement, ...]:
    """Cut a report into statements.

    Everything from the first leaked code on is dropped. Line wraps are joined, umlauts that
    stand in upper case among lower-case letters are lowered, device notes are tagged. Text is
    cut at the ends of sentences; German and Swedish text that runs on without punctuation also
    before the phrases of ``statement_heads.csv`` with which machine statements begin.

    Args:
        report: A whole report in English, German or Swedish.

    Returns:
        The statements in order, device notes last; empty for an empty report.
    """
    text = lower_umlauts(cut_leaked_codes(report))
    notes: list[str] = []
    if _may_have_notes(text):
        notes = [_joined(match.group()) for match in _DEVICE_NOTE.finditer(text)]
        text = _DEVICE_NOTE.sub(" . ", text)
    statements = [
        Statement(part)
        for sentence in _sentences(text)
        for part in _at_heads(_joined(sentence))
        if any(letter.isalpha() for letter in part)
    ]
    return (*statements, *(Statement(note, "device_note") for note in notes if note))


def _may_have_notes(text: str) -> bool:
    lowered = text.lower()
    return any(hint in lowered for hint in _NOTE_HINTS) or _DECIMALS.search(text) is not None


def is_unconfirmed(report: str) -> bool:
    """Whether a recorder printed below its own reading that no reader has confirmed it.

    Args:
        report: As it was written; the mark may be cut off where the text field ended.
    """
    return any(not _AGE.search(report, 0, mark.start()) for mark in _NO_READER.finditer(report))


def cut_leaked_codes(report: str) -> str:
    """Return the report up to the first ``Edit:`` or piece of a code dictionary."""
    lowered = report.lower()
    if not any(hint in lowered for hint in _LEAK_HINTS):
        return report
    leak = _LEAK.search(report)
    return report[: leak.start()] if leak else report


def lower_umlauts(text: str) -> str:
    """Lower the umlauts that a recorder wrote in upper case beside small letters.

    Args:
        text: Any text.

    Returns:
        Text of the same length, so that places in it stay true.
    """
    return _INNER_UPPER.sub(lambda match: _cased_like_neighbours(match, text), text)


def _cased_like_neighbours(match: re.Match[str], text: str) -> str:
    around = text[max(0, match.start() - 1) : match.start()] + text[match.end() : match.end() + 1]
    return match.group().lower() if any(letter.islower() for letter in around) else match.group()


def _joined(text: str) -> str:
    return " ".join(text.split()).strip(" ,;:.!-")


def _sentences(text: str) -> list[str]:
    sentences, start = [], 0
    for match in _SENTENCE_END.finditer(text):
        word = _LAST_WORD.search(text[max(start, match.start() - _LONGEST_WORD) : match.start()])
        if match.group() == "." and word and _belongs_to_word(word.group(), text[match.end() :]):
            continue
        question = "?" if "?" in match.group() else ""
        sentences.append(text[start : match.start()] + question)
        start = match.end()
    return [*sentences, text[start:]]


def _belongs_to_word(word: str, rest: str) -> bool:
    if word.isdigit():
        return bool(_DEGREE.match(rest))
    return is_abbreviated(word) and not _is_roman_or_lead(word)


def _is_roman_or_lead(word: str) -> bool:
    return word.lower() in {"i", "t", "p"}


@cache
def _heads() -> Lexicon:
    with (files("supreme_ecg.reports") / "statement_heads.csv").open(encoding="utf-8") as file:
        return Lexicon((row["phrase"], "head", False) for row in csv.DictReader(file))


@lru_cache(maxsize=_REMEMBERED)
def _at_heads(sentence: str) -> tuple[str, ...]:
    """Cut before heads where text runs on: it begins with a head, or several stand in a row."""
    tokens = tokenize(sentence)
    heads = [match.first for match in _heads().matches(tokens)]
    cuts = [first for first in heads if first and _can_begin(tokens[first - 1], tokens[first])]
    if not (heads[:1] == [0] or len(cuts) >= _RUN_ON):
        return (sentence,)
    ends = [0, *(tokens[first].start for first in cuts), len(sentence)]
    return tuple(part for a, b in pairwise(ends) if (part := _joined(sentence[a:b])))


def _can_begin(before: Token, token: Token) -> bool:
    glued = before.end == token.start
    return not (glued or token.gap or before.plain in _BINDING)
