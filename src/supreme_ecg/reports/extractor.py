"""What every extractor offers, whether rules or a language model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, runtime_checkable

from supreme_ecg.reports.finding import Finding


class Extractor(Protocol):
    """Turns one statement into findings."""

    @property
    def name(self) -> str:
        """Name and version, stored with every finding, as ``rules/1``."""

    def extract(self, statement: str) -> tuple[Finding, ...]:
        """Return the findings of one statement; any text gives an answer, never an error."""


@runtime_checkable
class BatchExtractor(Protocol):
    """Turns many statements into findings at once: many requests in flight, or many machines."""

    @property
    def name(self) -> str:
        """Name and version, stored with every finding."""

    def extract_many(
        self, statements: Sequence[str], on_statement: Callable[[], None] | None = None
    ) -> Mapping[str, tuple[Finding, ...]]:
        """Return the findings of each statement.

        Args:
            statements: Distinct statements.
            on_statement: Called as often as statements are done.

        Returns:
            Statement -> findings. A statement that is missing has none, as one whose answers
            were rejected.
        """
