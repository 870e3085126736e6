"""What stands for a report: a text, and the set of its findings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.errors import RecipeError
from supreme_ecg.store.reading import Store
from supreme_ecg.training.recipe import LabelConfig
from supreme_ecg.training.report_texts import finding_sets, report_texts, stated_findings
from supreme_ecg.training.report_vectors import FILE, encode_reports

TABLE = ConceptTable.load()
ROWS = [
    ("a", "sinus_rhythm", "present"),
    ("a", "left_ventricular_hypertrophy", "uncertain"),
    ("a", "sinus_rhythm", "absent"),
    ("b", "left_ventricular_hypertrophy", "uncertain"),
    ("b", "left_ventricular_hypertrophy", "present"),
    ("c", "sinus_rhythm", "absent"),
]
FINDINGS = pl.DataFrame(ROWS, schema=["record_id", "concept", "assertion"], orient="row")


class Scripted(Store):
    """A store of three reports."""

    def __init__(self) -> None:
        reports = ["Sinusrhythmus. unbestätigter Bericht Edit: 'LVH': 100", None, "SR; LVH"]
        self.records = pl.DataFrame({"record_id": ["a", "b", "c"], "report": reports})


def texts(text: str, labels: LabelConfig) -> list[str]:
    stated = stated_findings(FINDINGS, labels=labels, table=TABLE)
    return report_texts(
        Scripted(), np.arange(3), stated=stated, text=text, labels=labels, table=TABLE
    )


def test_findings_are_named_once_by_the_strongest_that_is_said() -> None:
    """In the order of first mention; doubt and denial in words; ancestors are not named."""
    assert texts("findings", LabelConfig()) == [
        "sinus rhythm. possible left ventricular hypertrophy",
        "left ventricular hypertrophy",
        "no sinus rhythm",
    ]


def test_excluded_concepts_are_not_named() -> None:
    """Nor their descendants."""
    excluded = LabelConfig(exclude=("left_ventricular_hypertrophy",))
    assert texts("findings", excluded) == ["sinus rhythm", "", "no sinus rhythm"]


def test_whole_reports_lose_leaked_codes_and_device_notes() -> None:
    """What the reader wrote stays, in its language."""
    assert texts("report", LabelConfig()) == ["Sinusrhythmus", "", "SR. LVH"]


def test_excluding_from_whole_reports_is_refused() -> None:
    """A concept cannot be taken out of prose."""
    with pytest.raises(RecipeError, match="cannot be taken out"):
        texts("report", LabelConfig(exclude=("sinus_rhythm",)))


def test_finding_sets_tell_doubt_and_denial_apart() -> None:
    """Present, possible and denied are three findings; a record without any has an empty row."""
    stated = stated_findings(FINDINGS, labels=LabelConfig(), table=TABLE)
    sets = finding_sets(stated, record_ids=["c", "a", "x", "b"]).toarray()
    assert sets.sum(axis=1).tolist() == [1, 2, 0, 1]
    assert (sets.sum(axis=0) == 1).all()


class Counting:
    """An encoder that says how many texts it was given."""

    def __init__(self, inner) -> None:
        self.inner, self.config, self.width, self.seen = inner, inner.config, inner.width, []

    def encode(self, given):
        self.seen += given
        return self.inner.encode(given)


def test_each_distinct_report_is_encoded_once_and_never_again(letters, tmp_path: Path) -> None:
    """Equal texts share a vector; a second start reads them from the folder, and encodes only what is new."""
    first = Counting(letters)
    steps: list[tuple[int, int]] = []
    reports = ["bb", "a", "bb", "a", "ccc"]
    vectors, places = encode_reports(
        reports,
        text_encoder=first,
        folder=tmp_path,
        advance=lambda done, total: steps.append((done, total)),
    )
    assert sorted(first.seen) == ["a", "bb", "ccc"]
    assert steps == [(3, 3)]
    assert torch.equal(vectors[places], letters.encode(reports))
    second = Counting(letters)
    again, at = encode_reports([*reports, "new"], text_encoder=second, folder=tmp_path)
    assert second.seen == ["new"]
    assert torch.equal(again[at], letters.encode([*reports, "new"]))


def test_vectors_of_another_encoder_or_a_damaged_file_are_not_used(letters, tmp_path: Path) -> None:
    """They are made anew; the file holds no text."""
    encode_reports(["atrial fibrillation"], text_encoder=letters, folder=tmp_path)
    content = (tmp_path / FILE).read_bytes()
    assert b"fibrillation" not in content
    other = Counting(letters)
    other.config = type(letters.config)(name="another")
    encode_reports(["atrial fibrillation"], text_encoder=other, folder=tmp_path, write=False)
    assert other.seen == ["atrial fibrillation"]
    (tmp_path / FILE).write_bytes(content[:40])
    third = Counting(letters)
    encode_reports(["atrial fibrillation"], text_encoder=third, folder=tmp_path)
    assert third.seen == ["atrial fibrillation"]
