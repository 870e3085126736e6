"""Reports of a store -> ``findings.parquet``: each distinct statement is extracted once."""

from __future__ import annotations

import io
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from supreme_ecg.errors import StoreError
from supreme_ecg.reports.extractor import Extractor
from supreme_ecg.reports.finding import Finding
from supreme_ecg.reports.statements import split_statements
from supreme_ecg.store.files import write_whole
from supreme_ecg.store.layout import FINDINGS
from supreme_ecg.store.reading import Store

FINDINGS_SCHEMA: Final = pl.Schema(
    {
        "record_id": pl.String,
        "statement": pl.String,
        "concept": pl.String,
        "assertion": pl.String,
        "start": pl.Int32,
        "end": pl.Int32,
        "extractor": pl.String,
    }
)
"""A row per finding; ``start`` and ``end`` (exclusive) are places in ``statement``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractionReport:
    """What an extraction did."""

    extractor: str
    """Name and version."""
    records: int
    """Records in the store."""
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
    """Rows of ``findings.parquet``."""
    seconds: float
    """Wall time of splitting and extracting."""
    worklist: tuple[tuple[str, int], ...]
    """The commonest statements without a finding, and how often each occurs."""

    @property
    def share_with_finding(self) -> float:
        """Share of statements, counted as often as they occur, with at least one finding."""
        return self.statements_with_finding / self.statements if self.statements else 0.0


def extract_store(
    store: Store,
    extractor: Extractor,
    *,
    worklist_length: int = 30,
    on_start: Callable[[int], None] | None = None,
    on_statement: Callable[[], None] | None = None,
) -> ExtractionReport:
    """Extract every report of a store and write its ``findings.parquet``.

    Args:
        store: An open store.
        extractor: Rules or another extractor.
        worklist_length: How many statements without a finding to list.
        on_start: Called once with the number of distinct statements.
        on_statement: Called after each distinct statement.

    Returns:
        Counts and the worklist.

    Raises:
        StoreError: No record has a report, or the findings cannot be written.
    """
    begun = time.perf_counter()
    ids = store.records["record_id"].to_list()
    reports = [report or "" for report in store.records["report"].to_list()]
    if not any(report.strip() for report in reports):
        raise StoreError(
            store.path,
            expected="records with reports",
            found=f"{len(ids)} records, none with a report",
            remedy="Ingest a corpus that has reports, such as ptb_xl.",
        )
    said, notes = _split(ids, reports)
    counts = Counter(statement for _, statement in said)
    found = _extract_each(counts, extractor, on_start, on_statement)
    table = _as_table(said, found, extractor.name)
    buffer = io.BytesIO()
    table.write_parquet(buffer)
    write_whole(Path(store.path) / FINDINGS, [buffer.getvalue()])
    return ExtractionReport(
        extractor=extractor.name,
        records=len(ids),
        reports=sum(bool(report.strip()) for report in reports),
        device_notes=notes,
        statements=counts.total(),
        distinct_statements=len(counts),
        statements_with_finding=sum(n for text, n in counts.items() if found[text]),
        findings=table.height,
        seconds=time.perf_counter() - begun,
        worklist=tuple(
            [(text, n) for text, n in counts.most_common() if not found[text]][:worklist_length]
        ),
    )


def _split(ids: Iterable[str], reports: Iterable[str]) -> tuple[list[tuple[str, str]], int]:
    """Return pairs of record id and statement, and the number of device notes."""
    said, notes = [], 0
    for record_id, report in zip(ids, reports, strict=True):
        for statement in split_statements(report):
            if statement.kind == "device_note":
                notes += 1
            else:
                said.append((record_id, statement.text))
    return said, notes


def _extract_each(
    statements: Mapping[str, int],
    extractor: Extractor,
    on_start: Callable[[int], None] | None,
    on_statement: Callable[[], None] | None,
) -> dict[str, tuple[Finding, ...]]:
    if on_start:
        on_start(len(statements))
    found = {}
    for statement in statements:
        found[statement] = extractor.extract(statement)
        if on_statement:
            on_statement()
    return found


def _as_table(
    said: Iterable[tuple[str, str]], found: Mapping[str, tuple[Finding, ...]], extractor: str
) -> pl.DataFrame:
    rows = [
        (record_id, text, each.concept, each.assertion, *each.span, extractor)
        for record_id, text in said
        for each in found[text]
    ]
    return pl.DataFrame(rows, schema=FINDINGS_SCHEMA, orient="row")
