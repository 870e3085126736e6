"""What a quality check says about a record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Check = Literal[
    "no_signal",
    "missing_samples",
    "flat",
    "constant_run",
    "clipped",
    "implausible_amplitude",
    "duplicated",
    "wrong_unit",
    "einthoven",
    "goldberger",
    "limb_lead_swap",
    "out_of_range",
]
"""Every check there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityFlag:
    """One fault found in one record."""

    name: Check
    """Which check failed."""
    lead: str | None
    """Lead at fault, ``aVL/aVF`` for a pair, ``-III`` for a sign; None: the record as a whole."""
    value: float
    """What was measured, in the unit of the check (mV, s or samples)."""
    threshold: float
    """The limit it broke."""
    rejects: bool
    """True where the record must not be stored: its amplitudes would be false or there are none."""
