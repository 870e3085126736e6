"""PTB-XL: its table becomes entries, and whatever is wrong with it becomes one error."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

from supreme_ecg.corpora.ptb_xl import PtbXl
from supreme_ecg.errors import CorpusError

TABLE = "ptbxl_database.csv"
TWO_ROWS = {
    "ecg_id": ["1", "21000"],
    "patient_id": ["15709.0", "3"],
    "age": ["56.0", "300"],
    "sex": ["1", "0"],
    "report": ["sinusrhythmus, linkstyp", 'said "normal"\nand more'],
    "scp_codes": ["{'NORM': 100.0, 'LVOLT': 0.0, 'SR': 0.0}", "{}"],
    "strat_fold": ["3", "10"],
    "filename_lr": ["records100/00000/00001_lr", "records100/21000/21000_lr"],
    "filename_hr": ["records500/00000/00001_hr", "records500/21000/21000_hr"],
    "device": ["CS-12   E", None],
}


def write(folder: Path, *, without: Sequence[str] = (), **columns: list[str | None]) -> Path:
    """Write a table of two rows, with columns changed or left out, beside a folder of signals."""
    (folder / "records100").mkdir(parents=True)
    (folder / "records500").mkdir()
    table = pl.DataFrame(TWO_ROWS | columns).drop(without)
    table.write_csv(folder / TABLE)
    return folder


def test_every_column_reaches_its_field(tmp_path: Path) -> None:
    """Ids, patient, age, sex, report, fold and all codes are read as published."""
    first, second = PtbXl().entries(write(tmp_path))
    assert (first.record_id, second.record_id) == ("00001", "21000")
    assert (first.patient_id, second.patient_id) == ("15709", "3")
    assert first.path == tmp_path / "records100/00000/00001_lr.hea"
    assert first.codes == ("NORM", "LVOLT", "SR")
    assert second.codes == ()
    assert second.report == 'said "normal"\nand more'
    assert (first.fold, second.fold) == (3, 10)


def test_sex_is_as_published(tmp_path: Path) -> None:
    """0 is male and 1 is female (Wagner et al. 2020, Table 2); nothing is nothing."""
    first, second = PtbXl().entries(write(tmp_path / "a"))
    assert (first.sex, second.sex) == ("female", "male")
    unknown, _ = PtbXl().entries(write(tmp_path / "b", sex=[None, "0"]))
    assert unknown.sex is None


def test_the_age_of_300_is_no_age(tmp_path: Path) -> None:
    """The privacy code for over 89 is left unknown, and not made a number."""
    first, second = PtbXl().entries(write(tmp_path))
    assert first.age_years == 56
    assert second.age_years is None


@pytest.mark.parametrize(
    ("rate_hz", "file"),
    [
        (50, "records100/00000/00001_lr.hea"),
        (100, "records100/00000/00001_lr.hea"),
        (101, "records500/00000/00001_hr.hea"),
        (500, "records500/00000/00001_hr.hea"),
    ],
)
def test_files_of_the_wanted_rate_are_chosen(tmp_path: Path, rate_hz: int, file: str) -> None:
    """Up to 100 Hz the 100 Hz files are read, above it those of 500 Hz, and the name says so."""
    corpus = PtbXl(sampling_rate_hz=rate_hz)
    assert corpus.entries(write(tmp_path))[0].path == tmp_path / file
    assert file.split("/", maxsplit=1)[0] in corpus.description


def test_a_wrong_folder_is_told_where_the_table_is(tmp_path: Path) -> None:
    """From one folder too high or too low, the error names the right one."""
    right = write(tmp_path / "downloads" / "ptb-xl")
    for wrong in (tmp_path, tmp_path / "downloads", right / "records100"):
        with pytest.raises(CorpusError, match=rf"{TABLE}.*It is in {right}: give that folder"):
            PtbXl().entries(wrong)


def test_a_missing_set_of_signals_names_the_other(tmp_path: Path) -> None:
    """Without records500 the error says what is there and how to use it."""
    (write(tmp_path) / "records500").rmdir()
    with pytest.raises(CorpusError, match=r"records500.*found only records100.*--rate 100"):
        PtbXl(sampling_rate_hz=500).entries(tmp_path)
    (tmp_path / "records100").rmdir()
    with pytest.raises(CorpusError, match="neither"):
        PtbXl(sampling_rate_hz=500).entries(tmp_path)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"without": ["scp_codes"]}, "no column scp_codes"),
        ({"without": ["age", "sex"]}, "no column age, sex"),
        ({"age": ["56", "old"]}, "a number in column age, found something else in data row 2"),
        ({"age": ["nan", "56"]}, "column age, found something else in data row 1"),
        ({"strat_fold": ["2.5", "1"]}, "column strat_fold"),
        ({"strat_fold": ["inf", "1"]}, "column strat_fold"),
        ({"ecg_id": [None, "1"]}, "column ecg_id"),
        ({"patient_id": ["1", None]}, "column patient_id"),
        ({"filename_lr": ["a", None]}, "column filename_lr"),
        ({"scp_codes": ["{'NORM': ", "{}"]}, "column scp_codes"),
        ({"scp_codes": ["['NORM']", "{}"]}, "column scp_codes"),
        ({"scp_codes": ["__import__('os')", "{}"]}, "column scp_codes"),
        ({"scp_codes": [None, "{}"]}, "column scp_codes"),
        ({"ecg_id": ["7", "7"]}, "00007"),
    ],
)
def test_a_damaged_table_is_one_error(
    tmp_path: Path, changed: dict[str, list[str | None]], message: str
) -> None:
    """A column that is gone, or a field that cannot be, is named."""
    with pytest.raises(CorpusError, match=message):
        PtbXl().entries(write(tmp_path, **changed))


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"ecg_id\n", b'a,b\n"x'])
def test_a_file_that_is_no_table_is_one_error(tmp_path: Path, content: bytes) -> None:
    """Bytes that are no CSV table never reach the user as a traceback."""
    write(tmp_path)
    (tmp_path / TABLE).write_bytes(content)
    with pytest.raises(CorpusError, match=TABLE):
        PtbXl().entries(tmp_path)


def test_no_report_reaches_an_error(tmp_path: Path) -> None:
    """A damaged row is reported by its number, never with its text."""
    write(tmp_path, age=["old", "56"])
    with pytest.raises(CorpusError) as caught:
        PtbXl().entries(tmp_path)
    assert "sinusrhythmus" not in str(caught.value)


@pytest.mark.shared_data
def test_the_published_table_is_read_whole(shared_data: Path, tmp_path: Path) -> None:
    """PTB-XL 1.0.3 has 21,799 records of 18,869 patients, and 71 distinct codes."""
    import lzma

    (tmp_path / "records100").mkdir()
    packed = shared_data / "ptb-xl" / f"{TABLE}.xz"
    (tmp_path / TABLE).write_bytes(lzma.decompress(packed.read_bytes()))
    entries = PtbXl().entries(tmp_path)
    assert len(entries) == 21_799
    assert len({entry.patient_id for entry in entries}) == 18_869
    assert len({code for entry in entries for code in entry.codes}) == 71
    assert sum(entry.age_years is None for entry in entries) == 293
    assert {entry.fold for entry in entries} == set(range(1, 11))
