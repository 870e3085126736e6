"""Scores with fewer leads and by group: right numbers under the right names."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from supreme_ecg.errors import WeightsError
from supreme_ecg.evaluation.robustness import RobustnessResult, run_robustness
from supreme_ecg.evaluation.robustness_plot import plot_robustness
from supreme_ecg.evaluation.subgroups import divisions, score_groups
from supreme_ecg.evaluation.task import Task
from supreme_ecg.evaluation.zero_shot_plan import plan_zero_shot
from tests.evaluation.scripted import ScriptedModel, ScriptedStore, scripted_store

TASK = Task.load("cpsc2018")


@dataclass(frozen=True)
class LeadModel(ScriptedModel):
    """Knows half as much without the chest leads, and nothing from lead I alone."""

    def predict(
        self,
        signal: np.ndarray,
        lead_mask: np.ndarray,
        sample_mask: np.ndarray,
        queries: Sequence[str],
    ) -> np.ndarray:
        """The row is read from whichever lead is there."""
        rows = np.abs(signal).max(axis=(1, 2)).round().astype(int)
        column = [TASK.prompts.index(query) for query in queries]
        labels = TASK.labels(self.store.records[rows])
        strength = np.interp(lead_mask.sum(axis=1), [1, 6, 12], [0, 1, 3])[:, None]
        noise = np.stack([np.random.default_rng(row).normal(size=labels.shape[1]) for row in rows])
        answers: np.ndarray = 1 / (1 + np.exp(-(strength * labels + noise)[:, column]))
        return answers.astype(np.float32)


@dataclass(frozen=True)
class EveryLeadStore(ScriptedStore):
    """Every sample of every lead is the row's number, so Einthoven gives leads of at most that size."""

    def batch(self, rows: np.ndarray):
        batch = super().batch(rows)
        batch.signal[:] = np.asarray(rows)[:, None, None]
        return batch


def _store() -> EveryLeadStore:
    records = scripted_store(repeats=12).records
    count = len(records)
    records = records.with_columns(
        pl.Series("sex", [["female", "male", None][n % 3] for n in range(count)]),
        pl.Series("age_years", [[20.0, 45.0, 70.0, 85.0, None][n % 5] for n in range(count)]),
    )
    return EveryLeadStore(records)


def _run(store: EveryLeadStore, model: ScriptedModel | None = None) -> RobustnessResult:
    model = model or LeadModel(store)
    plan = plan_zero_shot(model, store, TASK)
    (result,) = run_robustness(model, [plan], weights="W", draws=50)
    return result


@pytest.fixture(scope="module")
def result() -> RobustnessResult:
    return _run(_store())


def test_share_above_chance_falls_with_the_leads(result: RobustnessResult) -> None:
    """The whole window is 1 by definition, limb leads are between, lead I is near 0, each in its interval."""
    share = {one.name: one.above_chance for one in result.reductions}
    assert share["12 leads"] == 1.0
    assert 0.3 < share["six limb leads"] < 0.9
    assert abs(share["lead I"]) < 0.2
    for one in result.reductions:
        assert one.ci95[0] <= one.auroc <= one.ci95[1]
        assert one.above_chance_ci95[0] <= one.above_chance <= one.above_chance_ci95[1]
        assert one.above_chance == pytest.approx(
            (one.auroc - 0.5) / (result.reductions[0].auroc - 0.5)
        )


def test_every_class_has_its_own_area(result: RobustnessResult) -> None:
    """As scikit-learn counts it, under its own name."""
    store = _store()
    plan = plan_zero_shot(LeadModel(store), store, TASK)
    batch = store.batch(plan.rows)
    answers = LeadModel(store).predict(
        batch.signal, batch.lead_mask, batch.sample_mask, TASK.prompts
    )
    for column, one in enumerate(TASK.classes):
        assert result.reductions[0].classes[one.name] == pytest.approx(
            roc_auc_score(plan.labels[:, column], answers[:, column])
        )


def test_a_result_is_plain_json(result: RobustnessResult) -> None:
    """With the leads and seconds of every row, and no NaN."""
    values = json.loads(json.dumps(result.to_json(), allow_nan=False))
    rows = {one["name"]: one for one in values["reductions"]}
    assert rows["lead I, 2.5 s"]["leads"] == ["I"]
    assert rows["lead I, 2.5 s"]["duration_s"] == 2.5
    assert rows["I and II"]["duration_s"] == 10.0
    assert values["unusable"] == 0


def test_answers_that_are_no_number_are_refused() -> None:
    """Not scored as if they were the lowest."""

    @dataclass(frozen=True)
    class Diverged(LeadModel):
        def predict(self, *arguments: object) -> np.ndarray:
            return super().predict(*arguments) * np.float32(np.nan)

    store = _store()
    with pytest.raises(WeightsError, match="NaN"):
        _run(store, Diverged(store))


def test_every_record_is_in_one_group_of_each_division() -> None:
    """By sex and by age, borders included; whoever has none is in a group of their own."""
    ages = [0.0, 39.9, 40.0, 59.0, 60.0, 79.0, 80.0, 89.0, None]
    records = pl.DataFrame(
        {"sex": ["female", "male", None] * 3, "age_years": ages},
        schema_overrides={"sex": pl.String},
    )
    inside = {(division, group): mask for division, group, mask in divisions(records)}
    for division in ("sex", "age"):
        assert sum(
            mask.astype(int) for (d, _), mask in inside.items() if d == division
        ).tolist() == ([1] * 9)
    assert inside["age", "40-59"].tolist() == [False, False, True, True] + [False] * 5
    assert inside["age", "not given"].tolist() == [False] * 8 + [True]


def test_a_group_is_scored_on_its_own_records_and_beside_all_on_the_same_classes() -> None:
    """Only classes with ten positives and ten negatives in the group are averaged, in both columns."""
    rng = np.random.default_rng(0)
    labels = np.zeros((100, 2), np.int8)
    labels[:40, 0] = 1
    labels[:3, 1] = 1
    scores = labels + rng.normal(size=labels.shape)
    records = pl.DataFrame(
        {"sex": ["female", "male"] * 50, "age_years": [50.0] * 100},
    )
    groups = score_groups(
        labels,
        scores,
        [f"p{n}" for n in range(100)],
        records=records,
        names=["common", "rare"],
        draws=50,
        seed=0,
    )
    female = groups[0]
    assert (female.group, female.records, female.classes_averaged) == ("female", 50, 1)
    assert female.auroc == pytest.approx(roc_auc_score(labels[::2, 0], scores[::2, 0]))
    assert female.auroc_all == pytest.approx(roc_auc_score(labels[:, 0], scores[:, 0]))
    assert [one.positives for one in female.classes] == [20, 2]
    assert [(one.division, one.group) for one in groups] == [
        ("sex", "female"),
        ("sex", "male"),
        ("age", "40-59"),
    ]


def test_the_plot_is_a_picture(result: RobustnessResult, tmp_path: Path) -> None:
    """One column a task; a group without classes has no dot and does no harm."""
    plot_robustness([result], tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
