"""The concepts that a statement may be about: a model is not shown the whole table."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from typing import Final

from supreme_ecg.concepts.concept import Concept
from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.reports.tokens import Token, tokenize

VERSION: Final = "1"
"""Part of the version of every prompt: a change of method here must change it."""

_LETTERS: Final = 3
_SPECIFIC: Final = 0.2
"""Power of a phrase's weight by which a long phrase that is there beats a short one."""


class Shortlist:
    """Picks candidate concepts for a statement.

    First the concepts whose phrases stand in the statement, from each of its words the longest;
    then those with the phrase whose trigrams of letters are best covered by the statement, rare
    trigrams counting more. So a misspelt, joined or unknown inflected form still brings its concept.

    Args:
        table: The concepts to pick from.
    """

    def __init__(self, table: ConceptTable) -> None:
        self._table = table
        self._lexicon = table.lexicon()
        phrases = [
            (concept.id, frozenset(_trigrams(phrase)))
            for concept in table.concepts.values()
            for phrase in (concept.name, *(each.phrase for each in concept.synonyms))
        ]
        counts = Counter(trigram for _, trigrams in phrases for trigram in trigrams)
        weights = {trigram: math.log(1 + len(phrases) / n) for trigram, n in counts.items()}
        self._weights = weights
        self._phrases = [
            (concept, sum(weights[trigram] for trigram in trigrams))
            for concept, trigrams in phrases
        ]
        self._containing: defaultdict[str, list[int]] = defaultdict(list)
        for index, (_, trigrams) in enumerate(phrases):
            for trigram in trigrams:
                self._containing[trigram].append(index)

    def candidates(self, statement: str, count: int) -> tuple[Concept, ...]:
        """Return the concepts to show with a statement.

        Args:
            statement: Any text.
            count: How many, where the table has as many.

        Returns:
            Distinct concepts in the order of the table, so that their order tells nothing.
        """
        chosen = dict.fromkeys(self._named(tokenize(statement)))
        for concept in self._nearest(statement):
            if len(chosen) >= count:
                break
            chosen.setdefault(concept)
        kept = set(list(chosen)[:count])
        return tuple(each for each in self._table.concepts.values() if each.id in kept)

    def _named(self, tokens: tuple[Token, ...]) -> list[str]:
        found = [self._lexicon.longest(tokens, first) for first in range(len(tokens))]
        return [match.concept for match in found if match]

    def _nearest(self, statement: str) -> list[str]:
        shared: defaultdict[int, float] = defaultdict(float)
        for trigram in set(_trigrams(statement)):
            for index in self._containing.get(trigram, ()):
                shared[index] += self._weights[trigram]
        best: dict[str, float] = {}
        for index, weight in shared.items():
            concept, whole = self._phrases[index]
            score = weight / whole * whole**_SPECIFIC
            best[concept] = max(best.get(concept, 0.0), score)
        return sorted(best, key=lambda concept: (-best[concept], concept))


def _trigrams(text: str) -> list[str]:
    words = " ".join(token.word for token in tokenize(text))
    padded = f" {words} "
    return [padded[k : k + _LETTERS] for k in range(max(len(padded) - _LETTERS + 1, 1))]
