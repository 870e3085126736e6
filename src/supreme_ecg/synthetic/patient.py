"""Simulated people and their visits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from supreme_ecg.concepts.concept import Language
from supreme_ecg.records.record import Sex
from supreme_ecg.synthetic.conditions import sample_conditions
from supreme_ecg.synthetic.electrodes import FAULTS, Fault
from supreme_ecg.synthetic.heart import Heart, make_heart

_LANGUAGES: Final[tuple[Language, ...]] = ("en", "de", "sv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """The truth of one record."""

    record_id: str
    """``r00007-1``: number of the patient and of the visit."""
    heart: Heart
    """What the tracing shows."""
    language: Language
    """Language of the report."""
    fault: Fault | None
    """What is wrong with electrodes or recorder; None = nothing."""
    seed: np.random.SeedSequence
    """Chance of this record: tracing and report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """One person."""

    patient_id: str
    """``p00007``."""
    age_years: float
    """Whole years, 18 to 89."""
    sex: Sex
    """Sex."""
    fold: int
    """1 to 10, the same for every record of the patient."""
    visits: tuple[Visit, ...]
    """One record, or two with the same conditions on another day."""


def make_patient(number: int, *, seed: int, faults: float = 0.0) -> Patient:
    """Invent a patient.

    Args:
        number: Place in the cohort, from 0. A patient depends on it and on the seed alone, never
            on how many others there are or in which order they are made.
        seed: Of the cohort.
        faults: Share of records with a fault, 0 to 1.

    Returns:
        The patient with every truth.
    """
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))
    age_years = float(np.clip(rng.normal(60, 17), 18, 89).round())
    sex: Sex = "female" if rng.uniform() < 0.48 else "male"
    conditions = sample_conditions(age_years=age_years, rng=rng)
    visits = []
    for visit in range(2 if rng.uniform() < 0.15 else 1):
        fault = FAULTS[int(rng.integers(len(FAULTS)))] if rng.uniform() < faults else None
        visits.append(
            Visit(
                record_id=f"r{number:05d}-{visit + 1}",
                heart=make_heart(conditions, rng=rng),
                language=_LANGUAGES[int(rng.choice(3, p=[0.45, 0.43, 0.12]))],
                fault=fault,
                seed=np.random.SeedSequence(seed, spawn_key=(number, visit)),
            )
        )
    return Patient(
        patient_id=f"p{number:05d}",
        age_years=age_years,
        sex=sex,
        fold=number % 10 + 1,
        visits=tuple(visits),
    )
