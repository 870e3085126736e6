"""What could name a person is cut out of a statement before it leaves the machine.

What is found: names behind a title or a label ("Dr. ...", "Confirmed by ...", "Name: ..."), names of
a list, dates and times of day, record numbers, national numbers, telephone numbers, e-mail
addresses. What is not: a name with nothing around it that says so and that is on no list, and an
address. Hand over a list of names, or run a local model with ``--offline``, where that matters.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from supreme_ecg.reports.tokens import plain_word

_MONTH: Final = (
    r"(?:jan(?:uary|uar|uari)?|feb(?:ruary|ruar|ruari)?|mar(?:ch|s)?|m[äa]rz|apr(?:il)?|mai|maj"
    r"|jun[ei]?|juni|jul[iy]?|aug(?:ust|usti)?|sept?(?:ember)?|o[ck]t(?:ober)?|nov(?:ember)?"
    r"|de[cz](?:ember)?)"
)
_YEAR: Final = r"(?:\d{4}|\d{2})"
_AND: Final = r"(?:\b\d{1,2}\.?\s*(?:&|and|und|och)\s*)?"
"""The first day of two, as in "17 & 19.3.1992"."""

_IDENTIFIERS: Final = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("EMAIL", r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
        ("DATE", r"\b\d{4}[-./]\d{1,2}[-./]\d{1,2}\b"),
        ("DATE", rf"{_AND}\b\d{{1,2}}[-./:]\s?\d{{1,2}}[-./:]\s?{_YEAR}\b"),
        ("DATE", r"\b(?:0?[1-9]|1[0-2])[/.](?:19|20)\d{2}\b"),
        ("DATE", rf"\b\d{{1,2}}(?:st|nd|rd|th|\.)?[\s-]*(?:{_MONTH}|may)\b\.?,?[\s-]*{_YEAR}\b"),
        ("DATE", rf"\b\d{{1,2}}(?:st|nd|rd|th|\.)?[\s-]*{_MONTH}\b\.?"),
        ("DATE", rf"\b(?:{_MONTH}|may)\.?\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+\d{{4}}\b"),
        ("DATE", rf"\b(?:{_MONTH}|may)\.?\s+\d{{4}}\b"),
        ("DATE", r"\b(?:vom|den|dem|am)\s+(?P<cut>\d{1,2}\.\s?\d{1,2}\.?)(?=\s|$|,)"),
        ("TIME", r"\b\d{1,2}:\d{2}(?::\d{2})?(?:\s?(?:am|pm|uhr))?\b"),
        ("NUMBER", r"\b(?:19|20)?\d{6}[-+]\d{4}\b"),
        ("NUMBER", r"\b\d{3}-\d{2}-\d{4}\b"),
        ("NUMBER", r"\b[a-z]{0,4}[-/]?\d{5,}[a-z]?\b"),
        (
            "NUMBER",
            r"\b(?:mrn|p?id|ssn|ref|nr|no|nummer|number|acc(?:ession)?|journal|order|auftrag|fall)"
            r"\b[.:#= ]*(?P<cut>[a-z]{0,4}[-/]?\d[\d/-]{3,}[a-z]?)\b",
        ),
        ("PHONE", r"(?:\+|\b0)\d[\d ()/-]{6,}\d\b"),
    )
)
"""Kinds of identifiers and how they look. A year alone stays."""

_DOCTOR: Final = r"(?:dr|prof|professor|doktor|doctor|docent|doc|oa|överläkare)\b\.?"
_TITLE: Final = re.compile(
    rf"\b(?:{_DOCTOR}(?:\s+(?:{_DOCTOR}|med\b\.?))*)\s+(?=\w)", re.IGNORECASE
)
"""The word behind it is a name, whatever it is."""
_ADDRESS: Final = re.compile(r"\b(?:Mr|Mrs|Ms|Miss|Herrn?|HERRN?|Frau|FRAU|Fru|FRU|Hr|Fr)\b\.?\s+")
"""A word with a capital behind it is a name; not ``MR`` and ``MS``, which are valve diseases."""
_LABEL: Final = re.compile(
    r"\b(?:(?:patient(?:in|en)?(?:name)?|pat|name|namn|arzt|ärztin|läkare|physician|technician"
    r"|operator|referrer|überweiser|remittent)\.?\s*[:=]"
    r"|(?:signed|reviewed|confirmed|interpreted|referred|ordered|edited|read|over-?read)\s+by\b:?"
    r"|(?:signerad|granskad|tolkad|remitterad)\s+av\b:?"
    r"|(?:befundet|unterzeichnet|vidimiert|geschrieben)\s+(?:von|durch)\b:?)\s*",
    re.IGNORECASE,
)
_WORD: Final = re.compile(r"[^\W\d_][\w'’.-]*")
_BETWEEN: Final = re.compile(r",?\s+|,")
_HALF: Final = re.compile("[\ud800-\udfff]")
_LONGEST_NAME: Final = 4
"""Words."""


@dataclass(frozen=True, slots=True)
class Masked:
    """A statement without identifiers."""

    text: str
    """The statement with ``[NAME]``, ``[DATE]`` and the like in the place of what was cut."""
    cuts: tuple[tuple[int, int, int, int], ...]
    """Start and end of each placeholder in ``text``, then of what it stands for in the original."""

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Return the place in the original statement of a place in ``text``.

        Args:
            start: First character.
            end: Index after the last character.

        Returns:
            The same place; one that touches a placeholder takes all that it stands for.
        """
        return self._original(start, at_end=False), self._original(end, at_end=True)

    def _original(self, index: int, *, at_end: bool) -> int:
        shift = 0
        for first, last, original_first, original_last in self.cuts:
            if first < index < last:
                return original_last if at_end else original_first
            if last <= index:
                shift = original_last - last
        return index + shift

    def is_hidden(self, start: int, end: int) -> bool:
        """Say whether a place in ``text`` lies wholly in a placeholder."""
        return any(first <= start and end <= last for first, last, _, _ in self.cuts)


class Masker:
    """Cuts identifiers out of statements.

    Args:
        names: Names to cut wherever they stand as words, in any case, such as those of the
            patients and staff of a hospital.
        known_words: Words that are never taken for a name: those of the concept table.
    """

    def __init__(self, names: Iterable[str] = (), known_words: Iterable[str] = ()) -> None:
        self._known: Collection[str] = {plain_word(word) for word in known_words}
        self._names = {
            word.casefold()
            for name in names
            for word in re.findall(r"[^\W\d_]{2,}", name)
            if plain_word(word) not in self._known
        }

    def mask(self, statement: str) -> Masked:
        """Return the statement with placeholders for what could name a person.

        Halves of characters, which no server takes, become the sign for an unknown character.
        """
        statement = _HALF.sub("\ufffd", statement)
        found = sorted(self._find(statement), key=lambda each: (each[0], -each[1]))
        parts, cuts, end, length = [], [], 0, 0
        for start, stop, kind in found:
            if start < end:
                continue
            placeholder = f"[{kind}]"
            parts += [statement[end:start], placeholder]
            length += start - end
            cuts.append((length, length + len(placeholder), start, stop))
            length += len(placeholder)
            end = stop
        return Masked("".join([*parts, statement[end:]]), tuple(cuts))

    def _find(self, text: str) -> Iterator[tuple[int, int, str]]:
        for kind, pattern in _IDENTIFIERS:
            cut = "cut" if "cut" in pattern.groupindex else 0
            yield from ((*match.span(cut), kind) for match in pattern.finditer(text))
        for pattern in (_TITLE, _LABEL, _ADDRESS):
            for match in pattern.finditer(text):
                end = self._end_of_name(text, match)
                if end > match.end():
                    yield match.end(), end, "NAME"
        if self._names:
            for word in re.finditer(r"[^\W\d_]+", text):
                if word.group().casefold() in self._names:
                    yield *word.span(), "NAME"

    def _end_of_name(self, text: str, before: re.Match[str]) -> int:
        """Return where the name behind a title or label ends; the label's own end if none follows.

        A name goes on over initials and words with a capital that are not known words. Behind a
        doctor's title the first word is a name whatever it is; behind a colon two words need no
        capital.
        """
        end = before.end()
        titled, colon = before.re is _TITLE, before.group().rstrip().endswith((":", "="))
        for number in range(_LONGEST_NAME):
            gap = _BETWEEN.match(text, end) if number else None
            word = _WORD.match(text, gap.end() if gap else end)
            if not word or (number and not gap):
                break
            is_name = word.group()[0].isupper() or (colon and number < 2)
            if not (titled and not number) and (not is_name or self._is_known(word.group())):
                break
            end = word.end()
        return end

    def _is_known(self, word: str) -> bool:
        is_initial = len(word) == 2 and word.endswith(".")
        return not is_initial and plain_word(word.rstrip(".")) in self._known
