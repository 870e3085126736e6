"""Yes and no at thresholds: chosen where they should be, and never on the records decided on."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, precision_recall_curve

from supreme_ecg.evaluation.decisions import (
    choose_thresholds,
    decide_across_halves,
    decide_from_validation,
)
from supreme_ecg.evaluation.thresholds import operate


def _data(seed: int, records: int = 200) -> tuple[np.ndarray, np.ndarray, list[str]]:
    rng = np.random.default_rng(seed)
    labels = (rng.random((records, 3)) < (0.4, 0.1, 0.0)).astype(np.int8)
    scores = 1 / (1 + np.exp(-(2 * labels + rng.normal(size=labels.shape))))
    return labels, scores, [f"p{n // 2}" for n in range(records)]


def test_the_threshold_of_a_class_has_the_highest_f1_there_is() -> None:
    """No cut of scikit-learn's curve is better; a class without positives has none."""
    labels, scores, _ = _data(0)
    thresholds = choose_thresholds(labels, scores)
    for cls in (0, 1):
        precision, recall, _ = precision_recall_curve(labels[:, cls], scores[:, cls])
        best = np.max(2 * precision * recall / np.maximum(precision + recall, 1e-12))
        assert f1_score(labels[:, cls], scores[:, cls] >= thresholds[cls]) == pytest.approx(best)
    assert np.isnan(thresholds[2])


def test_thresholds_of_the_validation_part_decide_on_other_records() -> None:
    """F1 and accuracy are scikit-learn's at the thresholds of the other records."""
    labels, scores, _ = _data(1)
    others, other_scores, _ = _data(2)
    decisions = decide_from_validation(
        scores, validation_labels=others, validation_scores=other_scores
    )
    expected = choose_thresholds(others, other_scores)
    assert decisions.thresholds_of(0) == (expected[0],)
    assert decisions.there.tolist() == [True, True, False]
    found = operate(decisions.yes[:, 0], labels[:, 0].astype(float))
    said = scores[:, 0] >= expected[0]
    assert found.f1 == pytest.approx(f1_score(labels[:, 0], said))
    assert found.accuracy == pytest.approx(accuracy_score(labels[:, 0], said))
    assert decisions.source["from"] == "validation part"


def test_no_record_is_decided_on_at_a_threshold_that_its_patient_helped_to_choose() -> None:
    """Whatever the labels of one patient are changed to, the answers about them stay."""
    labels, scores, patients = _data(3, records=60)
    before = decide_across_halves(labels, scores, patients)
    for patient in sorted(set(patients)):
        own = np.array([one == patient for one in patients])
        changed = labels.copy()
        changed[own] = 1 - changed[own]
        after = decide_across_halves(changed, scores, patients)
        assert np.array_equal(after.yes[own][:, :2], before.yes[own][:, :2])
    assert before.source["from"] == "the other half of the scored patients"


def test_scores_without_information_look_no_better_than_they_are() -> None:
    """With few positives and noise alone, cross-fitted F1 stays below that chosen on the same records."""
    rng = np.random.default_rng(4)
    labels = (rng.random((300, 40)) < 0.04).astype(np.int8)
    scores = rng.random(labels.shape)
    patients = [str(n) for n in range(len(labels))]
    fair = decide_across_halves(labels, scores, patients)
    chosen_on_test = scores >= choose_thresholds(labels, scores)
    truth = labels.astype(float)
    honest, tuned = (
        np.mean([operate(yes[:, cls], truth[:, cls]).f1 for cls in np.flatnonzero(fair.there)])
        for yes in (fair.yes, chosen_on_test)
    )
    assert honest < 0.8 * tuned


def test_a_class_whose_positives_are_all_in_one_half_has_no_threshold() -> None:
    """The half that has them cannot be decided on."""
    labels, scores, patients = _data(5)
    labels[:, 1] = 0
    labels[0, 1] = 1
    decisions = decide_across_halves(labels, scores, patients)
    assert decisions.there.tolist() == [True, False, False]


def test_order_of_records_plays_no_part() -> None:
    """A patient is in the same half wherever the records stand."""
    labels, scores, patients = _data(6)
    order = np.random.default_rng(0).permutation(len(labels))
    straight = decide_across_halves(labels, scores, patients)
    shuffled = decide_across_halves(labels[order], scores[order], [patients[n] for n in order])
    assert np.array_equal(shuffled.yes[:, :2], straight.yes[order][:, :2])
