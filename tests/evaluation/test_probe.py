"""From embeddings to a result: signal is found, noise is not, and what was not learnt is said."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from supreme_ecg.evaluation.age_probe import run_age_probe
from supreme_ecg.evaluation.embedding_cache import Embeddings
from supreme_ecg.evaluation.label_draws import Amounts
from supreme_ecg.evaluation.metrics import auroc
from supreme_ecg.evaluation.probe import run_probe
from supreme_ecg.evaluation.probe_plan import ProbePlan, plan_probe
from supreme_ecg.evaluation.probe_result import ProbeResult, set_beside
from supreme_ecg.evaluation.target import Target
from supreme_ecg.evaluation.task import Task
from tests.evaluation.scripted_encoder import SpreadEncoder
from tests.evaluation.test_probe_plan import CountedStore, cpsc2018, ptb_xl

TASK = Task.load("cpsc2018")
ALL = Amounts(fractions=(1.0,))


def planted(store: CountedStore, truth: np.ndarray, *, strength: float) -> dict[Path, Embeddings]:
    """Vectors of noise in which the truth stands out by so many standard deviations."""
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(len(store), 24))
    vectors[:, : truth.shape[1]] += strength * truth
    return {
        store.path: Embeddings(vectors=vectors.astype(np.float32), origin="not cached", path=None)
    }


def probed(strength: float, **options) -> tuple[ProbePlan, ProbeResult]:
    store = cpsc2018()
    plan = plan_probe(SpreadEncoder(), store, TASK, part="test")
    vectors = planted(store, TASK.labels(store.records), strength=strength)
    return plan, run_probe(plan, vectors, weights="planted", **options)


@pytest.fixture(scope="module")
def result() -> ProbeResult:
    return probed(
        3.0,
        methods=("logistic_regression", "knn"),
        amounts=Amounts(fractions=(0.05, 0.3, 1.0), shots=(1, 5), draws=3),
    )[1]


def test_more_labels_are_learnt_better_than_fewer(result: ProbeResult) -> None:
    """For both ways to probe, by share and by shots; a strong signal is found at all labels."""
    for method in ("logistic_regression", "knn"):
        of_method = [score for score in result.scores if score.method == method]
        areas = [score.macro.auroc for score in of_method]
        assert areas[0] < areas[2]
        assert areas[3] < areas[4]
        assert areas[2] > 0.9


def test_noise_is_not_learnt() -> None:
    """Embeddings without any signal score 0.5 within their interval."""
    _, result = probed(0.0, amounts=ALL)
    low, high = result.scores[0].macro.ci95
    assert low < 0.5 < high


def test_each_amount_has_its_draws(result: ProbeResult) -> None:
    """One at all labels, without a spread; else as many as asked, with one."""
    for score in result.scores:
        assert len(score.draws) == (1 if score.fraction == 1.0 else 3)
        assert (score.macro.sd is None) == (score.fraction == 1.0)
        assert score.macro.auroc == pytest.approx(np.mean([d.auroc for d in score.draws]))
        assert score.macro.ci95[0] < score.macro.auroc < score.macro.ci95[1]


def test_positives_are_told_where_learnt_and_where_scored(result: ProbeResult) -> None:
    """Of each class, in each draw; five shots are five."""
    plan, _ = probed(3.0, amounts=ALL)
    full, shot = result.scores[4], result.scores[-1]
    assert full.fraction == 1.0
    for column, one in enumerate(full.classes):
        assert one.positives == plan.scored.labels[:, column].sum()
        assert one.positives_learnt == (plan.train.labels[:, column].sum(),)
    assert shot.shots == 5
    assert {count for one in shot.classes for count in one.positives_learnt} == {5}


def test_the_highest_class_of_each_record_is_scored_too(result: ProbeResult) -> None:
    """Of a strong signal most are right; of noise about as many as there are classes to hit."""
    strong = next(score for score in result.scores if score.fraction == 1.0).top_class
    noise = probed(0.0, amounts=ALL)[1].scores[0].top_class
    assert noise.accuracy < 0.5 < strong.accuracy <= 1
    assert noise.macro_f1 < 0.5 < strong.macro_f1 <= 1


def test_an_encoder_is_set_beside_another_on_the_same_draws() -> None:
    """Better features are better by more than 0, and an encoder is no better than itself."""
    weak, strong = (probed(strength, amounts=ALL)[1] for strength in (0.3, 3.0))
    apart = set_beside(weak, strong).scores[0].difference
    assert apart.auroc == pytest.approx(strong.scores[0].macro.auroc - weak.scores[0].macro.auroc)
    assert 0 < apart.ci95[0] < apart.auroc < apart.ci95[1]
    same = set_beside(weak, weak).scores[0].difference
    assert (same.auroc, same.ci95) == (0.0, (0.0, 0.0))


def test_a_class_that_was_not_learnt_counts_as_chance_and_is_named() -> None:
    """Its AUROC is 0.5 exactly, it is in the macro, and the mean without it stands beside."""
    store = cpsc2018()
    plan = plan_probe(SpreadEncoder(), store, TASK, part="test")
    plan.train.labels[:, 2] = 0
    vectors = planted(store, TASK.labels(store.records), strength=3.0)
    score = run_probe(plan, vectors, weights="planted", amounts=ALL).scores[0]
    assert score.classes[2].auroc == 0.5
    assert score.draws[0].not_learnt == (TASK.classes[2].name,)
    learnt = [one.auroc for n, one in enumerate(score.classes) if n != 2]
    assert score.draws[0].auroc_learnt == pytest.approx(np.mean(learnt))
    assert score.macro.auroc == pytest.approx((sum(learnt) + 0.5) / 9)
    assert score.macro.classes == 9


def test_a_class_without_positives_to_score_is_in_no_average() -> None:
    """It keeps its name and place, with nulls."""
    store = cpsc2018()
    plan = plan_probe(SpreadEncoder(), store, TASK, part="test")
    plan.scored.labels[:, 0] = 0
    vectors = planted(store, TASK.labels(store.records), strength=3.0)
    score = run_probe(plan, vectors, weights="planted", amounts=ALL).scores[0]
    assert (score.classes[0].auroc, score.classes[0].ci95) == (None, None)
    assert score.macro.classes == 8


def test_the_json_is_plain_and_whole(result: ProbeResult) -> None:
    """Nothing but JSON's own values, and what a reader needs beside the numbers."""
    values = json.loads(json.dumps(result.to_json(), allow_nan=False))
    assert len(values["scores"]) == 10
    assert set(values["run"]) >= {
        "settings_chosen_on",
        "records_choice",
        "seed",
        "part",
        "in_domain",
    }
    assert values["scores"][0]["draws"][0]["chosen"]["c"] > 0


def test_the_same_seed_gives_the_same_result() -> None:
    """Draws, choice and intervals."""
    first, again, other = (
        probed(2.0, amounts=Amounts(fractions=(0.1,), draws=2, seed=seed))[1].to_json()
        for seed in (0, 0, 1)
    )
    assert first == again
    assert first["scores"][0]["macro"] != other["scores"][0]["macro"]


def test_progress_is_told_as_announced() -> None:
    """As many steps as there are draws."""
    told: list[int] = []
    amounts = Amounts(fractions=(0.1, 1.0), shots=(1,), draws=2)
    probed(1.0, amounts=amounts, advance=lambda: told.append(1))
    assert len(told) == len(amounts) == 5


def test_sex_is_a_task_of_one_class() -> None:
    """Its AUROC is that of the planted signal."""
    store = ptb_xl()
    target = Target.named("sex")
    plan = plan_probe(SpreadEncoder(), store, target, part="test")
    truth = np.nan_to_num(target.values(store.records))[:, None]
    vectors = planted(store, truth, strength=2.0)
    (score,) = run_probe(plan, vectors, weights="planted", amounts=ALL).scores
    single = vectors[store.path].vectors[plan.scored.rows, :1]
    best = auroc(plan.scored.labels.astype(np.int8), single)[0]
    assert score.macro.auroc == pytest.approx(best, abs=0.05)


def test_age_is_told_in_years_beside_the_median() -> None:
    """A planted age is found far better than by saying the median of everybody; noise is not."""
    store = ptb_xl()
    target = Target.named("age")
    plan = plan_probe(SpreadEncoder(), store, target, part="test")
    years = np.nan_to_num(target.values(store.records))[:, None]
    found, noise = (
        run_age_probe(
            plan,
            planted(store, (years - 45) / 10, strength=strength),
            weights="planted",
            amounts=Amounts(fractions=(0.3, 1.0), draws=2),
        )
        for strength in (1.0, 0.0)
    )
    assert found.scores[1].mean_absolute_error < 0.6 * found.median_error
    assert noise.scores[1].mean_absolute_error > 0.95 * noise.median_error
    assert [len(score.draws) for score in found.scores] == [2, 1]
    low, high = found.scores[1].ci95
    assert low < found.scores[1].mean_absolute_error < high
    json.dumps(found.to_json(), allow_nan=False)
