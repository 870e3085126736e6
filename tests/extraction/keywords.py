"""An extractor for tests that works can pickle: it finds "sinus"."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from supreme_ecg.reports.finding import Finding


class SinusExtractor:
    """Says sinus rhythm where the statement has the word."""

    name = "sinus/1"

    def extract(self, statement: str) -> tuple[Finding, ...]:
        """Find "sinus"."""
        start = statement.find("sinus")
        if start < 0:
            return ()
        return (Finding("sinus_rhythm", "present", (start, start + 5), self.name),)


class SinusBatch:
    """The same for many statements, with answers rejected where they have the word "odd"."""

    name = "batch/1"

    def extract_many(
        self, statements: Sequence[str], on_statement: Callable[[], None] | None = None
    ) -> Mapping[str, tuple[Finding, ...]]:
        """Find "sinus"."""
        one = SinusExtractor()
        answers = {}
        for statement in statements:
            if "odd" not in statement:
                answers[statement] = one.extract(statement)
            if on_statement:
                on_statement()
        return answers
