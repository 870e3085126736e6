from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from supreme_ecg.errors import RecordError
from supreme_ecg.records.reading import read_record


def test_the_structure_of_cpsc2018_is_read(tmp_path: Path) -> None:
    """Rows are the standard leads, millivolts, 500 Hz; age and sex are taken over."""
    data = np.arange(36.0).reshape(12, 3)
    savemat(tmp_path / "A1.mat", {"ECG": {"sex": "Female", "age": 61, "data": data}})
    record = read_record(tmp_path / "A1.mat")
    assert (record.id, record.sex, record.age_years) == ("A1", "female", 61.0)
    assert record.sampling_rate_hz == 500
    np.testing.assert_array_equal(record.leads["aVF"], np.float32([15, 16, 17]))


def test_a_bare_matrix_needs_its_header(tmp_path: Path) -> None:
    """Without .hea nobody knows gain, rate and lead names."""
    savemat(tmp_path / "A2.mat", {"val": np.zeros((12, 5), np.int16)})
    with pytest.raises(RecordError, match=r"found the variables val.*Put A2\.hea beside it"):
        read_record(tmp_path / "A2.mat")


@pytest.mark.parametrize("shape", [(3, 5), (12, 0), (12,)])
def test_a_structure_of_another_shape_is_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    """Twelve leads with at least one sample, or an error."""
    savemat(tmp_path / "A3.mat", {"ECG": {"sex": "M", "age": 1, "data": np.zeros(shape)}})
    with pytest.raises(RecordError, match=r"found ECG\.data of shape"):
        read_record(tmp_path / "A3.mat")


def test_a_file_that_is_no_matlab_file_is_refused(tmp_path: Path) -> None:
    """Whatever scipy raises becomes a RecordError."""
    (tmp_path / "A4.mat").write_bytes(b"not a matlab file at all")
    with pytest.raises(RecordError, match="expected a WFDB header"):
        read_record(tmp_path / "A4.mat")


def test_a_structure_without_data_is_refused(tmp_path: Path) -> None:
    """A structure called ECG with other fields is not CPSC 2018."""
    savemat(tmp_path / "A5.mat", {"ECG": {"sex": "M"}})
    with pytest.raises(RecordError, match="CPSC 2018 as first issued"):
        read_record(tmp_path / "A5.mat")
