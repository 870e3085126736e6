"""A folder of simulated records and reports: the sample data of tests, demo and documentation.

The folder holds WFDB files under ``records/``, ``cohort.csv`` (a row per record) and ``faults.csv``
(a row per record with a planted electrode or recorder fault).
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import tempfile
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.errors import CorpusError
from supreme_ecg.records.writing import write_wfdb
from supreme_ecg.synthetic.conditions import Condition
from supreme_ecg.synthetic.patient import Patient, Visit, make_patient
from supreme_ecg.synthetic.simulation import simulate
from supreme_ecg.synthetic.writer import shown_concepts, write_report

COHORT_COLUMNS: Final = (
    "record_id",
    "patient_id",
    "age_years",
    "sex",
    "fold",
    "report",
    "codes",
    "truth",
    "file",
)
"""Columns of ``cohort.csv``. ``codes``: SCP acronyms joined by ``;``, true of the tracing.
``truth``: JSON list of {"concept", "assertion"}, what the report says. ``file``: header, relative
to the folder."""

_FAULT_COLUMNS: Final = ("record_id", "fault")
_REPORT_STREAM: Final = 9
"""Key of the report's chance beside the streams 0-3 of the tracing."""


def make_cohort(
    folder: Path, *, patients: int, seed: int, sampling_rate_hz: int = 500, faults: float = 0.0
) -> None:
    """Write a cohort.

    Args:
        folder: Where; made if absent, must be empty. It appears whole or not at all.
        patients: How many, 1 or more; about one in seven has two records.
        seed: The same seed gives the same bytes; the first patients of a larger cohort are those
            of a smaller one.
        sampling_rate_hz: Samples per second of the 10-second records.
        faults: Share of records with an electrode or recorder fault, 0 to 1.

    Raises:
        CorpusError: The folder is not empty or cannot be written, or a number is out of range.
    """
    folder = Path(folder)
    _check(folder, patients=patients, sampling_rate_hz=sampling_rate_hz, faults=faults)
    table = ConceptTable.load()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise _unwritable(folder, error) from None
    try:
        made = (make_patient(number, seed=seed, faults=faults) for number in range(patients))
        _write_all(partial, made, table, sampling_rate_hz)
        partial.chmod(0o755)
        if folder.exists():
            folder.rmdir()
        os.replace(partial, folder)
    except OSError as error:
        raise _unwritable(folder, error) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def scp_codes(conditions: Collection[Condition], table: ConceptTable) -> tuple[str, ...]:
    """SCP-ECG acronyms that are true of a tracing.

    Args:
        conditions: What it shows.
        table: The concept table.

    Returns:
        Each once: those of the concepts shown; where a concept has none, those of its nearest
        ancestors that have one (Mobitz I is coded as second-degree AV block).
    """
    codes: dict[str, None] = {}
    for shown in shown_concepts(conditions):
        level = [table[shown]]
        while level and not any(concept.scp for concept in level):
            level = [table[parent] for concept in level for parent in concept.parents]
        codes |= dict.fromkeys(code for concept in level for code in concept.scp)
    return tuple(codes)


def _write_all(
    folder: Path, patients: Iterable[Patient], table: ConceptTable, sampling_rate_hz: int
) -> None:
    """Write records and both tables."""
    with (
        (folder / "cohort.csv").open("w", encoding="utf-8", newline="") as cohort_file,
        (folder / "faults.csv").open("w", encoding="utf-8", newline="") as faults_file,
    ):
        rows = csv.DictWriter(cohort_file, COHORT_COLUMNS, lineterminator="\n")
        fault_rows = csv.DictWriter(faults_file, _FAULT_COLUMNS, lineterminator="\n")
        rows.writeheader()
        fault_rows.writeheader()
        for patient in patients:
            for visit in patient.visits:
                rows.writerow(_write_visit(folder, patient, visit, table, sampling_rate_hz))
                if visit.fault is not None:
                    fault_rows.writerow({"record_id": visit.record_id, "fault": visit.fault})


def _write_visit(
    folder: Path, patient: Patient, visit: Visit, table: ConceptTable, sampling_rate_hz: int
) -> Mapping[str, object]:
    """Write one record and return its row."""
    record = simulate(
        visit.heart,
        seed=visit.seed,
        sampling_rate_hz=sampling_rate_hz,
        fault=visit.fault,
        record_id=visit.record_id,
    )
    header = write_wfdb(
        replace(
            record,
            patient_id=patient.patient_id,
            age_years=patient.age_years,
            sex=patient.sex,
        ),
        folder / "records",
        microvolts_per_count=1000.0 if visit.fault == "wrong_unit" else 1.0,
    )
    chance = np.random.SeedSequence(
        visit.seed.entropy, spawn_key=(*visit.seed.spawn_key, _REPORT_STREAM)
    )
    report = write_report(
        visit.heart.conditions, language=visit.language, rng=np.random.default_rng(chance)
    )
    return {
        "record_id": visit.record_id,
        "patient_id": patient.patient_id,
        "age_years": f"{patient.age_years:g}",
        "sex": patient.sex,
        "fold": patient.fold,
        "report": report.text,
        "codes": ";".join(scp_codes(visit.heart.conditions, table)),
        "truth": json.dumps([{"concept": c, "assertion": a} for c, a in report.findings]),
        "file": header.relative_to(folder).as_posix(),
    }


def _check(folder: Path, *, patients: int, sampling_rate_hz: int, faults: float) -> None:
    """Stop before anything is written.

    Raises:
        CorpusError: The folder is not empty, or a number is out of range.
    """
    for name, value, right, expected in (
        ("patients", patients, patients >= 1, "1 or more"),
        ("sampling_rate_hz", sampling_rate_hz, sampling_rate_hz >= 50, "50 or more"),
        ("faults", faults, 0 <= faults <= 1, "a share from 0 to 1"),
    ):
        if not right:
            raise CorpusError(
                f"synthetic cohort, {name}",
                expected=expected,
                found=f"{value}",
                remedy=f"Choose another value of {name}.",
            )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CorpusError(
            folder,
            expected="a new or empty folder",
            found="files" if folder.is_dir() else "a file",
            remedy="Choose another folder or remove this one.",
        )


def _unwritable(folder: Path, error: OSError) -> CorpusError:
    return CorpusError(
        folder,
        expected="a folder that can be written",
        found=error.strerror or str(error),
        remedy="Choose another folder or free some space.",
    )
