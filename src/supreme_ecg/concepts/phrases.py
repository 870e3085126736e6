"""One spelling for phrases that mean the same, and abbreviations written out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

ALSO_WORDS: Final = frozenset(
    {"af", "ash", "cad", "es", "lad", "mi", "pace", "rad", "sab", "sb", "sr", "std", "ste"}
)
"""Abbreviations, in lower case, that are also words (English, German or Swedish) or stand for
something else in lower case. They are replaced only where they are written as in the table."""

_FOLD: Final = str.maketrans(
    {"ä": "ae", "æ": "ae", "ö": "oe", "ø": "oe", "ü": "ue"} | dict.fromkeys("‐‑‒–—", " ")
)


def normalise(phrase: str) -> str:
    """Bring a phrase into the one spelling in which phrases are compared.

    Args:
        phrase: Words in any case.

    Returns:
        The words in lower case, hyphens and runs of blanks as one blank, ``ä`` as ``ae``, ``ö``
        as ``oe``, ``ü`` as ``ue`` and ``ß`` as ``ss``.
    """
    folded = phrase.casefold()
    if not folded.isascii():
        folded = folded.translate(_FOLD)
    return " ".join(folded.replace("-", " ").split())


class Abbreviations:
    """Writes abbreviations out wherever they stand as whole words.

    Args:
        names: Abbreviation as written -> what it stands for.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self._as_written = {a: name for a, name in names.items() if a.casefold() in ALSO_WORDS}
        self._any_case = {a.casefold(): name for a, name in names.items()}
        for abbreviation in self._as_written:
            del self._any_case[abbreviation.casefold()]
        longest_first = sorted(names, key=lambda a: (-len(a), a))
        alternatives = "|".join(re.escape(a) for a in longest_first) or r"(?!)"
        self._pattern = re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)", re.IGNORECASE)

    def expand(self, text: str) -> str:
        """Replace each abbreviation by what it stands for.

        Args:
            text: Any text.

        Returns:
            The text with whole-word abbreviations written out; no word is changed inside.
        """
        return self._pattern.sub(self._written_out, text)

    def _written_out(self, match: re.Match[str]) -> str:
        found = match.group()
        return self._as_written.get(found) or self._any_case.get(found.casefold(), found)
