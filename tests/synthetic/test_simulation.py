"""Tests of the simulated tracing against the physics and the criteria of electrocardiography."""

from __future__ import annotations

import numpy as np
import pytest

from supreme_ecg.records.leads import CHEST_LEADS, STANDARD_LEADS
from supreme_ecg.records.record import Record
from supreme_ecg.synthetic.conditions import CONDITIONS, Condition
from supreme_ecg.synthetic.electrodes import CLEAN
from supreme_ecg.synthetic.heart import Heart
from supreme_ecg.synthetic.lead_field import frontal_axis_deg
from supreme_ecg.synthetic.simulation import schedule_of, simulate
from tests.synthetic.measuring import (
    clean_record,
    heart_with,
    level_mv,
    qrs_span,
    rr_intervals_s,
    well_inside,
)

SEEDS = range(6)


def first_qrs(record: Record, heart: Heart, seed: int) -> slice:
    """The first whole QRS of a tracing."""
    return qrs_span(record, well_inside(schedule_of(heart, seed=seed).beats_s)[0])


@pytest.mark.parametrize("condition", CONDITIONS)
def test_limb_leads_obey_einthoven_and_goldberger(condition: Condition) -> None:
    """Noise included, the limb leads of every condition are consistent to float precision."""
    leads = simulate(heart_with(condition), seed=1, sampling_rate_hz=100).leads
    one, two, three = leads["I"], leads["II"], leads["III"]
    np.testing.assert_allclose(one + three, two, atol=1e-6)
    np.testing.assert_allclose(leads["aVR"] + leads["aVL"] + leads["aVF"], 0, atol=1e-6)
    np.testing.assert_allclose(leads["aVL"], (one - three) / 2, atol=1e-6)
    np.testing.assert_allclose(leads["aVF"], (two + three) / 2, atol=1e-6)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_every_condition_gives_twelve_leads_of_plausible_size(condition: Condition) -> None:
    """Twelve finite float32 leads of the asked length, none above 6 mV."""
    record = simulate(heart_with(condition), seed=2, sampling_rate_hz=250, duration_s=8.0)
    assert tuple(record.leads) == STANDARD_LEADS
    for samples in record.leads.values():
        assert samples.dtype == np.float32
        assert samples.shape == (2000,)
        assert np.isfinite(samples).all()
        assert 0.02 < np.ptp(samples) < 6


@pytest.mark.parametrize("seed", SEEDS)
def test_normal_chest_leads_progress(seed: int) -> None:
    """R grows against S from V1 (negative) to V6 (positive) and exceeds it at V3 or V4."""
    heart = heart_with(seed=seed)
    record = clean_record(heart, seed)
    span = first_qrs(record, heart, seed)
    shares = []
    for name in CHEST_LEADS:
        qrs = record.leads[name][span]
        shares.append(qrs.max() / (qrs.max() - qrs.min()))
    assert shares[0] < 0.5
    assert shares[1] < 0.5
    assert shares[3] > 0.5
    assert shares[5] > 0.5
    assert record.leads["V1"][span].sum() < 0 < record.leads["V6"][span].sum()


@pytest.mark.parametrize("seed", SEEDS)
def test_normal_amplitudes_are_those_of_people(seed: int) -> None:
    """R in II, R in V5, S in V1 and P in II lie in the adult range."""
    heart = heart_with(seed=seed)
    record = clean_record(heart, seed)
    span = first_qrs(record, heart, seed)
    assert 0.5 < record.leads["II"][span].max() < 1.8
    assert 0.8 < record.leads["V5"][span].max() < 2.4
    assert -1.7 < record.leads["V1"][span].min() < -0.4
    p_wave = record.leads["II"][span.start - int(1000 * heart.pr_s) : span.start - 20]
    assert 0.05 < p_wave.max() < 0.25


@pytest.mark.parametrize("seed", SEEDS)
def test_normal_waves_point_the_right_way(seed: int) -> None:
    """P and T are upright in II; P, QRS and T are inverted in aVR; ST is level."""
    heart = heart_with(seed=seed)
    record = clean_record(heart, seed)
    onset = well_inside(schedule_of(heart, seed=seed).qrs_s)[0]
    span = first_qrs(record, heart, seed)
    p_s = onset - heart.pr_s + 0.05
    assert level_mv(record, "II", p_s) > 0.04
    assert level_mv(record, "aVR", p_s) < -0.03
    assert record.leads["aVR"][span].sum() < 0
    t_wave = slice(span.stop + 80, span.stop + 330)
    assert record.leads["II"][t_wave].max() > 0.12
    assert record.leads["aVR"][t_wave].min() < -0.1
    for name in ("I", "II", "V5", "V6"):
        assert abs(level_mv(record, name, onset + 0.098)) < 0.06


@pytest.mark.parametrize(
    "condition", ["sinus_rhythm", "sinus_bradycardia", "sinus_tachycardia", "atrial_fibrillation"]
)
def test_measured_rate_is_the_true_rate(condition: Condition) -> None:
    """Counting QRS complexes gives back the rate, closely unless the rhythm is irregular."""
    heart = heart_with(condition, seed=3)
    means = [rr_intervals_s(clean_record(heart, seed)).mean() for seed in SEEDS]
    tolerance = 0.15 if condition == "atrial_fibrillation" else 0.03
    assert 60 / np.mean(means) == pytest.approx(heart.rate_bpm, rel=tolerance)


@pytest.mark.parametrize("seed", SEEDS)
def test_fibrillation_is_irregular_and_sinus_rhythm_is_not(seed: int) -> None:
    """RR varies by more than a tenth in fibrillation and less than 8 % in sinus rhythm."""
    irregular = rr_intervals_s(clean_record(heart_with("atrial_fibrillation", seed=seed), seed))
    regular = rr_intervals_s(clean_record(heart_with("sinus_rhythm", seed=seed), seed))
    assert irregular.std() / irregular.mean() > 0.1
    assert regular.std() / regular.mean() < 0.08


def test_fibrillation_has_no_p_wave() -> None:
    """Averaged over many beats nothing precedes the QRS, as a P wave does in sinus rhythm."""

    def mean_before_qrs(condition: Condition) -> float:
        heart = heart_with(condition)
        pieces = []
        for seed in range(12):
            lead = clean_record(heart, seed).leads["II"]
            for onset in well_inside(schedule_of(heart, seed=seed).qrs_s):
                end = round(1000 * onset)
                pieces.append(lead[end - 240 : end - 20])
        return float(np.ptp(np.mean(pieces, axis=0)))

    assert mean_before_qrs("sinus_rhythm") > 0.08
    assert mean_before_qrs("atrial_fibrillation") < 0.065


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("condition", "shortest_s", "longest_s"),
    [
        ("sinus_rhythm", 0.06, 0.110),
        ("left_anterior_fascicular_block", 0.06, 0.120),
        ("left_ventricular_hypertrophy", 0.06, 0.120),
        ("complete_right_bundle_branch_block", 0.120, 0.19),
        ("complete_left_bundle_branch_block", 0.120, 0.19),
        ("ventricular_paced_rhythm", 0.120, 0.24),
        ("nonspecific_intraventricular_conduction_disturbance", 0.110, 0.17),
        ("wolff_parkinson_white", 0.105, 0.16),
    ],
)
def test_qrs_duration(condition: Condition, shortest_s: float, longest_s: float, seed: int) -> None:
    """The width of the QRS, measured by slope, fits the conduction."""
    heart = heart_with(condition, seed=seed)
    record = clean_record(heart, seed)
    span = first_qrs(record, heart, seed)
    assert shortest_s <= (span.stop - span.start) / 1000 <= longest_s


def test_left_bundle_branch_block_is_negative_in_v1_and_notched_in_v6() -> None:
    """QS or rS in V1, a broad R without q in I and V6 with two peaks, discordant T."""
    heart = heart_with("complete_left_bundle_branch_block")
    record = clean_record(heart)
    span = first_qrs(record, heart, 0)
    assert record.leads["V1"][span].max() < 0.2 < -record.leads["V1"][span].min()
    for name in ("I", "V6"):
        qrs = record.leads[name][span]
        assert qrs[:60].min() > -0.03
        rising = np.diff(qrs) > 0
        peaks = np.flatnonzero(rising[:-1] & ~rising[1:])
        assert (qrs[peaks] > 0.6 * qrs.max()).sum() == 2
        assert record.leads[name][span.stop + 60 : span.stop + 250].min() < -0.1


def test_right_bundle_branch_block_ends_positive_in_v1_and_negative_in_i_and_v6() -> None:
    """V1 shows rsR' with a taller R', a wide S in I and V6."""
    heart = heart_with("complete_right_bundle_branch_block")
    record = clean_record(heart)
    span = first_qrs(record, heart, 0)
    v1 = record.leads["V1"][span]
    trough = int(np.argmin(v1))
    assert v1[:trough].max() > 0.1
    assert v1[trough:].max() > v1[:trough].max()
    for name in ("I", "V6"):
        assert record.leads[name][span][80:].min() < -0.12


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    "condition",
    [
        "sinus_rhythm",
        "left_axis_deviation",
        "right_axis_deviation",
        "left_anterior_fascicular_block",
        "left_posterior_fascicular_block",
        "left_ventricular_hypertrophy",
    ],
)
def test_measured_axis_is_the_true_axis(condition: Condition, seed: int) -> None:
    """Net areas of I and aVF give back the axis within a few degrees."""
    heart = heart_with(condition, seed=seed)
    record = clean_record(heart, seed)
    span = first_qrs(record, heart, seed)
    wide = slice(span.start - 8, span.stop + 4)
    one, avf = record.leads["I"][wide].sum(), record.leads["aVF"][wide].sum()
    assert float(frontal_axis_deg(one, avf)) == pytest.approx(heart.axis_deg, abs=6)


def test_left_anterior_fascicular_block_has_its_morphology() -> None:
    """Leads show qR in aVL, rS in II, III and aVF."""
    heart = heart_with("left_anterior_fascicular_block")
    record = clean_record(heart)
    span = first_qrs(record, heart, 0)
    for name in ("II", "III", "aVF"):
        qrs = record.leads[name][span]
        assert qrs.max() > 0.05
        assert -qrs.min() > qrs.max()
        assert np.argmax(qrs) < np.argmin(qrs)
    avl = record.leads["aVL"][span]
    assert avl[: int(np.argmax(avl))].min() < -0.02
    assert avl.max() > 0.4


@pytest.mark.parametrize("seed", SEEDS)
def test_hypertrophy_meets_voltage_criteria_and_low_voltage_does_not(seed: int) -> None:
    """Sokolow-Lyon above 3.5 mV in LVH; every limb lead below 0.5 mV in low voltage."""
    heart = heart_with("left_ventricular_hypertrophy", seed=seed)
    record = clean_record(heart, seed)
    r_v5 = max(record.leads["V5"].max(), record.leads["V6"].max())
    assert r_v5 - record.leads["V1"].min() > 3.5
    low_heart = heart_with("low_qrs_voltage", seed=seed)
    low = clean_record(low_heart, seed)
    span = first_qrs(low, low_heart, seed)
    assert max(np.ptp(low.leads[name][span]) for name in STANDARD_LEADS[:6]) < 0.5


def test_right_ventricular_hypertrophy_has_a_tall_r_in_v1() -> None:
    """R exceeds S in V1 and S exceeds R in V6."""
    heart = heart_with("right_ventricular_hypertrophy")
    record = clean_record(heart)
    span = first_qrs(record, heart, 0)
    v1, v6 = record.leads["V1"][span], record.leads["V6"][span]
    assert v1.max() > 0.6 > -v1.min()
    assert -v6.min() > v6.max()


@pytest.mark.parametrize(
    ("territory", "elevated", "depressed"),
    [
        ("anterior", ("V2", "V3", "V4"), ("III",)),
        ("anteroseptal", ("V1", "V2", "V3"), ()),
        ("inferior", ("II", "III", "aVF"), ("aVL", "I")),
        ("lateral", ("I", "aVL", "V5", "V6"), ("III",)),
    ],
)
def test_infarction_shows_in_its_territory(
    territory: str, elevated: tuple[str, ...], depressed: tuple[str, ...]
) -> None:
    """Acute: ST elevation in its leads and depression opposite. Old: Q or QS, T inverted."""
    acute = heart_with(f"acute_{territory}_myocardial_infarction")  # type: ignore[arg-type]
    record = clean_record(acute)
    span = first_qrs(record, acute, 0)
    for name in elevated:
        assert record.leads[name][span.stop + 40] > 0.1, name
    for name in depressed:
        assert record.leads[name][span.stop + 40] < -0.03, name
    old = heart_with(f"old_{territory}_myocardial_infarction")  # type: ignore[arg-type]
    record = clean_record(old)
    span = first_qrs(record, old, 0)
    for name in elevated:
        qrs = record.leads[name][span]
        assert qrs[:40].min() < -0.15, name
        assert qrs[:12].max() < 0.1, name
        assert record.leads[name][span.stop + 80 : span.stop + 330].min() < -0.05, name


def test_st_depression_is_seen_laterally() -> None:
    """ST lies below the baseline in V4 to V6 by a millimetre or so."""
    heart = heart_with("st_depression")
    record = clean_record(heart)
    span = first_qrs(record, heart, 0)
    for name in ("V4", "V5", "V6"):
        assert record.leads[name][span.stop + 50] < -0.07


def test_long_qt_ends_its_t_wave_later() -> None:
    """The T wave peaks at least 70 ms later than in a normal heart of the same rate."""

    def t_peak_s(heart: Heart) -> float:
        record = clean_record(heart)
        span = first_qrs(record, heart, 0)
        return float(np.argmax(record.leads["V5"][span.stop + 40 : span.stop + 420]))

    normal, long = heart_with("sinus_rhythm"), heart_with("long_qt")
    assert abs(normal.rate_bpm - long.rate_bpm) < 10
    assert t_peak_s(long) - t_peak_s(normal) > 70


def test_premature_ventricular_beat_is_wide_with_a_compensatory_pause() -> None:
    """It comes early, is wider than 120 ms, and the beats around it are two intervals apart."""
    heart = heart_with("premature_ventricular_complex")
    schedule = schedule_of(heart, seed=0)
    early = well_inside(schedule.ventricular_s)[0]
    before = schedule.qrs_s[schedule.qrs_s < early][-1]
    after = schedule.qrs_s[schedule.qrs_s > early][0]
    interval = 60 / heart.rate_bpm
    assert early - before < 0.8 * interval
    assert after - before == pytest.approx(2 * interval, rel=0.08)
    span = qrs_span(clean_record(heart), early)
    assert span.stop - span.start > 120


def test_pacing_spikes_precede_wide_beats() -> None:
    """At 1000 Hz a needle stands within 20 ms before every paced QRS."""
    heart = heart_with("ventricular_paced_rhythm")
    lead = clean_record(heart).leads["II"]
    jumps = np.abs(np.diff(lead))
    for onset in well_inside(schedule_of(heart, seed=0).ventricular_s):
        middle = round(1000 * onset)
        assert jumps[middle - 20 : middle + 5].max() > 5 * jumps[middle + 25 : middle + 400].max()


def test_same_seed_same_tracing_and_another_seed_another() -> None:
    """Simulation is a function of heart and seed."""
    heart = heart_with("atrial_fibrillation")
    first, again, other = (simulate(heart, seed=seed).leads["V1"] for seed in (7, 7, 8))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_beats_stay_where_they_are_at_another_rate() -> None:
    """Every fifth clean sample at 500 Hz is the sample at 100 Hz."""
    heart = heart_with("premature_atrial_complex")
    fast = simulate(heart, seed=4, sampling_rate_hz=500, noise=CLEAN).leads
    slow = simulate(heart, seed=4, sampling_rate_hz=100, noise=CLEAN).leads
    for name in STANDARD_LEADS:
        np.testing.assert_allclose(fast[name][::5], slow[name], atol=2e-3)
