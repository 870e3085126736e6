"""Two models on the same records: what the first gains by class and on average, and where it is decided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from jaxtyping import Float, Integer

from supreme_ecg.evaluation.bootstrap import bootstrap_auroc
from supreme_ecg.evaluation.metrics import RARE_BELOW, auroc, macro, number
from supreme_ecg.evaluation.zero_shot_result import Comparison, Gain, ZeroShotResult

_OWN: Final = (
    "weights_sha256",
    "in_domain",
    "records_seen_in_pretraining",
    "overlap",
    "answers",
    "answers_origin",
    "thresholds",
    "top_class",
)
"""What of a run is the model's own; the rest is that of the first."""


def compare(
    labels: Integer[np.ndarray, "record cls"],
    scores: Float[np.ndarray, "record cls"],
    patients: Sequence[str],
    *,
    other: ZeroShotResult,
    other_scores: Float[np.ndarray, "record cls"],
    draws: int,
    seed: int,
) -> Comparison:
    """Set a second model beside the first, on the same records and the same bootstrap draws.

    A class is decided where the 95 % interval of its difference leaves out 0 and it has ten positives and ten
    negatives: with fewer any bootstrap is too narrow.

    Args:
        labels: 1 positive, 0 negative.
        scores: Of the first model.
        patients: Patient of each record.
        other: Result of the second model on these labels.
        other_scores: Of the second model.
        draws: Bootstrap resamples.
        seed: Seed of the bootstrap.
    """
    first, second = (
        bootstrap_auroc(labels, each, patients, draws=draws, seed=seed)
        for each in (scores, other_scores)
    )
    paired = first - second
    differences = auroc(labels, scores) - auroc(labels, other_scores)
    names = [one.name for one in other.classes]
    gains = {
        name: Gain(auroc=number(difference), ci95=interval)
        for name, difference, interval in zip(names, differences, paired.intervals(), strict=True)
    }
    positives = labels.sum(axis=0, dtype=int)
    enough = (positives >= RARE_BELOW) & (len(labels) - positives >= RARE_BELOW)
    decidable = [name for name, has_enough in zip(names, enough, strict=True) if has_enough]
    return Comparison(
        name=other.weights,
        macro=other.macro,
        auroc={one.name: one.auroc for one in other.classes},
        ci95={one.name: one.ci95 for one in other.classes},
        exposure={one.name: one.exposure for one in other.classes},
        gain=number(macro(differences)),
        gain_ci95=paired.macro_interval(),
        gains=gains,
        better=tuple(name for name in decidable if (gains[name].ci95 or (0, 0))[0] > 0),
        worse=tuple(name for name in decidable if (gains[name].ci95 or (0, 0))[1] < 0),
        decidable=len(decidable),
        run={key: other.run[key] for key in _OWN if key in other.run},
    )
