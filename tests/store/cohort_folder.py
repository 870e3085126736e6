"""Small cohorts of plain waves in the synthetic corpus's layout, for tests that plant faults."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from supreme_ecg.records.leads import CHEST_LEADS
from supreme_ecg.records.record import Record
from supreme_ecg.records.writing import write_wfdb

RATE_HZ = 100
SAMPLES = 1000
COLUMNS = ("record_id", "patient_id", "age_years", "sex", "fold", "report", "codes", "file")


def clean_record(number: int, *, samples: int = SAMPLES, rate_hz: int = RATE_HZ) -> Record:
    """Twelve leads that obey Einthoven and Goldberger, in whole microvolts, different per number."""
    rng = np.random.default_rng(number)
    time_s = np.arange(samples) / rate_hz
    waves = [
        2 * np.round(300 * np.sin(2 * np.pi * rng.uniform(0.7, 3) * time_s + phase))
        + 2 * rng.integers(-30, 30, samples)
        for phase in range(8)
    ]
    first, second, *chest = (wave / 1000 for wave in waves)
    leads = {
        "I": first,
        "II": second,
        "III": second - first,
        "aVR": -(first + second) / 2,
        "aVL": first - second / 2,
        "aVF": second - first / 2,
        **dict(zip(CHEST_LEADS, chest, strict=True)),
    }
    return Record(
        id=f"r{number:04}",
        leads={name: wave.astype(np.float32) for name, wave in leads.items()},
        sampling_rate_hz=rate_hz,
    )


def row_of(number: int, **values: object) -> dict[str, object]:
    """A line of ``cohort.csv``."""
    return {
        "record_id": f"r{number:04}",
        "patient_id": f"p{number // 2:04}",
        "age_years": 40 + number,
        "sex": ("female", "male")[number % 2],
        "fold": number % 10 + 1,
        "report": f"sinus rhythm, number {number}",
        "codes": "SR;NORM",
        "file": f"records/r{number:04}.hea",
        **values,
    }


def write_table(folder: Path, rows: list[dict[str, object]]) -> None:
    """Write ``cohort.csv``."""
    with (folder / "cohort.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


def write_cohort(folder: Path, count: int) -> Path:
    """Write a cohort of clean records; return its folder."""
    for number in range(count):
        write_wfdb(clean_record(number), folder / "records")
    write_table(folder, [row_of(number) for number in range(count)])
    return folder


def edit_header(folder: Path, number: int, edit: Callable[[str], str]) -> None:
    """Change the text of a record's header."""
    path = folder / "records" / f"r{number:04}.hea"
    path.write_text(edit(path.read_text()))


def rewrite(folder: Path, number: int, change: Callable[[dict[str, np.ndarray]], object]) -> None:
    """Write a record again with changed leads."""
    record = clean_record(number)
    leads = {name: samples.copy() for name, samples in record.leads.items()}
    change(leads)
    write_wfdb(replace(record, leads=leads), folder / "records")


def file_bytes(store: Path) -> dict[str, bytes]:
    """Every file of a store with its bytes."""
    return {str(path.relative_to(store)): path.read_bytes() for path in _files(store)}


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())
