"""Accuracy and F1 of the highest-scored class."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from supreme_ecg.evaluation.top_class import top_class


def test_with_one_class_each_it_is_scikit_learns() -> None:
    """Accuracy and macro F1 of a multi-class prediction."""
    rng = np.random.default_rng(0)
    truth, scores = rng.integers(0, 4, 60), rng.random((60, 4))
    found = top_class(np.eye(4, dtype=int)[truth], scores)
    chosen = scores.argmax(axis=1)
    assert found.accuracy == pytest.approx(accuracy_score(truth, chosen))
    assert found.macro_f1 == pytest.approx(f1_score(truth, chosen, average="macro"))


def test_any_of_a_records_classes_is_right_and_an_absent_class_is_left_out() -> None:
    """By hand: two of three right; the third class has no record and takes no part in F1."""
    labels = np.array([[1, 1, 0], [1, 0, 0], [0, 1, 0]])
    scores = np.array([[0.1, 0.9, 0.2], [0.8, 0.1, 0.2], [0.3, 0.1, 0.7]])
    found = top_class(labels, scores)
    assert found.accuracy == pytest.approx(2 / 3)
    assert found.macro_f1 == pytest.approx((2 / 3 + 2 / 3) / 2)
