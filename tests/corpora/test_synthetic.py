"""The synthetic cohort as a corpus."""

from __future__ import annotations

from pathlib import Path

import pytest

from supreme_ecg.corpora.synthetic import Synthetic
from supreme_ecg.errors import CorpusError
from supreme_ecg.preprocessing.contract import SignalContract
from supreme_ecg.store.ingest import ingest
from supreme_ecg.store.reading import Store
from supreme_ecg.synthetic.cohort import make_cohort
from tests.store.cohort_folder import row_of, write_table


def test_every_column_reaches_its_field(tmp_path: Path) -> None:
    """A line of the table is an entry, codes split, empty fields unknown."""
    rows = [row_of(1), row_of(2, patient_id="", age_years="", sex="", fold="", codes="", report="")]
    write_table(tmp_path, rows)
    first, second = Synthetic().entries(tmp_path)
    assert first.record_id == "r0001"
    assert first.path == tmp_path / "records/r0001.hea"
    assert (first.patient_id, first.age_years, first.sex, first.fold) == ("p0000", 41, "male", 2)
    assert first.codes == ("SR", "NORM")
    assert (second.patient_id, second.age_years, second.sex) == ("r0002", None, None)
    assert (second.fold, second.codes, second.report) == (None, (), None)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"sex": "F"}, "column sex"),
        ({"record_id": ""}, "column record_id"),
        ({"file": ""}, "column file"),
        ({"fold": "first"}, "column fold"),
    ],
)
def test_a_damaged_table_is_one_error(
    tmp_path: Path, changed: dict[str, str], message: str
) -> None:
    """The column at fault is named."""
    write_table(tmp_path, [row_of(1, **changed)])
    with pytest.raises(CorpusError, match=message):
        Synthetic().entries(tmp_path)


def test_a_wrong_folder_says_what_was_looked_for(tmp_path: Path) -> None:
    """A folder without the table, or none at all, is one error."""
    for wrong in (tmp_path, tmp_path / "absent"):
        with pytest.raises(CorpusError, match=r"expected the synthetic file cohort\.csv"):
            Synthetic().entries(wrong)


def test_what_the_simulator_writes_is_ingested(tmp_path: Path) -> None:
    """A cohort of the simulator goes into a store without a reject, reports and codes with it."""
    make_cohort(tmp_path / "cohort", patients=6, seed=1)
    report = ingest(Synthetic(), tmp_path / "cohort", tmp_path / "store", contract=SignalContract())
    records = Store.open(tmp_path / "store").records
    assert report.records == len(records) >= 6
    assert not report.rejected
    assert records["report"].null_count() == 0
    assert records["codes"].list.len().min() >= 1
