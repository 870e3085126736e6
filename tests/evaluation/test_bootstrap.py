"""Bootstrap of patients: right weights, right coverage, no class lost, same draws for two models."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from supreme_ecg.evaluation.bootstrap import (
    LARGE_SIDE,
    _RankedClass,
    bootstrap_auroc,
    percentile_interval,
)
from supreme_ecg.evaluation.metrics import auroc


def _cohort(
    seed: int, *, records: int = 300, shares: tuple[float, ...] = (0.5, 0.1)
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    rng = np.random.default_rng(seed)
    labels = (rng.random((records, len(shares))) < shares).astype(np.int8)
    scores = np.round(rng.normal(size=labels.shape) + labels, 1).astype(np.float32)
    return labels, scores, [f"p{n}" for n in rng.integers(0, records * 2 // 3, records)]


def test_weighted_area_is_that_of_repeated_records() -> None:
    """A draw's AUROC is scikit-learn's with the patients' counts as sample weights, ties half."""
    rng = np.random.default_rng(0)
    labels, scores, _ = _cohort(0, records=200)
    patient = rng.integers(0, 90, 200)
    drawn = rng.integers(0, 3, (4, 90)).astype(np.int16)
    ranked = _RankedClass.of(labels[:, 0], scores[:, 0], patient)
    expected = [
        roc_auc_score(labels[:, 0], scores[:, 0], sample_weight=weights[patient])
        for weights in drawn
    ]
    assert ranked.score(drawn, rng)[1] == pytest.approx(expected)


def test_rare_class_never_vanishes() -> None:
    """A class with two positive patients has a value in every draw, where naive draws lose it."""
    labels = np.zeros((60, 2), dtype=np.int8)
    labels[:2, 0], labels[:30, 1] = 1, 1
    scores = np.random.default_rng(1).normal(size=labels.shape)
    draws = bootstrap_auroc(labels, scores, [str(n) for n in range(60)], draws=500)
    assert np.isfinite(draws.own).all()
    assert np.isfinite(draws.joint).all()


def test_class_without_positives_has_no_interval_and_keeps_its_place() -> None:
    """The interval of the class in the middle is None; its neighbours have theirs."""
    labels, scores, patients = _cohort(2, shares=(0.3, 0.0, 0.3))
    intervals = bootstrap_auroc(labels, scores, patients, draws=50).intervals()
    assert [interval is None for interval in intervals] == [False, True, False]


def test_order_of_records_and_classes_plays_no_part() -> None:
    """Shuffled rows and columns give the same draws, so the interval belongs to the data."""
    labels, scores, patients = _cohort(3, shares=(0.5, 0.1, 0.02))
    rows = np.random.default_rng(0).permutation(len(labels))
    columns = [2, 0, 1]
    straight = bootstrap_auroc(labels, scores, patients, draws=60, seed=5)
    shuffled = bootstrap_auroc(
        labels[rows][:, columns],
        scores[rows][:, columns],
        [patients[r] for r in rows],
        draws=60,
        seed=5,
    )
    np.testing.assert_allclose(shuffled.own, straight.own[:, columns], atol=1e-12)
    np.testing.assert_allclose(shuffled.joint, straight.joint[:, columns], atol=1e-12)


def test_seed_decides_and_workers_do_not() -> None:
    """One seed gives one result on any number of threads; another seed gives another."""
    labels, scores, patients = _cohort(4)
    one = bootstrap_auroc(labels, scores, patients, draws=60, seed=1, workers=1)
    four = bootstrap_auroc(labels, scores, patients, draws=60, seed=1, workers=4)
    other = bootstrap_auroc(labels, scores, patients, draws=60, seed=2, workers=1)
    np.testing.assert_array_equal(one.own, four.own)
    assert (one.own != other.own).any()


def test_records_of_one_patient_widen_the_interval() -> None:
    """Ten copies of each record are not ten times the evidence when they are of one patient."""
    labels, scores, _ = _cohort(5, records=100, shares=(0.5,))
    copied = np.repeat(labels, 10, axis=0), np.repeat(scores, 10, axis=0)
    by_patient = bootstrap_auroc(*copied, [str(n // 10) for n in range(1000)], draws=300)
    by_record = bootstrap_auroc(*copied, [str(n) for n in range(1000)], draws=300)
    assert by_patient.own.std() > 2 * by_record.own.std()


def test_two_models_are_compared_on_the_same_draws() -> None:
    """A model against itself differs by nothing; a slightly worse one by less than its own spread."""
    labels, scores, patients = _cohort(6, shares=(0.5, 0.3))
    worse = scores + np.random.default_rng(1).normal(scale=0.3, size=scores.shape)
    first, second = (bootstrap_auroc(labels, s, patients, draws=300) for s in (scores, worse))
    assert (first - first).macro_interval() == (0.0, 0.0)
    assert (first - second).joint.std() < 0.6 * first.joint.std()


@pytest.mark.parametrize("share", [0.5, 0.06], ids=["large-sides", "few-positives"])
def test_interval_covers_the_truth(share: float) -> None:
    """Of 120 samples, the 95 % interval holds the true AUROC in 87 % to 100 %."""
    truth = 0.7602  # two unit normals, one standard deviation apart: Phi(1 / sqrt 2)
    hits = 0
    for seed in range(120):
        rng = np.random.default_rng(seed)
        labels = (np.arange(500) < 500 * share).astype(np.int8)[:, None]
        scores = rng.normal(size=(500, 1)) + labels
        draws = bootstrap_auroc(
            labels, scores, [str(n) for n in range(500)], draws=200, seed=seed, workers=1
        )
        low, high = draws.intervals()[0] or (1.0, 0.0)
        hits += low <= truth <= high
    assert 0.87 <= hits / 120 <= 1.0


def test_draws_centre_on_the_estimate() -> None:
    """The mean over the draws is the AUROC itself, for large and for small sides."""
    labels, scores, patients = _cohort(7, records=4 * LARGE_SIDE, shares=(0.5, 0.02))
    draws = bootstrap_auroc(labels, scores, patients, draws=400)
    assert draws.own.mean(axis=0) == pytest.approx(auroc(labels, scores), abs=0.02)
    assert draws.joint.mean(axis=0) == pytest.approx(auroc(labels, scores), abs=0.02)


def test_percentile_interval_of_known_values() -> None:
    """The central 80 % of 0 to 100 runs from 10 to 90; NaN has no interval."""
    assert percentile_interval(np.arange(101.0), level=0.8) == pytest.approx((10, 90))
    assert percentile_interval(np.full(5, np.nan)) is None
