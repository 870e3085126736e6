"""`supreme score-extraction`: scores, comparison and page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from supreme_ecg.cli.main import app
from tests.evaluation.gold_files import write_findings, write_gold


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str, str]:
    """Findings, gold, and the findings of another extractor."""
    gold = write_gold(
        tmp_path / "gold.csv",
        ("Sinus rhythm", "en", "sinus_rhythm:present"),
        ("Kein Linksschenkelblock", "de", "complete_left_bundle_branch_block:absent"),
        ("Old [bold] infarct", "en", "old_myocardial_infarction:present"),
    )
    findings = write_findings(
        tmp_path / "findings.parquet",
        ("Sinus rhythm", "sinus_rhythm", "present", 0, 12),
        ("Kein Linksschenkelblock", "complete_left_bundle_branch_block", "present", 5, 23),
    )
    other = write_gold(tmp_path / "other.csv", ("Sinus rhythm", "en", "sinus_rhythm:uncertain"))
    return str(findings), str(gold), str(other)


def run(*arguments: str, status: int = 0) -> str:
    """What the command prints."""
    result = CliRunner().invoke(app, ["score-extraction", *arguments], env={"COLUMNS": "120"})
    assert result.exit_code == status, result.output
    return result.output


def test_json_has_scores_confusions_comparison_and_disagreements(
    files: tuple[str, str, str],
) -> None:
    """Every number is there, and every disagreement with its place."""
    findings, gold, other = files
    result = json.loads(run(findings, gold, "--against", other, "--json", "--draws", "20"))
    assert (result["extractor"], result["statements"], result["statements_right"]) == ("x/1", 3, 1)
    assert result["micro"]["f1"] == pytest.approx(2 / 5)
    assert result["not_seen"] == ["Old [bold] infarct"]
    assert result["comparison"]["mcnemar"]["only_first"] == 1
    assert result["comparison"]["f1_gain"] == pytest.approx(0.4)
    assert {(each["kind"], each["concept"]) for each in result["disagreements"]} == {
        ("wrong_assertion", "complete_left_bundle_branch_block"),
        ("missed", "old_myocardial_infarction"),
    }
    assert {each["name"] for each in result["by_language"]} == {"de", "en"}


def test_people_see_scores_misses_and_comparison(files: tuple[str, str, str]) -> None:
    """Statements that were never seen are listed as they are written."""
    findings, gold, other = files
    shown = run(findings, gold, "--against", other, "--draws", "20")
    assert "1 of 3 statements wholly right" in shown
    assert "Old [bold] infarct" in shown
    assert "McNemar" in shown


def test_a_page_is_written(files: tuple[str, str, str], tmp_path: Path) -> None:
    """It names the extractor and holds a card for each statement that differs."""
    findings, gold, _ = files
    page = tmp_path / "page.html"
    assert "page.html" in run(findings, gold, "--html", str(page), "--draws", "5")
    text = page.read_text(encoding="utf-8")
    assert "x/1 against the gold" in text
    assert text.count('<article class="card"') == 2


def test_a_confusion_is_shown(files: tuple[str, str, str], tmp_path: Path) -> None:
    """Which concept stands where the gold has another, and what it is to it."""
    _, gold, _ = files
    findings = write_gold(tmp_path / "f.csv", ("Sinus rhythm", "en", "sinus_bradycardia:present"))
    shown = run(str(findings), gold, "--draws", "5")
    assert "Confused concepts" in shown
    assert "sinus_bradycardia" in shown


def test_a_missing_file_is_one_message(files: tuple[str, str, str], tmp_path: Path) -> None:
    """No traceback, and exit status 1."""
    assert "TableError" in run(files[0], str(tmp_path / "absent.csv"), status=1)
    absent = str(tmp_path / "no" / "page.html")
    assert "StoreError" in run(files[0], files[1], "--html", absent, "--draws", "5", status=1)
