"""Age from frozen embeddings: ridge regression, scored by the mean absolute error in years."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from supreme_ecg.evaluation.bootstrap import Interval, percentile_interval
from supreme_ecg.evaluation.embedding_cache import Embeddings
from supreme_ecg.evaluation.label_draws import Amounts, LabelDraw
from supreme_ecg.evaluation.probe import Features
from supreme_ecg.evaluation.probe_methods import Answers, Examples, ridge_probe
from supreme_ecg.evaluation.probe_plan import LabelledRows, ProbePlan
from supreme_ecg.evaluation.probe_result import DRAWS


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeScore:
    """One amount of labels."""

    method: str
    """``ridge_regression``."""
    fraction: float
    """Share of the training part."""
    mean_absolute_error: float
    """Years, mean over the draws."""
    sd: float | None
    """Standard deviation over the draws; None for a single one."""
    ci95: Interval | None
    """95 % bootstrap interval, patients resampled."""
    draws: tuple[Mapping[str, Any], ...]
    """Records learnt from, settings and error of each draw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeResult:
    """How well age can be read off embeddings."""

    task: str
    """``age``."""
    weights: str
    """Name of the encoder."""
    width: int
    """Numbers in an embedding."""
    records: int
    """Records scored."""
    patients: int
    """Their patients."""
    records_train: int
    """Records of the whole training part with an age."""
    median_error: float
    """Mean absolute error of saying the training part's median age of everybody, years."""
    scores: tuple[AgeScore, ...]
    """At each amount of labels."""
    run: Mapping[str, Any]
    """How it was made."""

    def to_json(self) -> dict[str, Any]:
        """Plain values, in the form that ``docs/probes.md`` describes."""
        return asdict(self) | {"run": dict(self.run)}


def run_age_probe(
    plan: ProbePlan,
    embeddings: Mapping[Path, Embeddings],
    *,
    weights: str,
    amounts: Amounts = Amounts(),  # noqa: B008  frozen
    advance: Callable[[], None] = lambda: None,
) -> AgeResult:
    """Learn, choose and score; arguments as of ``run_probe``. Few shots do not apply."""
    features = Features.of(plan, embeddings)
    patients = plan.scored.patients
    no_class = np.zeros((len(plan.train.rows), 0), dtype=np.int8)  # to be kept in a draw
    scores = []
    for amount, drawn in replace(amounts, shots=()).draw(no_class, plan.train.patients):
        answered = []
        for draw in drawn:
            train = Examples(features.train[draw.places], plan.train.labels[draw.places])
            choice = Examples(features.choice, plan.choice.labels)
            answered.append((draw, ridge_probe(train, choice, features.scored)))
            advance()
        scores.append(_score(answered, plan.scored, fraction=amount.fraction, seed=amounts.seed))
    ages = plan.scored.labels
    return AgeResult(
        task=plan.name,
        weights=weights,
        width=features.train.shape[1],
        records=len(ages),
        patients=len(set(patients)),
        records_train=len(plan.train.rows),
        median_error=float(np.abs(np.median(plan.train.labels) - ages).mean()),
        scores=tuple(scores),
        run=plan.run | {"seed": amounts.seed, "draws": amounts.draws},
    )


def _score(
    answered: Sequence[tuple[LabelDraw, Answers]],
    scored: LabelledRows,
    *,
    fraction: float | None,
    seed: int,
) -> AgeScore:
    errors = [np.abs(answers.scores - scored.labels)[:, 0] for _, answers in answered]
    means = np.mean(errors, axis=1)
    return AgeScore(
        method="ridge_regression",
        fraction=fraction or 1.0,
        mean_absolute_error=float(means.mean()),
        sd=float(means.std(ddof=1)) if len(errors) > 1 else None,
        ci95=_interval(np.mean(errors, axis=0), scored.patients, seed=seed),
        draws=tuple(
            {
                "number": draw.number,
                "records": len(draw.places),
                "chosen": dict(answers.chosen),
                "mean_absolute_error": float(mean),
            }
            for (draw, answers), mean in zip(answered, means, strict=True)
        ),
    )


def _interval(
    errors: Float[np.ndarray, " record"], patients: Sequence[str], *, seed: int
) -> Interval | None:
    """95 % interval of the mean error, patients resampled with all their records."""
    unique, of_record = np.unique(np.asarray(patients, dtype=str), return_inverse=True)
    drawn = np.random.default_rng(seed).integers(0, len(unique), (DRAWS, len(unique)))
    sums = np.bincount(of_record, weights=errors)[drawn].sum(axis=1)
    counts = np.bincount(of_record)[drawn].sum(axis=1)
    return percentile_interval(sums / counts)
