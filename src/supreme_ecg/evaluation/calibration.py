"""Weights and a store -> calibration and thresholds, from report labels of the held-out patients.

Which form the curves take is decided by the cross-validated log loss over those patients (each
patient in one fold), never by the records that are scored afterwards, and never with code labels.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, Integer
from scipy.special import expit

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.errors import StoreError, WeightsError
from supreme_ecg.evaluation.asking import BATCH
from supreme_ecg.evaluation.calibration_scores import log_losses
from supreme_ecg.evaluation.curve_fitting import (
    fit_concepts,
    fit_isotonic,
    fit_platt,
    fit_temperature,
)
from supreme_ecg.evaluation.thresholds import choose_threshold
from supreme_ecg.models.calibration import Calibration, Curve, ThresholdRule
from supreme_ecg.models.training_manifest import TrainingManifest
from supreme_ecg.preprocessing.contract import SignalContract
from supreme_ecg.store.reading import Store
from supreme_ecg.training.recipe import Recipe, recipe_of
from supreme_ecg.training.training_set import report_labels, split_rows

FOLDS: Final = 5
"""Parts of the held-out patients in the cross-validation."""
SPREADS: Final = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Priors tried for the curves per concept: how far, in logits, they stand from the common one."""
LEAST_FOR_ISOTONIC: Final = 100
"""Positives from which a concept may have an isotonic curve."""
LEAST_FOR_THRESHOLD: Final = 20
"""Positives among the held-out from which a concept has a threshold of its own."""
_MEANING: Final = {
    "positive": "that a report of {corpus} would mention the finding, in doubt or not",
    "half": "that a report of {corpus} would mention the finding, a doubtful mention counting half",
    "negative": "that a report of {corpus} would state the finding without doubt",
    "masked": "that a report of {corpus} that does not doubt the finding would state it",
}
"""What a probability is of, by what a finding in doubt was as a label."""


@runtime_checkable
class Logits(Protocol):
    """A model whose answers can be calibrated."""

    @property
    def contract(self) -> SignalContract:
        """What its windows are."""

    @property
    def table(self) -> ConceptTable:
        """The concept table."""

    trained_concepts: tuple[str, ...]
    """Concept ids with a label column in pre-training."""
    manifest: dict[str, Any]
    """What it was trained on; ``recipe`` and ``folds`` are read here."""
    seen: TrainingManifest | None
    """Which records it has seen."""

    def logits(
        self,
        signal: Float[np.ndarray, "batch lead time"],
        lead_mask: Bool[np.ndarray, "batch lead"],
        sample_mask: Bool[np.ndarray, "batch time"],
        queries: Sequence[str],
    ) -> Float[np.ndarray, "batch query"]:
        """Uncalibrated logit of every query for every window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportAnswers:
    """What a model answers, by concept names, and what the reports say."""

    concepts: tuple[str, ...]
    """Concept of each column: those that were trained."""
    logits: Float[np.ndarray, "record concept"]
    """Uncalibrated answers."""
    labels: Float[np.ndarray, "record concept"]
    """As trained on: 1 present, 0 absent or unmentioned; NaN is left out."""
    patients: tuple[str, ...]
    """Patient of each record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A calibration and the comparison that chose its form."""

    calibration: Calibration
    """The chosen form, fitted on all held-out patients."""
    log_losses: Mapping[str, float]
    """Form -> its cross-validated log loss; that of the uncalibrated answers among them."""


Curves = tuple[Curve, list[Curve]]
"""The common curve, and that of each concept."""
Fit = Callable[[np.ndarray, np.ndarray], Curves]
"""Logits and labels -> curves."""


def held_out_rows(model: Logits, store: Store, *, where: object) -> Integer[np.ndarray, " record"]:
    """Rows of the patients that were held out of the training folds.

    Raises:
        WeightsError: The weights do not say how they were trained.
        StoreError: Of another corpus, without findings, or none of its patients were held out.
    """
    recipe = recipe_of(model.manifest, where=where)
    if store.corpus != recipe.data.corpus:
        raise StoreError(
            store.path,
            expected=f"the corpus that the weights were trained on, {recipe.data.corpus}",
            found=store.corpus,
            remedy="Give the store that they were trained on.",
        )
    _, rows = split_rows(store, store.findings(), data=recipe.data)
    if not len(rows):
        raise StoreError(
            store.path,
            expected="records of patients held out of training",
            found="none",
            remedy="Give the whole store that the weights were trained on.",
        )
    return rows


def report_answers(
    model: Logits,
    store: Store,
    rows: Integer[np.ndarray, " record"],
    *,
    where: object,
    advance: Callable[[int], None] = lambda _: None,
) -> ReportAnswers:
    """Ask every trained concept by its name, beside what the reports say of it.

    Args:
        model: Its recipe says what a finding in doubt is.
        store: With findings, under the model's contract.
        rows: Rows of the store.
        where: The weights, for errors.
        advance: Called with the number of records after each batch.

    Raises:
        ContractError: The store was made under another contract.
        WeightsError: An answer is no number, or the weights do not say how they were trained.
    """
    model.contract.require_equal(store.contract, where=store.path)
    records, concepts = store.records[rows], model.trained_concepts
    labels = report_labels(
        store.findings(),
        record_ids=records["record_id"].to_list(),
        concepts=concepts,
        table=model.table,
        rules=recipe_of(model.manifest, where=where).labels,
    )
    names = [model.table[concept].name for concept in concepts]
    parts = []
    for start in range(0, len(rows), BATCH):
        batch = store.batch(rows[start : start + BATCH])
        parts.append(model.logits(batch.signal, batch.lead_mask, batch.sample_mask, names))
        advance(len(batch.signal))
    logits = np.concatenate(parts)
    if not np.isfinite(logits).all():
        raise WeightsError(
            where,
            expected="a finite answer for every record and concept",
            found="NaN or infinity",
            remedy="The weights are damaged or their training diverged: train them again.",
        )
    return ReportAnswers(
        concepts=tuple(concepts),
        logits=logits,
        labels=labels,
        patients=tuple(records["patient_id"].to_list()),
    )


def fit_calibration(
    held_out: ReportAnswers, *, rule: ThresholdRule, meaning: str, source: Mapping[str, Any]
) -> Fitted:
    """Choose the form of the curves by cross-validation, fit it to all, and set thresholds.

    Args:
        held_out: Answers about patients that were not trained on.
        rule: What the thresholds maximise.
        meaning: What the probability is of, for people.
        source: What ``held_out`` is, for the calibration.
    """
    fits: dict[str, Fit] = {"uncalibrated": _identity, "temperature": _temperature, "platt": _platt}
    fits |= {f"platt per concept, spread {spread:g}": _per_concept(spread) for spread in SPREADS}
    fits |= {f"isotonic where frequent, else spread {s:g}": _isotonic(s) for s in SPREADS}
    losses = {name: _cross_validated(fit, held_out) for name, fit in fits.items()}
    method = min(losses, key=losses.__getitem__)
    overall, curves = fits[method](held_out.logits, held_out.labels)
    own = {
        concept: curve
        for concept, curve in zip(held_out.concepts, curves, strict=True)
        if curve != overall
    }
    threshold, thresholds = _thresholds(held_out, curves, rule=rule)
    calibration = Calibration(
        meaning=meaning,
        method=method,
        overall=overall,
        concepts=own,
        rule=rule,
        minimum_positives=LEAST_FOR_THRESHOLD,
        threshold=threshold,
        thresholds=thresholds,
        source=source,
    )
    return Fitted(calibration=calibration, log_losses=losses)


def meaning_of(recipe: Recipe) -> str:
    """What a probability of a model of this recipe is of, for people."""
    return _MEANING[recipe.labels.uncertain].format(corpus=recipe.data.corpus)


def calibrated(
    curves: Sequence[Curve], logits: Float[np.ndarray, "record concept"]
) -> Float[np.ndarray, "record concept"]:
    """Probabilities of columns with a curve each."""
    columns = [
        curve(column.astype(np.float64)) for curve, column in zip(curves, logits.T, strict=True)
    ]
    return np.asarray(expit(np.stack(columns, axis=1)))


def _cross_validated(fit: Fit, answers: ReportAnswers) -> float:
    """Mean log loss of labels whose patients the curves were not fitted to."""
    part = np.array([_part(patient) for patient in answers.patients])
    losses = np.full(answers.labels.shape, np.nan)
    for number in range(FOLDS):
        here = part == number
        if not here.any() or here.all():
            continue
        _, curves = fit(answers.logits[~here], answers.labels[~here])
        probabilities = calibrated(curves, answers.logits[here])
        losses[here] = log_losses(probabilities, answers.labels[here])
    return float(np.nanmean(losses))


def _part(patient: str) -> int:
    """By a hash of the patient, other than the one that held the patient out."""
    digest = hashlib.sha256(f"calibration {patient}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % FOLDS


def _identity(logits: np.ndarray, _labels: np.ndarray) -> Curves:
    return Curve(), [Curve()] * logits.shape[1]


def _temperature(logits: np.ndarray, labels: np.ndarray) -> Curves:
    overall = fit_temperature(logits, labels)
    return overall, [overall] * logits.shape[1]


def _platt(logits: np.ndarray, labels: np.ndarray) -> Curves:
    overall = fit_platt(logits, labels)
    return overall, [overall] * logits.shape[1]


def _per_concept(spread: float) -> Fit:
    def fit(logits: np.ndarray, labels: np.ndarray) -> Curves:
        overall = fit_platt(logits, labels)
        return overall, fit_concepts(logits, labels, overall=overall, spread=spread)

    return fit


def _isotonic(spread: float) -> Fit:
    def fit(logits: np.ndarray, labels: np.ndarray) -> Curves:
        overall, curves = _per_concept(spread)(logits, labels)
        for column, positives in enumerate(np.nansum(labels, axis=0)):
            known = int((~np.isnan(labels[:, column])).sum())
            if LEAST_FOR_ISOTONIC <= positives <= known - LEAST_FOR_ISOTONIC:
                curves[column] = fit_isotonic(logits[:, column], labels[:, column])
        return overall, curves

    return fit


def _thresholds(
    answers: ReportAnswers, curves: Sequence[Curve], *, rule: ThresholdRule
) -> tuple[float, dict[str, float]]:
    """The threshold over all concepts, and those of the concepts with enough positives."""
    probabilities, labels = calibrated(curves, answers.logits), answers.labels
    known = ~np.isnan(labels)
    overall = choose_threshold(probabilities[known], labels[known], rule=rule)
    own = {}
    for column, concept in enumerate(answers.concepts):
        here = known[:, column]
        truth = labels[here, column]
        positives = int((truth >= 0.5).sum())
        if LEAST_FOR_THRESHOLD <= positives < len(truth):
            own[concept] = choose_threshold(probabilities[here, column], truth, rule=rule)
    return overall, own
