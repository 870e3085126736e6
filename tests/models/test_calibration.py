"""A calibration: applied to the right queries, kept with the weights, refused when changed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import expit, logit

from supreme_ecg.errors import WeightsError
from supreme_ecg.models.calibration import KEY, Calibration, Curve, store_calibration
from supreme_ecg.models.pooling import PoolingConfig
from supreme_ecg.models.resnet import ResNetConfig
from supreme_ecg.models.supreme import SuPreME, SuPreMEConfig, SuPreMEParts

BENT = Curve(knots=((-2.0, -5.0), (0.0, -1.0), (1.0, 3.0)))
CALIBRATION = Calibration(
    meaning="that a report would mention it",
    method="by hand",
    overall=Curve(scale=0.5, shift=-1.0),
    concepts={"atrial_fibrillation": Curve(scale=2.0, shift=0.25), "long_qt": BENT},
    rule="f1",
    minimum_positives=20,
    threshold=0.4,
    thresholds={"atrial_fibrillation": 0.3},
    source={"corpus": "x"},
)
QUERIES = ["AFIB", "atrial fibrillation", "long QT interval", "something that no table names"]


@pytest.fixture
def model(letters) -> SuPreME:
    torch.manual_seed(0)
    parts = SuPreMEParts(
        method=SuPreMEConfig(fusion=PoolingConfig(width=32)), encoder=ResNetConfig(stem_width=8)
    )
    return SuPreME(parts, text_encoder=letters)


def windows() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    signal = np.random.default_rng(0).normal(size=(5, 12, 1000)).astype(np.float32)
    return signal, np.ones((5, 12), bool), np.ones((5, 1000), bool)


def test_each_query_gets_the_curve_of_the_concept_that_it_names(model: SuPreME) -> None:
    """A synonym its concept's, words that name no concept the common one."""
    raw = model.logits(*windows(), QUERIES)
    np.testing.assert_allclose(expit(raw), model.predict(*windows(), QUERIES), rtol=1e-5)
    model.calibration = CALIBRATION
    found = logit(model.predict(*windows(), QUERIES).astype(np.float64))
    np.testing.assert_allclose(found[:, :2], 2 * raw[:, :2] + 0.25, atol=1e-4)
    np.testing.assert_allclose(found[:, 2], BENT(raw[:, 2]), atol=1e-4)
    np.testing.assert_allclose(found[:, 3], 0.5 * raw[:, 3] - 1.0, atol=1e-4)


def test_other_questions_get_their_own_curves(model: SuPreME) -> None:
    """Which concept each question names is remembered of the last questions only."""
    model.calibration = CALIBRATION
    logits = np.array([[0.5, -2.0]], dtype=np.float32)
    asked = ["atrial fibrillation", "something that no table names"]
    np.testing.assert_allclose(model.calibrated(logits, asked), [[1.25, -2.0]])
    np.testing.assert_allclose(model.calibrated(logits, asked[::-1]), [[-0.75, -3.75]])
    model.calibration = None
    np.testing.assert_array_equal(model.calibrated(logits, asked), logits)


def test_calibrating_leaves_every_ranking_of_records(model: SuPreME) -> None:
    """So no AUROC changes."""
    before = model.predict(*windows(), QUERIES)
    model.calibration = CALIBRATION
    after = model.predict(*windows(), QUERIES)
    np.testing.assert_array_equal(before.argsort(axis=0), after.argsort(axis=0))


def test_a_curve_with_knots_runs_through_them_and_on_at_slope_one() -> None:
    """Between knots straight lines, beyond them as far from the end as the logit is."""
    at = np.array([-4.0, -2.0, -1.0, 0.0, 1.0, 3.0])
    np.testing.assert_allclose(BENT(at), [-7.0, -5.0, -3.0, -1.0, 3.0, 5.0])


def test_thresholds_of_concepts_and_of_all_else() -> None:
    """A concept without its own has the common one, as has a query that names none."""
    found = [CALIBRATION.threshold_of(c) for c in ("atrial_fibrillation", "long_qt", None)]
    assert found == [0.3, 0.4, 0.4]


def test_stored_calibration_comes_back_with_the_weights(
    model: SuPreME, letters, tmp_path: Path
) -> None:
    """Written into weights that had none, loaded, saved again: the same, and the weights untouched."""
    model.save(tmp_path / "model")
    weights = (tmp_path / "model" / "weights.safetensors").read_bytes()
    store_calibration(tmp_path / "model", CALIBRATION)
    loaded = SuPreME.from_pretrained(tmp_path / "model", text_encoder=letters)
    assert loaded.calibration == CALIBRATION
    loaded.save(tmp_path / "again")
    again = SuPreME.from_pretrained(tmp_path / "again", text_encoder=letters)
    assert again.calibration == CALIBRATION
    assert (tmp_path / "model" / "weights.safetensors").read_bytes() == weights
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == [
        "model.json",
        "weights.safetensors",
    ]


@pytest.mark.parametrize(
    ("key", "value"), [("threshold", 0.1), ("meaning", "something else"), ("sha256", "0")]
)
def test_a_changed_calibration_is_refused(
    model: SuPreME, letters, tmp_path: Path, key: str, value: object
) -> None:
    """Thresholds that somebody edited are not those that were measured."""
    model.calibration = CALIBRATION
    model.save(tmp_path / "model")
    path = tmp_path / "model" / "model.json"
    description = json.loads(path.read_text())
    description[KEY][key] = value
    path.write_text(json.dumps(description))
    with pytest.raises(WeightsError, match="changed since"):
        SuPreME.from_pretrained(tmp_path / "model", text_encoder=letters)
