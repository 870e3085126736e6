"""`supreme vocabulary`: files, numbers and the way back of a review."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from supreme_ecg.cli.main import app
from supreme_ecg.extraction.findings import FINDINGS, FINDINGS_SCHEMA
from tests.vocabulary.word_encoder import WordEncoder

SAID = [
    ("a", "AF", "atrial_fibrillation"),
    ("b", "Vorhofflimmern", "atrial_fibrillation"),
    ("b", "zappy delta storm", "new:zappy delta storm"),
    ("c", "zappy delta storm", "new:zappy delta storm"),
]


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of findings, and an encoder that is quick to load."""
    folder = tmp_path / "findings"
    folder.mkdir()
    rows = [(r, text, concept, "present", 0, len(text), "rules/1") for r, text, concept in SAID]
    pl.DataFrame(rows, FINDINGS_SCHEMA, orient="row").write_parquet(folder / FINDINGS)
    monkeypatch.setattr(
        "supreme_ecg.models.text_encoder.TransformerTextEncoder", lambda _: WordEncoder()
    )
    return folder


def run(source: Path, *options: object) -> Result:
    words = ["vocabulary", str(source), "--out", str(source.parent / "out"), *map(str, options)]
    return CliRunner().invoke(app, words, env={"COLUMNS": "200"})


def test_json_has_the_counts(source: Path) -> None:
    """And the four files are written."""
    result = run(source, "--json", "--threshold", 0.9)
    assert result.exit_code == 0, result.output
    counts = json.loads(result.stdout)
    assert (counts["mentions"], counts["entities"], counts["entries"]) == (4, 3, 2)
    assert counts["entities_by_way"]["synonym"] == 2
    assert counts["threshold"] == 0.9
    assert {path.name for path in (source.parent / "out").iterdir()} == {
        "vocabulary.csv",
        "provenance.csv",
        "review.csv",
        "report.json",
    }


def test_people_see_new_entries(source: Path) -> None:
    """With their number of records."""
    shown = run(source).stdout
    assert "3 entities (2 synonym, 1 new)" in shown
    assert "zappy delta storm" in shown


def test_rare_entries_are_left_out(source: Path) -> None:
    """Below the minimum count."""
    counts = json.loads(run(source, "--json", "--minimum-count", 3).stdout)
    assert (counts["entries"], counts["entries_rare"]) == (0, 2)


def test_an_edited_review_goes_back_in(source: Path) -> None:
    """What a person mapped is mapped, and nothing is left to review."""
    run(source)
    path = source.parent / "out" / "review.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    rows[0] |= {"decision": "map", "map_to": "atrial flutter"}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0], delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    refused = run(source)
    assert refused.exit_code == 1
    assert "TableError" in refused.output
    result = run(source, "--review", path)
    assert result.exit_code == 0, result.output
    assert "1 review" in result.stdout
    table = pl.read_csv(source.parent / "out" / "vocabulary.csv")
    assert set(table["concept"]) == {"atrial_fibrillation", "atrial_flutter"}
    report = json.loads((source.parent / "out" / "report.json").read_text())
    assert report["to_review"] == 0


def test_what_has_no_findings_is_one_message(source: Path) -> None:
    """And exit status 1."""
    result = run(source.parent / "nowhere" / "x")
    assert result.exit_code == 1
    assert "TableError" in result.output
    assert "Traceback" not in result.output
