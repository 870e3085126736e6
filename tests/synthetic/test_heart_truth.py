"""Tests of what simulated hearts have, and of patients."""

from __future__ import annotations

import numpy as np
import pytest

from supreme_ecg.errors import ConceptError
from supreme_ecg.synthetic.conditions import (
    CONDITIONS,
    HIDES_MORPHOLOGY,
    RHYTHM_CONDITIONS,
    STRUCTURE,
    Condition,
    sample_conditions,
)
from supreme_ecg.synthetic.heart import make_heart
from supreme_ecg.synthetic.patient import make_patient


def test_sampled_conditions_can_always_be_a_heart() -> None:
    """Two thousand draws have one rhythm each, no clash, and show every condition."""
    rng, seen = np.random.default_rng(0), set()
    for _ in range(2000):
        conditions = sample_conditions(age_years=float(rng.uniform(18, 90)), rng=rng)
        assert len(conditions & RHYTHM_CONDITIONS) == 1
        assert not (conditions & HIDES_MORPHOLOGY and conditions & set(STRUCTURE))
        assert make_heart(conditions, rng=rng).conditions == conditions
        seen |= conditions
    assert seen == set(CONDITIONS)


def test_older_hearts_are_less_often_normal() -> None:
    """The share of plain sinus rhythm falls with age."""

    def share_normal(age_years: float) -> float:
        rng = np.random.default_rng(1)
        drawn = [sample_conditions(age_years=age_years, rng=rng) for _ in range(600)]
        return sum(conditions == {"sinus_rhythm"} for conditions in drawn) / len(drawn)

    assert share_normal(85) < share_normal(20) - 0.1


@pytest.mark.parametrize(
    "clash",
    [
        ("atrial_fibrillation", "first_degree_av_block"),
        ("atrial_fibrillation", "atrial_flutter"),
        ("sinus_rhythm", "sinus_bradycardia"),
        ("atrial_flutter", "left_atrial_enlargement"),
        ("complete_left_bundle_branch_block", "old_inferior_myocardial_infarction"),
        ("left_axis_deviation", "right_axis_deviation"),
    ],
)
def test_clashing_conditions_are_refused_by_name(clash: tuple[Condition, ...]) -> None:
    """Conditions that exclude each other stop with both names in the message."""
    with pytest.raises(ConceptError) as caught:
        make_heart(clash, rng=np.random.default_rng(0))
    assert all(name in str(caught.value) for name in clash)


def test_an_unknown_condition_is_refused() -> None:
    """A misspelt condition stops with its name."""
    with pytest.raises(ConceptError, match="atrial_fibrilation"):
        make_heart(["atrial_fibrilation"], rng=np.random.default_rng(0))  # type: ignore[list-item]


def test_patients_do_not_depend_on_each_other() -> None:
    """A patient made alone or after others, in any order, is the same."""
    forwards = {number: make_patient(number, seed=5) for number in range(20)}
    backwards = {number: make_patient(number, seed=5) for number in reversed(range(20))}
    for number in range(20):
        assert repr(forwards[number]) == repr(backwards[number])
    assert repr(make_patient(3, seed=5)) != repr(make_patient(3, seed=6))


def test_patients_fill_ten_folds_and_some_come_twice() -> None:
    """Folds 1 to 10 all occur; second visits keep conditions and have another seed."""
    patients = [make_patient(number, seed=2) for number in range(200)]
    assert {patient.fold for patient in patients} == set(range(1, 11))
    twice = [patient for patient in patients if len(patient.visits) == 2]
    assert 10 < len(twice) < 60
    for patient in twice:
        first, second = patient.visits
        assert first.heart.conditions == second.heart.conditions
        assert first.seed.spawn_key != second.seed.spawn_key
        assert first.heart.rate_bpm != second.heart.rate_bpm


def test_share_of_faults_is_as_asked() -> None:
    """No fault at 0, one in every record at 1."""
    for share in (0.0, 1.0):
        visits = [v for n in range(40) for v in make_patient(n, seed=1, faults=share).visits]
        assert all((visit.fault is not None) is (share == 1.0) for visit in visits)
