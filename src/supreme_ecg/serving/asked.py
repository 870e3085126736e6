"""What a question was understood as, with the words that tell its reader so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

Kind = Literal[
    "finding", "negated", "several", "comparison", "outside_ecg", "not_cardiac", "unreadable"
]
"""Only a ``finding`` is asked of the model."""
How = Literal["name", "synonym", "abbreviation", "extractor", "composed", "nearest", "words"]
"""By what a question was recognised as a concept; ``composed``: its words, rewritten and in any order, are
those of a name or synonym; ``words``: it was not recognised, its words are asked."""

_SHOWN: Final = 80
"""Letters of a question that a warning repeats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What was typed, and what the model is asked."""

    typed: str
    """As it came."""
    kind: Kind
    """``finding``, or why it is not asked."""
    asked: str | None = None
    """Words that the model is asked; None where it is not asked."""
    concept: str | None = None
    """Id of the concept that the question means, if it is one."""
    near: tuple[str, ...] = ()
    """Ids of concepts in it where it means more, less or several: never the concept itself."""
    how: How | None = None
    """By what it was recognised; None where it is not asked."""
    warnings: tuple[str, ...]
    """What a reader of the answer must know."""
    label: str
    """How a message may call it: shortened, and without data of a patient."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question on its way to its reading."""

    typed: str
    personal: bool

    @property
    def label(self) -> str:
        """How warnings call the question; never with data of a patient."""
        if self.personal:
            return "a question"
        text = " ".join(self.typed.split())
        return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...")

    def refused(
        self, kind: Kind, reason: str, instead: Sequence[str] = (), near: tuple[str, ...] = ()
    ) -> Question:
        """Not asked, with the reason and what to ask instead."""
        names = (
            []
            if self.personal and not near and kind != "outside_ecg"
            else [n for n in instead if n]
        )
        apart = " apart" if len(names) > 1 else ""
        ask = f"; ask {' and '.join(map(repr, names))}{apart}" if names else ""
        warning = f"{self.label} was not scored: {reason}{ask}"
        return self._question(kind, [warning], near=near)

    def as_concept(
        self, name: str, concept: str, how: How, around: frozenset[str] | set[str]
    ) -> Question:
        """Asked by the preferred name of a concept."""
        notes = list(self._notes(name, around))
        if how == "composed" or (how == "extractor" and not notes):
            notes.insert(0, f"{self.label} was read as {name!r}")
        return self._question("finding", notes, asked=name, concept=concept, how=how)

    def as_nearest(
        self, name: str, concept: str, cosine: float, around: frozenset[str]
    ) -> Question:
        """Asked by the preferred name of the concept that is nearest in meaning."""
        note = f"{self.label} was read as {name!r}, the nearest in meaning ({cosine:.2f})"
        notes = [note, *self._notes(name, around)]
        return self._question("finding", notes, asked=name, concept=concept, how="nearest")

    def as_words(
        self,
        words: str,
        around: frozenset[str],
        near: Sequence[str],
        names: Sequence[str],
        *,
        rewritten: bool,
    ) -> Question:
        """Asked by its own words, in plain English if they were rewritten."""
        if self.personal and not near:
            reason = "it seems to hold data of a patient, and names no known finding"
            return self.refused("unreadable", reason)
        read = f", read as {words!r}," if rewritten else ""
        note = f"{self.label}{read} is not in the concept table: answered from its words alone"
        if names:
            note += f" (nearest: {', '.join(map(repr, names))})"
        notes = [note, *self._notes(words, around)]
        if self.personal:
            words = names[0]
        return self._question("finding", notes, asked=words, near=tuple(near), how="words")

    def _notes(self, name: str, around: frozenset[str] | set[str]) -> Iterator[str]:
        if "doubt" in around:
            yield f"{self.label} is in doubt, which a probability says by itself: asked as {name!r}"
        if around & {"time", "history"}:
            yield (
                f"{self.label}: what was before, is new or has changed cannot be told from one ECG:"
                f" asked whether it shows {name!r}"
            )
        if "degree" in around:
            yield f"{self.label}: a degree is not told apart: asked as {name!r}"

    def _question(self, kind: Kind, notes: Sequence[str], **found: Any) -> Question:
        if self.personal:
            notes = [*notes, "a question seems to hold data of a patient, which no answer needs"]
        return Question(
            typed=self.typed, kind=kind, label=self.label, warnings=tuple(notes), **found
        )
