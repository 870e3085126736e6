"""The read sample of disagreements between findings and PTB-XL's codes."""

from __future__ import annotations

import importlib.util
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from supreme_ecg.concepts.table import ConceptTable

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """``benchmarks/disagreements.py``."""
    spec = importlib.util.spec_from_file_location(
        "disagreements", ROOT / "benchmarks" / "disagreements.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_sample_is_whole(script: ModuleType) -> None:
    """Fifty of each kind, each once, each judged with a reason, each code that of its concept."""
    rows = script.read_judged()
    assert Counter(row["kind"] for row in rows) == dict.fromkeys(script.KINDS, 50)
    assert len({(row["record_id"], row["code"]) for row in rows}) == 100
    table = ConceptTable.load()
    for row in rows:
        assert tuple(row) == script.COLUMNS
        assert row["verdict"] in script.VERDICTS
        assert len(row["reason"]) > 10
        concept = table.by_scp(row["code"])
        assert concept is not None
        assert concept.id == row["concept"]


def test_the_page_is_the_one_that_the_script_makes(script: ModuleType) -> None:
    """Nothing in it is typed by hand."""
    made = "\n".join(script.page()) + "\n"
    assert made == (ROOT / "docs" / "extraction_errors.md").read_text(encoding="utf-8")


def test_a_draw_is_proportional_and_repeats(script: ModuleType) -> None:
    """Largest remainders fill the seats, and the seed decides the records."""
    pairs = [(f"{n:03}", "A") for n in range(70)] + [(f"{n:03}", "B") for n in range(29)]
    pairs.append(("000", "C"))
    drawn = script.draw(pairs, 10, seed=0)
    assert Counter(code for _, code in drawn) == {"A": 7, "B": 3}
    assert drawn == script.draw(pairs, 10, seed=0) != script.draw(pairs, 10, seed=1)
    assert len(set(drawn)) == 10
