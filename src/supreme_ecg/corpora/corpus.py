"""What a published corpus offers: an entry for each recording, in one form for all corpora."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from supreme_ecg.errors import CorpusError
from supreme_ecg.records.record import Sex


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One recording of a corpus: where it is and what the corpus's own tables say of it."""

    record_id: str
    """Unique in the corpus."""
    path: Path
    """The WFDB header file, or the file itself where there is none. It may be absent: ingest then
    lists the record as rejected."""
    patient_id: str
    """The patient; the record id where the corpus does not tell patients apart."""
    age_years: float | None = None
    """Age in years as the corpus's tables say; None = ask the file."""
    sex: Sex | None = None
    """Sex as the corpus's tables say; None = ask the file."""
    report: str | None = None
    """The report, whole and unedited; None = ask the file."""
    fold: int | None = None
    """The publisher's cross-validation fold; None where the corpus has none."""
    codes: tuple[str, ...] = ()
    """Diagnosis codes as written in the corpus's tables; empty = ask the file."""


class Corpus(Protocol):
    """A published corpus as its publisher lays it out."""

    @property
    def name(self) -> str:
        """The published name in snake case, as on the command line."""

    @property
    def description(self) -> str:
        """One line for people: which files of the corpus are read."""

    def entries(self, source: Path) -> tuple[Entry, ...]:
        """List every recording that the corpus says it has, present in ``source`` or not.

        Raises:
            CorpusError: The folder is not this corpus; the message says what was looked for, where,
                and where it might be.
        """


def require_unique(entries: Iterable[Entry], *, source: Path) -> None:
    """Stop if two entries share a record id.

    Raises:
        CorpusError: Naming up to five of the shared ids.
    """
    counts = Counter(entry.record_id for entry in entries)
    shared = [record_id for record_id, count in counts.items() if count > 1]
    if shared:
        named = ", ".join(shared[:5]) + (", ..." if len(shared) > 5 else "")
        raise CorpusError(
            source,
            expected="record ids that occur once",
            found=f"{len(shared)} that occur more often: {named}",
            remedy="Remove the second copies, or point to the folder that holds one copy.",
        )
