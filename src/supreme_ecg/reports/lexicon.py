"""Phrases and the concepts they name, matched longest first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from supreme_ecg.errors import ConceptError
from supreme_ecg.reports.tokens import Token, tokenize

_BREAKS: Final = frozenset({"comma", "stop"})
_SHORTEST_JOINED: Final = 9
"""Letters from which on a phrase may be written together or apart: ``in i, mi`` is no ``imi``."""
_WORDS_TOO: Final = frozenset({"erst"})
"""Longer abbreviations that are words in small letters (German "erst": only)."""


@dataclass(frozen=True, slots=True)
class Match:
    """A phrase of the lexicon in a text."""

    concept: str
    """Concept id."""
    first: int
    """Index of its first token."""
    last: int
    """Index of its last token (inclusive)."""


class Lexicon:
    """Maps phrases to concept ids, whatever their case, umlauts, endings or hyphens.

    Args:
        phrases: Triples (phrase, concept id, whether the phrase is an abbreviation).
            An abbreviation of one or two letters, and a longer one that is a word too, matches only
            in the case it is given in, because ``st`` and ``as`` are words.
        endings: Whether words with different endings are different.

    Raises:
        ConceptError: Two concepts share a phrase; the message names the phrase and both.
    """

    def __init__(self, phrases: Iterable[tuple[str, str, bool]], *, endings: bool = False) -> None:
        self._endings = endings
        self._concepts: dict[tuple[str, ...], str] = {}
        self._joined: dict[str, str] = {}
        self._exact: dict[str, frozenset[str]] = {}
        self._beginnings: set[str] = set()
        self.words: Counter[str] = Counter()
        """Every word with its ending, and how many phrases have it."""
        for phrase, concept, is_abbreviation in phrases:
            tokens = tokenize(phrase)
            words = self._words(tokens)
            if not words:
                continue
            self._add(words, concept, phrase)
            self.words.update(token.plain for token in tokens)
            if is_abbreviation and (len(phrase) <= 2 or phrase.casefold() in _WORDS_TOO):
                joined = "".join(words)
                self._exact[joined] = self._exact.get(joined, frozenset()) | {phrase}

    def _add(self, words: tuple[str, ...], concept: str, phrase: str) -> None:
        joined = "".join(words)
        other = self._joined.setdefault(joined, concept)
        if other != concept:
            raise ConceptError(
                f"phrase {phrase!r}",
                expected="a phrase of one concept",
                found=f"both {other!r} and {concept!r}",
                remedy="Leave it with the concept that it names.",
            )
        self._concepts[words] = concept
        self._beginnings.update(joined[:end] for end in range(1, len(joined) + 1))

    def __len__(self) -> int:
        return len(self._concepts)

    def concept(self, words: Sequence[str]) -> str | None:
        """Return the concept that normalised words name, if any, written together or apart."""
        concept = self._concepts.get(tuple(words))
        joined = "".join(words)
        if concept is None and len(joined) >= _SHORTEST_JOINED and min(map(len, words)) > 1:
            concept = self._joined.get(joined)
        return concept

    def find(self, text: str) -> str | None:
        """Return the concept that a whole text names, if any."""
        tokens = tokenize(text)
        match = self.longest(tokens, 0) if tokens else None
        return match.concept if match and match.last == len(tokens) - 1 else None

    def longest(self, tokens: Sequence[Token], first: int) -> Match | None:
        """Return the longest phrase that starts at a token, if any.

        Words may be written together or apart; a phrase of a few letters only as it is given.
        """
        best, joined = None, ""
        for last in range(first, len(tokens)):
            token = tokens[last]
            joined += token.plain if self._endings else token.word
            if joined not in self._beginnings or (last > first and token.gap in _BREAKS):
                break
            concept = self._joined.get(joined)
            if concept and self._fits(joined, tokens[first : last + 1]):
                best = Match(concept, first, last)
        return best

    def _fits(self, joined: str, part: Sequence[Token]) -> bool:
        words = self._words(part)
        is_short = len(joined) < _SHORTEST_JOINED or min(map(len, words)) == 1
        if is_short and words not in self._concepts:
            return False
        cases = self._exact.get(joined)
        return cases is None or " ".join(token.written for token in part) in cases

    def matches(self, tokens: Sequence[Token]) -> Iterator[Match]:
        """Yield the longest phrases from left to right, without overlap."""
        first = 0
        while first < len(tokens):
            match = self.longest(tokens, first)
            if match:
                yield match
            first = match.last + 1 if match else first + 1

    def _words(self, tokens: Sequence[Token]) -> tuple[str, ...]:
        return tuple(token.plain if self._endings else token.word for token in tokens)
