"""HDF5 files of SPH."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from supreme_ecg.errors import ExtraError, RecordError
from supreme_ecg.records.leads import STANDARD_LEADS
from supreme_ecg.records.reading import read_record


def test_a_file_is_read_in_millivolts(tmp_path: Path) -> None:
    """Half-precision values come out as they are, leads by name, at 500 Hz."""
    h5py = pytest.importorskip("h5py")
    values = np.arange(24, dtype=np.float16).reshape(12, 2) / 8
    with h5py.File(tmp_path / "A00001.h5", "w") as file:
        file["ecg"] = values
    record = read_record(tmp_path / "A00001.h5")
    assert (record.id, record.sampling_rate_hz) == ("A00001", 500.0)
    assert tuple(record.leads) == STANDARD_LEADS
    assert record.leads["V6"].tolist() == [2.75, 2.875]
    assert record.leads["V6"].dtype == np.float32


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    """No HDF5, no such dataset, too few leads, no file: each is one clear error."""
    h5py = pytest.importorskip("h5py")
    (tmp_path / "text.h5").write_text("no HDF5")
    for name, key, shape in (
        ("other", "tracing", (12, 9)),
        ("few", "ecg", (8, 9)),
        ("none", "ecg", (12, 0)),
    ):
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            file[key] = np.zeros(shape, np.float16)
    for name, found in (
        ("text", "OSError"),
        ("other", "no dataset"),
        ("few", r"shape \(8, 9\)"),
        ("none", r"shape \(12, 0\)"),
        ("absent", "no such file"),
    ):
        with pytest.raises(RecordError, match=found):
            read_record(tmp_path / f"{name}.h5")


def test_without_h5py_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to install."""
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ExtraError, match=r"pip install 'supreme-ecg\[hdf5\]'"):
        read_record(tmp_path / "A00001.h5")


@pytest.mark.shared_data
def test_the_sample_obeys_einthoven(shared_data: Path) -> None:
    """II is I + III within half precision, so leads and unit are what they are taken for."""
    pytest.importorskip("h5py")
    leads = read_record(shared_data / "sph" / "SPH00001.h5").leads
    assert np.abs(leads["II"] - leads["I"] - leads["III"]).max() < 0.002
    assert np.abs(leads["aVR"] + leads["aVL"] + leads["aVF"]).max() < 0.002
