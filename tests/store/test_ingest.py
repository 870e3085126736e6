"""Ingest: what a store holds, and that its bytes depend on the recordings alone."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from supreme_ecg.corpora.synthetic import Synthetic
from supreme_ecg.errors import CorpusError, StoreError
from supreme_ecg.preprocessing.contract import SignalContract
from supreme_ecg.records.reading import read_record
from supreme_ecg.store.ingest import IngestReport, ingest
from supreme_ecg.store.reading import Store
from tests.store.cohort_folder import (
    clean_record,
    file_bytes,
    rewrite,
    row_of,
    write_cohort,
    write_table,
)

CONTRACT = SignalContract()


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shards of four entries, so that a few records fill several."""
    monkeypatch.setattr("supreme_ecg.store.ingest.SLICE_RECORDS", 4)


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eighteen records, of which four are unusable: one whole shard of rejects is not among them."""
    folder = write_cohort(tmp_path_factory.mktemp("cohort"), 18)
    (folder / "records/r0001.dat").write_bytes(b"cut")
    (folder / "records/r0005.dat").unlink()
    (folder / "records/r0006.hea").unlink()
    (folder / "records/r0017.hea").unlink()
    (folder / "records/r0017.dat").unlink()
    return folder


def run(source: Path, store: Path, **options: object) -> IngestReport:
    """Ingest a cohort."""
    return ingest(Synthetic(), source, store, contract=CONTRACT, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("workers", [2, 3])
def test_bytes_do_not_depend_on_the_number_of_workers(
    cohort: Path, tmp_path: Path, workers: int
) -> None:
    """One, two and three workers write the same files, byte for byte, rejects and all."""
    run(cohort, tmp_path / "one")
    report = run(cohort, tmp_path / "many", workers=workers)
    assert report.records == 14
    assert file_bytes(tmp_path / "one") == file_bytes(tmp_path / "many")


def test_signals_equal_the_records_to_half_a_count(cohort: Path, tmp_path: Path) -> None:
    """What a batch gives is what the reader gave, to half a microvolt, in the table's order."""
    run(cohort, tmp_path / "store")
    store = Store.open(tmp_path / "store")
    rows = store.records["row"].to_numpy()[::-1]
    batch = store.batch(rows)
    record_ids = store.records["record_id"].to_list()[::-1]
    for record_id, signal in zip(record_ids, batch.signal, strict=True):
        record = read_record(cohort / "records" / record_id)
        expected = np.stack([record.leads[lead] for lead in CONTRACT.leads])
        assert np.abs(signal - expected).max() <= 0.0005
    assert batch.lead_mask.all()
    assert batch.sample_mask.all()


def test_the_table_says_what_the_corpus_says(cohort: Path, tmp_path: Path) -> None:
    """Every column of the corpus's table reaches the store's, and rows count up without holes."""
    run(cohort, tmp_path / "store")
    records = Store.open(tmp_path / "store").records
    assert records.columns == [
        "record_id",
        "patient_id",
        "age_years",
        "sex",
        "fold",
        "codes",
        "report",
        "row",
    ]
    assert records["row"].to_list() == list(range(14))
    assert records.row(1) == (
        "r0002",
        "p0001",
        42.0,
        "female",
        3,
        ["SR", "NORM"],
        "sinus rhythm, number 2",
        1,
    )


def test_every_rejected_record_is_listed_with_its_reason(cohort: Path, tmp_path: Path) -> None:
    """The reject list names record, file and reason; the report counts the reasons."""
    report = run(cohort, tmp_path / "store")
    rejected = pl.read_csv(tmp_path / "store/rejected.csv")
    assert rejected.select("record_id", "file", "reason").rows() == [
        ("r0001", "records/r0001.hea", "cannot be read"),
        ("r0005", "records/r0005.hea", "header without signal"),
        ("r0006", "records/r0006.hea", "signal without header"),
        ("r0017", "records/r0017.hea", "file not found"),
    ]
    assert report.rejected == dict.fromkeys(rejected["reason"].to_list(), 1)


def test_quality_flags_are_kept(tmp_path: Path) -> None:
    """A flat lead is flagged with the record's id, and the record is stored all the same."""
    source = write_cohort(tmp_path / "cohort", 3)
    rewrite(source, 1, lambda leads: leads.update(V3=np.zeros(1000, np.float32)))
    report = run(source, tmp_path / "store")
    quality = Store.open(tmp_path / "store").quality()
    assert ("r0001", "flat", "V3") in quality.select("record_id", "check", "lead").rows()
    assert report.flags["flat"] == 1
    assert report.records == 3


def test_clean_records_are_not_flagged(tmp_path: Path) -> None:
    """Records without a fault leave the quality table empty, with its columns."""
    run(write_cohort(tmp_path / "cohort", 3), tmp_path / "store")
    quality = Store.open(tmp_path / "store").quality()
    assert quality.columns == ["record_id", "check", "lead", "value", "threshold"]
    assert quality.is_empty()


def test_only_the_chosen_folds_are_taken(cohort: Path, tmp_path: Path) -> None:
    """Folds outside the choice are neither stored nor rejected."""
    report = run(cohort, tmp_path / "store", folds={1, 3})
    assert Store.open(tmp_path / "store").records["record_id"].to_list() == [
        "r0000",
        "r0002",
        "r0010",
        "r0012",
    ]
    assert not report.rejected


def test_folds_that_do_not_exist_are_an_error(cohort: Path, tmp_path: Path) -> None:
    """Asking for fold 77 names the folds that there are, and leaves nothing behind."""
    with pytest.raises(CorpusError, match=r"folds \[77\], found folds \[1, 2, 3"):
        run(cohort, tmp_path / "store", folds={77})
    assert not list(tmp_path.iterdir())


def test_duplicate_ids_are_named(tmp_path: Path) -> None:
    """A record id that comes twice stops the ingest and is named."""
    source = write_cohort(tmp_path / "cohort", 3)
    write_table(source, [row_of(0), row_of(1), row_of(2, record_id="r0001")])
    with pytest.raises(CorpusError, match="r0001"):
        run(source, tmp_path / "store")


def test_a_store_that_is_there_is_left_alone(cohort: Path, tmp_path: Path) -> None:
    """The same ingest once more does nothing and says so by its count."""
    first = run(cohort, tmp_path / "store")
    stamp = (tmp_path / "store/store.json").stat().st_mtime_ns
    again = run(cohort, tmp_path / "store")
    assert first.entries_done == 18
    assert again.entries_done == 0
    assert again.records == first.records
    assert (tmp_path / "store/store.json").stat().st_mtime_ns == stamp


def test_a_store_of_another_contract_is_not_overwritten(cohort: Path, tmp_path: Path) -> None:
    """The error names what differs and what to do; the store stays as it was."""
    run(cohort, tmp_path / "store")
    before = file_bytes(tmp_path / "store")
    with pytest.raises(StoreError, match=r"another contract: sampling_rate_hz=100.*Remove it"):
        ingest(
            Synthetic(), cohort, tmp_path / "store", contract=SignalContract(sampling_rate_hz=500)
        )
    assert file_bytes(tmp_path / "store") == before


def test_recordings_that_arrived_later_make_another_store(cohort: Path, tmp_path: Path) -> None:
    """After a missing file was fetched, the old store does not pass for the new one."""
    source = write_cohort(tmp_path / "cohort", 3)
    held = (source / "records/r0002.dat").rename(tmp_path / "held")
    assert run(source, tmp_path / "store").records == 2
    held.rename(source / "records/r0002.dat")
    with pytest.raises(StoreError, match="made of other files"):
        run(source, tmp_path / "store")


def test_a_folder_of_something_else_is_not_touched(cohort: Path, tmp_path: Path) -> None:
    """A folder that is no store, or no unfinished one, is refused and kept."""
    for folder in (tmp_path / "holiday", tmp_path / "new.partial"):
        folder.mkdir()
        (folder / "photograph.jpg").touch()
    with pytest.raises(StoreError, match=r"without store\.json"):
        run(cohort, tmp_path / "holiday")
    with pytest.raises(StoreError, match="something else"):
        run(cohort, tmp_path / "new")
    assert (tmp_path / "holiday/photograph.jpg").exists()
    assert (tmp_path / "new.partial/photograph.jpg").exists()


def test_an_empty_folder_may_become_the_store(cohort: Path, tmp_path: Path) -> None:
    """A folder that was made beforehand is no obstacle."""
    (tmp_path / "store").mkdir()
    run(cohort, tmp_path / "store")
    Store.open(tmp_path / "store").verify()


def test_nothing_but_the_store_is_left(cohort: Path, tmp_path: Path) -> None:
    """No partial folder, part or temporary file remains."""
    run(cohort, tmp_path / "store")
    assert [path.name for path in tmp_path.iterdir()] == ["store"]
    assert set(file_bytes(tmp_path / "store")) == {
        "store.json",
        "records.parquet",
        "quality.parquet",
        "rejected.csv",
        *(f"signals/shard-{number:05}.npy" for number in range(5)),
    }


def test_the_store_names_no_folder_of_the_machine(cohort: Path, tmp_path: Path) -> None:
    """A store can be handed on: its manifest holds no absolute path."""
    run(cohort, tmp_path / "store")
    text = (tmp_path / "store/store.json").read_text()
    assert str(cohort) not in text
    assert str(tmp_path) not in text
    assert json.loads(text)["rejected"]["file not found"] == 1


def test_progress_counts_entries_up_to_all(cohort: Path, tmp_path: Path) -> None:
    """Progress begins at 0, never falls and ends with all entries."""
    seen: list[tuple[int, int]] = []
    run(cohort, tmp_path / "store", progress=lambda done, total: seen.append((done, total)))
    assert seen == [(done, 18) for done in (0, 4, 8, 12, 16, 18)]


def test_a_shard_of_rejects_only_is_no_obstacle(tmp_path: Path) -> None:
    """Four rejected records in a row leave an empty shard, and later rows are still found."""
    source = write_cohort(tmp_path / "cohort", 9)
    for number in range(4, 8):
        (source / f"records/r{number:04}.dat").unlink()
    run(source, tmp_path / "store")
    store = Store.open(tmp_path / "store")
    expected = np.rint(clean_record(8).leads["V6"] * 1000)
    assert len(store) == 5
    assert (store.counts(np.array([4]))[0, 11] == expected).all()


def test_a_file_that_breaks_the_reader_is_listed(
    cohort: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault nobody foresaw costs one record, not the run, and is counted."""

    def break_one(path: Path) -> object:
        if path.stem == "r0003":
            raise ZeroDivisionError
        return read_record(path)

    monkeypatch.setattr("supreme_ecg.store.shards.read_record", break_one)
    assert run(cohort, tmp_path / "store").rejected["unexpected fault"] == 1


def test_a_folder_that_cannot_be_written_to_is_one_error(cohort: Path, tmp_path: Path) -> None:
    """A file where the store's parent should be is a StoreError."""
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="can be written to"):
        run(cohort, tmp_path / "file" / "store")
    assert os.listdir(tmp_path) == ["file"]
