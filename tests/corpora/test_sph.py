"""SPH: a table of AHA statements and HDF5 files become entries."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from supreme_ecg.corpora.sph import Sph, primary_codes
from supreme_ecg.errors import CorpusError
from supreme_ecg.preprocessing.contract import SignalContract
from supreme_ecg.store.ingest import ingest
from supreme_ecg.store.reading import Store

HEADER = "ECG_ID,AHA_Code,Patient_ID,Age,Sex,N,Date"


def table(folder: Path, *rows: str) -> Path:
    """Write a table of the corpus."""
    (folder / "metadata.csv").write_text("\n".join([HEADER, *rows]) + "\n")
    return folder


@pytest.mark.parametrize(
    ("statements", "codes"),
    [
        ("22;23", ("22", "23")),
        ("60+310", ("60", "60+310")),
        ("50+346;125", ("50", "50+346", "125")),
        ("145+362+321;145+363", ("145", "145+362+321", "145+363")),
        ("", ()),
        (" 1 ", ("1",)),
    ],
)
def test_modifiers_are_no_statements(statements: str, codes: tuple[str, ...]) -> None:
    """What follows a plus qualifies the code before it, and is never a code by itself."""
    assert primary_codes(statements) == codes


def test_entries_come_from_the_table(tmp_path: Path) -> None:
    """Patients, ages, sexes and codes; files in records where there is such a folder."""
    table(tmp_path, "A00001,22;23,S00001,55,M,5000,x", "A00002.h5,1,S00001,,F,5000,x")
    first, second = Sph().entries(tmp_path)
    assert (first.record_id, first.patient_id, first.age_years) == ("A00001", "S00001", 55.0)
    assert (first.sex, first.codes, first.path) == ("male", ("22", "23"), tmp_path / "A00001.h5")
    assert (second.record_id, second.age_years, second.sex) == ("A00002", None, "female")
    (tmp_path / "records").mkdir()
    assert Sph().entries(tmp_path)[0].path == tmp_path / "records" / "A00001.h5"


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (["A00001,1,S1,55,M,1,x"] * 2, "occur more often: A00001"),
        (["A00001,1,S1,old,M,1,x"], "something else in data row 1"),
        (["A00001,1,,55,M,1,x"], "an empty field in data row 1"),
    ],
)
def test_a_damaged_table_is_refused(rows: list[str], found: str, tmp_path: Path) -> None:
    """The message says which row or record."""
    with pytest.raises(CorpusError, match=found):
        Sph().entries(table(tmp_path, *rows))


def test_files_that_changed_are_another_source(tmp_path: Path) -> None:
    """A file that was completed since is not taken for the one that a store was made of."""
    h5py = pytest.importorskip("h5py")
    rng = np.random.default_rng(0)
    table(tmp_path, "A00001,22,S1,55,M,5000,x", "A00002,1,S2,60,F,5000,x")
    prints = []
    for name in ("A00001", "A00002"):
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            signal = rng.normal(0, 0.2, (2, 5000))
            first, second = signal
            limb = [first, second, second - first, -(first + second) / 2, first - second / 2]
            leads = [*limb, second - first / 2, *rng.normal(0, 0.3, (6, 5000))]
            file["ecg"] = np.array(leads, np.float16)
        store = tmp_path / f"store_{name}"
        prints.append(ingest(Sph(), tmp_path, store, contract=SignalContract()))
    assert [report.records for report in prints] == [1, 2]
    assert dict(prints[0].rejected) == {"file not found": 1}


@pytest.mark.shared_data
def test_the_sample_is_ingested_with_its_statements(shared_data: Path, tmp_path: Path) -> None:
    """Four files of the nine in the table are at hand; they are stored, the others listed."""
    pytest.importorskip("h5py")
    report = ingest(Sph(), shared_data / "sph", tmp_path / "store", contract=SignalContract())
    assert (report.records, dict(report.rejected)) == (4, {"file not found": 5})
    store = Store.open(tmp_path / "store")
    assert store.records["codes"].to_list() == [["22", "23"], ["1"], ["1"], ["23"]]
    assert store.records["patient_id"][0] == "S00001"
    assert 0.5 < np.abs(store.batch(np.array([0])).signal).max() < 2.5  # millivolts
