"""Opening and reading a store, whole, damaged or foreign."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from supreme_ecg.corpora.synthetic import Synthetic
from supreme_ecg.errors import ContractError, StoreError
from supreme_ecg.preprocessing.contract import SignalContract
from supreme_ecg.preprocessing.counts import from_counts
from supreme_ecg.records.writing import write_wfdb
from supreme_ecg.store.ingest import ingest
from supreme_ecg.store.reading import Store
from tests.store.cohort_folder import clean_record, write_cohort


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of ten records in three shards; two are short, one lacks a lead."""
    folder = tmp_path_factory.mktemp("store")
    source = write_cohort(folder / "cohort", 10)
    for number, samples in ((2, 700), (7, 40)):
        write_wfdb(clean_record(number, samples=samples), source / "records")
    lacking = clean_record(5)
    write_wfdb(
        lacking.__class__(
            id="r0005",
            leads={k: v for k, v in lacking.leads.items() if k != "V4"},
            sampling_rate_hz=100,
        ),
        source / "records",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("supreme_ecg.store.ingest.SLICE_RECORDS", 4)
        ingest(Synthetic(), source, folder / "store", contract=SignalContract())
    return folder / "store"


@pytest.fixture
def copy(original: Path, tmp_path: Path) -> Path:
    """A copy of the store that a test may damage."""
    return Path(shutil.copytree(original, tmp_path / "copy"))


def edit(store: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change store.json."""
    values = json.loads((store / "store.json").read_text())
    change(values)
    (store / "store.json").write_text(json.dumps(values))


@given(rows=st.lists(st.integers(0, 9), max_size=30))
def test_a_batch_is_its_rows_one_by_one(original: Path, rows: list[int]) -> None:
    """Any rows, in any order and repeated, give what each gives alone, masks included."""
    store = Store.open(original)
    batch, counts = store.batch(np.array(rows, int)), store.counts(np.array(rows, int))
    assert batch.signal.shape == (len(rows), 12, 1000)
    assert batch.signal.dtype == np.float32
    for i, row in enumerate(rows):
        alone = store.counts(np.array([row]))[0]
        window = from_counts(alone, store.contract)
        assert (counts[i] == alone).all()
        assert (batch.signal[i] == window.signal).all()
        assert (batch.lead_mask[i] == window.lead_mask).all()
        assert (batch.sample_mask[i] == window.sample_mask).all()


def test_masks_say_what_is_missing(original: Path) -> None:
    """The short records end early and the lacking lead is marked; all else is there."""
    batch = Store.open(original).batch(np.arange(10))
    assert batch.sample_mask.sum(axis=1).tolist() == [1000, 1000, 700, *[1000] * 4, 40, 1000, 1000]
    assert np.argwhere(~batch.lead_mask).tolist() == [[5, 9]]


@pytest.mark.parametrize("rows", [[10], [-1], [0, 99]])
def test_rows_outside_the_store_are_an_error(original: Path, rows: list[int]) -> None:
    """A row that the store does not have is refused, negative ones too."""
    with pytest.raises(StoreError, match="rows from 0 to 9"):
        Store.open(original).counts(np.array(rows))


def test_few_shards_are_open_at_once(original: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many shards are read, the number of open files stays bounded."""
    monkeypatch.setattr("supreme_ecg.store.reading._MOST_OPEN", 2)
    store = Store.open(original)
    expected = Store.open(original).counts(np.arange(10))
    for _ in range(2):
        for row in range(10):
            assert (store.counts(np.array([row]))[0] == expected[row]).all()
            assert len(store._opened) <= 2


def test_a_store_travels_to_another_process(original: Path) -> None:
    """A pickled store is its path, not its signals, and reads the same."""
    store = Store.open(original)
    expected = store.counts(np.arange(10))
    parcel = pickle.dumps(store)
    assert len(parcel) < 1000
    assert (pickle.loads(parcel).counts(np.arange(10)) == expected).all()


def test_findings_that_are_not_there_name_the_command(copy: Path) -> None:
    """Before extraction the error says how to extract; after it, the table is read."""
    with pytest.raises(StoreError, match="supreme extract"):
        Store.open(copy).findings()
    table = pl.DataFrame({"record_id": ["r0001"], "concept": ["sinus_rhythm"]})
    table.write_parquet(copy / "findings.parquet")
    assert Store.open(copy).findings().equals(table)
    (copy / "findings.parquet").write_bytes(b"no table")
    with pytest.raises(StoreError, match="supreme extract"):
        Store.open(copy).findings()


def test_no_store_is_one_error(tmp_path: Path) -> None:
    """A path without a store, or to a file, says so."""
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="no such folder"):
        Store.open(tmp_path / "absent")
    with pytest.raises(StoreError, match="correct the path"):
        Store.open(tmp_path / "file")
    with pytest.raises(StoreError, match=r"without store\.json"):
        Store.open(tmp_path)


def test_a_store_of_a_newer_version_asks_for_an_upgrade(copy: Path) -> None:
    """A higher format number is refused before anything else is read."""
    edit(copy, lambda values: values.update(format=2, shards="in another form"))
    with pytest.raises(StoreError, match=r"format 2, of a newer supreme-ecg\. Upgrade"):
        Store.open(copy)


def test_a_store_of_an_older_version_asks_for_an_ingest(copy: Path) -> None:
    """A lower format number is refused too."""
    edit(copy, lambda values: values.update(format=0))
    with pytest.raises(StoreError, match=r"found format 0\. Remove the store and ingest again"):
        Store.open(copy)


def test_a_contract_of_another_version_is_named(copy: Path) -> None:
    """A contract with an unknown key is a ContractError that names it."""
    edit(copy, lambda values: values["contract"].update(notch_hz=50))
    with pytest.raises(ContractError, match="notch_hz"):
        Store.open(copy)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"format": 1}', "\x00\xff"])
def test_a_damaged_manifest_is_one_error(copy: Path, text: str) -> None:
    """Whatever store.json holds instead, the error is a StoreError."""
    (copy / "store.json").write_text(text, encoding="latin-1")
    with pytest.raises(StoreError, match="manifest"):
        Store.open(copy)


@pytest.mark.parametrize("name", ["signals/shard-00001.npy", "records.parquet", "rejected.csv"])
def test_a_missing_or_cut_file_is_found_when_opening(copy: Path, name: str) -> None:
    """A file that is shorter than it was, or gone, is named at once."""
    data = (copy / name).read_bytes()
    (copy / name).write_bytes(data[:-3])
    with pytest.raises(StoreError, match=rf"{name}: expected {len(data)} bytes"):
        Store.open(copy)
    (copy / name).unlink()
    with pytest.raises(StoreError, match=rf"{name}.*no such file"):
        Store.open(copy)


def test_a_changed_sample_is_found_by_verify(copy: Path) -> None:
    """A flipped bit passes the check of lengths and not that of checksums."""
    shard = copy / "signals/shard-00002.npy"
    data = bytearray(shard.read_bytes())
    data[-100] ^= 1
    shard.write_bytes(data)
    store = Store.open(copy)
    with pytest.raises(StoreError, match="shard-00002"):
        store.verify()


def test_a_whole_store_passes_verify(original: Path) -> None:
    """Nothing is found where nothing is wrong."""
    Store.open(original).verify()


@pytest.mark.parametrize("replacement", [np.zeros((4, 12, 500), np.int32), None])
def test_a_shard_of_something_else_is_one_error(copy: Path, replacement: np.ndarray | None) -> None:
    """A file of the right length that holds no such signals is refused when it is read."""
    shard = copy / "signals/shard-00000.npy"
    length = shard.stat().st_size
    shard.write_bytes(b"x" * length)
    if replacement is not None:
        np.save(shard, replacement)
        assert shard.stat().st_size == length
    with pytest.raises(StoreError, match="shard-00000"):
        Store.open(copy).counts(np.array([0]))
