"""Ranking metrics: hand-made cases, and equality with scikit-learn on whatever hypothesis finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import average_precision_score, roc_auc_score

from supreme_ecg.evaluation.metrics import auroc, average_precision, macro, scorable


@st.composite
def _cases(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    shape = (draw(st.integers(2, 40)), draw(st.integers(1, 4)))
    labels = draw(arrays(np.int8, shape, elements=st.integers(0, 1)))
    few_values = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])
    any_value = st.floats(-1e6, 1e6, width=32)
    return labels, draw(
        arrays(np.float32, shape, elements=draw(st.sampled_from([few_values, any_value])))
    )


@given(_cases())
def test_equals_scikit_learn_with_and_without_ties(case: tuple[np.ndarray, np.ndarray]) -> None:
    """Both areas are scikit-learn's wherever it defines them, and NaN elsewhere."""
    labels, scores = case
    for c, defined in enumerate(scorable(labels)):
        found = auroc(labels, scores)[c], average_precision(labels, scores)[c]
        if defined:
            expected = (
                roc_auc_score(labels[:, c], scores[:, c]),
                average_precision_score(labels[:, c], scores[:, c]),
            )
            assert found == pytest.approx(expected, abs=1e-12)
        else:
            assert np.isnan(found).all()


def test_hand_made_case_with_a_tie() -> None:
    """Positives at 3 and 2, negatives at 2 and 1: 3.5 of 4 pairs; precision 1 and then 2/3."""
    labels, scores = np.array([[1], [1], [0], [0]]), np.array([[3.0], [2.0], [2.0], [1.0]])
    assert auroc(labels, scores) == pytest.approx([3.5 / 4])
    assert average_precision(labels, scores) == pytest.approx([(1 + 2 / 3) / 2])


def test_constant_scores_are_chance() -> None:
    """A score that says nothing has AUROC 0.5 and, as average precision, the share of positives."""
    labels, scores = np.array([[1], [0], [0], [0]]), np.full((4, 1), 0.7)
    assert auroc(labels, scores) == pytest.approx([0.5])
    assert average_precision(labels, scores) == pytest.approx([0.25])


def test_class_without_positives_does_not_shift_the_others() -> None:
    """NaN stands in the place of the class that cannot be scored, and macro leaves it out."""
    labels = np.array([[1, 0, 0], [0, 0, 1]])
    scores = np.array([[0.9, 0.5, 0.9], [0.1, 0.5, 0.1]])
    found = auroc(labels, scores)
    assert found == pytest.approx([1.0, np.nan, 0.0], nan_ok=True)
    assert macro(found) == pytest.approx(0.5)


def test_macro_of_chosen_classes() -> None:
    """Only the classes kept are averaged; none left gives NaN without a warning."""
    values = np.array([0.2, 0.4, np.nan])
    assert macro(values, keep=np.array([False, True, True])) == pytest.approx(0.4)
    assert np.isnan(macro(values, keep=np.array([False, False, True])))


def test_no_records_give_nan() -> None:
    """An empty table is not scored rather than an error."""
    empty = np.zeros((0, 2), dtype=np.int8)
    assert np.isnan(auroc(empty, empty)).all()
    assert np.isnan(average_precision(empty, empty)).all()
