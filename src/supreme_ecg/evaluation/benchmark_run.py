"""Plans of one task, answered and scored: one model, or two side by side on the same records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float

from supreme_ecg.evaluation.asking import Given, ask_once
from supreme_ecg.evaluation.benchmark import PROTOCOLS, Protocol
from supreme_ecg.evaluation.comparison import compare
from supreme_ecg.evaluation.zero_shot import DRAWS
from supreme_ecg.evaluation.zero_shot_plan import Answers, Plan
from supreme_ecg.evaluation.zero_shot_result import ZeroShotResult
from supreme_ecg.evaluation.zero_shot_run import score_plan


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkResult:
    """Scores of one task under one or both protocols."""

    task: str
    """Name of the task."""
    protocols: Mapping[Protocol, ZeroShotResult]
    """Scores under each that was asked for."""

    @property
    def difference(self) -> dict[str, Any] | None:
        """AUROC as published less corrected, by class and on average; None under a single protocol.

        A class that one of the two cannot score has None and is in no average: a macro over other
        classes would differ though no label did.
        """
        if len(self.protocols) < len(PROTOCOLS):
            return None
        corrected, published = (self.protocols[name] for name in PROTOCOLS)
        by_class = {
            ours.name: _less(theirs.auroc, ours.auroc)
            for ours, theirs in zip(corrected.classes, published.classes, strict=True)
        }
        in_both = [value for value in by_class.values() if value is not None]
        return {
            "macro": sum(in_both) / len(in_both) if in_both else None,
            "classes_in_both": len(in_both),
            "classes": by_class,
        }

    def to_json(self) -> dict[str, Any]:
        """Plain values, in the form that ``docs/evaluation.md`` describes."""
        values: dict[str, Any] = {
            "task": self.task,
            "protocols": {name: one.to_json() for name, one in self.protocols.items()},
        }
        return values if self.difference is None else {**values, "difference": self.difference}


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A model with its plans of one task."""

    model: Answers
    """What is asked."""
    weights: str
    """Its name for the result."""
    plans: Mapping[Protocol, Plan]
    """Of one task on one store, by protocol, made with this model."""
    given: Given
    """What it answers about the records of these plans at least."""


@dataclass(frozen=True, slots=True)
class _Scored:
    """One plan with its answers and what they are worth."""

    scores: Float[np.ndarray, "record cls"]
    result: ZeroShotResult


def contenders(
    model: Answers,
    plans: Sequence[Mapping[Protocol, Plan]],
    *,
    weights: str,
    advance: Callable[[int], None] = lambda _: None,
) -> list[Contender]:
    """Ask a model once about every record of any plan.

    Args:
        model: As planned with.
        plans: Of each task, by protocol; all on one store.
        weights: Name of the model for the result.
        advance: Called with the number of records after each batch.

    Returns:
        One for each task.
    """
    given = ask_once(model, [plan for of_task in plans for plan in of_task.values()], advance)
    return [
        Contender(model=model, weights=weights, plans=of_task, given=given) for of_task in plans
    ]


def run_benchmark(
    contender: Contender,
    *,
    against: Contender | None = None,
    seed: int = 0,
) -> BenchmarkResult:
    """Score each plan of a model, or of two.

    Args:
        contender: The model of the result.
        against: A second model on the same task and store, to be set beside it.
        seed: Seed of the bootstrap.

    Raises:
        WeightsError: A model answers NaN.
    """
    first = _score(contender, seed=seed)
    results = {name: one.result for name, one in first.items()}
    if against is not None:
        second = _score(against, seed=seed)
        for name, plan in contender.plans.items():
            comparison = compare(
                plan.labels,
                first[name].scores,
                plan.patients,
                other=second[name].result,
                other_scores=second[name].scores,
                draws=DRAWS,
                seed=seed,
            )
            results[name] = replace(results[name], comparison=comparison)
    task = next(iter(contender.plans.values())).task
    return BenchmarkResult(task=task.name, protocols=results)


def _score(contender: Contender, *, seed: int) -> dict[Protocol, _Scored]:
    scored = {}
    for name, plan in contender.plans.items():
        given, others = contender.given, plan.validation
        scores = given.scores(plan.task, plan.rows)
        result = score_plan(
            contender.model,
            plan,
            scores,
            weights=contender.weights,
            seed=seed,
            validation_scores=None if others is None else given.scores(plan.task, others.rows),
        )
        result = replace(result, run={**result.run, "answers_origin": given.origin})
        scored[name] = _Scored(scores, result)
    return scored


def _less(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first - second
