"""Scores of probabilities, and thresholds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, f1_score, log_loss

from supreme_ecg.evaluation.calibration_result import reliability
from supreme_ecg.evaluation.calibration_scores import calibration_error, score_probabilities
from supreme_ecg.evaluation.thresholds import choose_threshold, operate


def _answers(records: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray, list[str]]:
    rng = np.random.default_rng(seed)
    p = rng.beta(0.5, 2, (records, 3))
    y = (rng.random(p.shape) < p).astype(float)
    return p, y, [f"p{n // 2}" for n in range(records)]


def _scores(p: np.ndarray, y: np.ndarray, patients: list[str]):
    return score_probabilities(p, y, patients, least_positives=10, draws=200, seed=0)


def test_numbers_are_those_of_scikit_learn() -> None:
    """Log loss and Brier score over all pairs, each within its interval."""
    p, y, patients = _answers()
    found = _scores(p, y, patients)
    assert found.log_loss == pytest.approx(log_loss(y.ravel(), p.ravel()), rel=1e-6)
    assert found.brier == pytest.approx(brier_score_loss(y.ravel(), p.ravel()), rel=1e-9)
    for value, interval in ((found.log_loss, found.log_loss_ci95), (found.brier, found.brier_ci95)):
        assert interval is not None
        assert interval[0] < value < interval[1]


def test_labels_left_out_are_left_out_of_every_score() -> None:
    """A column of NaN is as if it had not been asked."""
    p, y, patients = _answers()
    y[:, 2] = np.nan
    assert _scores(p, y, patients) == _scores(p[:, :2], y[:, :2], patients)


def test_right_probabilities_have_almost_no_calibration_error() -> None:
    """Labels drawn from the probabilities: below what chance makes of 20,000; twice the odds: far above."""
    rng = np.random.default_rng(0)
    p = rng.beta(0.5, 2, 20_000)
    y = (rng.random(p.shape) < p).astype(float)
    assert calibration_error(p, y) < 0.012
    assert calibration_error(2 * p / (1 + p), y) > 0.05


def test_calibration_error_by_hand() -> None:
    """Two bins: |0.1 - 0| and |0.8 - 1|, each half of the answers."""
    p, y = np.array([0.1, 0.8, 0.1, 0.8]), np.array([0.0, 1.0, 0.0, 1.0])
    assert calibration_error(p, y, bins=2) == pytest.approx((0.1 + 0.2) / 2)


def test_reliability_bins_hold_every_answer_once_and_equal_expected_positives() -> None:
    """In rising order, each with its share within its interval."""
    p, y, patients = _answers(4000)
    bins = reliability(p, y, patients, seed=0)
    assert sum(one.answers for one in bins) == p.size
    assert [one.probability for one in bins] == sorted(one.probability for one in bins)
    expected = [one.answers * one.probability for one in bins]
    assert max(expected) - min(expected) < 2
    assert all(one.ci95[0] <= one.observed <= one.ci95[1] for one in bins)


@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=2, max_size=30))
@settings(deadline=None)
def test_the_f1_threshold_is_the_best_there_is(pairs: list[tuple[int, bool]]) -> None:
    """No other cut of the answers has a higher F1, ties or not."""
    p, y = np.array([n / 6 for n, _ in pairs]), np.array([float(b) for _, b in pairs])
    y[:2] = (0, 1)
    chosen = operate(p >= choose_threshold(p, y, rule="f1"), y).f1
    assert chosen == max(operate(p >= cut, y).f1 or 0.0 for cut in p)


def test_youden_weighs_both_errors_by_their_shares() -> None:
    """It accepts ten false alarms among 100 negatives to find the second positive; F1 does not."""
    p = np.concatenate([[0.9, 0.5], np.full(10, 0.6), np.full(90, 0.1)])
    y = np.concatenate([[1.0, 1.0], np.zeros(100)])
    assert choose_threshold(p, y, rule="youden") == pytest.approx(0.3)
    assert choose_threshold(p, y, rule="f1") == pytest.approx(0.75)


def test_operation_by_hand() -> None:
    """One of two positives found with one false alarm among three negatives; F1 is scikit-learn's."""
    yes, truth = np.array([1, 0, 1, 0, 0], dtype=bool), np.array([1.0, 1.0, 0.0, 0.0, 0.0])
    found = operate(yes, truth)
    assert (found.sensitivity, found.precision) == (0.5, 0.5)
    assert found.specificity == pytest.approx(2 / 3)
    assert found.f1 == pytest.approx(f1_score(truth, yes))


def test_nothing_found_and_nothing_there_is_no_number() -> None:
    """Not 0, which would read as a failure."""
    found = operate(np.zeros(3, bool), np.zeros(3))
    assert (found.sensitivity, found.specificity, found.precision, found.f1) == (
        None,
        1,
        None,
        None,
    )
