"""CPSC2018: a folder of headers becomes entries."""

from __future__ import annotations

from pathlib import Path

import pytest

from supreme_ecg.corpora.cpsc2018 import Cpsc2018
from supreme_ecg.errors import CorpusError
from supreme_ecg.preprocessing.contract import SignalContract
from supreme_ecg.store.ingest import ingest
from supreme_ecg.store.reading import Store


def touch(folder: Path, *names: str) -> Path:
    """Make empty files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch()
    return folder


def test_each_header_is_an_entry(tmp_path: Path) -> None:
    """Records are listed by name, each its own patient, without fold or report."""
    entries = Cpsc2018().entries(touch(tmp_path, "A0002.hea", "A0002.mat", "A0001.hea"))
    assert [entry.record_id for entry in entries] == ["A0001", "A0002"]
    assert [entry.patient_id for entry in entries] == ["A0001", "A0002"]
    assert {entry.fold for entry in entries} == {None}
    assert entries[1].path == tmp_path / "A0002.hea"


def test_folders_of_the_2021_layout_are_read(tmp_path: Path) -> None:
    """Records in g1, g2 ... are found."""
    touch(tmp_path / "g1", "A0001.hea")
    touch(tmp_path / "g2", "A1001.hea")
    assert len(Cpsc2018().entries(tmp_path)) == 2


def test_a_signal_without_header_is_listed(tmp_path: Path) -> None:
    """A lone .mat is an entry, so that ingest can reject it by name; other files are not."""
    touch(tmp_path, "A0001.hea", "A0001.mat", "A0002.mat", "RECORDS", "readme.mat")
    assert [entry.record_id for entry in Cpsc2018().entries(tmp_path)] == ["A0001", "A0002"]


def test_the_same_record_in_two_folders_is_an_error(tmp_path: Path) -> None:
    """Two records of one name are named."""
    touch(tmp_path / "g1", "A0001.hea")
    touch(tmp_path / "g2", "A0001.hea")
    with pytest.raises(CorpusError, match="occur more often: A0001"):
        Cpsc2018().entries(tmp_path)


def test_a_wrong_folder_is_told_where_the_records_are(tmp_path: Path) -> None:
    """From the folder above, the error names the right one."""
    right = touch(tmp_path / "training" / "cpsc_2018", "A0001.hea")
    with pytest.raises(CorpusError, match=rf"It is in {right}"):
        Cpsc2018().entries(tmp_path)


@pytest.mark.shared_data
def test_the_sample_is_ingested_with_its_classes(shared_data: Path, tmp_path: Path) -> None:
    """All 50 records are stored, with age, sex and classes from their headers as written."""
    report = ingest(
        Cpsc2018(), shared_data / "cpsc2018", tmp_path / "store", contract=SignalContract()
    )
    records = Store.open(tmp_path / "store").records
    assert report.records == len(records) == 50
    assert not report.rejected
    assert records.row(0)[:6] == ("A0001", "A0001", 74.0, "male", None, ["RBBB"])
    codes = records["codes"].explode().value_counts()
    assert dict(codes.iter_rows())["Normal"] == 8
    assert ["AF", "RBBB"] in records["codes"].to_list()
