"""Scores of wording, without a model."""

from __future__ import annotations

import numpy as np
import pytest

from supreme_ecg.evaluation.metrics import auroc
from supreme_ecg.evaluation.paraphrase import Paraphrase
from supreme_ecg.evaluation.wording import WordingResult, score_wording

CONCEPTS = ("long_qt", "wide_qrs", "qs_complex")
PARAPHRASES = (
    Paraphrase(concept="wide_qrs", kind="lay", phrase="same"),
    Paraphrase(concept="long_qt", kind="lay", phrase="noise"),
    Paraphrase(concept="long_qt", kind="german", phrase="better"),
    Paraphrase(concept="qs_complex", kind="german", phrase="too rare"),
)


@pytest.fixture
def scored() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, scores of names, scores of paraphrases: one the same, one noise, one perfect."""
    rng = np.random.default_rng(0)
    labels = (rng.random((400, 3)) < 0.2).astype(np.int8)
    labels[:, 2] = 0
    labels[:9, 2] = 1
    names = labels + rng.normal(size=labels.shape)
    answers = np.stack(
        [names[:, 1] * 2, rng.normal(size=400), labels[:, 0] * 1.0, names[:, 2]], axis=1
    )
    return labels, names, answers


def score(values: tuple[np.ndarray, np.ndarray, np.ndarray], *, seed: int = 0) -> WordingResult:
    labels, names, answers = values
    return score_wording(
        PARAPHRASES,
        labels,
        concepts=CONCEPTS,
        names=names,
        answers=answers,
        patients=[f"p{i // 2}" for i in range(len(labels))],
        truth="reports",
        seed=seed,
        draws=100,
    )


def test_differences_are_those_of_the_aurocs(
    scored: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    """Each paraphrase is compared with the name of its own concept, whatever their order."""
    labels, names, answers = scored
    result = score(scored)
    by_name = auroc(labels, names)
    assert [one.phrase for one in result.scores] == ["same", "noise", "better"]
    same, noise, better = result.scores
    assert same.difference == pytest.approx(0.0)
    assert noise.difference == pytest.approx(auroc(labels[:, :1], answers[:, 1:2])[0] - by_name[0])
    assert (better.auroc, better.name_auroc) == (pytest.approx(1.0), pytest.approx(by_name[0]))


def test_within_counts_both_ways_and_not_worse_one(
    scored: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    """A gain is not within the tolerance, but it is not worse."""
    overall = score(scored).overall
    assert overall is not None
    assert overall.within == pytest.approx(1 / 3)
    assert overall.not_worse == pytest.approx(2 / 3)
    assert overall.worst < -0.1


def test_rare_concepts_are_left_out_and_counted(
    scored: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    """Nine positives are too few; the concept is named with its count."""
    result = score(scored)
    assert result.excluded_concepts == {"qs_complex": 9}
    assert result.excluded_paraphrases == 1
    assert set(result.by_concept) == {"long_qt", "wide_qrs"}
    assert set(result.by_kind) == {"lay", "german"}


def test_intervals_hold_the_values_and_depend_on_the_seed(
    scored: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    """The noise's interval is below zero and holds its difference; a second seed moves it."""
    one, other = score(scored).scores[1], score(scored, seed=1).scores[1]
    assert one.ci95[0] <= one.difference <= one.ci95[1] < 0
    assert one.ci95 != other.ci95


def test_nothing_to_score_is_no_error() -> None:
    """Where every concept is too rare there is no summary, and no crash."""
    labels = np.zeros((20, 1), dtype=np.int8)
    result = score_wording(
        PARAPHRASES[1:2],
        labels,
        concepts=("long_qt",),
        names=np.zeros((20, 1)),
        answers=np.zeros((20, 1)),
        patients=[str(i) for i in range(20)],
        truth="reports",
        draws=10,
    )
    assert result.overall is None
    assert result.scores == ()
    assert result.excluded_paraphrases == 1
