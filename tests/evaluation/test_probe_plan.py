"""What is learnt from, chosen by and scored never share a patient, and matches are by concept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from supreme_ecg.errors import ContractError, TaskError
from supreme_ecg.evaluation.probe_plan import ProbePlan, plan_probe, plan_transfer, shared_classes
from supreme_ecg.evaluation.target import Target
from supreme_ecg.evaluation.task import Task
from supreme_ecg.preprocessing.contract import SignalContract
from tests.evaluation.scripted import ScriptedStore, scripted_store
from tests.evaluation.scripted_encoder import SpreadEncoder

TASK = Task.load("cpsc2018")


@dataclass(frozen=True)
class CountedStore(ScriptedStore):
    """A scripted store that knows its length."""

    def __len__(self) -> int:
        return len(self.records)


def cpsc2018() -> CountedStore:
    """Nine hundred patients, a hundred of each class."""
    return CountedStore(scripted_store(repeats=50).records)


def ptb_xl() -> CountedStore:
    """Folds 1, 9 and 10 with rhythms of PTB-XL, two records a patient, age and sex."""
    codes = [["AFIB"], ["SR"], ["SR", "1AVB"], ["NORM", "SR"]]
    rows = [(fold, codes[n % 4], n // 2) for fold in (1, 9, 10) for n in range(200)]
    return CountedStore(
        pl.DataFrame(
            {
                "record_id": [f"{n:05}" for n in range(len(rows))],
                "patient_id": [f"{fold}-{patient}" for fold, _, patient in rows],
                "fold": [fold for fold, _, _ in rows],
                "codes": [code for _, code, _ in rows],
                "age_years": [None if n % 5 == 0 else float(n % 90) for n in range(len(rows))],
                "sex": [("female", "male", None)[n % 3] for n in range(len(rows))],
            }
        ),
        corpus="ptb_xl",
        path=Path("another-store"),
    )


def patients(plan: ProbePlan) -> list[set[str]]:
    return [set(part.patients) for part in (plan.train, plan.choice, plan.scored)]


@pytest.mark.parametrize("part", ["validation", "test"])
@pytest.mark.parametrize("make", [cpsc2018, ptb_xl])
def test_no_patient_is_in_two_parts(make, part) -> None:
    """Whichever part is scored, by folds and by patients."""
    store = make()
    task = TASK if store.corpus == "cpsc2018" else Task.load("ptb_xl_all")
    train, choice, scored = patients(plan_probe(SpreadEncoder(), store, task, part=part))
    assert train
    assert choice
    assert scored
    assert not train & choice
    assert not (train | choice) & scored


def test_the_test_part_is_scored_with_settings_chosen_on_validation() -> None:
    """All training folds are learnt from, and the result says where settings are from."""
    plan = plan_probe(SpreadEncoder(), ptb_xl(), Task.load("ptb_xl_all"), part="test")
    folds = [
        set(p.store.records["fold"].gather(p.rows)) for p in (plan.train, plan.choice, plan.scored)
    ]
    assert folds == [{1}, {9}, {10}]
    assert plan.run["settings_chosen_on"] == "the validation part"


def test_the_validation_part_is_scored_with_settings_chosen_on_training_patients() -> None:
    """About a tenth of them, held apart; the validation part takes no part in the choice."""
    plan = plan_probe(SpreadEncoder(), cpsc2018(), TASK, part="validation")
    held = len(plan.choice.rows) / (len(plan.choice.rows) + len(plan.train.rows))
    assert 0.05 < held < 0.16
    assert plan.run["settings_chosen_on"] == "a tenth of the training patients"


def test_labels_and_rows_belong_together() -> None:
    """Each part's labels are those that the task gives its rows; unlabelled records are left out."""
    store = cpsc2018()
    plan = plan_probe(SpreadEncoder(), store, TASK, part="test")
    for part in (plan.train, plan.choice, plan.scored):
        assert np.array_equal(part.labels, TASK.labels(store.records[part.rows]))
        assert part.labels.any(axis=1).all()


@pytest.mark.parametrize("name", ["age", "sex"])
def test_a_target_leaves_out_what_the_corpus_does_not_say(name: str) -> None:
    """One column without NaN, divided as the corpus's tasks are."""
    store = ptb_xl()
    plan = plan_probe(SpreadEncoder(), store, Target.named(name), part="test")
    assert plan.classes == ((name, None),)
    assert set(store.records["fold"].gather(plan.scored.rows)) == {10}
    expected = Target.named(name).values(store.records[plan.scored.rows])
    assert np.isfinite(expected).all()
    assert np.allclose(plan.scored.labels[:, 0], expected)
    assert 0 < len(plan.scored.rows) < 200


def test_records_seen_in_pretraining_are_refused_where_they_are_scored() -> None:
    """Scoring a fold that was trained on is an error; having learnt from one is what probes do."""
    encoder = SpreadEncoder(manifest={"corpus": "ptb_xl", "folds": [10]})
    task = Task.load("ptb_xl_all")
    with pytest.raises(TaskError, match="allow-seen"):
        plan_probe(encoder, ptb_xl(), task, part="test")
    assert plan_probe(encoder, ptb_xl(), task, part="validation").run["in_domain"]
    marked = plan_probe(encoder, ptb_xl(), task, part="test", allow_seen=True)
    assert marked.run["records_seen_in_pretraining"] == 200


def test_transfer_learns_here_and_scores_there_by_concept() -> None:
    """The classes that both tasks have, listed; labels of each corpus from its own codes."""
    here, there, task = ptb_xl(), cpsc2018(), Task.load("ptb_xl_all")
    plan = plan_transfer(SpreadEncoder(), here, task, to=there, to_task=TASK, part="all")
    listed = {one["concept"]: one for one in plan.run["shared_classes"]}
    assert listed["atrial_fibrillation"] == {
        "concept": "atrial_fibrillation",
        "learnt_from": ["AFIB"],
        "scored_as": ["AFIB"],
    }
    assert len(listed) == len(plan.classes) == plan.train.labels.shape[1] == 9
    column = [concept for _, concept in plan.classes].index("first_degree_av_block")
    codes = here.records["codes"].gather(plan.train.rows).to_list()
    assert plan.train.labels[:, column].tolist() == [float("1AVB" in each) for each in codes]
    codes = there.records["codes"].gather(plan.scored.rows).to_list()
    (names,) = (one.codes for one in TASK.classes if one.concept == "first_degree_av_block")
    assert plan.scored.labels[:, column].tolist() == [
        float(any(c in names for c in e)) for e in codes
    ]
    assert plan.train.store.path != plan.scored.store.path
    assert plan.run["settings_chosen_on"] == "the validation part"


def test_classes_of_one_concept_are_joined() -> None:
    """Where a task has two classes of a concept, having either counts."""
    first = TASK.classes[0]
    twice = replace(TASK, classes=(*TASK.classes, replace(first, name="SINUS", codes=("other",))))
    assert shared_classes(twice, TASK)["normal_ecg"] == (("NORM", "SINUS"), ("NORM",))


def test_tasks_without_a_common_concept_cannot_be_transferred() -> None:
    """The message names both."""
    with pytest.raises(
        TaskError, match=r"'cpsc2018' and 'own': expected classes of the same concept"
    ):
        shared_classes(
            TASK, replace(TASK, name="own", classes=(replace(TASK.classes[0], concept="x"),))
        )


def test_what_does_not_fit_is_refused() -> None:
    """Another contract, another corpus, a part without any label."""
    with pytest.raises(ContractError):
        plan_probe(SpreadEncoder(contract=SignalContract(sampling_rate_hz=500)), cpsc2018(), TASK)
    with pytest.raises(TaskError, match="records of cpsc2018"):
        plan_probe(SpreadEncoder(), ptb_xl(), TASK)
    nameless = ptb_xl()
    nameless = replace(nameless, records=nameless.records.with_columns(sex=pl.lit(None, pl.String)))
    with pytest.raises(TaskError, match="labels of 'sex' in the train part"):
        plan_probe(SpreadEncoder(), nameless, Target.named("sex"))
