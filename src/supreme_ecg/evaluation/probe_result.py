"""Scores of probes: mean over label draws, spread over draws, interval over patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

import numpy as np
from jaxtyping import Bool, Float, Integer

from supreme_ecg.evaluation.bootstrap import BootstrapDraws, Interval, bootstrap_auroc
from supreme_ecg.evaluation.label_draws import Amount, LabelDraw
from supreme_ecg.evaluation.metrics import RARE_BELOW, auroc, average_precision, macro
from supreme_ecg.evaluation.probe_methods import Answers
from supreme_ecg.evaluation.top_class import TopClass, top_class

DRAWS: Final = 1000
"""Bootstrap resamples behind every interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawScore:
    """One draw of labels."""

    number: int
    """Which, from 0."""
    records: int
    """Records learnt from."""
    not_learnt: tuple[str, ...]
    """Classes without a positive or without a negative in the draw: every record gets the same answer."""
    chosen: Mapping[str, Any]
    """Settings, and what they reached where they were chosen."""
    auroc: float | None
    """Macro AUROC over all classes that can be scored, 0.5 for one that was not learnt."""
    auroc_learnt: float | None
    """Over those that were learnt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawsScore:
    """A measure over several draws of labels."""

    auroc: float | None
    """Mean over the draws; None where nothing could be scored."""
    sd: float | None
    """Standard deviation over the draws; None for a single one."""
    ci95: Interval | None
    """95 % bootstrap interval of that mean, patients of the scored part resampled."""
    auprc: float | None
    """Mean over the draws of the average precision."""
    classes: int
    """Number of classes averaged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeClassScore(DrawsScore):
    """One class."""

    name: str
    """Its name in the task."""
    concept: str | None
    """Its concept id."""
    positives: int
    """Positive records scored."""
    positives_learnt: tuple[int, ...]
    """Positive records learnt from, in each draw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Macro AUROC of an encoder less that of the first, on the same resamples of the same patients."""

    auroc: float | None
    """None where nothing could be scored."""
    ci95: Interval | None
    """95 % bootstrap interval of the difference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeScore:
    """One way to probe at one amount of labels."""

    method: str
    """``logistic_regression``, ``knn`` or ``fine_tuning``."""
    fraction: float | None
    """Share of the training part; None for few shots."""
    shots: int | None
    """Positives of each class; None for a share."""
    macro: DrawsScore
    """Over all classes that can be scored."""
    macro_min10: DrawsScore
    """Over those with at least ten positives among the records scored."""
    classes: tuple[ProbeClassScore, ...]
    """In the order of the task."""
    draws: tuple[DrawScore, ...]
    """In their order."""
    top_class: TopClass | None
    """Of the class with the highest score, mean over the draws; None for a single class."""
    difference: Difference | None = None
    """From the encoder that it was set beside."""
    resampled: BootstrapDraws = field(repr=False, compare=False)
    """Mean over the label draws in each bootstrap draw; not written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """All probes of one encoder on one task."""

    task: str
    """Name of the task or target."""
    weights: str
    """Name of the encoder."""
    width: int
    """Numbers in an embedding."""
    records: int
    """Records scored."""
    patients: int
    """Their patients."""
    records_train: int
    """Records of the whole training part, that is of all labels."""
    scores: tuple[ProbeScore, ...]
    """Every method at every amount of labels."""
    run: Mapping[str, Any]
    """How it was made."""

    def to_json(self) -> dict[str, Any]:
        """Plain values, in the form that ``docs/probes.md`` describes."""
        values = asdict(self) | {"run": dict(self.run)}
        for score in values["scores"]:
            del score["resampled"]
        return values


def set_beside(first: ProbeResult, other: ProbeResult) -> ProbeResult:
    """Add to the scores of an encoder how far they are from those of the first.

    Args:
        first: What to compare with.
        other: Of the same records, methods, amounts and seed.
    """
    scores = []
    for one, two in zip(first.scores, other.scores, strict=True):
        both = one.macro.auroc, two.macro.auroc
        gained = None if None in both else (both[1] or 0.0) - (both[0] or 0.0)
        paired = (two.resampled - one.resampled).macro_interval()
        scores.append(replace(two, difference=Difference(auroc=gained, ci95=paired)))
    return replace(other, scores=tuple(scores))


def score_draws(
    classes: Sequence[tuple[str, str | None]],
    labels: Integer[np.ndarray, "record cls"],
    patients: Sequence[str],
    draws: Sequence[tuple[LabelDraw, Answers]],
    *,
    method: str,
    amount: Amount,
    seed: int,
) -> ProbeScore:
    """Score what was learnt from several draws of labels.

    Args:
        classes: Name and concept of each column.
        labels: Of the records scored.
        patients: Of the records scored, the unit of resampling.
        draws: Draws with the answers learnt from them.
        method: For the result.
        amount: For the result.
        seed: Of the bootstrap: the same for all, so that draws and methods share their resamples.
    """
    areas = np.stack([auroc(labels, answers.scores) for _, answers in draws])
    precisions = np.stack([average_precision(labels, answers.scores) for _, answers in draws])
    resampled = BootstrapDraws.mean(
        [
            bootstrap_auroc(labels, answers.scores, patients, draws=DRAWS, seed=seed)
            for _, answers in draws
        ]
    )
    positives = labels.sum(axis=0, dtype=int)

    def over(keep: Bool[np.ndarray, " cls"]) -> dict[str, Any]:
        means = macro(areas, keep=keep)
        return {
            "auroc": _number(means.mean()),
            "sd": _number(means.std(ddof=1)) if len(draws) > 1 else None,
            "auprc": _number(macro(precisions, keep=keep).mean()),
            "classes": int(np.isfinite(areas[0, keep]).sum()),
        }

    def average(keep: Bool[np.ndarray, " cls"]) -> DrawsScore:
        return DrawsScore(**over(keep), ci95=resampled.macro_interval(keep=keep))

    def of_class(column: int, interval: Interval | None) -> ProbeClassScore:
        name, concept = classes[column]
        return ProbeClassScore(
            **over(np.arange(len(classes)) == column),
            name=name,
            concept=concept,
            positives=int(positives[column]),
            positives_learnt=tuple(int(draw.positives[column]) for draw, _ in draws),
            ci95=interval,
        )

    return ProbeScore(
        method=method,
        fraction=amount.fraction,
        shots=amount.shots,
        macro=average(positives >= 0),
        macro_min10=average(positives >= RARE_BELOW),
        classes=tuple(of_class(n, interval) for n, interval in enumerate(resampled.intervals())),
        draws=tuple(
            _draw_score(draw, answers, area, names=[name for name, _ in classes])
            for (draw, answers), area in zip(draws, areas, strict=True)
        ),
        top_class=_top_class(labels, draws),
        resampled=resampled,
    )


def _top_class(
    labels: Integer[np.ndarray, "record cls"], draws: Sequence[tuple[LabelDraw, Answers]]
) -> TopClass | None:
    if labels.shape[1] == 1 or not labels.any():
        return None
    found = [top_class(labels, answers.scores) for _, answers in draws]
    return TopClass(
        accuracy=float(np.mean([one.accuracy for one in found])),
        macro_f1=float(np.mean([one.macro_f1 for one in found])),
    )


def _draw_score(
    draw: LabelDraw, answers: Answers, areas: Float[np.ndarray, " cls"], *, names: Sequence[str]
) -> DrawScore:
    learnt = draw.trainable
    return DrawScore(
        number=draw.number,
        records=len(draw.places),
        not_learnt=tuple(
            name for name, is_learnt in zip(names, learnt, strict=True) if not is_learnt
        ),
        chosen=answers.chosen,
        auroc=_number(macro(areas)),
        auroc_learnt=_number(macro(areas, keep=learnt)),
    )


def _number(value: np.ndarray | float) -> float | None:
    number = float(value)
    return number if np.isfinite(number) else None
