"""Weights and a store -> calibrated weights, scored on folds that took no part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

import numpy as np
from jaxtyping import Integer

from supreme_ecg.errors import TaskError
from supreme_ecg.evaluation.calibration import (
    Logits,
    fit_calibration,
    held_out_rows,
    meaning_of,
    report_answers,
)
from supreme_ecg.evaluation.calibration_result import CalibrationResult, score_calibration
from supreme_ecg.evaluation.guard import Guard
from supreme_ecg.models.calibration import Calibration, ThresholdRule, store_calibration
from supreme_ecg.store.reading import Store
from supreme_ecg.training.recipe import DataConfig, recipe_of
from supreme_ecg.training.training_set import split_rows


class Calibratable(Logits, Protocol):
    """A model that keeps its calibration."""

    calibration: Calibration | None
    """What :meth:`predict` applies."""


def run_calibration(
    model: Calibratable,
    store: Store,
    *,
    folder: Path,
    folds: Sequence[int],
    rule: ThresholdRule = "f1",
    allow_seen: bool = False,
    seed: int = 0,
    on_start: Callable[[int], None] = lambda _: None,
    advance: Callable[[int], None] = lambda _: None,
) -> CalibrationResult:
    """Fit on the held-out patients of the training folds, store with the weights, score on other folds.

    Args:
        model: Loaded from ``folder``; gets the calibration too.
        store: The one that it was trained on.
        folder: The weights; the calibration is written into their description.
        folds: Folds that were not trained on.
        rule: What the thresholds maximise.
        allow_seen: Score records known to have been seen, and mark the result; folds trained on never are.
        seed: Seed of the bootstrap.
        on_start: Called with the number of records that will be asked about.
        advance: Called with the number of records after each batch.

    Raises:
        TaskError: A fold to be scored was trained on, or a record in it was seen.
        StoreError: The store is not the one trained on, or lacks the folds.
        WeightsError: The weights do not say how they were trained, or answer NaN.
    """
    fitted_rows = held_out_rows(model, store, where=folder)
    scored_rows = _rows_to_score(model, store, folds, where=folder)
    options = "--score-folds, or mark the result as seen with --allow-seen"
    guard = Guard(model, store, options=options)
    overlap = guard.require_unseen(scored_rows, allow_seen=allow_seen)
    on_start(len(fitted_rows) + len(scored_rows))
    held_out = report_answers(model, store, fitted_rows, where=folder, advance=advance)
    scored = report_answers(model, store, scored_rows, where=folder, advance=advance)
    recipe = recipe_of(model.manifest, where=folder)
    fitted = fit_calibration(
        held_out,
        rule=rule,
        meaning=meaning_of(recipe),
        source={
            "corpus": store.corpus,
            "folds": None if recipe.data.folds is None else list(recipe.data.folds),
            "patients_held_out": len(set(held_out.patients)),
            "records": len(held_out.patients),
            "labels": "from reports",
        },
    )
    model.calibration = fitted.calibration
    store_calibration(folder, fitted.calibration)
    return score_calibration(
        held_out,
        scored,
        fitted.calibration,
        cross_validated_log_loss=fitted.log_losses,
        weights=str(folder),
        run={
            "corpus": store.corpus,
            "folds_scored": sorted(set(folds)),
            **overlap.to_json(),
            "labels": "from reports",
            "seed": seed,
            "package_version": version("supreme-ecg"),
        },
        seed=seed,
    )


def _rows_to_score(
    model: Logits, store: Store, folds: Sequence[int], *, where: object
) -> Integer[np.ndarray, " record"]:
    """Rows of these folds whose report says anything."""
    data = recipe_of(model.manifest, where=where).data
    trained = sorted(set(folds) & set(folds if data.folds is None else data.folds))
    if trained:
        raise TaskError(
            where,
            expected="folds that took no part in training",
            found=f"fold {trained[0]}, which did",
            remedy="Choose other folds with --score-folds.",
        )
    chosen = DataConfig(corpus=data.corpus, folds=tuple(sorted(set(folds))))
    return np.sort(np.concatenate(split_rows(store, store.findings(), data=chosen)))
