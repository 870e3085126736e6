"""Reports of a store -> its ``findings.parquet``."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from supreme_ecg.errors import StoreError
from supreme_ecg.extraction.files import write_whole
from supreme_ecg.extraction.findings import FINDINGS
from supreme_ecg.extraction.run import ExtractionReport, extract_reports
from supreme_ecg.extraction.spread import Spread, in_process
from supreme_ecg.reports.extractor import BatchExtractor, Extractor
from supreme_ecg.store.reading import Store


def extract_store(
    store: Store,
    extractor: Extractor | BatchExtractor,
    *,
    spread: Spread = in_process,
    worklist_length: int = 30,
    on_start: Callable[[int], None] | None = None,
    on_statement: Callable[[], None] | None = None,
) -> ExtractionReport:
    """Extract every report of a store and write its ``findings.parquet``.

    Args:
        store: An open store.
        extractor: Rules or another extractor.
        spread: Where the work is done; a batch extractor sees to that itself.
        worklist_length: How many statements without a finding to list.
        on_start: Called once with the number of distinct statements.
        on_statement: Called after each distinct statement.

    Returns:
        Counts and the worklist.

    Raises:
        StoreError: No record has a report, or the findings cannot be written.
        WorkerError: A process that the work was spread over ended early.
    """
    reports = store.records["report"]
    if not reports.str.contains(r"\S").any():
        raise StoreError(
            store.path,
            expected="records with reports",
            found=f"{len(reports)} records, none with a report",
            remedy="Ingest a corpus that has reports, such as ptb_xl.",
        )
    findings, report = extract_reports(
        store.records["record_id"],
        reports,
        extractor,
        spread=spread,
        worklist_length=worklist_length,
        on_start=on_start,
        on_statement=on_statement,
    )
    buffer = io.BytesIO()
    findings.write_parquet(buffer)
    write_whole(Path(store.path) / FINDINGS, [buffer.getvalue()])
    return report
