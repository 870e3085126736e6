"""docs/erratum.md is what its script counts."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from supreme_ecg.evaluation.published.files import PUBLISHED, SPLITS
from supreme_ecg.evaluation.published.reading import read_table

ROOT = Path(__file__).resolve().parents[3]
VALUES = json.loads((ROOT / "docs" / "results" / "erratum.json").read_text())


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The script, as a module."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    yield importlib.import_module("erratum")
    for name in ("erratum", "results_erratum"):
        sys.modules.pop(name, None)


def test_the_page_is_made_of_the_counts(script: ModuleType) -> None:
    """No figure of the page was typed by hand."""
    page = "\n".join(script.results_erratum.lines(VALUES)) + "\n"
    assert page == (ROOT / "docs" / "erratum.md").read_text()


@pytest.mark.shared_data
def test_the_counts_are_those_of_the_files(
    script: ModuleType, published: Path, shared_data: Path, ptb_xl_tables: Path
) -> None:
    """Counted anew, every part of the erratum is the same."""
    tables = {t: {s: read_table(published, f, s) for s in SPLITS} for t, f in PUBLISHED.items()}
    vocabularies = shared_data / "vocabularies"
    counts = script.challenge_counts(vocabularies)
    names = vocabularies / "ConditionNames_SNOMED-CT.csv"
    acronyms = script.csn_acronyms(names)
    at_hand = script.csn_at_hand(tables, acronyms, shared_data / "chapman-ningbo")
    found = {
        "rows": {t: {split: len(table) for split, table in of.items()} for t, of in tables.items()},
        "csn_substring": script.csn_substring(tables),
        "csn_dropped": {**script.csn_dropped(tables, acronyms, counts), "at_hand": at_hand},
        "csn_names": script.csn_names(names, counts),
        "csn_columns": script.csn_columns(tables),
        "ptb_xl": script.ptb_xl(tables, ptb_xl_tables),
        "cpsc2018": script.cpsc2018(tables, shared_data / "cpsc2018", counts),
        "splits": script.splits(tables),
        "rare": script.rare(tables),
    }
    for part, values in VALUES.items():
        assert found[part] == values, part
    assert set(found) == set(VALUES)
