"""The concept table: what an ECG report can say, in whose words, and what implies what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Self

from supreme_ecg.concepts.concept import Concept
from supreme_ecg.concepts.phrases import Abbreviations, normalise
from supreme_ecg.concepts.reading import read_concepts
from supreme_ecg.errors import ConceptError
from supreme_ecg.reports.lexicon import Lexicon


class ConceptTable:
    """Concepts by id, with their hierarchy, codes and words. It does not change once loaded.

    Args:
        concepts: Checked concepts by id, as :func:`supreme_ecg.concepts.reading.read_concepts`
            returns them.
    """

    def __init__(self, concepts: Mapping[str, Concept]) -> None:
        self.concepts: Mapping[str, Concept] = MappingProxyType(dict(concepts))
        self._scp = {code: c for c in concepts.values() for code in c.scp}
        self._snomed_ct = {code: c for c in concepts.values() for code in c.snomed_ct}

    @classmethod
    def load(cls, folder: str | Path | None = None) -> Self:
        """Load a table.

        Args:
            folder: Where ``concepts.csv`` and ``synonyms.csv`` are; None for the package's own.

        Raises:
            ConceptError: A file or a row is wrong; the message names file, line and concept id.
        """
        return cls(_package_concepts() if folder is None else read_concepts(Path(folder)))

    def __getitem__(self, concept_id: str) -> Concept:
        """Return a concept.

        Raises:
            ConceptError: There is no such concept; the message names the nearest ids.
        """
        concept = self.concepts.get(concept_id)
        if concept is None:
            near = get_close_matches(concept_id, self.concepts, n=3) or ["none is near"]
            raise ConceptError(
                f"concept {concept_id!r}",
                expected="an id of the concept table",
                found="an unknown one",
                remedy=f"Choose an id of concepts.csv (nearest: {', '.join(near)}).",
            )
        return concept

    def __contains__(self, concept_id: object) -> bool:
        return concept_id in self.concepts

    def __len__(self) -> int:
        return len(self.concepts)

    def ancestors(self, concept_id: str) -> frozenset[str]:
        """Ids of all that is present whenever this concept is, without itself.

        Raises:
            ConceptError: There is no such concept.
        """
        return self._ancestors[self[concept_id].id]

    def descendants(self, concept_id: str) -> frozenset[str]:
        """Ids of all whose presence makes this concept present, without itself.

        Raises:
            ConceptError: There is no such concept.
        """
        return self._descendants[self[concept_id].id]

    def by_scp(self, code: str) -> Concept | None:
        """Return the concept of an SCP-ECG statement acronym as PTB-XL writes it."""
        return self._scp.get(code)

    def by_snomed_ct(self, code: str) -> Concept | None:
        """Return the concept of a SNOMED CT code of the PhysioNet/CinC and CSN tables."""
        return self._snomed_ct.get(code)

    def find(self, text: str) -> Concept | None:
        """Return the concept that a whole text names.

        Args:
            text: A preferred name or synonym in any language, in any case, with or without
                hyphens and umlauts.
        """
        concept_id = self._phrases.get(normalise(text))
        return None if concept_id is None else self.concepts[concept_id]

    def expand(self, text: str) -> str:
        """Write out what a text encoder would not understand.

        Args:
            text: A query or report text.

        Returns:
            The preferred name if the whole text is a synonym in any language; else the text with
            every abbreviation that stands as a whole word replaced by its preferred name.
        """
        concept = self.find(text)
        return self._abbreviations.expand(text) if concept is None else concept.name

    def lexicon(self, more: Iterable[tuple[str, str, bool]] = ()) -> Lexicon:
        """Return every name and synonym for matching in texts.

        Args:
            more: Other phrases with their concept ids and whether each is an abbreviation.

        Raises:
            ConceptError: A phrase belongs to another concept already.
        """
        names = [(concept.name, concept.id, False) for concept in self.concepts.values()]
        synonyms = [
            (synonym.phrase, concept.id, synonym.kind == "abbreviation")
            for concept in self.concepts.values()
            for synonym in concept.synonyms
        ]
        return Lexicon([*names, *synonyms, *more])

    @cached_property
    def _ancestors(self) -> dict[str, frozenset[str]]:
        found: dict[str, frozenset[str]] = {}

        def collect(concept_id: str) -> frozenset[str]:
            if concept_id not in found:
                parents = self.concepts[concept_id].parents
                found[concept_id] = frozenset(parents).union(*map(collect, parents))
            return found[concept_id]

        for concept_id in self.concepts:
            collect(concept_id)
        return found

    @cached_property
    def _descendants(self) -> dict[str, frozenset[str]]:
        below: dict[str, set[str]] = {concept_id: set() for concept_id in self.concepts}
        for concept_id, ancestors in self._ancestors.items():
            for ancestor in ancestors:
                below[ancestor].add(concept_id)
        return {concept_id: frozenset(ids) for concept_id, ids in below.items()}

    @cached_property
    def _phrases(self) -> dict[str, str]:
        phrases = {normalise(c.name): c.id for c in self.concepts.values()}
        for concept in self.concepts.values():
            phrases |= {normalise(s.phrase): concept.id for s in concept.synonyms}
        return phrases

    @cached_property
    def _abbreviations(self) -> Abbreviations:
        return Abbreviations(
            {
                synonym.phrase: concept.name
                for concept in self.concepts.values()
                for synonym in concept.synonyms
                if synonym.kind == "abbreviation"
            }
        )


@cache
def _package_concepts() -> Mapping[str, Concept]:
    """The package's own concepts, read once: they are immutable."""
    return read_concepts(files("supreme_ecg.concepts"))
