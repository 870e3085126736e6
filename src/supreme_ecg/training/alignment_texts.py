"""Texts that the text side is aligned on: names, synonyms and definitions, some misspelt or framed."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from supreme_ecg.concepts.concept import Language
from supreme_ecg.concepts.phrases import normalise
from supreme_ecg.concepts.table import ConceptTable

Origin = Literal["name", "synonym", "definition", "misspelt", "framed"]

_FRAMES: Final[dict[Language, tuple[str, ...]]] = {
    "en": (
        "ECG showing {}",
        "suspected {}",
        "patient with {}",
        "consistent with {}",
        "does this ECG show {}",
        "{} on the ECG",
        "{} can be seen",
    ),
    "de": ("EKG mit {}", "Verdacht auf {}", "{} vorhanden", "Patient mit {}"),
    "sv": ("EKG med {}", "misstänkt {}", "patient med {}"),
}
"""None is one of the frames of the paraphrase set ("signs of", "evidence of", "is there")."""
_VOWELS: Final = "aeiouy"
_CONSONANTS: Final = "bcdfghklmnprstvz"
_SHORTEST_MISSPELT: Final = 7
"""Letters; a shorter phrase misspelt may be another one."""
_NAME_VARIANTS: Final = 4
"""Misspelt and framed forms of each preferred name; a synonym has one of the two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignmentText:
    """One text of one concept."""

    concept: str
    """Concept id."""
    phrase: str
    origin: Origin


def held_out_synonyms(
    table: ConceptTable, *, share: float
) -> tuple[tuple[str, str, Language], ...]:
    """Choose synonyms to judge settings by: the same ones always, by a hash of the phrase.

    Args:
        table: Concepts with synonyms.
        share: Share of the synonyms, 0 to 1.

    Returns:
        (concept id, phrase, language).
    """
    return tuple(
        (concept.id, synonym.phrase, synonym.language)
        for concept in table.concepts.values()
        for synonym in concept.synonyms
        if _share_of(synonym.phrase) < share
    )


def alignment_texts(
    table: ConceptTable,
    *,
    seed: int,
    never: Collection[str] = (),
    without_concepts: Collection[str] = (),
) -> tuple[AlignmentText, ...]:
    """Make the texts to train on.

    Args:
        table: Concepts with names, synonyms in all languages and definitions.
        seed: Decides misspellings and frames.
        never: Phrases that must not be among the texts, in any case or hyphenation, nor any variant
            of them (held-out synonyms), nor by chance (paraphrases).
        without_concepts: Ids of concepts to leave out with all that is below them.

    Returns:
        Texts, each once, in an order that depends on the arguments alone.
    """
    out = set(without_concepts).union(*(table.descendants(each) for each in without_concepts))
    banned = {normalise(phrase) for phrase in never}
    rng = random.Random(seed)  # noqa: S311  no secret
    texts: dict[str, AlignmentText] = {}
    for concept in table.concepts.values():
        if concept.id in out:
            continue
        for phrase, origin in _texts(table, concept.id, banned=banned, rng=rng):
            normal = normalise(phrase)
            other = table.find(phrase) if origin in {"misspelt", "framed"} else None
            if normal not in banned and other is None:
                texts.setdefault(
                    normal, AlignmentText(concept=concept.id, phrase=phrase, origin=origin)
                )
    return tuple(texts.values())


def misspell(phrase: str, rng: random.Random) -> str:
    """Misspell one letter inside a word: left out, doubled, exchanged with the next, or replaced.

    Args:
        phrase: At least one word of three letters, or it comes back as it is.
        rng: Decides which.
    """
    inside = [
        i
        for i in range(1, len(phrase) - 1)
        if phrase[i - 1].isalpha() and phrase[i].isalpha() and phrase[i + 1].isalpha()
    ]
    if not inside:
        return phrase
    at = rng.choice(inside)
    before, letter, after = phrase[:at], phrase[at], phrase[at + 1 :]
    like = _VOWELS if letter.casefold() in _VOWELS else _CONSONANTS
    return rng.choice(
        (
            before + after,
            before + letter + letter + after,
            before + after[0] + letter + after[1:],
            before + rng.choice(like) + after,
        )
    )


def _texts(
    table: ConceptTable, concept_id: str, *, banned: Collection[str], rng: random.Random
) -> Iterator[tuple[str, Origin]]:
    concept = table[concept_id]
    yield concept.name, "name"
    yield concept.definition, "definition"
    for number in range(_NAME_VARIANTS):
        yield _variant(concept.name, "en", misspelt=number % 2 == 0, rng=rng)
    for synonym in concept.synonyms:
        if normalise(synonym.phrase) in banned:
            continue
        yield synonym.phrase, "synonym"
        misspelt = len(synonym.phrase) >= _SHORTEST_MISSPELT and rng.random() < 0.5
        yield _variant(synonym.phrase, synonym.language, misspelt=misspelt, rng=rng)


def _variant(
    phrase: str, language: Language, *, misspelt: bool, rng: random.Random
) -> tuple[str, Origin]:
    if misspelt:
        return misspell(phrase, rng), "misspelt"
    return rng.choice(_FRAMES[language]).format(phrase), "framed"


def _share_of(phrase: str) -> float:
    digest = hashlib.sha256(normalise(phrase).encode()).digest()
    return float(int.from_bytes(digest[:8], "big") / 2**64)
