"""Paraphrases of concepts that no training text has, to ask how much the wording of a question matters.

They are halved by concept. The words that the question reader knows (`serving/question_terms.csv`) were
first written without a look at either half; then misreadings of the development half, and of that alone, were
looked at. So the test half says how strangers' words are understood.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final, Literal, get_args

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.errors import TaskError

Kind = Literal["abbreviation", "expansion", "spelling", "german", "lay", "misspelling", "signs_of"]
"""How a paraphrase differs from the concept's name."""
Half = Literal["development", "test"]
"""Whether the question reader's words may be chosen by a paraphrase."""

COLUMNS: Final = ("concept", "kind", "phrase")


@dataclass(frozen=True, slots=True, kw_only=True)
class Paraphrase:
    """Another way to ask for a concept."""

    concept: str
    """Concept id."""
    kind: Kind
    """``spelling`` is British or American; ``signs_of`` a frame of words around the name."""
    phrase: str
    """As a person would write it."""

    @property
    def half(self) -> Half:
        """The half of its concept."""
        return half_of(self.concept)


def half_of(concept: str) -> Half:
    """Return the half that all paraphrases of a concept belong to, by a hash of its id.

    Args:
        concept: Its id.
    """
    return "test" if sha256(concept.encode()).digest()[-1] % 2 else "development"


def read_paraphrases(
    path: Path | None = None, *, table: ConceptTable | None = None
) -> tuple[Paraphrase, ...]:
    """Read paraphrases in the order of the file.

    Args:
        path: CSV file with the columns concept, kind and phrase; the package's own unless given.
        table: Concepts that a paraphrase may be of; the package's own unless given.

    Raises:
        TaskError: The file cannot be read, or a line has an unknown concept or kind, no phrase, or one
            that an earlier line has.
    """
    source: Path | Traversable = path or files("supreme_ecg.evaluation") / "paraphrases.csv"
    known = table or ConceptTable.load()
    try:
        with source.open(encoding="utf-8") as file:
            lines = list(csv.reader(file, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _wrong(source, "a readable CSV file", type(error).__name__) from error
    if not lines or tuple(lines[0]) != COLUMNS:
        raise _wrong(source, f"the columns {', '.join(COLUMNS)}", str(lines[:1]))
    seen: set[str] = set()
    paraphrases = []
    for number, line in enumerate(lines[1:], start=2):
        paraphrase = _paraphrase(line, where=f"{source}, line {number}", table=known)
        if paraphrase.phrase.casefold() in seen:
            raise _wrong(f"{source}, line {number}", "each phrase once", repr(paraphrase.phrase))
        seen.add(paraphrase.phrase.casefold())
        paraphrases.append(paraphrase)
    return tuple(paraphrases)


def in_table(paraphrases: Iterable[Paraphrase], table: ConceptTable) -> tuple[Paraphrase, ...]:
    """Return those that the table has as a name or synonym, in any language, case or spelling."""
    lexicon = table.lexicon()
    return tuple(
        paraphrase
        for paraphrase in paraphrases
        if table.find(paraphrase.phrase) or lexicon.find(paraphrase.phrase)
    )


def _paraphrase(line: list[str], *, where: str, table: ConceptTable) -> Paraphrase:
    if len(line) != len(COLUMNS) or not line[2].strip():
        raise _wrong(where, "a concept, a kind and a phrase", f"{len(line)} cells")
    concept, kind, phrase = line
    if concept not in table:
        raise _wrong(where, "an id of the concept table", repr(concept))
    for known in get_args(Kind):
        if kind == known:
            return Paraphrase(concept=concept, kind=known, phrase=phrase)
    raise _wrong(where, f"one of the kinds {', '.join(get_args(Kind))}", repr(kind))


def _wrong(where: object, expected: str, found: str) -> TaskError:
    return TaskError(where, expected=expected, found=found, remedy="Correct the file.")
