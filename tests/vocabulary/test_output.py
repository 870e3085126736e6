"""The files of a vocabulary, and where its findings come from."""

from __future__ import annotations

import io
import json
from pathlib import Path

import polars as pl
import pytest

from supreme_ecg.errors import StoreError, TableError
from supreme_ecg.extraction.findings import FINDINGS, FINDINGS_SCHEMA
from supreme_ecg.vocabulary.build import build_vocabulary
from supreme_ecg.vocabulary.entities import collect_mentions
from supreme_ecg.vocabulary.entry import Settings, Vocabulary
from supreme_ecg.vocabulary.output import REVIEW, write_vocabulary
from supreme_ecg.vocabulary.review import COLUMNS, read_review
from supreme_ecg.vocabulary.sources import ENTITIES, read_source

SETTINGS = Settings()


@pytest.fixture(scope="module")
def vocabulary(table, words, opposites, findings_of) -> Vocabulary:
    found = pl.concat(
        [
            findings_of(("a", "AF", "atrial_fibrillation"), ("b", "AF", "atrial_fibrillation")),
            findings_of(("b", "Vorhofflimmern", "atrial_fibrillation"), assertion="absent"),
        ]
    )
    silent = pl.DataFrame(
        {"record_id": ["a", "c", "c"], "statement": ["P is shy", "p is shy.", "is p shy"]}
    )
    return build_vocabulary(collect_mentions(found, silent, table), table, words, opposites)


def read(path: Path) -> list[dict[str, object]]:
    return pl.read_csv(io.BytesIO(path.read_bytes())).to_dicts()


def test_the_vocabulary_says_where_each_entry_comes_from(tmp_path, vocabulary, table) -> None:
    """Records by assertion, ways, entities, statements and extractors."""
    write_vocabulary(vocabulary, tmp_path, table, settings=SETTINGS)
    known, new = sorted(read(tmp_path / "vocabulary.csv"), key=lambda row: row["name"])
    assert known["concept"] == "atrial_fibrillation"
    assert known["group"] == "rhythm"
    assert (known["records"], known["present"], known["uncertain"], known["absent"]) == (2, 2, 0, 1)
    assert (known["mapped_by"], known["score"]) == ("synonym 2", 1.0)
    assert known["entities"] == "af | vorhofflimmern"
    assert known["extractors"] == "rules/1"
    assert (new["name"], new["concept"], new["records"]) == ("p is shy", None, 2)
    assert new["mapped_by"] == "new 2"
    assert new["extractors"] == "unmatched"
    assert set(str(new["examples"]).split(" | ")) == {"P is shy", "p is shy.", "is p shy"}


def test_provenance_has_every_statement(tmp_path, vocabulary, table) -> None:
    """With the number of records that say it and who found it."""
    write_vocabulary(vocabulary, tmp_path, table, settings=SETTINGS)
    rows = read(tmp_path / "provenance.csv")
    assert {(r["entity"], r["statement"], r["records"], r["extractor"]) for r in rows} == {
        ("af", "AF", 2, "rules/1"),
        ("vorhofflimmern", "Vorhofflimmern", 1, "rules/1"),
        ("p is shy", "P is shy", 1, "unmatched"),
        ("p is shy", "p is shy.", 1, "unmatched"),
        ("is p shy", "is p shy", 1, "unmatched"),
    }


def test_the_review_asks_about_likeness_and_new_entries_only(tmp_path, vocabulary, table) -> None:
    """A row per cluster, ready for a decision."""
    write_vocabulary(vocabulary, tmp_path, table, settings=SETTINGS)
    (row,) = read(tmp_path / REVIEW)
    assert tuple(row) == COLUMNS
    assert (row["decision"], row["proposed_by"], row["records"]) == (None, "new", 2)
    assert set(str(row["entities"]).split(" | ")) == {"p is shy", "is p shy"}


def test_the_report_has_counts_and_settings(tmp_path, vocabulary, table) -> None:
    """And whatever the caller adds."""
    write_vocabulary(vocabulary, tmp_path, table, settings=SETTINGS, about={"text_encoder": "x"})
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["entities"], report["threshold"], report["to_review"]) == (4, 0.8, 1)
    assert report["text_encoder"] == "x"


def test_an_edited_review_is_never_written_over(tmp_path, vocabulary, table) -> None:
    """Unless it is the one that was used; then its decisions are written again."""
    write_vocabulary(vocabulary, tmp_path, table, settings=SETTINGS)
    path = tmp_path / REVIEW
    edited = path.read_text("utf-8-sig").replace("\n,", "\nreject,", 1)
    path.write_text(edited)
    with pytest.raises(TableError, match="--review"):
        write_vocabulary(vocabulary, tmp_path, table, settings=SETTINGS)
    review = read_review(path, table)
    write_vocabulary(
        vocabulary, tmp_path, table, settings=SETTINGS, review=review, review_path=path
    )
    assert read_review(path, table).rejected == review.rejected == {"p is shy", "is p shy"}


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, vocabulary, table) -> None:
    """A file stands where it should be."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file"):
        write_vocabulary(vocabulary, tmp_path / "file" / "out", table, settings=SETTINGS)


def test_a_folder_of_findings_is_read_with_its_worklist(tmp_path: Path, findings_of) -> None:
    """Each time that a listed statement was said counts."""
    findings_of(("a", "AF", "atrial_fibrillation")).write_parquet(tmp_path / FINDINGS)
    worklist = [{"statement": "P is shy", "count": 2}, {"statement": "AF", "count": 1}]
    (tmp_path / "report.json").write_text(json.dumps({"worklist": worklist}))
    findings, silent = read_source(tmp_path)
    assert findings.height == 1
    assert silent["statement"].to_list() == ["P is shy", "P is shy"]
    assert silent["record_id"].n_unique() == 2
    assert read_source(tmp_path / FINDINGS)[0].equals(findings)


@pytest.mark.parametrize(
    "report", ["", "[]", '{"worklist": [{"statement": "x"}]}', '{"worklist": 3}']
)
def test_a_report_without_a_worklist_is_no_hindrance(tmp_path, findings_of, report: str) -> None:
    """The findings alone will do."""
    findings_of(("a", "AF", "atrial_fibrillation")).write_parquet(tmp_path / FINDINGS)
    (tmp_path / "report.json").write_text(report)
    assert read_source(tmp_path)[1].is_empty()


def test_new_entities_beside_the_findings_are_read(tmp_path: Path, findings_of, table) -> None:
    """Those that a language model found and the table lacks."""
    findings_of(("a", "AF", "atrial_fibrillation")).write_parquet(tmp_path / FINDINGS)
    findings_of(("a", "odd", "new:delta storm")).write_parquet(tmp_path / ENTITIES)
    mentions = collect_mentions(*read_source(tmp_path), table)
    assert mentions["entity"].to_list() == ["af", "delta storm"]


def test_a_store_gives_the_statements_without_a_finding(cohort_store: Path) -> None:
    """Those of its reports, with their records."""
    findings, silent = read_source(cohort_store)
    assert findings.schema == FINDINGS_SCHEMA
    assert findings.height > 50
    assert not set(silent["statement"]) & set(findings["statement"])


@pytest.mark.parametrize("content", [None, b"no parquet", "other columns"])
def test_what_holds_no_findings_is_named(tmp_path: Path, content) -> None:
    """With the columns that they have."""
    if content == "other columns":
        pl.DataFrame({"a": [1]}).write_parquet(tmp_path / FINDINGS)
    elif content:
        (tmp_path / FINDINGS).write_bytes(content)
    with pytest.raises(TableError, match=r"findings\.parquet.*record_id, statement"):
        read_source(tmp_path)
