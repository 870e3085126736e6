"""Tests of the cohort on disk."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.errors import CorpusError
from supreme_ecg.records.leads import STANDARD_LEADS
from supreme_ecg.records.reading import read_record
from supreme_ecg.synthetic.cohort import COHORT_COLUMNS, make_cohort, scp_codes
from supreme_ecg.synthetic.conditions import Condition
from supreme_ecg.synthetic.electrodes import FAULTS
from supreme_ecg.synthetic.patient import make_patient
from supreme_ecg.synthetic.simulation import simulate


def rows_of(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Every file of a folder by relative name."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty patients at 100 Hz, a fifth of the records with a fault."""
    folder = tmp_path_factory.mktemp("cohorts") / "sixty"
    make_cohort(folder, patients=60, seed=11, sampling_rate_hz=100, faults=0.2)
    return folder


def test_table_has_the_stated_columns_and_a_file_for_each_row(cohort: Path) -> None:
    """Rows are unique, files exist, patients keep to one fold, ages and sexes are set."""
    rows = rows_of(cohort / "cohort.csv")
    assert tuple(rows[0]) == COHORT_COLUMNS
    assert len({row["record_id"] for row in rows}) == len(rows) >= 60
    folds = {(row["patient_id"], row["fold"]) for row in rows}
    assert len(folds) == len({row["patient_id"] for row in rows}) == 60
    assert {int(row["fold"]) for row in rows} == set(range(1, 11))
    for row in rows:
        assert (cohort / row["file"]).is_file()
        assert (cohort / row["file"]).with_suffix(".dat").is_file()
        assert 18 <= float(row["age_years"]) <= 89
        assert row["sex"] in {"female", "male"}
        assert row["report"]


def test_truth_and_codes_are_of_the_concept_table(cohort: Path) -> None:
    """Every concept of the truth exists and every code is an SCP acronym of the table."""
    table = ConceptTable.load()
    for row in rows_of(cohort / "cohort.csv"):
        truth = json.loads(row["truth"])
        assert truth
        for finding in truth:
            assert finding["concept"] in table.concepts
            assert finding["assertion"] in {"present", "uncertain", "absent"}
        assert row["codes"], row["record_id"]
        for code in row["codes"].split(";"):
            assert table.by_scp(code) is not None


def test_written_records_are_the_simulated_ones(cohort: Path) -> None:
    """Reading a file gives the simulation back to the microvolt, with age, sex and patient."""
    patient = next(
        p
        for p in (make_patient(n, seed=11, faults=0.2) for n in range(60))
        if p.visits[0].fault is None
    )
    visit = patient.visits[0]
    row = next(r for r in rows_of(cohort / "cohort.csv") if r["record_id"] == visit.record_id)
    read = read_record(cohort / row["file"])
    made = simulate(visit.heart, seed=visit.seed, sampling_rate_hz=100)
    assert read.sampling_rate_hz == 100
    assert read.age_years == patient.age_years
    for name in STANDARD_LEADS:
        np.testing.assert_allclose(read.leads[name], made.leads[name], atol=0.00051)


def test_planted_faults_are_listed(cohort: Path) -> None:
    """Each listed fault is of a known kind and can be seen in its file."""
    rows = rows_of(cohort / "faults.csv")
    assert 3 < len(rows) < 30
    assert {row["fault"] for row in rows} <= set(FAULTS)
    for row in rows:
        leads = read_record(cohort / "records" / f"{row['record_id']}.hea").leads
        largest = max(float(np.abs(samples).max()) for samples in leads.values())
        assert (largest > 100) is (row["fault"] == "wrong_unit")
        flat = [name for name in leads if not np.ptp(leads[name])]
        assert bool(flat) is (row["fault"] == "lead_off")


def test_same_seed_same_bytes_and_a_larger_cohort_begins_with_the_smaller(tmp_path: Path) -> None:
    """The cohort is a function of its arguments, and patients do not depend on their number."""
    for name, patients, seed in (("a", 8, 1), ("b", 8, 1), ("more", 12, 1), ("other", 8, 2)):
        make_cohort(tmp_path / name, patients=patients, seed=seed, sampling_rate_hz=100)
    first, again, more, other = (bytes_of(tmp_path / n) for n in ("a", "b", "more", "other"))
    assert first == again
    assert first["records/r00000-1.dat"] != other["records/r00000-1.dat"]
    assert {k: v for k, v in more.items() if k in first and k != "cohort.csv"} == {
        k: v for k, v in first.items() if k != "cohort.csv"
    }
    assert more["cohort.csv"].startswith(first["cohort.csv"])


@pytest.mark.parametrize(
    ("conditions", "codes"),
    [
        (("sinus_rhythm",), {"SR", "NORM"}),
        (("atrial_fibrillation",), {"AFIB"}),
        (("sinus_rhythm", "acute_inferior_myocardial_infarction"), {"SR", "IMI", "STE_"}),
        (("sinus_rhythm", "mobitz_i"), {"SR", "2AVB"}),
        (("sinus_rhythm", "first_degree_av_block"), {"SR", "1AVB"}),
        (("ventricular_paced_rhythm",), {"PACE"}),
        (("sinus_rhythm", "ventricular_bigeminy"), {"SR", "BIGU", "PVC"}),
    ],
)
def test_codes_follow_from_the_table(conditions: tuple[Condition, ...], codes: set[str]) -> None:
    """A concept without a code of its own takes that of its nearest ancestors."""
    assert set(scp_codes(conditions, ConceptTable.load())) == codes


def test_a_folder_in_use_is_refused_and_kept(tmp_path: Path) -> None:
    """Nothing is written into a folder that holds something, nor left beside it."""
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "note.txt").write_text("mine")
    with pytest.raises(CorpusError, match="new or empty folder"):
        make_cohort(tmp_path / "used", patients=1, seed=0)
    assert [path.name for path in tmp_path.rglob("*")] == ["used", "note.txt"]


def test_a_failure_half_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk fills up, the error says so and no half cohort stays."""

    def full(*_: object, **__: object) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("supreme_ecg.synthetic.cohort.write_wfdb", full)
    with pytest.raises(CorpusError, match="No space left"):
        make_cohort(tmp_path / "new", patients=2, seed=0)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_below_a_file_is_refused(tmp_path: Path) -> None:
    """A path that cannot be made gives one clear error."""
    (tmp_path / "file").write_text("")
    with pytest.raises(CorpusError, match="can be written"):
        make_cohort(tmp_path / "file" / "cohort", patients=1, seed=0)


@pytest.mark.parametrize(
    "wrong", [{"patients": 0}, {"sampling_rate_hz": 10}, {"faults": 1.5}], ids=str
)
def test_impossible_numbers_are_refused(tmp_path: Path, wrong: dict[str, float]) -> None:
    """The message names the argument; nothing is written."""
    arguments = {"patients": 1, "seed": 0} | wrong
    with pytest.raises(CorpusError, match=next(iter(wrong))):
        make_cohort(tmp_path / "new", **arguments)  # type: ignore[arg-type]
    assert not (tmp_path / "new").exists()
