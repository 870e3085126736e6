"""`supreme labels`: tables, pictures and comparisons from folders and stores."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from supreme_ecg.cli.labels import labels_command
from supreme_ecg.errors import TableError
from supreme_ecg.extraction.findings import FINDINGS_SCHEMA
from supreme_ecg.store.layout import MANIFEST
from supreme_ecg.store.reading import Store

APP = typer.Typer()
APP.command()(labels_command)


def findings(*said: tuple[str, str]) -> pl.DataFrame:
    """Findings that are present."""
    rows = [(record, "text", concept, "present", 0, 4, "x/1") for record, concept in said]
    return pl.DataFrame(rows, schema=FINDINGS_SCHEMA, orient="row")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An output of extraction: three records with a report, one without."""
    path = tmp_path / "folder"
    path.mkdir()
    findings(("1", "sinus_rhythm"), ("2", "sinus_rhythm"), ("2", "normal_ecg")).write_parquet(
        path / "findings.parquet"
    )
    records = {"record_id": ["1", "2", "3", "4"], "has_report": [True, True, True, False]}
    pl.DataFrame(records).write_parquet(path / "records.parquet")
    return path


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store with codes, and findings that say something else."""
    records = pl.DataFrame(
        {
            "record_id": ["a", "b", "c"],
            "codes": [["SR"], ["AFIB", "odd"], []],
            "report": ["x", "y", None],
        }
    )
    path = tmp_path / "store"
    path.mkdir()
    (path / MANIFEST).write_text("{}")
    opened = SimpleNamespace(
        corpus="coded", records=records, findings=lambda: findings(("a", "normal_ecg"))
    )
    monkeypatch.setattr(Store, "open", classmethod(lambda _, path: opened))
    return path


def invoke(*arguments: object) -> Result:
    """Run the command."""
    return CliRunner().invoke(APP, [str(each) for each in arguments])


def run(*arguments: object) -> str:
    """What the command prints."""
    result = invoke(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_folder_gives_labels_of_the_records_with_a_report(folder: Path, tmp_path: Path) -> None:
    """Records without a report have no label; those without a finding are negative."""
    out, plot = tmp_path / "labels", tmp_path / "plot.png"
    result = json.loads(run(folder, "--json", "--out", out, "--plot", plot))
    assert (result["name"], result["records"]) == ("folder", 3)
    by_concept = {each["concept"]: each for each in result["prevalence"]}
    assert by_concept["sinus_rhythm"]["share"] == pytest.approx(2 / 3)
    labels = pl.read_parquet(out / "labels.parquet")
    assert labels["record_id"].to_list() == ["1", "2", "3"]
    assert labels["sinus_rhythm"].to_list() == [1, 1, 0]
    with (out / "prevalence.csv").open(newline="") as file:
        rows = {row["concept"]: row for row in csv.DictReader(file)}
    assert rows["normal_ecg"]["present"] == "1"
    assert json.loads((out / "labels.json").read_text()) == result
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_rare_concepts_are_left_out(folder: Path) -> None:
    """By the minimum count."""
    shown = run(folder, "--minimum-count", "2")
    assert "sinus rhythm" in shown
    assert "normal ECG" not in shown


def test_a_store_gives_findings_or_codes(store: Path) -> None:
    """Findings unless codes are asked for; codes without a concept are told."""
    by_findings = json.loads(run(store, "--json"))
    assert by_findings["records"] == 2
    assert [each["concept"] for each in by_findings["prevalence"]] == ["normal_ecg"]
    by_codes = json.loads(run(store, "--json", "--by", "codes"))
    assert by_codes["records"] == 2
    assert "atrial_fibrillation" in {each["concept"] for each in by_codes["prevalence"]}
    assert by_codes["unmapped_codes"] == {"odd": 1}
    assert "odd (1)" in run(store, "--by", "codes")


def test_a_store_is_compared_by_code_with_a_folder(
    store: Path, folder: Path, tmp_path: Path
) -> None:
    """What both share, with the codes, and what only one has."""
    out, plot = tmp_path / "out", tmp_path / "plot.svg"
    options = ("--compare", folder, "--out", out, "--plot", plot)
    result = json.loads(run(store, "--json", *options))
    shared = {each["concept"]: each for each in result["shared"]}
    assert shared["sinus_rhythm"]["first"]["codes"] == ["SR"]
    assert shared["sinus_rhythm"]["second"]["present"] == 2
    assert "atrial_fibrillation" in result["only_first"]
    assert "normal_ecg" in result["only_second"]
    with (out / "comparison.csv").open(newline="") as file:
        rows = {row["concept"]: row for row in csv.DictReader(file)}
    assert rows["sinus_rhythm"]["first_codes"] == "SR"
    assert rows["sinus_rhythm"]["same"] == "True"
    assert "sinus rhythm" in plot.read_text()
    shown = run(store, "--compare", folder)
    assert "Only coded" in shown
    assert "Codes without a concept in coded: odd (1)" in shown


def test_nothing_to_draw_is_told_and_no_picture_made(folder: Path, tmp_path: Path) -> None:
    """Where no concept reaches the minimum count."""
    result = invoke(folder, "--minimum-count", "9", "--plot", tmp_path / "plot.png")
    assert result.exit_code == 0
    assert "no picture was made" in result.stderr
    assert not (tmp_path / "plot.png").exists()


def test_what_cannot_be_done_is_told_first(folder: Path, tmp_path: Path) -> None:
    """Unknown formats, codes of a folder, and folders of other files."""
    assert "does not end in" in invoke(folder, "--plot", "plot.docx").stderr
    assert "only a store has codes" in invoke(folder, "--by", "codes").stderr
    assert isinstance(invoke(folder, "--out", folder).exception, TableError)
    assert isinstance(invoke(tmp_path / "nothing").exception, TableError)
    damaged = tmp_path / "findings.parquet"
    damaged.write_text("x")
    assert "a file that is not one" in str(invoke(damaged).exception)
    pl.DataFrame({"record_id": ["1"]}).write_parquet(damaged)
    assert "without the column statement" in str(invoke(damaged).exception)


def test_findings_alone_are_enough(folder: Path) -> None:
    """Then the records are those with a finding."""
    (folder / "records.parquet").unlink()
    assert json.loads(run(folder / "findings.parquet", "--json"))["records"] == 2
