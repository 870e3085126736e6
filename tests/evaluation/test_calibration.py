"""Calibration is fitted to held-out patients alone, chosen by cross-validation, scored on others."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from scipy.special import expit

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.errors import StoreError, TaskError, WeightsError
from supreme_ecg.evaluation.calibration import (
    LEAST_FOR_THRESHOLD,
    ReportAnswers,
    fit_calibration,
    held_out_rows,
)
from supreme_ecg.evaluation.calibration_result import CalibrationResult
from supreme_ecg.evaluation.calibration_run import run_calibration
from supreme_ecg.evaluation.reliability_plot import plot_reliability
from supreme_ecg.models.pooling import PoolingConfig
from supreme_ecg.models.resnet import ResNetConfig
from supreme_ecg.models.supreme import SuPreME, SuPreMEConfig, SuPreMEParts
from supreme_ecg.store.reading import Store
from supreme_ecg.training.recipe_file import find_recipe, read_recipe
from supreme_ecg.training.training_set import TrainingSet, make_training_set

RECIPE = read_recipe(
    find_recipe("smoke"), overrides=["data.validation_share=0.5", 'labels.uncertain="positive"']
)


def _answers(
    scale: float, *, records: int = 600, concepts: int = 4, seed: int = 0
) -> ReportAnswers:
    """Answers whose labels were drawn at ``scale`` times their logits; the last concept is rare."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(-1, 2, (records, concepts)).astype(np.float32)
    logits[:, -1] -= 5
    labels = (rng.random(logits.shape) < expit(scale * logits)).astype(np.float32)
    names = tuple(f"c{n}" for n in range(concepts))
    patients = tuple(f"p{n // 2}" for n in range(records))
    return ReportAnswers(concepts=names, logits=logits, labels=labels, patients=patients)


def _fit(answers: ReportAnswers):
    return fit_calibration(answers, rule="f1", meaning="it", source={})


def test_the_chosen_form_has_the_lowest_cross_validated_loss_and_mends_the_scale() -> None:
    """Logits twice too large are halved, also for questions that name no concept."""
    fitted = _fit(_answers(0.5))
    losses = fitted.log_losses
    assert losses[fitted.calibration.method] == min(losses.values())
    assert losses["temperature"] < losses["uncalibrated"] - 0.01
    at = np.array([-2.0, 2.0], dtype=np.float32)[:, None]
    for concept in ("c0", None):
        calibrated = fitted.calibration.apply(at, [concept])[:, 0]
        assert calibrated == pytest.approx([-1.0, 1.0], abs=0.35)


def test_a_concept_with_its_own_curve_is_found_by_cross_validation() -> None:
    """One concept's labels are drawn far from the others': curves per concept are chosen."""
    answers = _answers(1.0)
    rng = np.random.default_rng(1)
    labels = answers.labels.copy()
    labels[:, 0] = rng.random(len(labels)) < expit(answers.logits[:, 0] + 3)
    fitted = _fit(
        ReportAnswers(
            concepts=answers.concepts,
            logits=answers.logits,
            labels=labels,
            patients=answers.patients,
        )
    )
    assert "c0" in fitted.calibration.concepts
    assert fitted.log_losses["platt"] > min(fitted.log_losses.values()) + 0.005


def test_a_rare_concept_has_the_common_threshold() -> None:
    """Below the least number of held-out positives no threshold of its own is stored."""
    answers = _answers(1.0)
    positives = answers.labels.sum(axis=0)
    assert positives[-1] < LEAST_FOR_THRESHOLD <= positives[:-1].min()
    calibration = _fit(answers).calibration
    assert set(calibration.thresholds) == {"c0", "c1", "c2"}
    assert calibration.threshold_of("c3") == calibration.threshold


def test_patients_are_never_split_between_the_parts() -> None:
    """Answers copied within a patient make no form look better than it is on other patients.

    Each patient's two records are the same and their labels are noise: were they split, the isotonic
    curve would know the second from the first.
    """
    rng = np.random.default_rng(0)
    logits = np.repeat(rng.normal(size=(300, 1)), 2, axis=0).astype(np.float32)
    labels = np.repeat(rng.random((300, 1)) < 0.5, 2, axis=0).astype(np.float32)
    patients = tuple(f"p{n // 2}" for n in range(600))
    answers = ReportAnswers(concepts=("c",), logits=logits, labels=labels, patients=patients)
    assert min(_fit(answers).log_losses.values()) > np.log(2) - 0.005


@pytest.fixture(scope="module")
def store(cohort_store: Path) -> Store:
    return Store.open(cohort_store)


@pytest.fixture(scope="module")
def data(store: Store) -> TrainingSet:
    return make_training_set(
        store, data=RECIPE.data, labels=RECIPE.labels, table=ConceptTable.load()
    )


def _model(letters, data: TrainingSet, folder: Path) -> SuPreME:
    """A small untrained model that says it was trained on the cohort."""
    torch.manual_seed(0)
    parts = SuPreMEParts(
        method=SuPreMEConfig(fusion=PoolingConfig(width=32)), encoder=ResNetConfig(stem_width=8)
    )
    manifest = {"corpus": "synthetic", "folds": [1], "recipe": RECIPE.to_json()}
    made = SuPreME(
        parts, trained_concepts=data.concepts, manifest=manifest, text_encoder=letters
    ).eval()
    made.save(folder)
    return made


@pytest.fixture
def model(letters, data: TrainingSet, tmp_path: Path) -> SuPreME:
    return _model(letters, data, tmp_path / "model")


@pytest.fixture(scope="module")
def calibrated_folder(
    letters, data: TrainingSet, store: Store, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, CalibrationResult]:
    folder = tmp_path_factory.mktemp("weights") / "model"
    model = _model(letters, data, folder)
    return folder, run_calibration(model, store, folder=folder, folds=[9, 10])


@pytest.fixture(scope="module")
def result(calibrated_folder: tuple[Path, CalibrationResult]) -> CalibrationResult:
    return calibrated_folder[1]


def test_the_held_out_are_those_of_training(
    model: SuPreME, data: TrainingSet, store: Store
) -> None:
    """Row by row the validation rows of the recipe: none was learnt from."""
    rows = held_out_rows(model, store, where="w")
    np.testing.assert_array_equal(rows, data.validation_rows)


def test_weights_get_what_was_fitted_and_the_scores_are_of_what_they_now_answer(
    calibrated_folder: tuple[Path, CalibrationResult], store: Store, letters
) -> None:
    """The stored model's own probabilities have the mean that the result gives for each concept."""
    folder, result = calibrated_folder
    loaded = SuPreME.from_pretrained(folder, text_encoder=letters)
    assert loaded.calibration == result.calibration
    said = set(store.findings()["record_id"])
    chosen = store.records["fold"].is_in([9, 10]) & store.records["record_id"].is_in(list(said))
    batch = store.batch(np.flatnonzero(chosen.to_numpy()))
    names = [loaded.table[concept].name for concept in loaded.trained_concepts]
    means = loaded.predict(batch.signal, batch.lead_mask, batch.sample_mask, names).mean(axis=0)
    assert [one.mean_after for one in result.concepts] == pytest.approx(means.tolist(), abs=1e-5)


def test_an_untrained_model_is_told_how_often_findings_are_mentioned(
    result: CalibrationResult,
) -> None:
    """Its answers know nothing, so calibration can only bring their level right: the loss must fall."""
    assert result.after.log_loss < result.before.log_loss
    assert result.after.brier < result.before.brier
    assert result.calibration.meaning.endswith("would mention the finding, in doubt or not")


def test_a_result_is_plain_json_and_a_picture(result: CalibrationResult, tmp_path: Path) -> None:
    """Without NaN; the plot is written."""
    values = json.loads(json.dumps(result.to_json(), allow_nan=False))
    assert values["run"]["folds_scored"] == [9, 10]
    assert values["calibration"]["source"]["labels"] == "from reports"
    plot_reliability(result, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_codes_take_no_part(
    model: SuPreME, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With every code column emptied the calibration is the same to the last digit."""
    first = run_calibration(model, store, folder=tmp_path / "model", folds=[9]).calibration
    without = Store.open(store.path)
    emptied = without.records.with_columns(pl.lit([], dtype=pl.List(pl.String)).alias("codes"))
    monkeypatch.setattr(without, "records", emptied, raising=False)
    second = run_calibration(model, without, folder=tmp_path / "model", folds=[9]).calibration
    assert first == second


def test_a_fold_of_training_is_not_scored(model: SuPreME, store: Store, tmp_path: Path) -> None:
    """The error names the fold."""
    with pytest.raises(TaskError, match="fold 3, which did"):
        run_calibration(model, store, folder=tmp_path / "model", folds=[3, 9])


def test_weights_without_a_recipe_are_refused(model: SuPreME, store: Store, tmp_path: Path) -> None:
    """Nobody knows which patients they were trained on."""
    model.manifest = {"corpus": "synthetic"}
    with pytest.raises(WeightsError, match="recipe they were trained with"):
        run_calibration(model, store, folder=tmp_path / "model", folds=[9])


def test_a_store_of_another_corpus_is_refused(model: SuPreME, store: Store, tmp_path: Path) -> None:
    """Its patients were never held out."""
    recipe = RECIPE.to_json()
    model.manifest = {"recipe": recipe | {"data": recipe["data"] | {"corpus": "ptb_xl"}}}
    with pytest.raises(StoreError, match="the corpus that the weights were trained on, ptb_xl"):
        run_calibration(model, store, folder=tmp_path / "model", folds=[9])


def test_a_store_without_the_held_out_patients_is_refused(model: SuPreME, store: Store) -> None:
    """A recipe whose share leaves nobody: the error says what is missing."""
    recipe = RECIPE.to_json()
    model.manifest = {"recipe": recipe | {"data": recipe["data"] | {"validation_share": 1e-12}}}
    with pytest.raises(StoreError, match="held out of training"):
        held_out_rows(model, store, where="w")


def test_answers_that_are_no_number_are_refused(
    model: SuPreME, store: Store, tmp_path: Path
) -> None:
    """Before anything is fitted or written."""
    before = (tmp_path / "model" / "model.json").read_bytes()
    with torch.no_grad():
        model.fusion.bias.bias.fill_(torch.nan)
    with pytest.raises(WeightsError, match="NaN or infinity"):
        run_calibration(model, store, folder=tmp_path / "model", folds=[9])
    assert (tmp_path / "model" / "model.json").read_bytes() == before
