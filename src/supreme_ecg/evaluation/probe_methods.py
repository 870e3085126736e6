"""Ways to score classes from frozen features; each chooses its settings on records held for that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

import numpy as np
from jaxtyping import Float, Float32, Integer
from sklearn.linear_model import Ridge
from sklearn.neighbors import NearestNeighbors

from supreme_ecg.evaluation.metrics import auroc, macro
from supreme_ecg.training.logistic import ROUGH, ClassWeight, LinearScores, LogisticRegression

Method = Literal["logistic_regression", "knn"]

STRENGTHS: Final = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""C of the logistic regression, as scikit-learn counts it; features are standardised."""
CLASS_WEIGHTS: Final[tuple[ClassWeight, ...]] = ("none", "balanced")
NEIGHBOURS: Final = (1, 5, 10, 20, 50, 100, 200)
"""k of the nearest neighbours."""
TEMPERATURE: Final = 0.07
"""A neighbour's vote is exp(cosine / temperature). Source: Wu et al. 2018, arXiv 1805.01978."""
PENALTIES: Final = (1.0, 10.0, 100.0, 1e3, 1e4, 1e5)
"""Alpha of the ridge regression."""
_AT_ONCE: Final = 512
"""Records whose neighbours' labels are in memory together."""


@dataclass(frozen=True, slots=True)
class Examples:
    """Features with what is known of them."""

    features: Float32[np.ndarray, "record feature"]
    """Standardised."""
    labels: Float32[np.ndarray, "record cls"]
    """1 and 0, or a number to be predicted; NaN where it is hidden."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What a probe says of the records to be scored."""

    scores: Float[np.ndarray, "record cls"]
    """The higher, the more the class is believed; or the predicted number."""
    chosen: Mapping[str, Any]
    """Settings, and what they reached where they were chosen."""


class ProbeMethod(Protocol):
    """Learns from some examples, chooses by others, answers for a third set."""

    def __call__(
        self,
        train: Examples,
        choice: Examples,
        features: Float32[np.ndarray, "record feature"],
    ) -> Answers:
        """Answer for the records with these features."""


def logistic_probe(
    train: Examples, choice: Examples, features: Float32[np.ndarray, "record feature"]
) -> Answers:
    """Logistic regression, one class against the rest.

    C and class weight are one pair for all classes: that of the highest macro AUROC on ``choice``; the
    strongest penalty where several are equal.
    """
    regression = LogisticRegression(train.features)
    best: tuple[float, LinearScores, dict[str, Any]] | None = None
    for class_weight in CLASS_WEIGHTS:
        fitted: LinearScores | None = None
        for c in STRENGTHS:
            settings: dict[str, Any] = {"c": c, "class_weight": class_weight}
            fitted = regression.fit(train.labels, **settings, start=fitted, precision=ROUGH)
            area = _macro_auroc(choice.labels, fitted(choice.features))
            if best is None or area > best[0]:
                best = (area, fitted, settings)
    assert best is not None
    _, rough, settings = best
    fitted = regression.fit(train.labels, **settings, start=rough)
    area = _macro_auroc(choice.labels, fitted(choice.features))
    return Answers(fitted(features), settings | {"choice_auroc": area})


def knn_probe(
    train: Examples, choice: Examples, features: Float32[np.ndarray, "record feature"]
) -> Answers:
    """Votes of the k nearest training records by cosine; k is that of the highest macro AUROC on ``choice``.

    A hidden label casts no vote.
    """
    most = min(NEIGHBOURS[-1], len(train.features))
    search = NearestNeighbors(n_neighbors=most, metric="cosine", algorithm="brute")
    search.fit(train.features)
    votes = np.nan_to_num(train.labels)
    counts = sorted({min(k, most) for k in NEIGHBOURS})
    near = search.kneighbors(choice.features)
    areas = [_macro_auroc(choice.labels, _vote(near, votes, k=k)) for k in counts]
    best = int(np.argmax(areas))
    scores = _vote(search.kneighbors(features), votes, k=counts[best])
    return Answers(scores, {"k": counts[best], "choice_auroc": areas[best]})


def ridge_probe(
    train: Examples, choice: Examples, features: Float32[np.ndarray, "record feature"]
) -> Answers:
    """Ridge regression of numbers; the penalty is that of the lowest mean absolute error on ``choice``."""
    fitted = [Ridge(alpha=alpha).fit(train.features, train.labels) for alpha in PENALTIES]
    errors = [
        float(np.abs(_column(one.predict(choice.features)) - choice.labels).mean())
        for one in fitted
    ]
    best = int(np.argmin(errors))
    scores = _column(fitted[best].predict(features))
    return Answers(scores, {"alpha": PENALTIES[best], "choice_mae": errors[best]})


METHODS: Final[Mapping[Method, ProbeMethod]] = {
    "logistic_regression": logistic_probe,
    "knn": knn_probe,
}
"""Name -> what it is."""


def _macro_auroc(labels: np.ndarray, scores: np.ndarray) -> float:
    """Mean over the classes that can be scored; 0.5 where none can."""
    area = float(macro(auroc(labels.astype(np.int8), scores)))
    return area if np.isfinite(area) else 0.5


def _vote(
    near: tuple[Float[np.ndarray, "record k"], Integer[np.ndarray, "record k"]],
    votes: Float32[np.ndarray, "train cls"],
    *,
    k: int,
) -> Float[np.ndarray, "record cls"]:
    """Share of the votes of the k nearest for each class."""
    distances, places = (each[:, :k] for each in near)
    weights = np.exp((distances[:, :1] - distances) / TEMPERATURE)
    weights /= weights.sum(axis=1, keepdims=True)
    blocks = range(0, len(places), _AT_ONCE)
    return np.concatenate(
        [
            np.einsum("rk,rkc->rc", weights[at : at + _AT_ONCE], votes[places[at : at + _AT_ONCE]])
            for at in blocks
        ]
    )


def _column(predicted: np.ndarray) -> np.ndarray:
    return predicted.reshape(len(predicted), -1)
