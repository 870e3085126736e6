"""The audit of coded statements: rules of one or two concepts, by what reports say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from supreme_ecg.store.reading import Store
from tests.evaluation.test_task import OWN_TASK

SCRIPT = Path(__file__).resolve().parent.parent / "benchmarks" / "statement_rules.py"
FOLDS = tuple(range(1, 9))


def audit(store: Path, task: Path, *options: str) -> str:
    command = [sys.executable, str(SCRIPT), str(store), "--task", str(task), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def task(tmp_path: Path) -> Path:
    """Sinus rhythm, asked by another name."""
    path = tmp_path / "own.toml"
    text = OWN_TASK.replace('corpus = "ptb_xl"', 'corpus = "synthetic"').replace("AFIB", "SR")
    split = f'[split]\nrule = "folds"\ntrain = {list(FOLDS)}\nvalidation = [9]\ntest = [10]\n'
    path.write_text(text + split)
    return path


def test_a_class_that_is_asked_by_the_wrong_name_is_found(cohort_store: Path, task: Path) -> None:
    """The name that its reports have is shown beside the F1 of what is asked."""
    records = Store.open(cohort_store).records.filter(pl.col("fold").is_in(FOLDS))
    line = next(line for line in audit(cohort_store, task).splitlines() if line.startswith("AF "))
    _, positives, asked, rules = line.replace("|", " ").split(maxsplit=3)
    assert int(positives) == records["codes"].list.contains("SR").sum() > 20
    assert float(asked) < 0.2
    assert "sinus_rhythm" in rules


def test_a_class_whose_name_is_right_is_not_shown(cohort_store: Path, task: Path) -> None:
    """No rule of one or two concepts finds its records much better."""
    task.write_text(task.read_text().replace("atrial fibrillation", "sinus rhythm"))
    assert "AF " not in audit(cohort_store, task, "--gain", "0.2")
