from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from supreme_ecg.errors import RecordError
from supreme_ecg.records.reading import read_record
from supreme_ecg.records.record import Record
from supreme_ecg.records.writing import write_wfdb


@pytest.fixture
def header(tmp_path: Path) -> Path:
    """A small record on disk."""
    record = Record(id="e1", leads={"II": np.float32([0.001, 0.002])}, sampling_rate_hz=100.0)
    return write_wfdb(record, tmp_path)


@pytest.mark.parametrize("suffix", [".hea", ".dat", ""])
def test_a_record_is_found_by_header_signal_or_stem(header: Path, suffix: str) -> None:
    """All three names that people use mean the same record, as text or Path."""
    path = header.with_suffix(suffix)
    assert read_record(path).id == read_record(str(path)).id == "e1"
    assert read_record(path).source == header


def test_a_signal_without_header_says_which_header(header: Path) -> None:
    """The .dat alone holds no gain, rate or lead names."""
    header.unlink()
    with pytest.raises(RecordError, match=r"expected the header .*e1\.hea, found only the signal"):
        read_record(header.with_suffix(".dat"))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("absent.hea", "expected a WFDB header, found No such file"),
        ("absent.dat", "found neither header nor signal file"),
        ("absent.mat", "found neither header nor signal file"),
        ("absent", "found no such file"),
        ("ecg.xml", r"expected one of: WFDB records.*found a file of type '\.xml'"),
        ("folder", "found a folder"),
        ("plain", "found a file without a type"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str, message: str) -> None:
    """Absent files, folders and unknown types each get their own words."""
    (tmp_path / "ecg.xml").write_text("<x/>")
    (tmp_path / "plain").write_text("x")
    (tmp_path / "folder").mkdir()
    with pytest.raises(RecordError, match=message):
        read_record(tmp_path / name)


def test_a_header_that_is_a_folder_is_refused(tmp_path: Path) -> None:
    """The operating system's reason is passed on."""
    (tmp_path / "e.hea").mkdir()
    with pytest.raises(RecordError, match="Is a directory"):
        read_record(tmp_path / "e.hea")
