"""The error tree: one class per thing a caller can do about it.

Every message says where it happened, what was expected, what was found and what to do.
Report text never enters a message: only the record id does.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial


class SupremeError(Exception):
    """Base of every error that a user of this package can act on.

    Args:
        where: File, record id or setting at fault.
        expected: What would have been right.
        found: What was there instead.
        remedy: One imperative sentence that says what to do.
    """

    def __init__(self, where: object, *, expected: str, found: str, remedy: str) -> None:
        self.where, self.expected, self.found, self.remedy = str(where), expected, found, remedy
        super().__init__(f"{where}: expected {expected}, found {found}. {remedy}")

    def __reduce__(self) -> tuple[Callable[[], SupremeError], tuple[()]]:
        build = partial(
            type(self), self.where, expected=self.expected, found=self.found, remedy=self.remedy
        )
        return build, ()


class RecordError(SupremeError):
    """One ECG file cannot be read or used: mend or leave out that record."""


class CorpusError(SupremeError):
    """A folder is not the corpus it should be: point to the right folder."""


class StoreError(SupremeError):
    """A store is damaged, unfinished, or of another version: ingest again or upgrade."""


class ContractError(SupremeError):
    """Signals or weights were made under another signal contract: use matching ones."""


class ConceptError(SupremeError):
    """The concept table or a concept id is wrong: mend the table or the id."""


class RecipeError(SupremeError):
    """A recipe has an unknown key or an impossible value: mend the recipe."""


class WeightsError(SupremeError):
    """A checkpoint cannot be loaded exactly: fetch or train it again."""


class TaskError(SupremeError):
    """A task does not fit the store it should score: choose another task or store."""


class QueryError(SupremeError):
    """A question cannot be asked of the model: rephrase it."""


class TableError(SupremeError):
    """A table of reports or findings cannot be used: correct its path, columns or folder."""


class WorkerError(SupremeError):
    """A worker process ended early: run again with fewer workers."""


class ExtraError(SupremeError):
    """An optional part of the package is not installed: install the extra that the message names."""


class EndpointError(SupremeError):
    """A language model cannot be reached or used: mend its address, name, key or cache."""
