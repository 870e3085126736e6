"""Corpora whose headers say all: CSN, Georgia, CPSC2018-Extra."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from supreme_ecg.corpora.corpus import Corpus
from supreme_ecg.corpora.cpsc2018_extra import Cpsc2018Extra
from supreme_ecg.corpora.csn import Csn
from supreme_ecg.corpora.georgia import Georgia
from supreme_ecg.errors import CorpusError
from supreme_ecg.preprocessing.contract import SignalContract
from supreme_ecg.records.reading import read_record
from supreme_ecg.store.ingest import ingest
from supreme_ecg.store.reading import Store

CORPORA = [(Csn, "JS00001"), (Georgia, "E00001"), (Cpsc2018Extra, "Q0001")]


def touch(folder: Path, *names: str) -> Path:
    """Make empty files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch()
    return folder


@pytest.mark.parametrize(("corpus", "record"), CORPORA)
@pytest.mark.parametrize("folder", [".", "g1"])
def test_each_layout_of_the_challenges_is_read(
    corpus: Callable[[], Corpus], record: str, folder: str, tmp_path: Path
) -> None:
    """Flat or in g1, g2 ...; a signal without header is listed, another corpus's header is not."""
    touch(tmp_path / folder, f"{record}.hea", f"{record}.mat", f"{record[:-1]}2.mat", "X0001.hea")
    (tmp_path / folder / "RECORDS").touch()
    entries = corpus().entries(tmp_path)
    assert [entry.record_id for entry in entries] == [record, f"{record[:-1]}2"]
    assert [entry.patient_id for entry in entries] == [entry.record_id for entry in entries]
    assert all(entry.fold is None and entry.codes == () for entry in entries)


@pytest.mark.parametrize("start", [".", "WFDBRecords", "WFDBRecords/01"])
def test_the_layout_of_the_csn_database_is_read(start: str, tmp_path: Path) -> None:
    """From its own folder or WFDBRecords; from a folder too deep the right one is named."""
    touch(tmp_path / "WFDBRecords" / "01" / "010", "JS00001.hea", "JS00001.mat")
    if start.endswith("01"):
        with pytest.raises(CorpusError, match=r"It is in .*01/010"):
            Csn().entries(tmp_path / start)
    else:
        (entry,) = Csn().entries(tmp_path / start)
        assert entry.path == tmp_path / "WFDBRecords" / "01" / "010" / "JS00001.hea"


def test_the_same_record_in_two_issues_is_an_error(tmp_path: Path) -> None:
    """A folder that holds both issues of CSN would count each patient twice."""
    touch(tmp_path / "WFDBRecords" / "01" / "010", "JS00001.hea")
    touch(tmp_path / "g1", "JS00001.hea")
    with pytest.raises(CorpusError, match="occur more often: JS00001"):
        Csn().entries(tmp_path)


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("corpus", "folder", "expected"),
    [
        (Csn, "chapman-ningbo", (10, 10)),
        (Georgia, "georgia", (10, 0)),
        (Cpsc2018Extra, "cpsc2018-extra", (8, 1)),
    ],
)
def test_the_sample_is_ingested(
    corpus: Callable[[], Corpus],
    folder: str,
    expected: tuple[int, int],
    shared_data: Path,
    tmp_path: Path,
) -> None:
    """Every recording is stored, none rejected, and as many have codes as headers list some."""
    report = ingest(corpus(), shared_data / folder, tmp_path / "store", contract=SignalContract())
    stored = Store.open(tmp_path / "store").records
    coded = sum(bool(codes) for codes in stored["codes"].to_list())
    assert (report.records, coded, dict(report.rejected)) == (*expected, {})


@pytest.mark.shared_data
def test_georgia_headers_are_read_as_they_are(shared_data: Path) -> None:
    """A record name that ends in .mat, a gain of 4880, an unknown age and no diagnosis."""
    record = read_record(shared_data / "georgia" / "E00001.hea")
    assert (record.id, record.age_years, record.sex, record.codes) == ("E00001", None, "female", ())
    # 136 is the first value of lead I in the header, in counts of 1/4880 mV
    assert record.leads["I"][0] == pytest.approx(136 / 4880)


@pytest.mark.shared_data
def test_csn_codes_are_those_of_the_header(shared_data: Path, tmp_path: Path) -> None:
    """Codes are kept whole and in their order."""
    ingest(Csn(), shared_data / "chapman-ningbo", tmp_path / "store", contract=SignalContract())
    first = Store.open(tmp_path / "store").records.row(0, named=True)
    assert (first["record_id"], first["age_years"], first["sex"]) == ("JS00001", 85.0, "male")
    assert first["codes"] == ["164889003", "59118001", "164934002"]
