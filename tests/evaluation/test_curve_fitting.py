"""Curves from logit to calibrated logit find what made the labels, and never fall."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from supreme_ecg.evaluation.curve_fitting import (
    fit_concepts,
    fit_isotonic,
    fit_platt,
    fit_temperature,
)
from supreme_ecg.models.calibration import Curve


def _data(scale: float, shift: float, *, records: int = 4000, concepts: int = 5, seed: int = 0):
    rng = np.random.default_rng(seed)
    logits = rng.normal(-2, 2, (records, concepts)).astype(np.float32)
    labels = (rng.random(logits.shape) < expit(scale * logits + shift)).astype(np.float32)
    return logits, labels


def test_temperature_finds_the_scale() -> None:
    """Labels drawn at half the logits give a scale of a half."""
    assert fit_temperature(*_data(0.5, 0.0)).scale == pytest.approx(0.5, abs=0.02)


def test_platt_equals_logistic_regression() -> None:
    """Scale and shift are those of scikit-learn without a penalty."""
    logits, labels = _data(0.7, 0.4)
    reference = LogisticRegression(C=np.inf, tol=1e-10).fit(logits.reshape(-1, 1), labels.ravel())
    found = fit_platt(logits, labels)
    assert found.scale == pytest.approx(float(reference.coef_[0, 0]), rel=1e-4)
    assert found.shift == pytest.approx(float(reference.intercept_[0]), abs=1e-4)


def test_labels_that_are_left_out_change_nothing() -> None:
    """NaN is as if the pair were not there."""
    logits, labels = _data(0.7, 0.4)
    labels[:, 4] = np.nan
    for fit in (fit_temperature, fit_platt):
        with_all, without = fit(logits, labels), fit(logits[:, :4], labels[:, :4])
        assert with_all.scale == pytest.approx(without.scale, rel=1e-9)
        assert with_all.shift == pytest.approx(without.shift, abs=1e-9)


def test_a_frequent_concept_gets_its_own_curve_and_a_rare_one_the_common() -> None:
    """4,000 labels move a curve to where they were drawn; one positive of five moves it hardly."""
    logits, labels = _data(1.0, 1.5, concepts=2)
    labels[5:, 1] = np.nan
    own, rare = fit_concepts(logits, labels, overall=Curve(), spread=0.2)
    at = np.array([-3.0, 0.0])
    assert own(at) == pytest.approx(at + 1.5, abs=0.3)
    assert rare(at) == pytest.approx(at, abs=0.15)


def test_the_narrower_the_prior_the_nearer_the_common_curve() -> None:
    """At a spread near 0 every concept has the common curve."""
    logits, labels = _data(0.5, 1.0)
    common = Curve(scale=0.9, shift=-0.2)
    at = np.linspace(-6, 3, 5)
    away = [
        float(np.abs(curves[0](at) - common(at)).max())
        for curves in (
            fit_concepts(logits, labels, overall=common, spread=s) for s in (1e-4, 0.1, 1.0)
        )
    ]
    assert away == sorted(away)
    assert away[0] < 1e-3


@given(st.integers(0, 10_000), st.integers(6, 60))
@settings(max_examples=25, deadline=None)
def test_no_curve_ever_falls(seed: int, records: int) -> None:
    """Whatever the labels, even against the model, a higher logit never becomes a lower one."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 3, (records, 1))
    labels = (rng.random(logits.shape) < expit(-2 * logits)).astype(float)
    labels[:2, 0] = (0, 1)
    at = np.linspace(-15, 15, 200)
    for curve in (
        *fit_concepts(logits, labels, overall=Curve(), spread=1.6),
        fit_isotonic(logits[:, 0], labels[:, 0]),
    ):
        assert (np.diff(curve(at)) > 0).all()


def test_isotonic_follows_a_bend_that_no_line_has() -> None:
    """A probability of 0.1 below logit 0 and 0.8 above is found on both sides."""
    rng = np.random.default_rng(0)
    logits = rng.uniform(-4, 4, 4000)
    labels = (rng.random(4000) < np.where(logits > 0, 0.8, 0.1)).astype(float)
    curve = fit_isotonic(logits, labels)
    assert expit(curve(np.array([-2.0, 2.0]))) == pytest.approx([0.1, 0.8], abs=0.05)
