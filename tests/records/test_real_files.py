"""Readers on the corpora as published."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import wfdb

from supreme_ecg.records.reading import read_record

pytestmark = pytest.mark.shared_data

CORPORA = ("ptb-xl-500hz", "cpsc2018", "cpsc2018-extra", "chapman-ningbo", "georgia", "ptb")


@pytest.mark.parametrize("corpus", CORPORA)
def test_real_records_equal_wfdb_to_the_last_bit(
    shared_data: Path, corpus: str, tmp_path: Path
) -> None:
    """Ten records of each corpus, names and samples; Georgia's first token is mended for wfdb only."""
    headers = sorted((shared_data / corpus).rglob("*.hea"))[:10]
    assert headers
    for header in headers:
        record = read_record(header)
        text = header.read_text().replace(f"{header.stem}.mat 12 ", f"{header.stem} 12 ", 1)
        (tmp_path / header.name).write_text(text)
        signal = next(path for path in header.parent.glob(f"{header.stem}.*") if path != header)
        (tmp_path / signal.name).write_bytes(signal.read_bytes())
        theirs = wfdb.rdrecord(str(tmp_path / header.stem))
        assert list(record.leads) == theirs.sig_name
        assert record.sampling_rate_hz == theirs.fs
        ours = np.stack(list(record.leads.values()), axis=1)
        np.testing.assert_array_equal(ours, theirs.p_signal.astype(np.float32))


def test_georgia_is_read_with_its_oddities(shared_data: Path) -> None:
    """Header token with .mat, gain 4880/mV, NaN age and empty diagnosis."""
    record = read_record(shared_data / "georgia" / "E00001")
    assert (record.id, record.age_years, record.sex, record.codes) == ("E00001", None, "female", ())
    assert record.leads["I"][0] == np.float32(136 / 4880)


def test_cpsc2018_labels_are_codes(shared_data: Path) -> None:
    """Text labels of the header become the record's codes."""
    record = read_record(shared_data / "cpsc2018" / "A0001.mat")
    assert (record.age_years, record.sex, record.codes) == (74.0, "male", ("RBBB",))


def test_cpsc2018_as_first_issued_is_read(shared_data: Path) -> None:
    """The MATLAB structure gives 12 leads in millivolts at 500 Hz that obey Einthoven's law."""
    record = read_record(shared_data / "cpsc2018" / "original" / "A1980.mat")
    assert (record.sampling_rate_hz, record.age_years, record.sex) == (500.0, 52.0, "male")
    assert record.leads["V6"].shape == (5000,)
    residual = record.leads["II"] - record.leads["I"] - record.leads["III"]
    assert np.abs(residual).max() < 0.01
