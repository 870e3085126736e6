"""Plans of one task, answered and scored: one model, or two side by side on the same records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float, Integer

from supreme_ecg.evaluation.benchmark import PROTOCOLS, Protocol
from supreme_ecg.evaluation.comparison import compare
from supreme_ecg.evaluation.zero_shot import DRAWS
from supreme_ecg.evaluation.zero_shot_result import ZeroShotResult
from supreme_ecg.evaluation.zero_shot_run import Answers, Plan, plan_scores, score_plan


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


@dataclass(frozen=True, slots=True)
class _Scored:
    """One plan with its answers and what they are worth."""

    scores: Float[np.ndarray, "record cls"]
    result: ZeroShotResult


def run_benchmark(
    contender: Contender,
    *,
    against: Contender | None = None,
    seed: int = 0,
    advance: Callable[[int], None] = lambda _: None,
) -> BenchmarkResult:
    """Ask each model once about every record of any of its plans, and score each plan.

    Args:
        contender: The model of the result.
        against: A second model on the same task and store, to be set beside it.
        seed: Seed of the bootstrap.
        advance: Called with the number of records after each batch.

    Raises:
        WeightsError: A model answers NaN.
    """
    first = _score(contender, seed=seed, advance=advance)
    results = {name: one.result for name, one in first.items()}
    if against is not None:
        second = _score(against, seed=seed, advance=advance)
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


def _score(
    contender: Contender, *, seed: int, advance: Callable[[int], None]
) -> dict[Protocol, _Scored]:
    plans = contender.plans
    rows = union_rows(list(plans.values()))
    asked = replace(next(iter(plans.values())), rows=rows)
    answers = plan_scores(contender.model, asked, advance)
    scored = {}
    for name, plan in plans.items():
        scores = answers[np.searchsorted(rows, plan.rows)]
        others = None if plan.validation is None else plan.validation.rows
        result = score_plan(
            contender.model,
            plan,
            scores,
            weights=contender.weights,
            seed=seed,
            validation_scores=None if others is None else answers[np.searchsorted(rows, others)],
        )
        scored[name] = _Scored(scores, result)
    return scored


def union_rows(plans: Sequence[Plan]) -> Integer[np.ndarray, " record"]:
    """Rows that any of the plans scores or chooses thresholds on, each once, ascending."""
    scored = [plan.rows for plan in plans]
    others = [plan.validation.rows for plan in plans if plan.validation is not None]
    return np.unique(np.concatenate([*scored, *others]))


def _less(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first - second
