from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from supreme_ecg.errors import ContractError, RecordError
from supreme_ecg.preprocessing.contract import SignalContract
from supreme_ecg.preprocessing.window import make_window
from supreme_ecg.records.leads import STANDARD_LEADS
from supreme_ecg.records.record import Record

MakeRecord = Callable[..., Record]
CONTRACT = SignalContract()


def row(name: str) -> int:
    """Where a lead lies in a window."""
    return STANDARD_LEADS.index(name)


def without(record: Record, *names: str) -> Record:
    """The record less some leads."""
    leads = {name: x for name, x in record.leads.items() if name not in names}
    return replace(record, leads=leads)


def with_nan(record: Record, where: slice, *names: str) -> Record:
    """The record with NaN at some times in some leads (all if none is named)."""
    leads = {name: x.copy() for name, x in record.leads.items()}
    for name in names or leads:
        leads[name][where] = np.nan
    return replace(record, leads=leads)


def test_a_record_that_fits_passes_bit_for_bit(make_record: MakeRecord) -> None:
    """Same rate, same length: nothing is changed, masked or noted."""
    record = make_record()
    window = make_window(record, CONTRACT)
    for name, samples in record.leads.items():
        np.testing.assert_array_equal(window.signal[row(name)], samples)
    assert window.signal.dtype == np.float32
    assert window.lead_mask.all()
    assert window.sample_mask.all()
    assert window.notes == ()


def test_rows_follow_names_not_positions(make_record: MakeRecord) -> None:
    """A shuffled file with odd spelling (MIMIC-IV-ECG puts aVF before aVL) gives the same window."""
    record = make_record()
    names = ("I", "II", "III", "aVR", "aVF", "aVL", "V6", "V5", "V4", "V3", "V2", "V1")
    shuffled = replace(record, leads={name.upper(): record.leads[name] for name in names})
    np.testing.assert_array_equal(
        make_window(shuffled, CONTRACT).signal, make_window(record, CONTRACT).signal
    )


def test_other_leads_are_noted_and_left_out(make_record: MakeRecord) -> None:
    """Frank leads beside the twelve change nothing but the notes."""
    record = make_record()
    more = replace(record, leads={"vx": record.leads["I"] + 3, **record.leads})
    window = make_window(more, CONTRACT)
    np.testing.assert_array_equal(window.signal, make_window(record, CONTRACT).signal)
    assert window.notes == ("not standard leads, left out: vx",)


def test_no_standard_lead_is_an_error() -> None:
    """The message names what was found."""
    record = Record(id="r", leads={"ABP": np.zeros(10, np.float32)}, sampling_rate_hz=100.0)
    with pytest.raises(RecordError, match="found leads ABP"):
        make_window(record, CONTRACT)


@pytest.mark.parametrize(
    "absent",
    [("III", "aVR", "aVL", "aVF"), ("I", "aVR", "aVL", "aVF"), ("I", "II", "III", "aVR"), ("II",)],
    ids="+".join,
)
def test_missing_limb_leads_are_derived_and_noted(
    make_record: MakeRecord, absent: tuple[str, ...]
) -> None:
    """From I+II, II+III, aVL+aVF or five leads: within the files' own rounding of the truth."""
    record = make_record()
    window = make_window(without(record, *absent), CONTRACT)
    assert window.lead_mask.all()
    for name, samples in record.leads.items():
        if name not in absent:
            np.testing.assert_array_equal(window.signal[row(name)], samples)
        else:
            np.testing.assert_allclose(window.signal[row(name)], samples, atol=0.003)
    (note,) = window.notes
    assert note.startswith("derived from ")
    assert note.endswith(": " + ", ".join(absent))


def test_one_limb_lead_gives_no_other(make_record: MakeRecord) -> None:
    """A single-lead record has one unmasked row of twelve; the rest is zero, never faked."""
    record = make_record()
    window = make_window(replace(record, leads={"II": record.leads["II"]}), CONTRACT)
    assert window.lead_mask.tolist() == [name == "II" for name in STANDARD_LEADS]
    assert not window.signal[~window.lead_mask].any()
    assert window.notes == ("not recorded, masked: I, III, aVR, aVL, aVF, V1, V2, V3, V4, V5, V6",)


def test_nan_in_one_chest_lead_masks_that_lead(make_record: MakeRecord) -> None:
    """It is neither filled nor spread."""
    record = make_record()
    window = make_window(with_nan(record, slice(200, 203), "V3"), CONTRACT)
    assert window.lead_mask.tolist() == [name != "V3" for name in STANDARD_LEADS]
    assert window.sample_mask.all()
    assert not window.signal[row("V3")].any()
    assert window.notes[0] == "missing samples, lead masked: V3"


def test_nan_in_one_limb_lead_is_made_good_from_the_others(make_record: MakeRecord) -> None:
    """The lead is masked, then derived, and both are noted."""
    record = make_record()
    window = make_window(with_nan(record, slice(200, 203), "aVF"), CONTRACT)
    assert window.lead_mask.all()
    np.testing.assert_allclose(window.signal[row("aVF")], record.leads["aVF"], atol=0.003)
    assert window.notes == (
        "missing samples, lead masked: aVF",
        "derived from I, II, III, aVR, aVL: aVF",
    )


def test_a_pause_of_all_leads_masks_its_samples_only(make_record: MakeRecord) -> None:
    """The rest of the recording stays bit for bit."""
    record = make_record()
    window = make_window(with_nan(record, slice(300, 350)), CONTRACT)
    expected = np.ones(1000, bool)
    expected[300:350] = False
    np.testing.assert_array_equal(window.sample_mask, expected)
    assert window.lead_mask.all()
    assert not window.signal[:, 300:350].any()
    np.testing.assert_array_equal(window.signal[0, expected], record.leads["I"][expected])
    assert window.notes == ("gap in all leads, masked: 50 samples of the window",)


def test_a_pause_and_a_bad_lead_are_told_apart(make_record: MakeRecord) -> None:
    """V1 misses more than the pause and is masked; a wholly absent V2 does not hide the pause."""
    paused = with_nan(make_record(), slice(300, 350))
    record = with_nan(with_nan(paused, slice(0, 9), "V1"), slice(None), "V2")
    window = make_window(record, CONTRACT)
    assert [n for n, m in zip(STANDARD_LEADS, window.lead_mask, strict=True) if not m] == [
        "V1",
        "V2",
    ]
    assert (~window.sample_mask).sum() == 50


def test_a_pause_is_widened_by_the_reach_of_the_resampling_filter(make_record: MakeRecord) -> None:
    """No unmasked output sample depends on a missing input sample, and the mask is not wider."""
    record = make_record(500.0)
    loud = {name: x.copy() for name, x in record.leads.items()}
    for samples in loud.values():
        samples[2000:2100] = 1000.0
    quiet = make_window(record, CONTRACT).signal
    touched = (
        np.abs(make_window(replace(record, leads=loud), CONTRACT).signal - quiet).max(0) > 1e-4
    )
    window = make_window(with_nan(record, slice(2000, 2100)), CONTRACT)
    assert not (touched & window.sample_mask).any()
    masked = np.flatnonzero(~window.sample_mask)
    assert (masked[0], masked[-1]) == (379, 441)  # 4.0 to 4.198 s, and 0.218 s on either side
    np.testing.assert_allclose(
        window.signal[:, window.sample_mask], quiet[:, window.sample_mask], atol=1e-6
    )


@pytest.mark.parametrize(
    ("where", "names", "message"),
    [
        (slice(None), (), "only NaN in I, II"),
        (slice(0, 1100), (), "a gap over all of it"),
    ],
)
def test_a_record_without_samples_is_refused(
    make_record: MakeRecord, where: slice, names: tuple[str, ...], message: str
) -> None:
    """All NaN, or all of the window within a pause."""
    with pytest.raises(RecordError, match=message):
        make_window(with_nan(make_record(100.0, 12.0), where, *names), CONTRACT)


def test_leads_that_each_miss_other_samples_are_refused() -> None:
    """If every lead has holes of its own, none is left."""
    leads = {name: np.zeros(1000, np.float32) for name in ("V1", "V2")}
    leads["V1"][3] = leads["V2"][5] = np.nan
    record = Record(id="r", leads=leads, sampling_rate_hz=100.0)
    with pytest.raises(RecordError, match="NaN at differing times in V1, V2"):
        make_window(record, CONTRACT)


def test_infinity_counts_as_missing(make_record: MakeRecord) -> None:
    """It is masked as NaN is."""
    record = make_record()
    leads = {name: x.copy() for name, x in record.leads.items()}
    leads["V3"][10] = np.inf
    assert not make_window(replace(record, leads=leads), CONTRACT).lead_mask[row("V3")]


@pytest.mark.parametrize(("crop", "first"), [("start", 0), ("centre", 250)])
def test_a_long_record_is_cropped_by_the_stated_rule(
    make_record: MakeRecord, crop: str, first: int
) -> None:
    """At equal rates the kept part is the stored samples themselves."""
    record = make_record(100.0, 15.0)
    window = make_window(record, replace(CONTRACT, crop=crop))
    np.testing.assert_array_equal(window.signal[1], record.leads["II"][first : first + 1000])
    assert window.notes == (f"cropped to {first / 100:g}-{first / 100 + 10:g} s",)


@pytest.mark.parametrize("rate_hz", [1000.0, 500.0, 400.0, 257.0])
@pytest.mark.parametrize("crop", ["start", "centre"])
@pytest.mark.parametrize("target_hz", [100, 500])
def test_cropping_early_equals_cropping_the_resampled_record(
    make_record: MakeRecord, rate_hz: float, crop: str, target_hz: int
) -> None:
    """Whether 30 s are resampled whole or only what the window needs, the window is the same."""
    record = make_record(rate_hz, 30.0)
    whole = make_window(record, SignalContract(sampling_rate_hz=target_hz, duration_s=30.0)).signal
    contract = SignalContract(sampling_rate_hz=target_hz, crop=crop)
    first = (30 * target_hz - contract.samples) // 2 if crop == "centre" else 0
    window = make_window(record, contract)
    np.testing.assert_allclose(window.signal, whole[:, first : first + contract.samples], atol=1e-6)
    assert window.sample_mask.all()


@pytest.mark.parametrize("rate_hz", [100.0, 500.0, 257.0])
def test_a_short_record_is_padded_with_masked_zeros(
    make_record: MakeRecord, rate_hz: float
) -> None:
    """Seven seconds stay seven seconds: never stretched, repeated or faked."""
    window = make_window(make_record(rate_hz, 7.0), CONTRACT)
    np.testing.assert_array_equal(window.sample_mask, np.arange(1000) < 700)
    assert not window.signal[:, 700:].any()
    assert window.notes[-1] == "7 s long, the rest up to 10 s is masked"
    times_s = np.array([0.35 + 0.8 * beat for beat in range(8)])
    near = np.stack([window.signal[1, round(t * 100) - 1 : round(t * 100) + 2] for t in times_s])
    assert near.max(axis=1).min() > 0.7  # every beat is where it was


@pytest.mark.parametrize("rate_hz", [1000.0, 500.0, 400.0, 257.0])
@pytest.mark.parametrize("target_hz", [100, 500])
def test_a_tone_keeps_time_and_amplitude_through_the_window(rate_hz: float, target_hz: int) -> None:
    """A tone of 11 Hz with a known phase comes out at the contract's rate."""
    times_s = np.arange(round(10 * rate_hz)) / rate_hz
    wave = np.sin(2 * np.pi * 11 * times_s + 1).astype(np.float32)
    record = Record(id="r", leads={"V1": wave}, sampling_rate_hz=rate_hz)
    window = make_window(record, SignalContract(sampling_rate_hz=target_hz))
    truth = np.sin(2 * np.pi * 11 * np.arange(10 * target_hz) / target_hz + 1)
    inner = slice(target_hz // 3, -target_hz // 3)
    np.testing.assert_allclose(window.signal[row("V1"), inner], truth[inner], atol=1e-3)
    note = f"resampled from {rate_hz:g} Hz to {target_hz} Hz"
    assert (note in window.notes) == (rate_hz != target_hz)


def test_the_highpass_removes_drift_and_moves_no_beat(make_record: MakeRecord) -> None:
    """Offset and 0.05 Hz drift go; the beats stay in place (zero phase)."""
    record = make_record()
    drift = 2 + np.sin(2 * np.pi * 0.05 * np.arange(1000) / 100).astype(np.float32)
    drifting = replace(record, leads={name: x + drift for name, x in record.leads.items()})
    contract = replace(CONTRACT, highpass_hz=0.5)
    clean, mended = (make_window(r, contract).signal for r in (record, drifting))
    np.testing.assert_allclose(mended[:, 150:-150], clean[:, 150:-150], atol=0.02)
    assert abs(mended[1].mean()) < 0.05
    peaks = [s[1, 100:140].argmax() for s in (mended, make_window(record, CONTRACT).signal)]
    assert peaks[0] == peaks[1]


def test_the_highpass_survives_very_short_records(make_record: MakeRecord) -> None:
    """Shorter than the filter's settling time is still a window."""
    window = make_window(make_record(100.0, 0.5), replace(CONTRACT, highpass_hz=0.5))
    assert window.sample_mask.sum() == 50
    assert np.isfinite(window.signal).all()


def test_a_contract_may_ask_for_fewer_leads_and_still_derive_them(make_record: MakeRecord) -> None:
    """Lead III alone is derived from I and II, which the contract does not keep."""
    record = make_record()
    contract = SignalContract(leads=("V1", "III"))
    window = make_window(without(record, "III"), contract)
    assert window.signal.shape == (2, 1000)
    assert window.lead_mask.all()
    np.testing.assert_array_equal(window.signal[0], record.leads["V1"])
    np.testing.assert_allclose(window.signal[1], record.leads["III"], atol=0.003)


def test_none_of_the_contracts_leads_is_an_error(make_record: MakeRecord) -> None:
    """A window with no lead at all is refused."""
    record = make_record()
    only = replace(record, leads={"V1": record.leads["V1"]})
    with pytest.raises(RecordError, match="at least one of the contract's leads V2"):
        make_window(only, SignalContract(leads=("V2",)))


def test_a_contract_with_an_unknown_lead_is_refused(make_record: MakeRecord) -> None:
    """Only the standard leads have a meaning."""
    with pytest.raises(ContractError, match="found V9"):
        make_window(make_record(), SignalContract(leads=("I", "V9")))
