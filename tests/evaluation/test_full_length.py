"""Whole recordings: every second is asked about, and the answers become one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from supreme_ecg.corpora.georgia import Georgia
from supreme_ecg.corpora.synthetic import Synthetic
from supreme_ecg.errors import CorpusError
from supreme_ecg.evaluation import full_length
from supreme_ecg.evaluation.full_length import FullLength, cut_windows
from supreme_ecg.preprocessing.contract import SignalContract
from supreme_ecg.records.writing import write_wfdb
from supreme_ecg.store.ingest import ingest
from supreme_ecg.store.reading import Batch, Store
from tests.store.cohort_folder import clean_record, write_cohort

CONTRACT = SignalContract()
SECONDS = {0: 10, 1: 25, 2: 30, 3: 7}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Recordings of 10, 25, 30 and 7 s at 500 Hz."""
    folder = write_cohort(tmp_path / "cohort", len(SECONDS))
    for number, seconds in SECONDS.items():
        record = clean_record(number, samples=500 * seconds, rate_hz=500)
        write_wfdb(record, folder / "records")
    return folder


@pytest.fixture
def recordings(source: Path, tmp_path: Path) -> FullLength:
    ingest(Synthetic(), source, tmp_path / "store", contract=CONTRACT)
    return FullLength(Store.open(tmp_path / "store"), Synthetic(), source)


def test_windows_follow_each_other_and_the_last_ends_with_the_recording(
    recordings: FullLength,
) -> None:
    """10 s are one window, 25 s three (0-10, 10-20, 15-25), 30 s three, and 7 s one with its end masked."""
    ids = recordings.store.records["record_id"].to_list()
    assert [len(recordings.windows(one)) for one in ids] == [1, 3, 3, 1]
    _, second, third = recordings.windows(ids[1])
    np.testing.assert_array_equal(second.signal[:, 500:], third.signal[:, :500])
    assert recordings.windows(ids[3])[0].sample_mask.sum() == 700


def test_the_first_window_is_the_stores(recordings: FullLength) -> None:
    """To the last bit, resampling and rounding included, so that nothing else than length differs."""
    records = recordings.store.records
    batch = recordings.store.batch(np.arange(4))
    for row, record_id in enumerate(records["record_id"]):
        first = recordings.windows(record_id)[0]
        np.testing.assert_array_equal(first.signal, batch.signal[row])
        np.testing.assert_array_equal(first.sample_mask, batch.sample_mask[row])


@pytest.mark.parametrize("at_once", [1, 4, 128])
def test_answers_are_pooled_over_the_windows_of_a_recording(
    recordings: FullLength, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the order of the rows asked for, however many windows are answered at once."""
    monkeypatch.setattr(full_length, "_WINDOWS", at_once)
    rows = np.array([2, 1, 3])

    def peaks(batch: Batch) -> np.ndarray:
        return batch.signal[:, :2].max(axis=2)

    ids = recordings.store.records["record_id"].gather(rows)
    each = [[w.signal[:2].max(axis=1) for w in recordings.windows(one)] for one in ids]
    done: list[int] = []
    mean = recordings.answers(rows, peaks, advance=done.append)
    np.testing.assert_allclose(mean, [np.mean(one, axis=0) for one in each], rtol=1e-6)
    recordings.pooling = "max"
    largest = recordings.answers(rows, peaks)
    np.testing.assert_array_equal(largest, [np.max(one, axis=0) for one in each])
    assert sum(done) == 3
    assert not np.allclose(mean[0], largest[0])


def test_a_window_within_a_gap_is_left_out() -> None:
    """A pause of all leads from 10 to 20 s takes its window with it."""
    record = clean_record(0, samples=3000)
    leads = {
        name: np.where(np.arange(3000) // 1000 == 1, np.nan, x) for name, x in record.leads.items()
    }
    assert len(cut_windows(replace(record, leads=leads), CONTRACT)) == 2


def test_a_record_that_the_folder_lacks_is_named(recordings: FullLength, source: Path) -> None:
    """So is a store of another corpus."""
    record_id = recordings.store.records["record_id"][1]
    for file in (source / "records").glob(f"*{record_id}*"):
        file.unlink()
    with pytest.raises(CorpusError, match=record_id):
        recordings.windows(record_id)
    with pytest.raises(CorpusError, match="a store of georgia"):
        FullLength(recordings.store, Georgia(), source)
