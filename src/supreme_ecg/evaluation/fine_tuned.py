"""Fine-tuning as a probe: all weights of one of our encoders, on the draws of labels of the frozen probes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float32

from supreme_ecg.evaluation.frozen import state_sha256
from supreme_ecg.evaluation.label_draws import Amounts, LabelDraw
from supreme_ecg.evaluation.probe_methods import Answers
from supreme_ecg.evaluation.probe_plan import LabelledRows, ProbePlan
from supreme_ecg.evaluation.probe_result import ProbeScore, score_draws
from supreme_ecg.models.supreme import SuPreME
from supreme_ecg.training.fine_tuning import FineTuning, Tunable, column_queries, train_classifier
from supreme_ecg.training.training_set import TrainingSet, records_sha256

CHOICE_RECORDS: Final = 500
"""Records of choice that the epoch is chosen by, at most: they are run through the model after each epoch."""
_BATCH: Final = 128


def run_fine_tuning(
    model: Tunable,
    plan: ProbePlan,
    *,
    folder: Path,
    amounts: Amounts,
    config: FineTuning = FineTuning(),  # noqa: B008  frozen
    advance: Callable[[], None] = lambda: None,
) -> list[ProbeScore]:
    """Fine-tune once for each draw of labels, and score each.

    Args:
        model: One of ours; it stays as it is.
        plan: Which records, with which labels.
        folder: Of the runs. A run that was killed goes on, a finished one is read: each has a folder named
            by its recipe, labels and first weights.
        amounts: Of labels; the draws are those of the frozen probes.
        config: The recipe.
        advance: Called after each draw.

    Returns:
        A score for each amount of labels.

    Raises:
        ContractError: A store was made under another contract than the model's.
    """
    for store in (plan.train.store, plan.scored.store):
        model.contract.require_equal(store.contract, where=store.path)
    truth = plan.scored.labels.astype(np.int8)
    scores = []
    for amount, drawn in amounts.draw(plan.train.labels.astype(np.int8), plan.train.patients):
        answered = []
        for draw in drawn:
            answered.append((draw, _fine_tune(model, plan, draw, config=config, folder=folder)))
            advance()
        scores.append(
            score_draws(
                plan.classes,
                truth,
                plan.scored.patients,
                answered,
                method="fine_tuning",
                amount=amount,
                seed=amounts.seed,
            )
        )
    return scores


def _fine_tune(
    model: Tunable, plan: ProbePlan, draw: LabelDraw, *, config: FineTuning, folder: Path
) -> Answers:
    data = _training_set(plan, draw)
    recipe = config.recipe(model.parts.encoder, data=data)
    identity = {
        "recipe": recipe.to_json(),
        "start": sorted(state_sha256(model.encoder).items()),
        "records": records_sha256(data.store, data.training_rows),
        "labels": hashlib.sha256(draw.labels.tobytes()).hexdigest(),
        "choice": records_sha256(data.store, data.validation_rows),
        "classes": plan.classes,
    }
    name = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:20]
    tuned, progress = train_classifier(data, recipe, folder=folder / name, start=model.encoder)
    chosen = asdict(progress) | {"batch_size": recipe.training.batch_size}
    return Answers(_predict(tuned, plan.scored, classes=len(plan.classes)), chosen)


def _training_set(plan: ProbePlan, draw: LabelDraw) -> TrainingSet:
    """The draw to learn from, some of the records of choice to stop by."""
    store = plan.train.store
    rows = plan.train.rows[draw.places]
    places = np.random.default_rng(draw.number).permutation(len(plan.choice.rows))[:CHOICE_RECORDS]
    choice = plan.choice.only(np.sort(places))
    labels = np.full((len(store), len(plan.classes)), np.nan, dtype=np.float32)
    labels[rows], labels[choice.rows] = draw.labels, choice.labels
    return TrainingSet(
        store=store,
        concepts=tuple(name for name, _ in plan.classes),
        labels=labels,
        confirmed=np.ones(len(store), dtype=bool),
        training_rows=rows,
        validation_rows=choice.rows,
    )


def _predict(
    model: SuPreME, part: LabelledRows, *, classes: int
) -> Float32[np.ndarray, "record cls"]:
    parts = []
    for start in range(0, len(part.rows), _BATCH):
        batch = part.store.batch(part.rows[start : start + _BATCH])
        windows = (batch.signal, batch.lead_mask, batch.sample_mask)
        parts.append(model.logits(*windows, column_queries(classes)))
    return np.concatenate(parts)
