from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from supreme_ecg.errors import RecordError
from supreme_ecg.preprocessing.quality import QualityFlag, check_quality
from supreme_ecg.records.reading import read_record
from supreme_ecg.records.record import Record

MakeRecord = Callable[..., Record]
Leads = dict[str, np.ndarray]


def plant(record: Record, change: Callable[[Leads], None]) -> tuple[QualityFlag, ...]:
    """Check a copy of the record after ``change`` has spoilt its leads."""
    leads = {name: x.copy() for name, x in record.leads.items()}
    change(leads)
    return check_quality(replace(record, leads=leads))


def names(flags: tuple[QualityFlag, ...]) -> list[tuple[str, str | None]]:
    """Checks and leads only."""
    return [(flag.name, flag.lead) for flag in flags]


@pytest.mark.parametrize("rate_hz", [100.0, 257.0, 500.0, 1000.0])
def test_a_clean_record_has_no_flag(make_record: MakeRecord, rate_hz: float) -> None:
    """At no rate does a lawful ECG raise an alarm."""
    assert check_quality(make_record(rate_hz)) == ()


@pytest.mark.parametrize("count", [1, 8])
def test_a_clean_record_of_few_leads_has_no_flag(make_record: MakeRecord, count: int) -> None:
    """One lead, or I, II and V1-V6: laws whose leads are absent are not checked."""
    kept = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")[:count]
    record = make_record()
    assert check_quality(replace(record, leads={name: record.leads[name] for name in kept})) == ()


def test_a_flat_lead_is_flagged_and_kept(make_record: MakeRecord) -> None:
    """A lead within 10 uV shows no heartbeat; the others are still worth storing."""

    def flatten(leads: Leads) -> None:
        leads["V5"][:] = 0.3
        leads["V5"][::7] += 0.005

    (flag,) = plant(make_record(), flatten)
    assert (flag.name, flag.lead, flag.threshold, flag.rejects) == ("flat", "V5", 0.010, False)
    assert flag.value == pytest.approx(0.005, abs=1e-6)


@pytest.mark.parametrize("rate_hz", [100.0, 500.0])
@pytest.mark.parametrize("start_s", [0.0, 3.31, 8.5])
def test_a_lead_that_stands_still_for_a_while_is_flagged(
    make_record: MakeRecord, rate_hz: float, start_s: float
) -> None:
    """1.2 s without a count of change is found wherever it lies; 0.8 s is not."""

    def hold(leads: Leads, duration_s: float) -> None:
        first = round(start_s * rate_hz)
        leads["V6"][first : first + round(duration_s * rate_hz)] = 0.0415

    record = make_record(rate_hz)
    (flag,) = plant(record, lambda leads: hold(leads, 1.2))
    assert (flag.name, flag.lead, flag.rejects) == ("constant_run", "V6", False)
    assert flag.value == pytest.approx(1.2, abs=0.02)
    assert plant(record, lambda leads: hold(leads, 0.8)) == ()


@pytest.mark.parametrize("rate_hz", [100.0, 500.0])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_clipped_lead_is_flagged(make_record: MakeRecord, rate_hz: float, sign: int) -> None:
    """An amplifier that saturates at +-0.6 mV repeats its rail at every beat."""

    def clip(leads: Leads) -> None:
        leads["V6"].clip(-0.6, 0.6, out=leads["V6"])

    record = make_record(rate_hz)
    record = replace(record, leads={n: sign * x for n, x in record.leads.items()})
    (flag,) = plant(record, clip)
    assert (flag.name, flag.lead, flag.rejects) == ("clipped", "V6", False)
    assert flag.value >= 0.1


def test_missing_samples_are_counted_and_the_record_kept(make_record: MakeRecord) -> None:
    """NaN and infinity both; a lead of nothing else is counted in full."""

    def lose(leads: Leads) -> None:
        leads["V1"][5:8] = np.nan
        leads["V2"][:] = np.nan
        leads["V3"][0] = np.inf

    flags = plant(make_record(), lose)
    assert [(f.name, f.lead, f.value, f.rejects) for f in flags] == [
        ("missing_samples", "V1", 3, False),
        ("missing_samples", "V2", 1000, False),
        ("missing_samples", "V3", 1, False),
    ]


def test_other_checks_still_work_around_missing_samples(make_record: MakeRecord) -> None:
    """A pause of all leads hides neither a swap nor a clipped lead."""

    def spoil(leads: Leads) -> None:
        leads["aVL"], leads["aVF"] = leads["aVF"], leads["aVL"]
        leads["V6"].clip(-0.6, 0.6, out=leads["V6"])
        for samples in leads.values():
            samples[100:120] = np.nan

    found = names(plant(make_record(), spoil))[12:]
    assert found == [("clipped", "V6"), ("goldberger", None), ("limb_lead_swap", "aVL/aVF")]


@pytest.mark.parametrize("value", [0.0, 3.5, np.nan])
def test_a_record_without_any_signal_is_rejected(make_record: MakeRecord, value: float) -> None:
    """All leads constant or all NaN: there is nothing to store."""

    def empty(leads: Leads) -> None:
        for samples in leads.values():
            samples[:] = value

    flags = plant(make_record(), empty)
    assert [flag.name for flag in flags if flag.rejects] == ["no_signal"]


@pytest.mark.parametrize("factor", [1000.0, 200.0, 0.001])
def test_a_record_in_another_unit_is_rejected(make_record: MakeRecord, factor: float) -> None:
    """Microvolts, ADC counts at 200 per mV, or volts taken for millivolts."""

    def scale(leads: Leads) -> None:
        for samples in leads.values():
            samples[:] *= np.float32(factor)

    (flag,) = plant(make_record(), scale)
    assert (flag.name, flag.lead, flag.rejects) == ("wrong_unit", None, True)
    assert (flag.value > flag.threshold) == (factor > 1)


@pytest.mark.parametrize("factor", [1000.0, 0.001])
@pytest.mark.parametrize("lead", ["II", "aVR"])
def test_one_limb_lead_in_another_unit_is_named_and_rejects(
    make_record: MakeRecord, factor: float, lead: str
) -> None:
    """Einthoven and Goldberger tell which lead is in microvolts or volts."""

    def scale(leads: Leads) -> None:
        leads[lead] *= np.float32(factor)

    flags = plant(make_record(), scale)
    (unit,) = [flag for flag in flags if flag.name == "wrong_unit"]
    assert (unit.lead, unit.rejects) == (lead, True)


@pytest.mark.parametrize(
    "pair", [("aVL", "aVF"), ("I", "II"), ("II", "III"), ("III", "aVR")], ids="/".join
)
def test_two_exchanged_limb_leads_are_named(make_record: MakeRecord, pair: tuple[str, str]) -> None:
    """The exchange that restores the laws is found (aVF/aVL is the order of MIMIC-IV-ECG)."""

    def swap(leads: Leads) -> None:
        leads[pair[0]], leads[pair[1]] = leads[pair[1]], leads[pair[0]]

    flags = plant(make_record(), swap)
    assert names(flags)[-1] == ("limb_lead_swap", "/".join(pair))
    assert not any(flag.rejects for flag in flags)


@pytest.mark.parametrize("lead", ["I", "III", "aVR"])
def test_a_limb_lead_with_the_wrong_sign_is_named(make_record: MakeRecord, lead: str) -> None:
    """For instance -aVR under the name of aVR (Cabrera's order)."""

    def negate(leads: Leads) -> None:
        leads[lead] *= -1

    assert names(plant(make_record(), negate))[-1] == ("limb_lead_swap", f"-{lead}")


@pytest.mark.parametrize(
    ("lead", "laws"),
    [("II", ["einthoven", "goldberger"]), ("aVL", ["goldberger"])],
)
def test_one_lead_with_an_artefact_of_its_own_is_named(
    make_record: MakeRecord, lead: str, laws: list[str]
) -> None:
    """The lead without which the others agree is the culprit; the residual is measured."""

    def disturb(leads: Leads) -> None:
        leads[lead][400:430] += 0.25

    flags = plant(make_record(), disturb)
    assert names(flags) == [(law, lead) for law in laws]
    assert flags[0].value == pytest.approx(0.25, abs=0.01)
    assert flags[0].threshold == 0.003


def test_coarse_counts_are_not_taken_for_a_broken_law(make_record: MakeRecord) -> None:
    """At 5 uV per count (MIMIC-IV-ECG) each lead's rounding alone exceeds 3 uV."""

    def coarsen(leads: Leads) -> None:
        for samples in leads.values():
            samples[:] = np.rint(samples / 0.005) * np.float32(0.005)

    record = make_record()
    assert plant(record, coarsen) == ()

    def coarsen_and_disturb(leads: Leads) -> None:
        coarsen(leads)
        leads["I"][50:60] += np.float32(0.04)

    assert ("einthoven", "I") in names(plant(record, coarsen_and_disturb))


def test_a_repeated_lead_is_flagged(make_record: MakeRecord) -> None:
    """V4 stored twice, once under the name of V5."""

    def repeat(leads: Leads) -> None:
        leads["V5"][:] = leads["V4"]

    assert names(plant(make_record(), repeat)) == [("duplicated", "V4/V5")]


def test_an_implausible_amplitude_is_flagged(make_record: MakeRecord) -> None:
    """A spike of 25 mV is no heart's."""

    def spike(leads: Leads) -> None:
        leads["V1"][500] = 25.0

    (flag,) = plant(make_record(), spike)
    assert (flag.name, flag.lead, flag.rejects) == ("implausible_amplitude", "V1", False)


def test_leads_that_are_not_standard_are_not_judged(make_record: MakeRecord) -> None:
    """A pressure in the same file cannot spoil the ECG's quality."""
    record = make_record()
    more = replace(record, leads=record.leads | {"ABP": np.full(1000, 90.0, np.float32)})
    assert check_quality(more) == ()


def test_checking_changes_no_sample(make_record: MakeRecord) -> None:
    """The record is read, never written."""
    record = make_record()
    record = replace(record, leads={n: x.copy() for n, x in record.leads.items()})
    record.leads["V1"][3] = np.inf
    check_quality(record)
    assert np.isinf(record.leads["V1"][3])


def test_nothing_to_check_is_an_error() -> None:
    """No standard lead: the same error as the window's."""
    record = Record(id="r", leads={"ABP": np.zeros(9, np.float32)}, sampling_rate_hz=100.0)
    with pytest.raises(RecordError, match="found leads ABP"):
        check_quality(record)


@pytest.mark.shared_data
def test_real_records_are_clean_and_the_wrong_gain_of_ptb_is_caught(shared_data: Path) -> None:
    """78 challenge records pass; PTB's headers say 2,000,000 per mV, a thousand times too much."""
    flagged = {
        header.stem: [flag.name for flag in check_quality(read_record(header))]
        for corpus in ("cpsc2018", "cpsc2018-extra", "chapman-ningbo", "georgia", "ptb")
        for header in sorted((shared_data / corpus).glob("*.hea"))
    }
    assert len(flagged) == 80
    faulty = {stem: found for stem, found in flagged.items() if found}
    assert faulty == {"S0001": ["wrong_unit"], "S0002": ["wrong_unit"]}
