"""Draws of labels: whole patients, as large as asked, rare classes kept where there is room."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from supreme_ecg.evaluation.label_draws import draw_fraction, draw_shots

RNG = np.random.default_rng(0)
LABELS = (RNG.random((900, 5)) < [0.5, 0.2, 0.05, 0.005, 0.0]).astype(np.int8)
LABELS[:3, 3] = 1
PATIENTS = [f"p{n // 2 if n < 200 else n}" for n in range(900)]


@given(st.sampled_from([0.01, 0.03, 0.1, 0.5, 0.99]), st.integers(0, 50))
def test_a_share_is_of_whole_patients_and_no_larger_than_asked(
    fraction: float, number: int
) -> None:
    """No patient is cut in two, and at most one patient's records are missing."""
    draw = draw_fraction(LABELS, PATIENTS, fraction=fraction, number=number)
    drawn = {PATIENTS[place] for place in draw.places}
    assert [n for n in range(900) if PATIENTS[n] in drawn] == draw.places.tolist()
    assert 0 <= round(fraction * 900) - len(draw.places) <= 1
    assert np.array_equal(draw.labels, LABELS[draw.places])


@given(st.integers(0, 100))
def test_every_class_that_anybody_has_keeps_a_positive(number: int) -> None:
    """One record in a hundred, a class that few of 900 have, and one that nobody has."""
    draw = draw_fraction(LABELS, PATIENTS, fraction=0.01, number=number)
    assert draw.trainable.tolist() == [True, True, True, True, False]


def test_a_share_too_small_for_all_classes_keeps_the_rarest() -> None:
    """Two records cannot hold positives of ten classes that exclude each other; no error."""
    labels = np.eye(10, dtype=np.int8).repeat([1, *range(10, 19)], axis=0)
    draw = draw_fraction(labels, [f"{n}" for n in range(len(labels))], fraction=0.015, number=0)
    assert len(draw.places) == 2
    assert draw.positives[0] == 1


def test_draws_differ_and_can_be_repeated() -> None:
    """By number and seed."""
    first, again, other, seeded = (
        draw_fraction(LABELS, PATIENTS, fraction=0.1, number=number, seed=seed).places.tolist()
        for number, seed in ((0, 0), (0, 0), (1, 0), (0, 1))
    )
    assert first == again
    assert first not in (other, seeded)


def test_a_larger_draw_goes_on_from_a_smaller_one() -> None:
    """What 1 % holds, 10 % of the same number holds too."""
    small, large = (
        set(draw_fraction(LABELS, PATIENTS, fraction=f, number=3).places) for f in (0.01, 0.1)
    )
    assert small < large


def test_all_labels_are_all_labels() -> None:
    """At 1 nothing is drawn."""
    draw = draw_fraction(LABELS, PATIENTS, fraction=1.0, number=4)
    assert draw.places.tolist() == list(range(900))


@pytest.mark.parametrize("shots", [1, 5, 10])
def test_a_class_has_exactly_its_shots_or_all_there_are(shots: int) -> None:
    """Positives that came with another class are hidden, and no label is wrong."""
    draw = draw_shots(LABELS, PATIENTS, shots=shots, number=0)
    patients = [
        len({p for p, has in zip(PATIENTS, column, strict=True) if has}) for column in LABELS.T
    ]
    assert draw.positives.tolist() == [min(shots, count) for count in patients]
    shown = ~np.isnan(draw.labels)
    assert np.array_equal(draw.labels[shown], LABELS[draw.places][shown])
    assert not (np.isnan(draw.labels) & (LABELS[draw.places] == 0)).any()


def test_shots_of_a_class_are_of_different_patients() -> None:
    """Two recordings of one patient are not two shots."""
    draw = draw_shots(LABELS, PATIENTS, shots=10, number=2)
    for column in range(5):
        own = [PATIENTS[place] for place in draw.places[draw.labels[:, column] == 1]]
        assert len(own) == len(set(own))
