"""`supreme extract`: findings, numbers and scores of a store; findings and problems of a table."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest
import typer
from typer.testing import CliRunner

from supreme_ecg.cli.extract import extract_command
from supreme_ecg.errors import TableError
from supreme_ecg.extraction.findings import FINDINGS
from supreme_ecg.store.layout import MANIFEST
from supreme_ecg.store.reading import Store

APP = typer.Typer()
APP.command()(extract_command)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of three reports, two of them in fold 9."""
    records = pl.DataFrame(
        {
            "record_id": ["a", "b", "c"],
            "fold": [8, 9, 9],
            "codes": [["SR"], ["SR", "NORM"], ["AFIB"]],
            "report": ["sinus rhythm.", "sinus rhythm. normal ecg. odd words.", "sinus rhythm."],
        }
    )
    (tmp_path / MANIFEST).write_text("{}")
    opened = SimpleNamespace(
        path=tmp_path, records=records, findings=lambda: pl.read_parquet(tmp_path / FINDINGS)
    )
    monkeypatch.setattr(Store, "open", classmethod(lambda _, path: opened))
    return tmp_path


def run(*arguments: str) -> str:
    """What the command prints."""
    result = CliRunner().invoke(APP, list(arguments))
    assert result.exit_code == 0, result.output
    return result.stdout


def test_json_has_counts_worklist_and_scores(store: Path) -> None:
    """Counts are of all records; scores are of fold 9 alone."""
    result = json.loads(run(str(store), "--json"))
    assert (result["reports"], result["statements"], result["distinct_statements"]) == (3, 5, 3)
    assert result["share_with_finding"] == pytest.approx(0.8)
    assert result["worklist"] == [{"statement": "odd words", "count": 1}]
    scores = result["scores"]
    assert (scores["folds"], scores["records"]) == ([9], 2)
    by_code = {each["code"]: each for each in scores["codes"]}
    assert set(by_code) == {"SR", "NORM", "AFIB"}
    assert (by_code["SR"]["precision"], by_code["SR"]["recall"]) == (0.5, 1.0)
    # Two of four are right (record c is coded normal as a whole, nothing else being said), AFIB is missed.
    assert scores["micro"]["f1"] == pytest.approx(2 * 2 / (2 * 2 + 2 + 1))


def test_other_folds_can_be_scored(store: Path) -> None:
    """The option may be given more than once."""
    both = run(str(store), "--json", "--score-folds", "8-9")
    assert json.loads(both)["scores"]["records"] == 3


def test_people_see_summary_worklist_and_table(store: Path) -> None:
    """The table names the micro average twice: with and without doubtful findings."""
    shown = run(str(store))
    assert "3 reports of 3 records" in shown
    assert "odd words" in shown
    assert shown.count("micro") == 2


def test_a_fold_without_codes_is_not_scored(store: Path) -> None:
    """The command says so, and JSON has null."""
    assert "Not scored" in run(str(store), "--score-folds", "3")
    assert json.loads(run(str(store), "--score-folds", "3", "--json"))["scores"] is None


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Reports as a hospital might export them."""
    path = tmp_path / "export.csv"
    path.write_text("ecg;line_0;line_1\n7;Sinus rhythm;odd words\n8;;\n8;x;\n")
    return path


def test_a_table_becomes_a_folder(table: Path, tmp_path: Path) -> None:
    """JSON has counts and problems, and names the folder."""
    out = tmp_path / "out"
    options = ("--text", "line_0..line_1", "--id", "ecg", "--out", str(out))
    result = json.loads(run(str(table), *options, "--json"))
    assert (result["records"], result["reports"], result["findings"]) == (2, 1, 1)
    assert result["worklist"] == [{"statement": "odd words", "count": 1}]
    assert result["problems"] == {"no text": 1, "record id that stood before: left out": 1}
    assert result["folder"] == str(out)
    assert pl.read_parquet(out / FINDINGS)["record_id"].to_list() == ["7"]
    shown = run(str(table), *options, "--workers", "2")
    assert "1 reports of 2 records" in shown
    assert "no text" in shown


def test_a_folder_of_text_files_needs_no_column(tmp_path: Path) -> None:
    """The names of the files are the ids."""
    reports = tmp_path / "reports"
    reports.mkdir()
    (reports / "ecg-7.txt").write_text("Vorhofflimmern")
    run(str(reports), "--out", str(tmp_path / "out"))
    assert pl.read_parquet(tmp_path / "out" / FINDINGS)["record_id"].to_list() == ["ecg-7"]


def test_options_that_do_not_fit_the_source_are_refused(store: Path, table: Path) -> None:
    """Before any work."""
    for words in ([str(store), "--text", "report"], [str(table), "--text", "line_0"]):
        result = CliRunner().invoke(APP, words)
        assert result.exit_code == 2
        assert "--out" in result.stderr


def test_a_wrong_column_is_one_error_with_the_columns(table: Path, tmp_path: Path) -> None:
    """And nothing is written."""
    out = tmp_path / "out"
    result = CliRunner().invoke(APP, [str(table), "--text", "lin_*", "--out", str(out)])
    assert isinstance(result.exception, TableError)
    assert "ecg, line_0, line_1" in str(result.exception)
    assert not out.exists()
