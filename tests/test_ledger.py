"""The ledger of claims: verdicts follow from figures, and figures from the results alone."""

from __future__ import annotations

import csv
import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent
RESULTS = {
    "runs": {"rows": [{"row": "a", "area": 0.9}, {"row": "a", "area": 0.8}, {"row": "b, c: d", "area": 0.7}]},
    "list": [{"task": "one", "macro": {"auroc": 0.6}}, {"task": "two", "macro": {"auroc": None}}],
}  # fmt: skip


@pytest.fixture(scope="module")
def ledger() -> ModuleType:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location(
        "results_ledger", ROOT / "benchmarks" / "results_ledger.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["results_ledger"] = module
    spec.loader.exec_module(module)
    return module


def _row(**changed: str) -> dict[str, str]:
    row = dict.fromkeys(("claim", "source", "words", "command", "figures"), "")
    return {**row, "paper": "P", "certainty": "found", "verdict": "holds", **changed}


def _table(name: str) -> list[dict[str, str]]:
    with (ROOT / "benchmarks" / name).open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("runs.rows[row=a].area", 0.85),
        ("runs.rows[row=b, c: d].area", 0.7),
        ("list[task=one].macro.auroc", 0.6),
        ("list[task=two].macro.auroc", None),
        ("list[task=three].macro.auroc", None),
        ("absent.key", None),
        ("=0.546", 0.546),
    ],
)
def test_a_path_leads_to_a_number_or_to_none(
    ledger: ModuleType, path: str, expected: float | None
) -> None:
    """Several records are averaged; an absent step or a null is no number."""
    assert ledger.look_up(RESULTS, path) == (expected and pytest.approx(expected))


@pytest.mark.parametrize(
    ("rule", "figures", "expected"),
    [
        ("first above second by 0.1", "x -> runs.rows[row=a].area; y -> =0.7", "holds"),
        ("first above second by 0.1", "y -> =0.7; x -> runs.rows[row=a].area", "does not hold"),
        ("first above second by 0.2", "x -> runs.rows[row=a].area; y -> =0.7", "no difference"),
        ("first above second by 0.1", "x -> runs.rows[row=e].area; y -> =0.7", "not measured yet"),
        ("holds in part", "x -> absent.key", "not measured yet"),
        ("holds in part", "x -> =1", "holds in part"),
        ("cannot be tested here", "x -> absent.key", "cannot be tested here"),
    ],
)
def test_a_verdict_follows_from_the_figures(
    ledger: ModuleType, rule: str, figures: str, expected: str
) -> None:
    """By the margin; what was not measured says so, whatever was written."""
    row = _row(verdict=rule, figures=figures)
    assert ledger.verdict(row, ledger.figures(row, RESULTS)) == expected


def test_other_words_than_verdicts_are_refused(ledger: ModuleType) -> None:
    """A slip in the table stops the page."""
    with pytest.raises(ValueError, match="no such verdict: 'hodls'"):
        list(ledger.lines([_row(verdict="hodls", figures="x -> =1")], RESULTS))


def test_the_page_shows_claim_certainty_figures_and_command(ledger: ModuleType) -> None:
    """One line a claim, and what was recalled is marked."""
    row = _row(
        claim="A beats B.",
        source="table 3",
        certainty="recalled",
        figures="A -> runs.rows[row=a].area|.2f",
        words="On few records.",
        command="supreme x",
    )
    page = "\n".join(ledger.lines([row], RESULTS))
    assert (
        "| A beats B. *table 3* (recalled, not confirmed) | **holds** | A 0.85. On few records. | "
        "`supreme x` |" in page
    )
    assert "1 claims: 1 holds." in page


def test_the_page_in_the_docs_is_made_from_the_results(ledger: ModuleType) -> None:
    """Nobody edited it, and the results have not changed since."""
    results = {
        path.stem: json.loads(path.read_text()) for path in (ROOT / "docs/results").glob("*.json")
    }
    page = "\n".join(ledger.lines(_table("ledger.csv"), results)) + "\n"
    assert (ROOT / "docs" / "ledger.md").read_text() == page


def test_every_published_figure_says_how_sure_it_is() -> None:
    """A percentage, with its paper, source, data and one of three certainties; no cell twice."""
    rows = _table("published_figures.csv")
    for row in rows:
        assert 0 < float(row["percent"]) < 100
        assert row["certainty"] in {"found", "secondary", "recalled"}
        assert row["metric"] in {"auroc", "f1", "accuracy"}
        assert all(row[key] for key in row if key != "note")
    cells = [
        tuple(row[key] for key in ("method", "task", "setting", "metric", "source")) for row in rows
    ]
    assert len(set(cells)) == len(cells)
