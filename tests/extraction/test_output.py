"""The output folder of a table is whole or absent."""

from __future__ import annotations

import csv
import errno
import json
from pathlib import Path

import polars as pl
import pytest

from supreme_ecg.errors import StoreError, TableError
from supreme_ecg.extraction.findings import FINDINGS, FINDINGS_SCHEMA
from supreme_ecg.extraction.output import PROBLEMS, RECORDS, REPORT, extract_table
from supreme_ecg.extraction.report_table import ReportTable, read_reports
from tests.extraction.keywords import SinusExtractor

CSV = "id,report\n1,sinus rhythm\n2,\n1,again\n3,odd words\n"


@pytest.fixture
def table(tmp_path: Path) -> ReportTable:
    """Three records, one without text, and a repeated id."""
    path = tmp_path / "table.csv"
    path.write_text(CSV)
    return read_reports(path, text=["report"], id_column="id")


def test_the_folder_has_findings_records_problems_and_counts(
    table: ReportTable, tmp_path: Path
) -> None:
    """Each in its format; nothing beside them."""
    out = tmp_path / "new" / "out"
    extract_table(table, out, SinusExtractor())
    assert {path.name for path in out.iterdir()} == {FINDINGS, RECORDS, PROBLEMS, REPORT}
    assert [path.name for path in out.parent.iterdir()] == ["out"]
    findings = pl.read_parquet(out / FINDINGS)
    assert findings.schema == FINDINGS_SCHEMA
    assert findings["record_id"].to_list() == ["1"]
    assert pl.read_parquet(out / RECORDS).rows() == [("1", True), ("2", False), ("3", True)]
    with (out / PROBLEMS).open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["row", "record_id", "problem"],
            ["3", "2", "no text"],
            ["4", "1", "record id that stood before: left out"],
        ]
    report = json.loads((out / REPORT).read_text())
    assert (report["records"], report["reports"], report["findings"]) == (3, 2, 1)
    assert report["problems"] == {"no text": 1, "record id that stood before: left out": 1}
    assert report["worklist"] == [{"statement": "odd words", "count": 1}]


def test_an_earlier_output_is_replaced_and_nothing_else(table: ReportTable, tmp_path: Path) -> None:
    """A folder of other files, or a file, is refused before any work."""
    out = tmp_path / "out"
    for _ in range(2):
        extract_table(table, out, SinusExtractor())
    assert len(list(out.iterdir())) == 4
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.doc").write_text("x")
    for path in (other, tmp_path / "table.csv"):
        with pytest.raises(TableError, match="expected a new folder"):
            extract_table(table, path, SinusExtractor())
    assert (other / "thesis.doc").read_text() == "x"


def test_a_full_disk_leaves_the_earlier_output_and_nothing_beside_it(
    table: ReportTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says how much space is needed."""
    out = tmp_path / "out"
    extract_table(table, out, SinusExtractor())
    before = {path.name: path.read_bytes() for path in out.iterdir()}

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr("supreme_ecg.extraction.files.os.fsync", full)
    with pytest.raises(StoreError, match="free disk space"):
        extract_table(table, out, SinusExtractor())
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert {path.name for path in tmp_path.iterdir()} == {"out", "table.csv"}


def test_an_extractor_that_fails_leaves_nothing(table: ReportTable, tmp_path: Path) -> None:
    """As a run that is killed: nothing is written before all is done."""

    class Failing(SinusExtractor):
        def extract(self, statement: str) -> tuple[()]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        extract_table(table, tmp_path / "out", Failing())
    assert {path.name for path in tmp_path.iterdir()} == {"table.csv"}


def test_leftovers_of_a_killed_run_are_removed(table: ReportTable, tmp_path: Path) -> None:
    """Those of this output, by name."""
    (tmp_path / ".out.partial").mkdir()
    (tmp_path / ".out.partial" / FINDINGS).write_text("half")
    extract_table(table, tmp_path / "out", SinusExtractor())
    assert {path.name for path in tmp_path.iterdir()} == {"out", "table.csv"}


def test_a_table_without_any_text_is_an_error(tmp_path: Path) -> None:
    """Probably the wrong columns were named."""
    path = tmp_path / "table.csv"
    path.write_text("id,report\n1,\n2, \n")
    table = read_reports(path, text=["report"], id_column="id")
    with pytest.raises(TableError, match="2 records, none with text"):
        extract_table(table, tmp_path / "out", SinusExtractor())
    assert not (tmp_path / "out").exists()
