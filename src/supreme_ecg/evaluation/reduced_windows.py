"""Windows of a store as if its files had held fewer leads or fewer seconds.

Nothing is masked by hand: what is left of each window goes through :func:`make_window` again, as a file
with those leads and that length would, so limb leads that follow from two others are completed (a
file with I and II gives all six) and what cannot be derived is masked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from jaxtyping import Bool, Float

from supreme_ecg.errors import RecordError
from supreme_ecg.preprocessing.contract import SignalContract
from supreme_ecg.preprocessing.window import Window, make_window
from supreme_ecg.records.leads import CHEST_LEADS, LIMB_LEADS, STANDARD_LEADS
from supreme_ecg.records.record import Record
from supreme_ecg.store.reading import Batch

LEAD_SETS: Final[Mapping[str, tuple[str, ...]]] = {
    "12 leads": STANDARD_LEADS,
    "six limb leads": LIMB_LEADS,
    "I and II": ("I", "II"),
    "lead I": ("I",),
    "lead II": ("II",),
    "V1-V6": CHEST_LEADS,
}
"""Name -> leads in the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduction:
    """What a file would hold."""

    name: str
    """For tables."""
    leads: tuple[str, ...] = STANDARD_LEADS
    """Leads in the file."""
    duration_s: float | None = None
    """Seconds from the start of the window; None = all of it."""


REDUCTIONS: Final = (
    *(Reduction(name=name, leads=leads) for name, leads in LEAD_SETS.items()),
    *(Reduction(name=f"12 leads, {s:g} s", duration_s=s) for s in (5.0, 2.5)),
    *(Reduction(name=f"lead I, {s:g} s", leads=("I",), duration_s=s) for s in (5.0, 2.5)),
)
"""What is measured; the first is the whole window."""


def reduce_windows(
    batch: Batch, reduction: Reduction, *, contract: SignalContract
) -> tuple[Batch, Bool[np.ndarray, " batch"]]:
    """Make the windows that files with fewer leads or seconds would have given.

    Args:
        batch: Windows of a store.
        reduction: What the files would hold.
        contract: The store's.

    Returns:
        The windows, and for each whether anything is left of it (else it is all zeros and masked).
    """
    signal = np.zeros_like(batch.signal)
    lead_mask, sample_mask = np.zeros_like(batch.lead_mask), np.zeros_like(batch.sample_mask)
    for index in range(len(signal)):
        window = _reduced(
            batch.signal[index],
            batch.lead_mask[index],
            batch.sample_mask[index],
            reduction,
            contract,
        )
        if window is not None:
            signal[index] = window.signal
            lead_mask[index], sample_mask[index] = window.lead_mask, window.sample_mask
    reduced = Batch(signal=signal, lead_mask=lead_mask, sample_mask=sample_mask)
    return reduced, np.asarray(lead_mask.any(axis=1) & sample_mask.any(axis=1))


def _reduced(
    signal: Float[np.ndarray, "lead time"],
    lead_mask: Bool[np.ndarray, " lead"],
    sample_mask: Bool[np.ndarray, " time"],
    reduction: Reduction,
    contract: SignalContract,
) -> Window | None:
    leads = _recorded(contract.leads, lead_mask, reduction.leads)
    size = contract.samples
    if reduction.duration_s is not None:
        size = min(size, round(reduction.duration_s * contract.sampling_rate_hz))
    if not leads:
        return None
    samples = np.where(sample_mask, signal, np.float32(np.nan))[:, :size]
    record = Record(
        id="window",
        leads={lead: samples[contract.leads.index(lead)] for lead in leads},
        sampling_rate_hz=contract.sampling_rate_hz,
    )
    try:
        return make_window(record, replace(contract, highpass_hz=None))  # filtered once already
    except RecordError:
        return None


def _recorded(
    rows: Sequence[str], lead_mask: Bool[np.ndarray, " lead"], wanted: Sequence[str]
) -> tuple[str, ...]:
    """Leads of the file that were recorded, in the order of the rows."""
    return tuple(
        [lead for lead, there in zip(rows, lead_mask, strict=True) if there and lead in wanted]
    )
