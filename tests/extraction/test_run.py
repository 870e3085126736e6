"""Reports become findings, each distinct text split once and each distinct statement extracted once."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from supreme_ecg.extraction import run
from supreme_ecg.extraction.findings import FINDINGS_SCHEMA
from supreme_ecg.extraction.run import extract_reports
from supreme_ecg.reports.statements import split_statements
from tests.extraction.keywords import SinusBatch, SinusExtractor


def test_findings_follow_the_order_of_the_texts() -> None:
    """Every record that says a statement gets its findings."""
    ids = ["b", "a", "b"]
    reports = ["sinus rhythm. normal", "normal. x sinus", "sinus rhythm"]
    findings, report = extract_reports(ids, reports, SinusExtractor())
    assert findings.schema == FINDINGS_SCHEMA
    assert findings.select("record_id", "statement", "start", "end").rows() == [
        ("b", "sinus rhythm", 0, 5),
        ("a", "x sinus", 2, 7),
        ("b", "sinus rhythm", 0, 5),
    ]
    assert (report.records, report.reports) == (2, 2)
    assert (report.statements, report.distinct_statements, report.findings) == (5, 3, 3)
    assert report.worklist == (("normal", 2),)


def test_each_distinct_text_is_split_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Device notes are counted as often as they stand."""
    asked: list[str] = []

    def counted(text: str) -> object:
        asked.append(text)
        return split_statements(text)

    monkeypatch.setattr(run, "split_statements", counted)
    reports = ["sinus. unconfirmed report", "sinus", "sinus. unconfirmed report", None, " "]
    _, report = extract_reports([*"abcde"], reports, SinusExtractor())
    assert asked == ["sinus. unconfirmed report", "sinus"]
    assert (report.records, report.reports, report.device_notes) == (5, 3, 2)


def test_a_batch_extractor_is_asked_once_and_may_leave_statements_out() -> None:
    """A statement without an answer has no finding, and is on the worklist."""
    done: list[int] = []
    findings, report = extract_reports(
        ["a", "b"],
        ["sinus. odd sinus", "sinus"],
        SinusBatch(),
        on_start=done.append,
        on_statement=lambda: done.append(0),
    )
    assert findings["record_id"].to_list() == ["a", "b"]
    assert set(findings["extractor"]) == {"sinus/1"}
    assert report.extractor == "batch/1"
    assert report.worklist == (("odd sinus", 1),)
    assert done == [2, 0, 0]


def test_no_text_at_all_gives_an_empty_table() -> None:
    """With the columns of the format."""
    for ids, reports in (([], []), (["a"], [None])):
        findings, report = extract_reports(ids, reports, SinusExtractor())
        assert findings.schema == FINDINGS_SCHEMA
        assert (len(findings), report.statements, report.share_with_finding) == (0, 0, 0.0)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.text("sinu. \nx") | st.none())))
def test_the_shortcut_gives_what_the_plain_loop_gives(rows: list[tuple[str, str | None]]) -> None:
    """Deduplication changes nothing: same rows in the same order, whatever the texts."""
    extractor = SinusExtractor()
    findings, _ = extract_reports([i for i, _ in rows], [r for _, r in rows], extractor)
    expected = [
        (record_id, said.text, each.concept, each.assertion, *each.span, each.extractor)
        for record_id, report in rows
        for said in split_statements(report or "")
        for each in extractor.extract(said.text)
    ]
    assert findings.equals(pl.DataFrame(expected, schema=FINDINGS_SCHEMA, orient="row"))
