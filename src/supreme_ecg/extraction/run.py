"""Reports -> findings: each distinct text is split once, each distinct statement extracted once."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from supreme_ecg.extraction.findings import FINDINGS_SCHEMA
from supreme_ecg.extraction.spread import Spread, in_process
from supreme_ecg.reports.extractor import BatchExtractor, Extractor
from supreme_ecg.reports.finding import Finding
from supreme_ecg.reports.statements import split_statements

_FOUND_SCHEMA: Final = {"line": pl.UInt32} | {
    name: kind for name, kind in FINDINGS_SCHEMA.items() if name not in ("record_id", "statement")
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractionReport:
    """What an extraction did."""

    extractor: str
    """Name and version."""
    records: int
    """Records, with or without a report."""
    reports: int
    """Records with a report that is not empty."""
    device_notes: int
    """Notes about the tracing or its status, which are not extracted."""
    statements: int
    """Statements in all reports."""
    distinct_statements: int
    """Different statements among them; each was extracted once."""
    statements_with_finding: int
    """Statements, counted as often as they occur, with at least one finding."""
    findings: int
    """Rows of the table of findings."""
    seconds: float
    """Wall time of splitting and extracting."""
    worklist: tuple[tuple[str, int], ...]
    """The commonest statements without a finding, and how often each occurs."""

    @property
    def share_with_finding(self) -> float:
        """Share of statements, counted as often as they occur, with at least one finding."""
        return self.statements_with_finding / self.statements if self.statements else 0.0


def extract_reports(
    ids: Sequence[str] | pl.Series,
    reports: Sequence[str | None] | pl.Series,
    extractor: Extractor | BatchExtractor,
    *,
    spread: Spread = in_process,
    worklist_length: int = 30,
    on_start: Callable[[int], None] | None = None,
    on_statement: Callable[[], None] | None = None,
) -> tuple[pl.DataFrame, ExtractionReport]:
    """Extract reports.

    Args:
        ids: Record id of each text. An id that stands several times has a report in several
            pieces, as where each line of it has a column of its own.
        reports: The texts, as many as ids; None or blank where there is none.
        extractor: Rules or another extractor.
        spread: Where the work is done; a batch extractor sees to that itself.
        worklist_length: How many statements without a finding to list.
        on_start: Called once with the number of distinct statements.
        on_statement: Called after each distinct statement.

    Returns:
        The findings (:data:`FINDINGS_SCHEMA`) in the order of the texts, and the counts.

    Raises:
        WorkerError: A process that the work was spread over ended early.
    """
    begun = time.perf_counter()
    schema = {"record_id": pl.String, "text": pl.String}
    pieces = pl.DataFrame({"record_id": ids, "text": reports}, schema=schema)
    filled = pieces.filter(pl.col("text").str.contains(r"\S"))
    split = _split(filled["text"].unique(maintain_order=True), spread)
    if on_start:
        on_start(len(split.statements))
    found = _extract_each(split.statements, extractor, spread, on_statement)
    said = filled.join(split.of_text, on="text", maintain_order="left_right")
    said = said.select("record_id", "line")
    counts = np.bincount(said["line"].to_numpy(), minlength=len(found))
    has_finding = np.array([bool(each) for each in found], dtype=bool)
    table = _as_table(said, split.statements, found)
    report = ExtractionReport(
        extractor=extractor.name,
        records=pieces["record_id"].n_unique(),
        reports=filled["record_id"].n_unique(),
        device_notes=_notes(filled["text"], split),
        statements=len(said),
        distinct_statements=len(found),
        statements_with_finding=int(counts[has_finding].sum()),
        findings=len(table),
        seconds=time.perf_counter() - begun,
        worklist=tuple(
            (split.statements[line], int(counts[line]))
            for line in np.argsort(-counts, kind="stable")
            if not has_finding[line]
        )[:worklist_length],
    )
    return table, report


@dataclass(frozen=True, slots=True, kw_only=True)
class _Split:
    """Distinct texts cut into statements."""

    statements: list[str]
    """Distinct statements in the order in which they are first said."""
    of_text: pl.DataFrame
    """A row per statement of a text: ``text``, and ``line`` = the statement's place in the list."""
    notes: pl.DataFrame
    """``text`` and ``notes``: the texts with device notes, and how many."""


def _split(texts: pl.Series, spread: Spread) -> _Split:
    lines: dict[str, int] = {}
    text_of, line_of, notes = array("I"), array("I"), array("I")
    for number, (statements, noted) in enumerate(spread(split_text, texts.to_list())):
        notes.append(noted)
        for statement in statements:
            text_of.append(number)
            line_of.append(lines.setdefault(statement, len(lines)))
    of_text = {"text": texts.gather(_column(text_of)), "line": _column(line_of)}
    noted_texts = pl.DataFrame({"text": texts, "notes": _column(notes)})
    return _Split(
        statements=list(lines),
        of_text=pl.DataFrame(of_text),
        notes=noted_texts.filter(pl.col("notes") > 0),
    )


def split_text(text: str) -> tuple[tuple[str, ...], int]:
    """Cut a text into statements and count its device notes."""
    split = split_statements(text)
    statements = tuple(each.text for each in split if each.kind == "finding")
    return statements, len(split) - len(statements)


def _column(values: array[int]) -> pl.Series:
    return pl.Series(np.frombuffer(values, dtype=np.uint32) if values else [], dtype=pl.UInt32)


def _notes(texts: pl.Series, split: _Split) -> int:
    return int(texts.to_frame("text").join(split.notes, on="text")["notes"].sum())


def _extract_each(
    statements: Sequence[str],
    extractor: Extractor | BatchExtractor,
    spread: Spread,
    on_statement: Callable[[], None] | None,
) -> list[tuple[Finding, ...]]:
    if isinstance(extractor, BatchExtractor):
        answers = extractor.extract_many(statements, on_statement)
        return [answers.get(statement, ()) for statement in statements]
    found = []
    for findings in spread(extractor.extract, statements):
        found.append(findings)
        if on_statement:
            on_statement()
    return found


def _as_table(
    said: pl.DataFrame, statements: Sequence[str], found: Sequence[tuple[Finding, ...]]
) -> pl.DataFrame:
    rows = [
        (line, each.concept, each.assertion, *each.span, each.extractor)
        for line, findings in enumerate(found)
        for each in findings
    ]
    found_table = pl.DataFrame(rows, schema=_FOUND_SCHEMA, orient="row")
    rows_said = said.join(found_table, on="line", maintain_order="left_right")
    texts = pl.Series("statement", statements, dtype=pl.String).gather(rows_said["line"])
    return rows_said.with_columns(texts).select(FINDINGS_SCHEMA.names())
