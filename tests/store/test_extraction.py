"""Reports of a store become findings.parquet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from supreme_ecg.errors import StoreError
from supreme_ecg.extraction.findings import FINDINGS, FINDINGS_SCHEMA
from supreme_ecg.reports.finding import Finding
from supreme_ecg.store.extraction import extract_store

NOTE = "4.46    unbestÄtigter bericht"


@dataclass
class ReportStore:
    """The part of a store that extraction reads."""

    path: Path
    records: pl.DataFrame


class CountingExtractor:
    """Says sinus rhythm where the statement does, and counts how often it is asked."""

    name = "counting/1"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def extract(self, statement: str) -> tuple[Finding, ...]:
        """Find "sinus"."""
        self.asked.append(statement)
        start = statement.find("sinus")
        if start < 0:
            return ()
        return (Finding("sinus_rhythm", "present", (start, start + 5), self.name),)


def store_of(folder: Path, *reports: str | None) -> ReportStore:
    """A store of these reports."""
    records = {"record_id": [f"r{k}" for k in range(len(reports))], "report": list(reports)}
    schema = {"record_id": pl.String, "report": pl.String}
    return ReportStore(folder, pl.DataFrame(records, schema=schema))


def test_each_distinct_statement_is_extracted_once(tmp_path: Path) -> None:
    """Statements are counted over the corpus, asked once, and written for each record."""
    store = store_of(
        tmp_path, "sinus rhythm. odd words.", f"sinus rhythm. {NOTE}", None, "odd words. odd words."
    )
    extractor, started = CountingExtractor(), []
    report = extract_store(store, extractor, on_start=started.append)  # type: ignore[arg-type]
    assert sorted(extractor.asked) == ["odd words", "sinus rhythm"]
    assert started == [2]
    assert (report.records, report.reports, report.device_notes) == (4, 3, 1)
    assert (report.statements, report.distinct_statements) == (5, 2)
    assert (report.statements_with_finding, report.findings) == (2, 2)
    assert report.share_with_finding == pytest.approx(0.4)
    assert report.worklist == (("odd words", 3),)


def test_the_file_has_the_columns_of_the_store(tmp_path: Path) -> None:
    """Columns, their types and their values are those of the format."""
    extract_store(store_of(tmp_path, "x sinus rhythm"), CountingExtractor())  # type: ignore[arg-type]
    table = pl.read_parquet(tmp_path / FINDINGS)
    assert table.schema == FINDINGS_SCHEMA
    assert table.rows() == [("r0", "x sinus rhythm", "sinus_rhythm", "present", 2, 7, "counting/1")]


def test_a_second_run_replaces_the_first_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    """The file is written in one step."""
    for text in ("sinus rhythm", "odd words"):
        extract_store(store_of(tmp_path, text), CountingExtractor())  # type: ignore[arg-type]
    assert pl.read_parquet(tmp_path / FINDINGS).height == 0
    assert [path.name for path in tmp_path.iterdir()] == [FINDINGS]


@pytest.mark.parametrize("reports", [(None,), ("", "  "), ()])
def test_a_store_without_reports_is_an_error(
    tmp_path: Path, reports: tuple[str | None, ...]
) -> None:
    """The message says so and writes nothing."""
    with pytest.raises(StoreError, match="none with a report"):
        extract_store(store_of(tmp_path, *reports), CountingExtractor())  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_a_store_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """A folder that is gone is told as such, without report text."""
    store = store_of(tmp_path / "gone", "secret sinus rhythm")
    with pytest.raises(StoreError, match="expected a folder that can be written") as caught:
        extract_store(store, CountingExtractor())  # type: ignore[arg-type]
    assert "secret" not in str(caught.value)
