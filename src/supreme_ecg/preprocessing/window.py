"""Record -> Window: the standard 12 leads, one rate, one length, masks for what is missing."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.signal import butter, sosfiltfilt

from supreme_ecg.errors import ContractError, RecordError
from supreme_ecg.preprocessing.contract import SignalContract
from supreme_ecg.preprocessing.limb_leads import derivable, derivation
from supreme_ecg.preprocessing.resampling import half_length_s, ratio, resample
from supreme_ecg.preprocessing.stacking import StackedLeads, stack_standard_leads
from supreme_ecg.records.leads import LIMB_LEADS, STANDARD_LEADS
from supreme_ecg.records.record import Record

_HIGHPASS_ORDER = 2
_HIGHPASS_SETTLING = 3.0
"""Periods of the corner frequency after which a cut edge no longer shows in the filtered signal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Ten seconds of ECG, ready to be stored or shown to a model."""

    signal: Float[np.ndarray, "lead time"]
    """Millivolts, float32, rows in the contract's lead order; 0 where a mask says missing."""
    lead_mask: Bool[np.ndarray, " lead"]
    """True where the lead was recorded or exactly derivable."""
    sample_mask: Bool[np.ndarray, " time"]
    """True where the recording covers the sample."""
    contract: SignalContract
    """The contract this window fulfils."""
    notes: tuple[str, ...] = ()
    """What was done to get here, for people: resampled, cropped, masked, leads derived."""


def make_window(record: Record, contract: SignalContract) -> Window:
    """Bring a record to the contract's leads, rate and length.

    In this order: leads are found by name in any case; NaN masks its lead, or, where all leads
    pause together, its samples; missing limb leads are derived from two others; long records are
    cropped; the rate is converted; the high-pass is applied if the contract has one; short records
    are padded with masked zeros. At the contract's own rate and length samples pass bit for bit.
    Amplitudes are not judged here: see ``check_quality``.

    Args:
        record: Any record with at least one standard lead, at any rate.
        contract: What the window must be.

    Returns:
        The window; its notes say what was done.

    Raises:
        RecordError: No standard lead or none of the contract's, one that comes twice, unequal or
            zero lengths, or no recorded sample at all or in the window.
        ContractError: The contract names a lead that is none of the standard 12.
    """
    stacked = stack_standard_leads(record)
    notes = [f"not standard leads, left out: {', '.join(stacked.others)}"] if stacked.others else []
    names, signal, gap = _mask_missing(record, stacked, notes)
    names, signal = _to_contract_leads(names, signal, contract, notes, record.source or record.id)
    signal, covered = _to_contract_time(signal, gap, record.sampling_rate_hz, contract, notes)
    if covered is not None and not covered.any():
        raise RecordError(
            record.source or record.id,
            expected=f"a recorded sample within the window's {contract.duration_s:g} s",
            found="a gap over all of it",
            remedy="Crop at another place, or leave this record out.",
        )
    return _assemble(names, signal, covered, contract, notes)


def _mask_missing(
    record: Record, stacked: StackedLeads, notes: list[str]
) -> tuple[tuple[str, ...], Float[np.ndarray, "lead time"], Bool[np.ndarray, " time"] | None]:
    """Drop leads with missing samples; a pause common to all remaining leads is a gap instead.

    Returns:
        The remaining leads, their samples (interpolated across the gap, to be masked later) and
        the gap, None if there is none.
    """
    is_missing = ~np.isfinite(stacked.signal)
    if not is_missing.any():
        return stacked.names, stacked.signal, None
    has_samples = ~is_missing.all(axis=1)
    if not has_samples.any():
        raise RecordError(
            record.source or record.id,
            expected="at least one recorded sample",
            found=f"only NaN in {', '.join(stacked.names)}",
            remedy="Leave this record out.",
        )
    gap = is_missing[has_samples].all(axis=0)
    is_kept = ~(is_missing & ~gap).any(axis=1) & has_samples
    names = tuple([name for name, kept in zip(stacked.names, is_kept, strict=True) if kept])
    masked = [name for name in stacked.names if name not in names]
    if not names:
        raise RecordError(
            record.source or record.id,
            expected="at least one lead without missing samples of its own",
            found=f"NaN at differing times in {', '.join(masked)}",
            remedy="Leave this record out, or cut it to a part that is complete.",
        )
    if masked:
        notes.append(f"missing samples, lead masked: {', '.join(masked)}")
    signal = stacked.signal[is_kept]
    if not gap.any():
        return names, signal, None
    times = np.arange(gap.size)
    for row in signal:
        row[gap] = np.interp(times[gap], times[~gap], row[~gap])
    return names, signal, gap


def _to_contract_leads(
    names: tuple[str, ...],
    signal: Float[np.ndarray, "lead time"],
    contract: SignalContract,
    notes: list[str],
    where: object,
) -> tuple[tuple[str, ...], Float[np.ndarray, "wanted time"]]:
    """Derive limb leads and drop what the contract does not ask for; rows in the contract's order."""
    if names == contract.leads:
        return names, signal
    unknown = set(contract.leads) - set(STANDARD_LEADS)
    if unknown:
        raise ContractError(
            "signal contract",
            expected=f"leads among {', '.join(STANDARD_LEADS)}",
            found=", ".join(sorted(unknown)),
            remedy="Use the standard lead names in the contract.",
        )
    wanted = tuple([name for name in derivable(names) if name in contract.leads])
    if wanted:
        recorded = tuple([name for name in LIMB_LEADS if name in names])
        weights = derivation(recorded, wanted).astype(np.float32)
        signal = np.concatenate([signal, weights @ signal[[names.index(r) for r in recorded]]])
        names += wanted
        notes.append(f"derived from {', '.join(recorded)}: {', '.join(wanted)}")
    present = tuple([name for name in contract.leads if name in names])
    absent = [name for name in contract.leads if name not in names]
    if not present:
        raise RecordError(
            where,
            expected=f"at least one of the contract's leads {', '.join(absent)}",
            found=f"leads {', '.join(names)}",
            remedy="Leave this record out, or use a contract with its leads.",
        )
    if absent:
        notes.append(f"not recorded, masked: {', '.join(absent)}")
    return present, signal[[names.index(name) for name in present]]


def _to_contract_time(
    signal: Float[np.ndarray, "lead time"],
    gap: Bool[np.ndarray, " time"] | None,
    rate_hz: float,
    contract: SignalContract,
    notes: list[str],
) -> tuple[Float[np.ndarray, "lead kept"], Bool[np.ndarray, " kept"] | None]:
    """Crop, resample and filter; at most the contract's samples remain.

    Returns:
        The samples, and which of them lie outside any gap (None: all).
    """
    target_hz, size = contract.sampling_rate_hz, contract.samples
    step = ratio(rate_hz, target_hz)
    total = math.ceil(signal.shape[1] * step)
    first = (total - size) // 2 if contract.crop == "centre" and total > size else 0
    length = min(size, total)
    # cut early, on a sample that both rates share, with what the filters need on either side
    margin_s = half_length_s(rate_hz, target_hz)
    if contract.highpass_hz is not None:
        margin_s += _HIGHPASS_SETTLING / contract.highpass_hz
    margin = math.ceil(margin_s * target_hz)
    block = max(0, first - margin) // step.numerator
    end = math.ceil((first + length + margin) / step.numerator) * step.denominator
    source = slice(block * step.denominator, end)
    kept = slice(first - block * step.numerator, first - block * step.numerator + length)
    signal = resample(signal[:, source], rate_hz=rate_hz, target_hz=target_hz)
    if contract.highpass_hz is not None:
        signal = _highpass(signal, contract.highpass_hz, target_hz)
    if step != 1:
        notes.append(f"resampled from {rate_hz:g} Hz to {target_hz} Hz")
    if total > size:
        notes.append(f"cropped to {first / target_hz:g}-{(first + size) / target_hz:g} s")
    covered = None if gap is None else _outside(gap[source], rate_hz, target_hz)[kept]
    return signal[:, kept], covered


def _outside(
    gap: Bool[np.ndarray, " time"], rate_hz: float, target_hz: float
) -> Bool[np.ndarray, " resampled"]:
    """Output samples that no missing input sample has touched through the filter."""
    reach_s = half_length_s(rate_hz, target_hz)
    step = ratio(rate_hz, target_hz)
    missing_s = np.flatnonzero(gap) / rate_hz
    times_s = np.arange(math.ceil(gap.size * step)) / float(step * rate_hz)
    begin, end = (np.searchsorted(missing_s, times_s + side * (reach_s + 1e-9)) for side in (-1, 1))
    return np.equal(begin, end)


def _highpass(
    signal: Float[np.ndarray, "lead time"], corner_hz: float, rate_hz: float
) -> Float[np.ndarray, "lead time"]:
    """Zero-phase Butterworth high-pass, run forwards and backwards."""
    sections = butter(_HIGHPASS_ORDER, corner_hz, "highpass", fs=rate_hz, output="sos")
    padding = min(signal.shape[1] - 1, round(_HIGHPASS_SETTLING * rate_hz / corner_hz))
    filtered: Float[np.ndarray, "lead time"]
    filtered = sosfiltfilt(sections, signal, axis=-1, padlen=padding)
    return filtered.astype(np.float32)


def _assemble(
    names: tuple[str, ...],
    signal: Float[np.ndarray, "lead time"],
    covered: Bool[np.ndarray, " time"] | None,
    contract: SignalContract,
    notes: list[str],
) -> Window:
    """Put the rows into their places, zeros where nothing was recorded."""
    size, length = contract.samples, signal.shape[1]
    if length < size:
        rate_hz = contract.sampling_rate_hz
        notes.append(f"{length / rate_hz:g} s long, the rest up to {size / rate_hz:g} s is masked")
    sample_mask = np.arange(size) < length
    if covered is not None:
        sample_mask[:length] &= covered
        notes.append(f"gap in all leads, masked: {int((~covered).sum())} samples of the window")
    lead_mask = np.array([name in names for name in contract.leads])
    if names == contract.leads and length == size:
        complete = np.ascontiguousarray(signal)
    else:
        complete = np.zeros((len(contract.leads), size), np.float32)
        complete[lead_mask, :length] = signal
    if covered is not None:
        complete[:, ~sample_mask] = 0
    return Window(
        signal=complete,
        lead_mask=lead_mask,
        sample_mask=sample_mask,
        contract=contract,
        notes=tuple(notes),
    )
