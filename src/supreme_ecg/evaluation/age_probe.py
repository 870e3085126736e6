"""Age from frozen embeddings: ridge regression, scored by the mean absolute error in years."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from supreme_ecg.evaluation.bootstrap import Interval, percentile_interval
from supreme_ecg.evaluation.embedding_cache import Embeddings
from supreme_ecg.evaluation.probe import FRACTIONS, Features, draw_labels
from supreme_ecg.evaluation.probe_methods import Examples, ridge_probe
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
    fractions: Sequence[float] = FRACTIONS,
    draws: int = 5,
    seed: int = 0,
    advance: Callable[[], None] = lambda: None,
) -> AgeResult:
    """Learn, choose and score; arguments as of ``run_probe``."""
    features = Features.of(plan, embeddings)
    ages, patients = plan.scored.labels, plan.scored.patients
    scores = []
    unlabelled = _without_classes(plan.train)
    for amount, drawn in draw_labels(
        unlabelled, fractions=fractions, shots=(), draws=draws, seed=seed
    ):
        errors, told = [], []
        for draw in drawn:
            train = Examples(features.train[draw.places], plan.train.labels[draw.places])
            answers = ridge_probe(
                train, Examples(features.choice, plan.choice.labels), features.scored
            )
            errors.append(np.abs(answers.scores - ages)[:, 0])
            told.append(
                {
                    "number": draw.number,
                    "records": len(draw.places),
                    "chosen": dict(answers.chosen),
                    "mean_absolute_error": float(errors[-1].mean()),
                }
            )
            advance()
        means = np.mean(errors, axis=1)
        scores.append(
            AgeScore(
                method="ridge_regression",
                fraction=amount["fraction"],
                mean_absolute_error=float(means.mean()),
                sd=float(means.std(ddof=1)) if len(drawn) > 1 else None,
                ci95=_interval(np.mean(errors, axis=0), patients, seed=seed),
                draws=tuple(told),
            )
        )
    return AgeResult(
        task=plan.name,
        weights=weights,
        width=features.train.shape[1],
        records=len(plan.scored.rows),
        patients=len(set(patients)),
        records_train=len(plan.train.rows),
        median_error=float(np.abs(np.median(plan.train.labels) - ages).mean()),
        scores=tuple(scores),
        run={**plan.run, "records_choice": len(plan.choice.rows), "seed": seed, "draws": draws},
    )


def _without_classes(part: LabelledRows) -> LabelledRows:
    """The same records with no class to be kept in a draw."""
    none = np.zeros((len(part.rows), 0), dtype=np.float32)
    return LabelledRows(store=part.store, rows=part.rows, labels=none)


def _interval(
    errors: Float[np.ndarray, " record"], patients: Sequence[str], *, seed: int
) -> Interval | None:
    """95 % interval of the mean error, patients resampled with all their records."""
    unique, of_record = np.unique(np.asarray(patients, dtype=str), return_inverse=True)
    drawn = np.random.default_rng(seed).integers(0, len(unique), (DRAWS, len(unique)))
    sums = np.bincount(of_record, weights=errors)[drawn].sum(axis=1)
    counts = np.bincount(of_record)[drawn].sum(axis=1)
    return percentile_interval(sums / counts)
