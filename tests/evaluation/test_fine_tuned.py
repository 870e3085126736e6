"""Fine-tuning is scored as the frozen probes are, on the same draws of labels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from supreme_ecg.evaluation.fine_tuned import run_fine_tuning
from supreme_ecg.evaluation.frozen import state_sha256
from supreme_ecg.evaluation.label_draws import Amounts
from supreme_ecg.evaluation.probe import embed_stores, run_probe
from supreme_ecg.evaluation.probe_plan import ProbePlan, plan_probe
from supreme_ecg.evaluation.task import Task
from supreme_ecg.models.supreme import SuPreME
from supreme_ecg.store.reading import Store
from supreme_ecg.training import fine_tuning
from supreme_ecg.training.fine_tuning import FineTuning
from supreme_ecg.training.loop import STATE
from tests.models.small_model import small_model

CONFIG = FineTuning(epochs=1)
HALF = Amounts(fractions=(0.5,), draws=1)


@pytest.fixture
def model(letters) -> SuPreME:
    return small_model(letters)


@pytest.fixture
def plan(cohort_store: Path, model: SuPreME) -> ProbePlan:
    return plan_probe(model, Store.open(cohort_store), Task.load("synthetic"), part="validation")


def test_it_learns_from_the_draws_of_the_frozen_probes(
    plan: ProbePlan, model: SuPreME, tmp_path: Path
) -> None:
    """The same records and positives in every draw, and the same classes scored."""
    before = state_sha256(model)
    amounts = replace(HALF, draws=2)
    (tuned,) = run_fine_tuning(model, plan, folder=tmp_path, config=CONFIG, amounts=amounts)
    probed = run_probe(plan, embed_stores(model, [plan]), weights="w", amounts=amounts)
    (frozen,) = probed.scores
    assert tuned.method == "fine_tuning"
    assert [d.records for d in tuned.draws] == [d.records for d in frozen.draws]
    assert [c.positives_learnt for c in tuned.classes] == [
        c.positives_learnt for c in frozen.classes
    ]
    assert [c.positives for c in tuned.classes] == [c.positives for c in frozen.classes]
    assert tuned.macro.auroc is not None
    assert state_sha256(model) == before
    assert len(list(tmp_path.glob(f"*/{STATE}"))) == 2


def test_runs_of_other_labels_or_weights_never_meet(
    plan: ProbePlan, model: SuPreME, letters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another draw and other first weights get folders of their own; the same are found again."""
    options = {"folder": tmp_path, "config": CONFIG, "amounts": HALF}
    (first,) = run_fine_tuning(model, plan, **options)
    run_fine_tuning(model, plan, **options | {"amounts": replace(HALF, seed=1)})
    run_fine_tuning(small_model(letters, seed=1), plan, **options)
    assert len(list(tmp_path.iterdir())) == 3
    monkeypatch.setattr(fine_tuning.Trainer, "_train_epoch", None)  # no more training
    (again,) = run_fine_tuning(model, plan, **options)
    assert again == first
    assert len(list(tmp_path.iterdir())) == 3


def test_records_of_choice_are_not_learnt_from(
    plan: ProbePlan, model: SuPreME, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows learnt from, rows that the epoch is chosen by, and rows scored are three sets."""
    seen: list[fine_tuning.TrainingSet] = []
    train = fine_tuning.train_classifier
    monkeypatch.setattr(
        "supreme_ecg.evaluation.fine_tuned.train_classifier",
        lambda data, *args, **options: (seen.append(data), train(data, *args, **options))[1],
    )
    run_fine_tuning(model, plan, folder=tmp_path, config=CONFIG, amounts=Amounts(fractions=(1.0,)))
    (data,) = seen
    assert np.array_equal(np.sort(data.training_rows), plan.train.rows)
    assert set(data.validation_rows) <= set(plan.choice.rows)
    assert np.isnan(data.labels[plan.scored.rows]).all()
