"""Plans of zero-shot tasks, asked in one pass of the model, and scored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace

import numpy as np
from jaxtyping import Float

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.evaluation.asking import ask_once
from supreme_ecg.evaluation.comparison import compare
from supreme_ecg.evaluation.exposure import exposure_of
from supreme_ecg.evaluation.top_class import top_class
from supreme_ecg.evaluation.zero_shot import DRAWS, zero_shot
from supreme_ecg.evaluation.zero_shot_plan import Answers, Plan
from supreme_ecg.evaluation.zero_shot_result import ZeroShotResult


def run_zero_shot(
    model: Answers,
    plans: Sequence[Plan],
    *,
    weights: str,
    seed: int = 0,
    baseline: Answers | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> list[ZeroShotResult]:
    """Ask the model every class of every task about the records, in one pass, and score the answers.

    Args:
        model: As planned with.
        plans: What to score: at least one, all of one store.
        weights: Name of the model for the result.
        seed: Seed of the bootstrap.
        baseline: ``model.with_random_encoder(...)``, to be set beside it.
        advance: Called with the number of records after each batch of each model.

    Returns:
        The scores of each plan; with a comparison where a baseline is given.

    Raises:
        WeightsError: A model answers NaN.
    """
    given = ask_once(model, plans, advance)
    others = None if baseline is None else ask_once(baseline, plans, advance)
    results = []
    for plan in plans:
        scores = given.scores(plan.task, plan.rows)
        result = score_plan(model, plan, scores, weights=weights, seed=seed)
        result = replace(result, run={**result.run, "answers_origin": given.origin})
        if baseline is not None and others is not None:
            other_scores = others.scores(plan.task, plan.rows)
            comparison = compare(
                plan.labels,
                scores,
                plan.patients,
                other=score_plan(baseline, plan, other_scores, weights="random encoder", seed=seed),
                other_scores=other_scores,
                draws=DRAWS,
                seed=seed,
            )
            result = replace(result, comparison=comparison)
        results.append(result)
    return results


def score_plan(
    model: Answers,
    plan: Plan,
    scores: Float[np.ndarray, "record cls"],
    *,
    weights: str,
    seed: int,
    validation_scores: Float[np.ndarray, "other cls"] | None = None,
) -> ZeroShotResult:
    """Score answers that are there already.

    Args:
        model: Tells which concepts were trained, and what its answers are.
        plan: Which records and labels.
        scores: As :meth:`Given.scores` gives them.
        weights: Name of the model for the result.
        seed: Seed of the bootstrap.
        validation_scores: Of the plan's validation records, where it has them.

    Raises:
        WeightsError: A score is NaN.
    """
    table = ConceptTable.load()
    validation = None
    if plan.validation is not None and validation_scores is not None:
        validation = plan.validation.labels, validation_scores
    trained = frozenset(model.trained_concepts)
    result = zero_shot(
        plan.task,
        plan.labels,
        scores,
        plan.patients,
        exposure={
            one.concept: exposure_of(one.concept, trained, table) for one in plan.task.classes
        },
        seed=seed,
        weights=weights,
        probable=not model.gives_similarities,
        validation=validation,
    )
    top = asdict(top_class(plan.labels, scores))
    own = {"weights_sha256": model.weights_sha256, "answers": describe_answers(model)}
    return replace(result, run={**plan.run, "seed": seed, **own, "top_class": top, **result.run})


def describe_answers(model: Answers) -> str:
    """What a model's scores are, and so whether a Brier score and a calibration error mean anything."""
    if model.gives_similarities:
        return "cosines, no probabilities: neither Brier score nor calibration error"
    if model.calibration is None:
        return "probabilities, not calibrated"
    return f"calibrated probabilities {model.calibration.meaning}"
