"""The regression of all classes at once gives what scikit-learn gives for each."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression as Reference

from supreme_ecg.training.logistic import LogisticRegression

RNG = np.random.default_rng(0)
MIXED = RNG.normal(size=(600, 8)) @ RNG.normal(size=(8, 20)) + 0.2 * RNG.normal(size=(600, 20))
FEATURES = ((MIXED - MIXED.mean(axis=0)) / MIXED.std(axis=0)).astype(np.float32)
LOGITS = FEATURES @ RNG.normal(size=(20, 4)) + [0.0, -3.0, 2.0, -6.0]
LABELS = (RNG.random((600, 4)) < 1 / (1 + np.exp(-LOGITS))).astype(np.float32)


@pytest.mark.parametrize("class_weight", ["none", "balanced"])
@pytest.mark.parametrize("c", [1e-4, 1e-2, 1.0])
def test_each_class_is_as_scikit_learn_fits_it(c: float, class_weight) -> None:
    """Logits of correlated features agree to 0.5 % of their spread, common and rare classes alike."""
    fitted = LogisticRegression(FEATURES).fit(LABELS, c=c, class_weight=class_weight)
    logits = fitted(FEATURES)
    for column in range(4):
        reference = Reference(
            C=c,
            class_weight="balanced" if class_weight == "balanced" else None,
            tol=1e-8,
            max_iter=5000,
        ).fit(FEATURES.astype(np.float64), LABELS[:, column])
        expected = reference.decision_function(FEATURES.astype(np.float64))
        assert np.abs(logits[:, column] - expected).max() < 0.005 * expected.std() + 1e-4


@pytest.mark.parametrize("class_weight", ["none", "balanced"])
def test_records_count_by_their_weights(class_weight) -> None:
    """As scikit-learn's ``sample_weight``; classes are balanced by numbers of records."""
    weights = np.where(np.arange(600) % 3, 0.25, 1.0).astype(np.float32)
    fitted = LogisticRegression(FEATURES).fit(
        LABELS[:, :1], c=0.1, class_weight=class_weight, record_weights=weights
    )
    reference = Reference(
        C=0.1,
        class_weight="balanced" if class_weight == "balanced" else None,
        tol=1e-8,
        max_iter=5000,
    ).fit(FEATURES.astype(np.float64), LABELS[:, 0], sample_weight=weights)
    expected = reference.decision_function(FEATURES.astype(np.float64))
    assert np.abs(fitted(FEATURES)[:, 0] - expected).max() < 0.005 * expected.std() + 1e-4


def test_fewer_records_than_features_are_fitted_too() -> None:
    """Twelve records of twenty features, as a small share of the labels gives."""
    rows = np.concatenate([np.flatnonzero(LABELS[:, 0] == value)[:6] for value in (0, 1)])
    fitted = LogisticRegression(FEATURES[rows]).fit(LABELS[rows, :1], c=0.1)
    reference = Reference(C=0.1, tol=1e-8, max_iter=5000).fit(FEATURES[rows], LABELS[rows, 0])
    assert np.allclose(fitted.slopes[:, 0], reference.coef_[0], atol=1e-3)


@pytest.mark.parametrize("class_weight", ["none", "balanced"])
def test_a_hidden_label_is_a_record_left_out(class_weight) -> None:
    """NaN in a class gives the fit without these records, and no other class is touched."""
    hidden = LABELS.copy()
    hidden[:200, 0] = np.nan
    both = LogisticRegression(FEATURES).fit(hidden, c=0.1, class_weight=class_weight)
    reference = Reference(
        C=0.1,
        class_weight="balanced" if class_weight == "balanced" else None,
        tol=1e-8,
        max_iter=5000,
    ).fit(FEATURES[200:], LABELS[200:, 0])
    assert np.allclose(both.slopes[:, 0], reference.coef_[0], atol=2e-3)
    whole = LogisticRegression(FEATURES).fit(LABELS, c=0.1, class_weight=class_weight)
    assert np.allclose(both.slopes[:, 1:], whole.slopes[:, 1:], atol=2e-3)


def test_a_class_that_cannot_be_learnt_is_the_same_for_everybody() -> None:
    """Without positives, without negatives, or wholly hidden; the others are learnt as ever."""
    labels = LABELS.copy()
    labels[:, 1], labels[:, 2], labels[:, 3] = 0, 1, np.nan
    fitted = LogisticRegression(FEATURES).fit(labels, c=0.1)
    assert np.ptp(fitted(FEATURES)[:, 1:], axis=0).tolist() == [0, 0, 0]
    assert np.ptp(fitted(FEATURES)[:, 0]) > 1


def test_where_the_search_begins_changes_nothing() -> None:
    """A start from another penalty ends at the same logits."""
    regression = LogisticRegression(FEATURES)
    start = regression.fit(LABELS, c=1e-3)
    afresh, onward = (regression.fit(LABELS, c=0.1, start=s)(FEATURES) for s in (None, start))
    assert np.abs(afresh - onward).max() < 0.01 * afresh.std()
