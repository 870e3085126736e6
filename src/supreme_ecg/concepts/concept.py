"""One row of the concept table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "de", "sv"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Synonym:
    """One way to write a concept."""

    phrase: str
    """The words, lower case unless an abbreviation is meant."""
    language: Language
    kind: Literal["term", "abbreviation"]
    """``term``: words a person could ask with. ``abbreviation``: expanded before text is encoded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Concept:
    """A cardiac condition, or anything else an ECG report can say about a tracing."""

    id: str
    """Stable snake_case identifier."""
    name: str
    """Preferred English name."""
    group: str
    """Rhythm, conduction, infarction, ischaemia, hypertrophy, ... (see ``concepts.csv``)."""
    definition: str
    """One sentence."""
    parents: tuple[str, ...]
    """Ids of the more general concepts that are present whenever this one is."""
    scp: tuple[str, ...]
    """SCP-ECG statement acronyms as PTB-XL writes them."""
    snomed_ct: tuple[str, ...]
    """SNOMED CT concept ids as the PhysioNet/CinC and CSN tables give them."""
    synonyms: tuple[Synonym, ...]
    """Every other way to write it."""

    @property
    def phrases(self) -> tuple[str, ...]:
        """The preferred name and the English terms, abbreviations left out: words to ask with."""
        terms = [s.phrase for s in self.synonyms if s.language == "en" and s.kind == "term"]
        return tuple(dict.fromkeys([self.name, *terms]))
