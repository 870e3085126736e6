"""Has a question to do with the heart's electrical activity, or with what changes it?

Words are looked at first: terms of the heart and the ECG (`cardiac_terms.csv`), whole or as a part of a
word. Where no such term settles it, the question is compared, in the text encoder's space, with the
names of the concepts and with everyday and other medical phrases (`off_topic.csv`): a question is
nearer to what it is about. Thresholds are chosen on the development half of two lists of questions
(`benchmarks/questions.py`) and kept in `relevance.toml`, per text encoder.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property, partial
from importlib.resources import files
from typing import Final

from torch import Tensor

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.models.text_encoder import TextEncoder
from supreme_ecg.reports.lexicon import Lexicon
from supreme_ecg.reports.spelling import Speller
from supreme_ecg.reports.tokens import plain_word, tokenize

_MOST_WEAK: Final = 2
"""Weak terms from which on more of them say nothing more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What the words of a question say about its topic."""

    strong: bool
    """Whether a term says by itself that the heart or the ECG is meant."""
    weak: int
    """Terms that the heart shares with other topics ("wave", "block"), each counted once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When a question without a strong term is about the heart."""

    margin: float
    """Least similarity to cardiac phrases less that to others, with no weak term."""
    relief: float
    """By how much each weak term (up to two) lowers that."""


class Relevance:
    """Tells questions about the heart from others.

    Args:
        table: Concepts, whose names stand for the topic.
        text_encoder: Compares questions with phrases; without one, or with one that has no limits,
            words decide alone: one weak term is then enough.
        limits: In place of those that ``relevance.toml`` has for the text encoder.
    """

    def __init__(
        self,
        table: ConceptTable,
        text_encoder: TextEncoder | None = None,
        *,
        limits: Limits | None = None,
    ) -> None:
        self._table, self._encoder = table, text_encoder
        stored = _limits().get(text_encoder.config.name) if text_encoder else None
        self.limits: Final = limits or stored
        """When a question without a strong term is about the heart; None: words decide."""

    def is_cardiac(self, text: str) -> bool:
        """Say whether a question has to do with the heart."""
        words = read_words(text)
        if words.strong:
            return True
        if self.limits is None:
            return words.weak > 0
        relief = self.limits.relief * min(words.weak, _MOST_WEAK)
        return self.margin(text) >= self.limits.margin - relief

    def margin(self, text: str) -> float:
        """Return how much nearer a text is to cardiac phrases than to others.

        Returns:
            Greatest cosine with a cardiac phrase less the greatest with another one: -2 to 2.

        Raises:
            ValueError: There is no text encoder.
        """
        if self._encoder is None:
            raise ValueError("similarity needs a text encoder")
        vector = self._encoder.encode([text])[0]
        cardiac, other = self._anchors
        return float((cardiac @ vector).max() - (other @ vector).max())

    @cached_property
    def _anchors(self) -> tuple[Tensor, Tensor]:
        """Vectors of cardiac and of other phrases; encoded when first needed, in a few seconds."""
        assert self._encoder is not None
        cardiac = {concept.name for concept in self._table.concepts.values()}
        cardiac |= {term for kind, term in _terms() if kind == "strong" and " " in term}
        by_length = partial(sorted, key=lambda text: (len(text), text))  # little padding
        return self._encoder.encode(by_length(cardiac)), self._encoder.encode(
            by_length(_off_topic())
        )


def read_words(text: str) -> Words:
    """Look for terms of the heart in a text, misspelt ones too."""
    strong, weak, stems, speller = _lexicons()
    tokens = tuple(map(speller.correct, tokenize(text)))
    if next(strong.matches(tokens), None) is not None:
        return Words(strong=True, weak=0)
    if any(stem in token.plain for token in tokens for stem in stems):
        return Words(strong=True, weak=0)
    found = {tokens[match.first].word for match in weak.matches(tokens)}
    return Words(strong=False, weak=len(found))


@cache
def _terms() -> tuple[tuple[str, str], ...]:
    with (files("supreme_ecg.serving") / "cardiac_terms.csv").open(encoding="utf-8") as file:
        return tuple((row["kind"], row["term"]) for row in csv.DictReader(file))


@cache
def _off_topic() -> tuple[str, ...]:
    with (files("supreme_ecg.serving") / "off_topic.csv").open(encoding="utf-8") as file:
        return tuple(row["phrase"] for row in csv.DictReader(file))


@cache
def _lexicons() -> tuple[Lexicon, Lexicon, tuple[str, ...], Speller]:
    def of(kind: str) -> Iterator[str]:
        return (term for each, term in _terms() if each == kind)

    strong = Lexicon((term, "strong", len(term) <= 2) for term in of("strong"))
    weak = Lexicon((term, "weak", False) for term in of("weak"))
    stems = tuple(dict.fromkeys(plain_word(term) for term in of("stem")))
    return strong, weak, stems, Speller(strong.words)


@cache
def _limits() -> dict[str, Limits]:
    text = (files("supreme_ecg.serving") / "relevance.toml").read_text(encoding="utf-8")
    return {name: Limits(**values) for name, values in tomllib.loads(text).items()}
