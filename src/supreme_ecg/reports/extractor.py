"""What every extractor offers, whether rules or a language model."""

from __future__ import annotations

from typing import Protocol

from supreme_ecg.reports.finding import Finding


class Extractor(Protocol):
    """Turns one statement into findings."""

    @property
    def name(self) -> str:
        """Name and version, stored with every finding, as ``rules/1``."""

    def extract(self, statement: str) -> tuple[Finding, ...]:
        """Return the findings of one statement; any text gives an answer, never an error."""
