"""Each way to probe learns what is there and chooses its settings on the records held for that."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import KNeighborsClassifier

from supreme_ecg.evaluation.probe_methods import (
    Examples,
    knn_probe,
    logistic_probe,
    ridge_probe,
)

RNG = np.random.default_rng(0)


def examples(count: int, *, noise: float = 1.0, seed: int = 0) -> Examples:
    """Two classes along the first two of thirty features."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(count, 30)).astype(np.float32)
    logits = 3 * features[:, :2] + noise * rng.normal(size=(count, 2))
    return Examples(features, (logits > 1).astype(np.float32))


@pytest.mark.parametrize("method", [logistic_probe, knn_probe])
def test_a_probe_finds_the_classes(method) -> None:
    """Well above chance on records that it has not seen."""
    scored = examples(400, seed=2)
    answers = method(examples(600), examples(300, seed=1), scored.features)
    area = roc_auc_score(scored.labels, answers.scores)
    assert area > 0.75
    assert answers.chosen["choice_auroc"] == pytest.approx(area, abs=0.06)


def test_the_penalty_is_the_one_that_does_best_where_it_is_chosen() -> None:
    """Few records of noise want a strong penalty, many clean ones a weak one."""
    few = logistic_probe(
        examples(40, noise=6.0), examples(2000, seed=1), np.zeros((1, 30), np.float32)
    )
    many = logistic_probe(
        examples(4000, noise=0.1), examples(2000, noise=0.1, seed=1), np.zeros((1, 30), np.float32)
    )
    assert few.chosen["c"] < many.chosen["c"]


def test_the_records_scored_take_no_part_in_the_choice() -> None:
    """The same settings and answers for a record, whatever is scored beside it."""
    train, choice, scored = examples(200), examples(200, seed=1), examples(50, seed=2)
    whole = logistic_probe(train, choice, scored.features)
    part = logistic_probe(train, choice, scored.features[:7])
    assert whole.chosen == part.chosen
    assert np.allclose(whole.scores[:7], part.scores, atol=1e-5)


def test_one_neighbour_is_scikit_learns() -> None:
    """With a single training record near each, k = 1 gives the labels of the nearest by cosine."""
    train, scored = examples(60), examples(100, seed=2)
    choice = Examples(train.features, train.labels)  # itself: the nearest is always right
    answers = knn_probe(train, choice, scored.features)
    assert answers.chosen["k"] == 1
    reference = KNeighborsClassifier(n_neighbors=1, metric="cosine").fit(
        train.features, train.labels
    )
    assert np.array_equal(answers.scores, reference.predict(scored.features))


def test_neighbours_look_at_direction_not_length() -> None:
    """Scaling a record changes nothing."""
    train, choice, scored = examples(300), examples(100, seed=1), examples(50, seed=2)
    plain = knn_probe(train, choice, scored.features)
    scaled = knn_probe(train, choice, 7 * scored.features)
    assert np.allclose(plain.scores, scaled.scores, atol=1e-4)


def test_no_more_neighbours_than_records_are_asked() -> None:
    """Three training records are enough for an answer."""
    answers = knn_probe(examples(3), examples(50, seed=1), examples(5, seed=2).features)
    assert answers.chosen["k"] <= 3
    assert answers.scores.shape == (5, 2)


def test_where_no_class_can_be_scored_the_strongest_penalty_is_taken() -> None:
    """A choice part without a positive gives 0.5 for all settings, and no error."""
    empty = Examples(examples(50).features, np.zeros((50, 2), np.float32))
    answers = logistic_probe(examples(100), empty, examples(5).features)
    assert answers.chosen == {"c": 1e-4, "class_weight": "none", "choice_auroc": 0.5}


def test_a_number_is_predicted_in_its_own_units() -> None:
    """Years come out as years, within the noise that was put in."""

    def of(seed: int) -> Examples:
        rng = np.random.default_rng(seed)
        features = rng.normal(size=(500, 20)).astype(np.float32)
        years = 60 + 10 * features[:, :1] + 2 * rng.normal(size=(500, 1))
        return Examples(features, years.astype(np.float32))

    scored = of(2)
    answers = ridge_probe(of(0), of(1), scored.features)
    error = float(np.abs(answers.scores - scored.labels).mean())
    assert error < 2.0
    assert answers.chosen["choice_mae"] == pytest.approx(error, abs=0.3)
