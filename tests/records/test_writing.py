from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import wfdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from supreme_ecg.errors import RecordError
from supreme_ecg.records.reading import read_record
from supreme_ecg.records.record import Record
from supreme_ecg.records.writing import write_wfdb


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    counts=arrays(np.int16, (3, 20), elements=st.integers(-32767, 32767)),
    rate_hz=st.sampled_from([100.0, 500.0, 257.125, 333.333333]),
)
def test_a_record_of_whole_microvolts_returns_bit_for_bit(
    tmp_path: Path, counts: np.ndarray, rate_hz: float
) -> None:
    """Write, read: samples, rate, age, sex, codes, patient and NaN are the same."""
    signal = counts.astype(np.float32) / 1000
    signal[0, 3] = np.nan
    record = Record(
        id="r-1_x", leads=dict(zip(("I", "V1", "X"), signal, strict=True)), sampling_rate_hz=rate_hz,
        age_years=0.0, sex="female", codes=("AF", "RBBB"), patient_id="p7",
    )  # fmt: skip
    again = read_record(write_wfdb(record, tmp_path / "new"))
    for name, samples in record.leads.items():
        np.testing.assert_array_equal(again.leads[name], samples)
    for field in ("id", "sampling_rate_hz", "age_years", "sex", "codes", "patient_id"):
        assert getattr(again, field) == getattr(record, field)


def test_other_programs_read_what_is_written(tmp_path: Path) -> None:
    """The wfdb library finds the same samples at a coarser resolution, rounded to it."""
    leads = {"II": np.float32([0.0, 0.0124, -0.0126])}
    record = Record(id="r", leads=leads, sampling_rate_hz=100.0)
    header = write_wfdb(record, tmp_path, microvolts_per_count=5)
    theirs = wfdb.rdrecord(str(header)[:-4])
    np.testing.assert_allclose(theirs.p_signal[:, 0], [0.0, 0.01, -0.015])


def test_an_amplitude_beyond_the_range_is_refused_and_the_remedy_works(tmp_path: Path) -> None:
    """Nothing is clipped in silence."""
    record = Record(id="r", leads={"II": np.float32([0, 40.0])}, sampling_rate_hz=100.0)
    with pytest.raises(RecordError, match=r"at most 32\.767 mV.*found 40 mV"):
        write_wfdb(record, tmp_path)
    again = read_record(write_wfdb(record, tmp_path, microvolts_per_count=2))
    assert again.leads["II"][1] == 40


def test_an_id_that_is_no_record_name_is_refused(tmp_path: Path) -> None:
    """An id cannot lead out of the folder."""
    record = Record(id="../r", leads={"II": np.zeros(3, np.float32)}, sampling_rate_hz=100.0)
    with pytest.raises(RecordError, match="WFDB record name"):
        write_wfdb(record, tmp_path)


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    """A file in the folder's place is reported with the system's reason."""
    (tmp_path / "taken").write_text("x")
    record = Record(id="r", leads={"II": np.zeros(3, np.float32)}, sampling_rate_hz=100.0)
    with pytest.raises(RecordError, match="expected a folder that can be written"):
        write_wfdb(record, tmp_path / "taken")
