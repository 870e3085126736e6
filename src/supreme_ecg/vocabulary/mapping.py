"""Entities and clusters -> concepts: exact, synonym, what the extractor said, nearest, or new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal, get_args

import numpy as np
from jaxtyping import Float

from supreme_ecg.concepts.phrases import normalise
from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.models.text_encoder import TextEncoder
from supreme_ecg.vocabulary.opposites import Opposites, Sides, Signature

Way = Literal["review", "exact", "synonym", "extractor", "cluster", "nearest", "new"]
"""How an entity came to its concept: a person said so; it is the preferred name; it is a synonym;
the extractor said so; it is in one cluster with such an entity; a phrase of the concept is near;
or it came to none."""

WAYS: Final[tuple[Way, ...]] = get_args(Way)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an entity belongs."""

    concept: str | None
    """Concept id; None for what the table does not have."""
    way: Way
    score: float | None
    """Cosine to what it was placed by, or for a new one to what was nearest; 1 where no likeness
    was needed, None where nothing could be compared."""
    name: str | None = None
    """Name of an entry that a person has accepted although the table does not have it."""


def place_by_words(entity: str, said: str | None, table: ConceptTable) -> Placement | None:
    """Place an entity without any likeness.

    Args:
        entity: Its text.
        said: The concept that the extractor says it names, if any.
        table: Concepts.

    Returns:
        Its place, or None where neither the table nor the extractor knows the words.
    """
    concept = table.find(entity)
    if concept is not None:
        is_name = normalise(concept.name) == normalise(entity)
        return Placement(concept.id, "exact" if is_name else "synonym", 1.0)
    return Placement(said, "extractor", 1.0) if said is not None else None


class NearestConcept:
    """Finds the concept with the phrase nearest to a text among those that do not oppose it.

    Args:
        table: Concepts; every name and term counts, abbreviations do not.
        encoder: Gives the vectors.
        opposites: Terms that two texts must not differ in.
    """

    def __init__(self, table: ConceptTable, encoder: TextEncoder, opposites: Opposites) -> None:
        self._encoder, self._opposites = encoder, opposites
        phrases = {
            normalise(phrase): concept.id
            for concept in table.concepts.values()
            for phrase in (
                concept.name,
                *(each.phrase for each in concept.synonyms if each.kind == "term"),
            )
        }
        self._phrases = tuple(phrases)
        self._concepts = tuple(phrases.values())

    @cached_property
    def _by_sides(self) -> dict[tuple[Sides, ...], list[tuple[int, Signature]]]:
        found: dict[tuple[Sides, ...], list[tuple[int, Signature]]] = {}
        for index, phrase in enumerate(self._phrases):
            signature = self._opposites.signature(phrase)
            found.setdefault(signature.sides, []).append((index, signature))
        return found

    def place(
        self, text: str, *, threshold: float, without: frozenset[str] = frozenset()
    ) -> Placement:
        """Place a text.

        Args:
            text: Its abbreviations are written out.
            threshold: Least cosine.
            without: Phrases, in one spelling, that do not count: to measure what the table would
                do without them.

        Returns:
            The nearest concept and its cosine, or no concept if none is near enough.
        """
        signature = self._opposites.signature(text)
        candidates = [
            index
            for index, other in self._by_sides.get(signature.sides, ())
            if self._phrases[index] not in without and not signature.opposes(other)
        ]
        if not candidates:
            return Placement(None, "new", None)
        vectors = encode(self._encoder, [text, *(self._phrases[k] for k in candidates)])
        cosine = vectors[1:] @ vectors[0]
        best = int(np.argmax(cosine))
        score = min(1.0, float(cosine[best]))
        if score < threshold:
            return Placement(None, "new", score)
        return Placement(self._concepts[candidates[best]], "nearest", score)


def encode(encoder: TextEncoder, texts: Sequence[str]) -> Float[np.ndarray, "text width"]:
    """Return a unit vector per text, float32."""
    if not texts:
        return np.zeros((0, encoder.width), dtype=np.float32)
    return np.asarray(encoder.encode(texts).numpy(), dtype=np.float32)
