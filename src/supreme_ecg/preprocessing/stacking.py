"""The leads of a record that belong to the standard 12, stacked once for all later steps."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from supreme_ecg.errors import RecordError
from supreme_ecg.records.leads import standard_lead_name
from supreme_ecg.records.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class StackedLeads:
    """Standard leads of one record in the order of its file."""

    names: tuple[str, ...]
    """Standard spelling, each once, at least one."""
    signal: Float[np.ndarray, "lead time"]
    """Millivolts, float32, NaN where not recorded, at least one sample. A fresh array."""
    others: tuple[str, ...]
    """Names of the leads that are none of the standard 12."""


def stack_standard_leads(record: Record) -> StackedLeads:
    """Stack the standard leads of a record.

    Raises:
        RecordError: There is no standard lead (the message names what was found), one comes twice,
            leads differ in length or are empty, or the sampling rate is not above 0.
    """
    by_name = {name: standard_lead_name(name) for name in record.leads}
    names = tuple([name for name in by_name.values() if name])
    lengths = {samples.shape[0] for samples in record.leads.values()}
    _check(record, names, lengths)
    signal = np.array([record.leads[lead] for lead, name in by_name.items() if name], np.float32)
    others = () if len(names) == len(by_name) else tuple(k for k, v in by_name.items() if not v)
    return StackedLeads(names=names, signal=signal, others=others)


def _check(record: Record, names: tuple[str, ...], lengths: set[int]) -> None:
    found = remedy = ""
    if not names:
        found = f"leads {', '.join(record.leads) or '(none)'}"
        remedy = "Rename the leads to I, II, III, aVR, aVL, aVF, V1-V6, or leave this record out."
    elif len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        found, remedy = f"{', '.join(twice)} more than once", "Keep one lead of each name."
    elif len(lengths) > 1 or 0 in lengths:
        found = f"lengths of {', '.join(map(str, sorted(lengths)))} samples"
        remedy = "Leave this record out, or export it again with all leads."
    elif not 0 < record.sampling_rate_hz < math.inf:
        found = f"a sampling rate of {record.sampling_rate_hz} Hz"
        remedy = "Correct the sampling rate."
    if found:
        raise RecordError(
            record.source or record.id,
            expected="standard leads, each once, of one length, at a rate above 0 Hz",
            found=found,
            remedy=remedy,
        )
