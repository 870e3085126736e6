"""Words of which a hyphen spares the end: "Vorder- und Hinterwandinfarkt"."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

from supreme_ecg.reports.tokens import Token, normal_word

_JOINING: Final = frozenset({"and", "or"})
_SHORTEST_END: Final = 4
"""Letters that the spared end has at least."""


def complete_words(text: str, tokens: Sequence[Token], known: Collection[str]) -> tuple[Token, ...]:
    """Give a word before a hanging hyphen the end of the word that shares it.

    Args:
        text: The statement.
        tokens: Its words.
        known: Words without umlauts that phrases have. The longest end that makes one is taken.

    Returns:
        The words; a word that makes nothing known stays as it is.
    """
    if "- " not in text and "-/" not in text:
        return tuple(tokens)
    completed = list(tokens)
    for index, token in enumerate(tokens[:-1]):
        behind = index + 1
        if not text[token.end : token.end + 2].startswith(("- ", "-/")):
            continue
        if tokens[behind].word in _JOINING and behind + 1 < len(tokens):
            behind += 1
        whole = _with_end_of(token.plain, tokens[behind].plain, known)
        if whole:
            completed[index] = replace(token, word=normal_word(whole), plain=whole)
    return tuple(completed)


def _with_end_of(word: str, other: str, known: Collection[str]) -> str | None:
    ends = (other[start:] for start in range(1, len(other) - _SHORTEST_END + 1))
    return next((word + end for end in ends if word + end in known), None)
