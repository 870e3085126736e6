"""A table of reports -> a folder with its findings, its problems and the counts."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import polars as pl

from supreme_ecg import __version__
from supreme_ecg.errors import TableError
from supreme_ecg.extraction.files import require_free, write_folder
from supreme_ecg.extraction.findings import FINDINGS
from supreme_ecg.extraction.report_table import Problem, ReportTable
from supreme_ecg.extraction.run import ExtractionReport, extract_reports
from supreme_ecg.extraction.spread import Spread, in_process
from supreme_ecg.reports.extractor import BatchExtractor, Extractor

RECORDS: Final = "records.parquet"
"""``record_id`` and ``has_report``, a row a record: tells silent records from those not read."""
PROBLEMS: Final = "problems.csv"
REPORT: Final = "report.json"


def extract_table(
    table: ReportTable,
    folder: Path,
    extractor: Extractor | BatchExtractor,
    *,
    spread: Spread = in_process,
    worklist_length: int = 30,
    on_start: Callable[[int], None] | None = None,
    on_statement: Callable[[], None] | None = None,
) -> ExtractionReport:
    """Extract a table of reports into a folder, which appears whole or not at all.

    Args:
        table: The reports.
        folder: Becomes ``findings.parquet``, ``records.parquet``, ``problems.csv`` and
            ``report.json``; replaces an earlier output, and nothing else.
        extractor: Rules or another extractor.
        spread: Where the work is done; a batch extractor sees to that itself.
        worklist_length: How many statements without a finding to list.
        on_start: Called once with the number of distinct statements.
        on_statement: Called after each distinct statement.

    Returns:
        Counts and the worklist.

    Raises:
        TableError: No record has text, or the folder holds something else.
        StoreError: The folder cannot be written.
        WorkerError: A process that the work was spread over ended early.
    """
    require_free(folder, mark=REPORT)
    if table.reports.null_count() == len(table.reports):
        raise TableError(
            "the table of reports",
            expected="records with text",
            found=f"{table.ids.n_unique()} records, none with text",
            remedy="Name the columns with text.",
        )
    findings, report = extract_reports(
        table.ids,
        table.reports,
        extractor,
        spread=spread,
        worklist_length=worklist_length,
        on_start=on_start,
        on_statement=on_statement,
    )
    records = pl.DataFrame({"record_id": table.ids, "has_report": table.reports.is_not_null()})
    records = records.group_by("record_id", maintain_order=True).agg(pl.col("has_report").any())
    files = {
        FINDINGS: lambda: parquet_bytes(findings),
        RECORDS: lambda: parquet_bytes(records),
        PROBLEMS: lambda: csv_bytes(Problem._fields, table.problems),
        REPORT: lambda: json_bytes(as_json(report) | {"problems": table.problem_counts}),
    }
    write_folder(folder, files)
    return report


def as_json(report: ExtractionReport) -> dict[str, Any]:
    """The counts of an extraction as ``report.json`` has them."""
    worklist = [{"statement": text, "count": count} for text, count in report.worklist]
    counts = asdict(report) | {"share_with_finding": report.share_with_finding}
    return {"package": __version__} | counts | {"worklist": worklist}


def parquet_bytes(table: pl.DataFrame) -> bytes:
    """A table as the bytes of a parquet file."""
    file = io.BytesIO()
    table.write_parquet(file)
    return file.getvalue()


def csv_bytes(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Rows as the bytes of a CSV file with a header."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return file.getvalue().encode()


def json_bytes(value: dict[str, Any]) -> bytes:
    """A JSON object as the bytes of a file."""
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()
