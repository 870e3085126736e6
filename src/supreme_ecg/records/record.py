"""What one ECG is, as its file stores it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float

Sex = Literal["female", "male"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One ECG recording, leads by name. Readers fill in what the file says and nothing else."""

    id: str
    """Identifier, unique in its corpus: the file's stem where nothing better is known."""
    leads: Mapping[str, Float[np.ndarray, " time"]]
    """Lead name as stored -> samples in millivolts, float32, all of one length. NaN = not recorded."""
    sampling_rate_hz: float
    """Samples per second, above 0."""
    patient_id: str | None = None
    """Identifier of the patient; None where the file has none."""
    age_years: float | None = None
    """Age at recording in years; None where unknown."""
    sex: Sex | None = None
    """Sex as the file says; None where unknown."""
    report: str | None = None
    """Free text written about this ECG, whole and unedited; None where the file has none."""
    codes: tuple[str, ...] = ()
    """Diagnosis codes or labels that the file carries, as written (``#Dx:`` of WFDB headers)."""
    source: Path | None = field(default=None, compare=False)
    """The file that was read."""
