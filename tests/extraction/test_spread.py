"""Wherever the work is done, the output is the same."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable

import pytest

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.errors import ExtraError, WorkerError
from supreme_ecg.extraction import spread as spreads
from supreme_ecg.extraction.run import extract_reports
from supreme_ecg.extraction.spread import Spread, in_process, over_processes, over_ray
from supreme_ecg.reports.rules import RuleExtractor

REPORTS = [
    f"Sinus rhythm with rate {rate}. Possible {what} infarct. No {what} ischaemia"
    for rate in range(40, 100)
    for what in ("anterior", "inferior", "lateral")
]


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of 20 texts, so that these reports make several."""
    monkeypatch.setattr(spreads, "CHUNK_TEXTS", 20)


def extracted(spread: Spread) -> tuple[list[tuple[object, ...]], object]:
    """Findings and counts of the reports."""
    ids = [str(number) for number in range(len(REPORTS))]
    extractor = RuleExtractor(ConceptTable.load().lexicon())
    findings, report = extract_reports(ids, REPORTS, extractor, spread=spread)
    counts = (report.statements, report.distinct_statements, report.findings, report.worklist)
    return findings.rows(), counts


def die(text: str) -> str:
    """End the worker at one text."""
    if text == "70":
        os._exit(9)
    return text


@pytest.mark.usefixtures("small_chunks")
def test_two_processes_give_the_output_of_one() -> None:
    """Rows, their order and the counts."""
    rows, counts = extracted(over_processes(2))
    assert len(rows) > len(REPORTS)
    assert (rows, counts) == extracted(in_process)


@pytest.mark.usefixtures("small_chunks")
def test_a_process_that_dies_is_one_clear_error() -> None:
    """And not a hang, nor the pool's own exception."""
    with pytest.raises(WorkerError, match="fewer workers"):
        list(over_processes(2)(die, [str(number) for number in range(100)]))


def test_few_texts_start_no_process() -> None:
    """The work may then be anything, such as a function that no process could be sent."""
    double: Callable[[str], str] = lambda text: text * 2  # noqa: E731
    assert list(over_processes(8)(double, ["a", "b"])) == ["aa", "bb"]


@pytest.mark.slow
@pytest.mark.usefixtures("small_chunks")
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # of Ray's own files
@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="the extra `ray` is not there")
def test_two_ray_workers_give_the_output_of_one_process() -> None:
    """Rows, their order and the counts; a worker that dies is one clear error."""
    with over_ray("local", workers=2) as spread:
        assert extracted(spread) == extracted(in_process)
        with pytest.raises(WorkerError, match="fewer workers"):
            list(spread(die, [str(number) for number in range(100)]))


def test_ray_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the extra to install."""
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ExtraError, match=r"supreme-ecg\[ray\]"), over_ray("local"):
        pass


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="the extra `ray` is not there")
def test_a_cluster_that_does_not_answer_is_told() -> None:
    """With the address that was given."""
    with pytest.raises(WorkerError, match="nonsense://x"), over_ray("nonsense://x"):
        pass
