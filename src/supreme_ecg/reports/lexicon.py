"""Phrases and the concepts they name, matched longest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from supreme_ecg.errors import ConceptError
from supreme_ecg.reports.tokens import Token, tokenize


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
            An abbreviation of one or two letters matches only in the case it is given in,
            because ``st`` and ``as`` are words too.
        endings: Whether words with different endings are different.

    Raises:
        ConceptError: Two concepts share a phrase; the message names the phrase and both.
    """

    def __init__(self, phrases: Iterable[tuple[str, str, bool]], *, endings: bool = False) -> None:
        self._endings = endings
        self._concepts: dict[tuple[str, ...], str] = {}
        self._exact: dict[tuple[str, ...], frozenset[str]] = {}
        self._lengths: dict[str, tuple[int, ...]] = {}
        by_first: defaultdict[str, set[int]] = defaultdict(set)
        for phrase, concept, is_abbreviation in phrases:
            words = self._words(tokenize(phrase))
            if not words:
                continue
            self._add(words, concept, phrase)
            by_first[words[0]].add(len(words))
            if is_abbreviation and len(phrase) <= 2:
                self._exact[words] = self._exact.get(words, frozenset()) | {phrase}
        self._lengths = {word: tuple(sorted(n, reverse=True)) for word, n in by_first.items()}

    def _add(self, words: tuple[str, ...], concept: str, phrase: str) -> None:
        other = self._concepts.setdefault(words, concept)
        if other != concept:
            raise ConceptError(
                f"phrase {phrase!r}",
                expected="a phrase of one concept",
                found=f"both {other!r} and {concept!r}",
                remedy="Leave it with the concept that it names.",
            )

    def __len__(self) -> int:
        return len(self._concepts)

    def concept(self, words: Sequence[str]) -> str | None:
        """Return the concept that normalised words name, if any."""
        return self._concepts.get(tuple(words))

    def find(self, text: str) -> str | None:
        """Return the concept that a whole text names, if any."""
        tokens = tokenize(text)
        match = self.longest(tokens, 0) if tokens else None
        return match.concept if match and match.last == len(tokens) - 1 else None

    def longest(self, tokens: Sequence[Token], first: int) -> Match | None:
        """Return the longest phrase that starts at a token, if any."""
        head = tokens[first].plain if self._endings else tokens[first].word
        for length in self._lengths.get(head, ()):
            part = tokens[first : first + length]
            words = self._words(part)
            concept = self._concepts.get(words) if len(part) == length else None
            if concept and _is_unbroken(part) and self._has_right_case(words, part):
                return Match(concept, first, first + length - 1)
        return None

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

    def _has_right_case(self, words: tuple[str, ...], part: Sequence[Token]) -> bool:
        cases = self._exact.get(words)
        return cases is None or " ".join(token.written for token in part) in cases


def _is_unbroken(part: Sequence[Token]) -> bool:
    return all(token.gap in ("", "slash") for token in part[1:])
