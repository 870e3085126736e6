"""Words of a statement in one spelling, each with its place in the original text."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final, Literal

Gap = Literal["", "comma", "slash", "stop"]
"""What stands between a word and the one before it; blanks, hyphens and brackets count as nothing."""

ABBREVIATED: Final = frozenset(
    [
        "abl",
        "abn",
        "amplitudkrit",
        "ant",
        "anteros",
        "bzw",
        "ca",
        "dr",
        "eg",
        "etc",
        "event",
        "evtl",
        "fragl",
        "ggf",
        "ie",
        "incl",
        "inf",
        "inkl",
        "intraventr",
        "krit",
        "lat",
        "li",
        "misst",
        "moegl",
        "mög",
        "mogl",
        "mögl",
        "nr",
        "poss",
        "post",
        "prob",
        "re",
        "resp",
        "sog",
        "st",
        "unbest",
        "unspez",
        "usw",
        "va",
        "verd",
        "vs",
        "wahrsch",
        "wg",
        "zn",
        "monom",
        "polym",
        "supraventr",
        "ventr",
        "intermitt",
        "part",
        "vollst",
        "unvollst",
        "kompl",
        "inkompl",
    ]
)
"""Words that are written with a full stop without ending a sentence."""

_WORD: Final = re.compile(
    r"(?<!\w)(?:a-v|q-t|p-r|p-q|s-t)(?!\w)"  # one thing in spite of the hyphen
    r"|(?<!\w)r['’´](?!\w)"  # the second R of rSR', which is no R
    r"|#?[^\W_]+(?:#[^\W_]+)*(?:\((?:s|n|e|en|er|es|r|a|ar)\)(?!\w))?|[&?]",
    re.IGNORECASE,
)
_SIDE: Final = re.compile(
    r"(?:rechts|links|h[öo]ger|v[äa]nster)(?!typ|seit|sidi)(?=[^\W\d_]{4})|gr[äa]ns(?=f[öo]rl)"
    r"|infarkt(?=narbe|[äa]rr)",
    re.IGNORECASE,
)
"""What German and Swedish write as one word with what it belongs to: a side, a limit, an infarct."""
_STOP: Final = re.compile(r"[.;!?](?=\s)")
_FOLD: Final = str.maketrans(
    {"ä": "a", "å": "a", "æ": "a", "ö": "o", "ø": "o", "ü": "u", "é": "e", "#": "u"}
)
_SAME: Final = {
    "&": "and",
    "1st": "first",
    "2nd": "second",
    "3rd": "third",
    "4th": "fourth",
    "och": "and",
    "und": "and",
    "eller": "or",
    "oder": "or",
    "versus": "or",
    "vs": "or",
    "linksseitig": "links",
    "linksseitige": "links",
    "linksseitiger": "links",
    "linksseitiges": "links",
    "rechtsseitig": "rechts",
    "rechtsseitige": "rechts",
    "rechtsseitiger": "rechts",
    "rechtsseitiges": "rechts",
    "vänstersidig": "vänster",
    "vänstersidigt": "vänster",
    "högersidig": "höger",
    "högersidigt": "höger",
}
_DEFINITE: Final = re.compile(r"(?<=ning)ar(?:na)?$|(?<=[^\W\d_]{3}[aeo]r)na$")
"""Swedish plurals: ``höjningarna`` is ``höjning``, ``vågorna`` is ``vågor``."""
_ENDINGS: Final = {"en": 4, "er": 4, "es": 4, "em": 4, "e": 4, "s": 3}
"""Endings that are taken off, and the letters that must be left."""


@dataclass(frozen=True, slots=True)
class Token:
    """One word."""

    word: str
    """The word in the one spelling that the lexicon uses."""
    plain: str
    """The same with its ending."""
    written: str
    """The word as the text has it."""
    start: int
    """Index of its first character in the text."""
    end: int
    """Index after its last character."""
    gap: Gap
    """Punctuation between the word before and this one."""
    opens: bool
    """Whether it is the first word of a bracket."""


@cache
def _abbreviations() -> dict[str, str]:
    """Return the short forms of ``abbreviations.csv``, each with the word that it stands for."""
    with (files("supreme_ecg.reports") / "abbreviations.csv").open(encoding="utf-8") as file:
        return {row["short"]: row["word"] for row in csv.DictReader(file)}


@lru_cache(maxsize=65536)
def plain_word(written: str) -> str:
    """Bring a word into the one spelling of case, umlauts and British ``ae``.

    Args:
        written: One word, as tokens are cut.

    Returns:
        The word in lower case without umlauts (ä, ae and a are one; ``#`` stands for a lost ü),
        in American spelling where the British one has ``ae``.
    """
    word = written.lower().split("(")[0].replace("-", "").replace("ß", "ss")
    word = _SAME.get(word) or _abbreviations().get(word, word)
    word = re.sub(r"(?:ae|ä)(?=mi)|(?<=[hn])ae(?=m)", "e", word)
    word = word.translate(_FOLD)
    return word.replace("ae", "a").replace("oe", "o").replace("ue", "u")


@lru_cache(maxsize=65536)
def normal_word(written: str) -> str:
    """Bring a word into the one spelling and take its ending off.

    Args:
        written: One word, as tokens are cut.

    Returns:
        The plain word without the ending of a German adjective or a plural, where enough is left
        (``PACE`` and ``PACs`` stay apart).
    """
    word = _DEFINITE.sub("", plain_word(written))
    for ending, shortest_stem in _ENDINGS.items():
        if word.endswith(ending) and len(word) - len(ending) >= shortest_stem:
            return word[: -len(ending)]
    return word


def tokenize(text: str) -> tuple[Token, ...]:
    """Cut a text into words.

    Args:
        text: Any text.

    Returns:
        The words in order. ``non-specific`` and ``non specific`` are one word,
        ``rechtsschenkelblock`` is two, like ``rechts-schenkelblock``.
    """
    tokens: list[Token] = []
    end = 0
    for match in _WORD.finditer(text):
        between = text[end : match.start()]
        gap, opens = _gap(between, tokens, match.group()), "(" in between
        written, start, end = match.group(), match.start(), match.end()
        if tokens and tokens[-1].word == "non" and not gap:
            previous = tokens.pop()
            start, gap, written = previous.start, previous.gap, f"non{written}"
        side = _SIDE.match(written)
        if side:
            middle = start + side.end()
            tokens.append(_token(side.group(), start, middle, gap, opens))
            written, start, gap, opens = written[side.end() :], middle, "", False
        tokens.append(_token(written, start, end, gap, opens))
    return tuple(tokens)


def _token(written: str, start: int, end: int, gap: Gap, opens: bool) -> Token:
    return Token(normal_word(written), plain_word(written), written, start, end, gap, opens)


def normal_words(phrase: str) -> tuple[str, ...]:
    """Return the words of a phrase in the one spelling."""
    return tuple(token.word for token in tokenize(phrase))


def is_abbreviated(written: str) -> bool:
    """Say whether a full stop after this word belongs to the word."""
    word = written.lower()
    return len(word) == 1 or word in ABBREVIATED or word in _abbreviations()


def _gap(between: str, before: list[Token], behind: str) -> Gap:
    if not between or between == " ":
        return ""
    stop = _STOP.search(between)
    if stop and not (stop.group() == "." and before and _goes_on(before[-1].written, behind)):
        return "stop"
    if "," in between or ": " in between or " - " in between:
        return "comma"
    return "slash" if "/" in between else ""


def _goes_on(written: str, behind: str) -> bool:
    """Whether a full stop belongs to the word before it, as in ``II. Grades``."""
    return is_abbreviated(written) or behind.lower().startswith(("grad", "degree"))
