"""Zero-shot AUROC with fewer leads, shorter recordings, and by sex and age.

One pass of the model for each reduction serves every task; all reductions are scored on the same
records, so their ratios are paired.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from jaxtyping import Bool, Float

from supreme_ecg.evaluation.asking import BATCH
from supreme_ecg.evaluation.bootstrap import (
    BootstrapDraws,
    Interval,
    bootstrap_auroc,
    percentile_interval,
)
from supreme_ecg.evaluation.metrics import auroc, macro, number, scorable
from supreme_ecg.evaluation.reduced_windows import REDUCTIONS, Reduction, reduce_windows
from supreme_ecg.evaluation.subgroups import GroupScore, score_groups
from supreme_ecg.evaluation.zero_shot import DRAWS, require_finite
from supreme_ecg.evaluation.zero_shot_plan import Answers, Plan

CHANCE: Final = 0.5
"""AUROC of a score that knows nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReductionScore:
    """One task with fewer leads or seconds."""

    name: str
    """Which reduction."""
    leads: tuple[str, ...]
    """Leads in the file."""
    duration_s: float
    """Seconds in the file."""
    auroc: float | None
    """Mean over the classes that could be scored."""
    ci95: Interval | None
    """95 % bootstrap interval of the mean."""
    above_chance: float | None
    """(AUROC - 0.5) as a share of that of the whole window."""
    above_chance_ci95: Interval | None
    """95 % interval of the share, both on the same bootstrap draws."""
    classes: Mapping[str, float | None]
    """Class name -> AUROC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RobustnessResult:
    """One task under every reduction, and by group."""

    task: str
    """Name of the task."""
    weights: str
    """Name or folder of the weights."""
    records: int
    """Records scored, the same under every reduction."""
    patients: int
    """Patients they are from."""
    unusable: int
    """Records left out because a reduction leaves nothing of them."""
    classes_averaged: int
    """Classes with positives and negatives."""
    reductions: tuple[ReductionScore, ...]
    """The whole window first."""
    groups: tuple[GroupScore, ...]
    """By sex and age, whole windows."""
    run: Mapping[str, Any]
    """How it was made."""

    def to_json(self) -> dict[str, Any]:
        """Plain values, in the form that ``docs/robustness.md`` describes."""
        return asdict(self)


def run_robustness(
    model: Answers,
    plans: Sequence[Plan],
    *,
    weights: str,
    seed: int = 0,
    draws: int = DRAWS,
    advance: Callable[[int], None] = lambda _: None,
) -> tuple[RobustnessResult, ...]:
    """Score tasks of one store under every reduction.

    Args:
        model: As planned with.
        plans: At least one, all of one store.
        weights: Name of the model for the result.
        seed: Seed of the bootstrap.
        draws: Bootstrap resamples behind every interval.
        advance: Called with the number of windows after each batch.

    Returns:
        One result a task.

    Raises:
        WeightsError: The model answers NaN.
    """
    rows = np.unique(np.concatenate([plan.rows for plan in plans]))
    prompts = list(dict.fromkeys(prompt for plan in plans for prompt in plan.task.prompts))
    answers, usable = _answers(model, plans[0], rows=rows, prompts=prompts, advance=advance)
    for scores in answers.values():
        require_finite(scores[usable], weights=weights)
    results = []
    for plan in plans:
        places = np.searchsorted(rows, plan.rows)
        kept = usable[places]
        columns = [prompts.index(prompt) for prompt in plan.task.prompts]
        own = {
            reduction: plan.task.scores(scores[places[kept]][:, columns])
            for reduction, scores in answers.items()
        }
        results.append(_score(plan, own, kept, weights=weights, seed=seed, draws=draws))
    return tuple(results)


def _answers(
    model: Answers,
    plan: Plan,
    *,
    rows: np.ndarray,
    prompts: Sequence[str],
    advance: Callable[[int], None],
) -> tuple[dict[Reduction, Float[np.ndarray, "record query"]], Bool[np.ndarray, " record"]]:
    """Answers under each reduction, and which records have something left under all of them."""
    answers = {
        reduction: np.zeros((len(rows), len(prompts)), np.float32) for reduction in REDUCTIONS
    }
    usable = np.ones(len(rows), dtype=bool)
    for start in range(0, len(rows), BATCH):
        here = slice(start, start + BATCH)
        whole = plan.store.batch(rows[here])
        for reduction in REDUCTIONS:
            batch, left = reduce_windows(whole, reduction, contract=plan.store.contract)
            usable[here] &= left
            batch.sample_mask[~left] = True  # an ECG without any sample has no answer; not scored
            answers[reduction][here] = model.predict(
                batch.signal, batch.lead_mask, batch.sample_mask, prompts
            )
            advance(len(whole.signal))
    return answers, usable


def _score(
    plan: Plan,
    answers: Mapping[Reduction, Float[np.ndarray, "record cls"]],
    kept: Bool[np.ndarray, " record"],
    *,
    weights: str,
    seed: int,
    draws: int,
) -> RobustnessResult:
    labels, records = plan.labels[kept], plan.store.records[plan.rows[kept]]
    patients: list[str] = records["patient_id"].to_list()
    names = [one.name for one in plan.task.classes]
    whole = answers[REDUCTIONS[0]]
    reference: tuple[float, BootstrapDraws] | None = None
    reductions = []
    for reduction, scores in answers.items():
        areas = auroc(labels, scores)
        drawn = bootstrap_auroc(labels, scores, patients, draws=draws, seed=seed)
        reference = reference or (float(macro(areas)), drawn)
        share, share_ci95 = _above_chance(float(macro(areas)), drawn, reference)
        reductions.append(
            ReductionScore(
                name=reduction.name,
                leads=reduction.leads,
                duration_s=reduction.duration_s or plan.store.contract.duration_s,
                auroc=number(macro(areas)),
                ci95=drawn.macro_interval(),
                above_chance=share,
                above_chance_ci95=share_ci95,
                classes=dict(zip(names, map(number, areas), strict=True)),
            )
        )
    groups = score_groups(
        labels, whole, patients, records=records, names=names, draws=draws, seed=seed
    )
    return RobustnessResult(
        task=plan.task.name,
        weights=weights,
        records=len(labels),
        patients=len(set(patients)),
        unusable=int((~kept).sum()),
        classes_averaged=int(scorable(labels).sum()),
        reductions=tuple(reductions),
        groups=groups,
        run={**plan.run, "seed": seed, "draws": draws},
    )


def _above_chance(
    area: float, draws: BootstrapDraws, reference: tuple[float, BootstrapDraws]
) -> tuple[float | None, Interval | None]:
    """Share of what the whole window ranks better than chance; None where it ranks no better."""
    whole, whole_draws = reference
    resampled = macro(whole_draws.joint) - CHANCE
    if not whole > CHANCE or not (resampled > 0).all():
        return None, None
    share = (macro(draws.joint) - CHANCE) / resampled
    return (area - CHANCE) / (whole - CHANCE), percentile_interval(share)
