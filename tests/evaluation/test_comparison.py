"""Two models on the same records: differences of the right sign, decided only where they are."""

from __future__ import annotations

import numpy as np
import pytest

from supreme_ecg.evaluation.comparison import compare
from supreme_ecg.evaluation.metrics import auroc
from supreme_ecg.evaluation.task import Task
from supreme_ecg.evaluation.zero_shot import zero_shot
from supreme_ecg.evaluation.zero_shot_result import Comparison

TASK = Task.load("ptb_xl_superclass")
PATIENTS = [f"p{n // 2}" for n in range(400)]


def _labels() -> np.ndarray:
    shares = (0.5, 0.3, 0.3, 0.015, 0.0)  # the fourth has few positives, the last none
    labels = (np.random.default_rng(0).random((400, 5)) < shares).astype(np.int8)
    assert 0 < labels[:, 3].sum() < 10
    return labels


def _scores(labels: np.ndarray, strengths: tuple[float, ...], *, seed: int = 1) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=labels.shape)
    return 1 / (1 + np.exp(-(labels * np.array(strengths) + noise)))


def _compare(labels: np.ndarray, first: np.ndarray, second: np.ndarray) -> Comparison:
    other = zero_shot(
        TASK,
        labels,
        second,
        PATIENTS,
        exposure={one.concept: "unseen" for one in TASK.classes},
        seed=0,
        weights="second",
    )
    return compare(labels, first, PATIENTS, other=other, other_scores=second, draws=300, seed=0)


def test_differences_are_those_of_the_areas_and_decided_by_class() -> None:
    """Better where the first is stronger, worse where it is weaker, neither where they are alike."""
    labels = _labels()
    first = _scores(labels, (3, 0.3, 1, 5, 0))
    second = _scores(labels, (1, 2.5, 1, 0, 0), seed=2)
    found = _compare(labels, first, second)
    expected = auroc(labels, first) - auroc(labels, second)
    names = [one.name for one in TASK.classes]
    for name, difference in zip(names[:4], expected[:4], strict=True):
        assert found.gains[name].auroc == pytest.approx(difference)
    assert found.better == (names[0],)
    assert found.worse == (names[1],)
    assert found.gain == pytest.approx(np.nanmean(expected))
    assert found.gain_ci95 is not None
    assert found.gain_ci95[0] < found.gain < found.gain_ci95[1]


def test_a_class_with_few_positives_is_not_decided_however_wide_the_difference() -> None:
    """It has its difference and interval, and is in neither list."""
    labels = _labels()
    found = _compare(labels, _scores(labels, (1, 1, 1, 9, 0)), _scores(labels, (1, 1, 1, -9, 0)))
    few = TASK.classes[3].name
    assert found.gains[few].ci95 is not None
    assert found.gains[few].ci95[0] > 0.5
    assert few not in (*found.better, *found.worse)
    assert found.decidable == 3


def test_a_class_without_positives_has_no_difference() -> None:
    """It stays under its name with nulls."""
    labels = _labels()
    found = _compare(labels, _scores(labels, (1,) * 5), _scores(labels, (1,) * 5, seed=2))
    empty = found.gains[TASK.classes[4].name]
    assert (empty.auroc, empty.ci95) == (None, None)


def test_a_model_is_neither_better_nor_worse_than_itself() -> None:
    """Every difference and interval is 0, because the draws are the same."""
    labels = _labels()
    scores = _scores(labels, (1, 2, 0, 1, 0))
    found = _compare(labels, scores, scores)
    assert (found.better, found.worse, found.gain, found.gain_ci95) == ((), (), 0, (0, 0))


def test_pairing_decides_what_two_separate_intervals_would_leave_open() -> None:
    """A small steady gain on the same records has an interval narrower than either model's own."""
    labels = _labels()
    second = _scores(labels, (1, 1, 1, 1, 0))
    first = second + 0.05 * labels
    found = _compare(labels, first, second)
    own = found.ci95[TASK.classes[0].name]
    gain = found.gains[TASK.classes[0].name].ci95
    assert own is not None
    assert gain is not None
    assert gain[1] - gain[0] < 0.3 * (own[1] - own[0])
    assert TASK.classes[0].name in found.better
