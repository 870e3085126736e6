"""Zero-shot scores: right numbers under the right names, and what must not be scored is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.errors import ConceptError, ContractError, TaskError, WeightsError
from supreme_ecg.evaluation.exposure import exposure_of
from supreme_ecg.evaluation.task import Task
from supreme_ecg.evaluation.zero_shot import zero_shot
from supreme_ecg.evaluation.zero_shot_plan import plan_zero_shot
from supreme_ecg.evaluation.zero_shot_result import ZeroShotResult
from supreme_ecg.evaluation.zero_shot_run import run_zero_shot
from supreme_ecg.preprocessing.contract import SignalContract
from tests.evaluation.scripted import ScriptedModel, ScriptedStore, scripted_store

TASK = Task.load("ptb_xl_superclass")
EXPOSURE = {one.concept: "unseen" for one in TASK.classes}


def _data(seed: int = 0, records: int = 120) -> tuple[np.ndarray, np.ndarray, list[str]]:
    rng = np.random.default_rng(seed)
    shares = [0.5, 0.3, 0.3, 0.2, 0.0]  # HYP, the last, has no positives
    labels = (rng.random((records, 5)) < shares).astype(np.int8)
    scores = (labels + rng.normal(size=labels.shape)).astype(np.float32)
    return labels, scores, [f"p{n // 2}" for n in range(records)]


def _score(
    task: Task, labels: np.ndarray, scores: np.ndarray, patients: list[str]
) -> ZeroShotResult:
    return zero_shot(
        task, labels, scores, patients, exposure=EXPOSURE, seed=3, weights="some weights"
    )


def test_numbers_are_those_of_scikit_learn_under_the_right_names() -> None:
    """Every class has its own areas; macro is their mean; the interval holds the estimate."""
    labels, scores, patients = _data()
    result = _score(TASK, labels, scores, patients)
    for c, one in enumerate(result.classes[:4]):
        assert one.name == TASK.classes[c].name
        assert one.positives == labels[:, c].sum()
        assert one.auroc == pytest.approx(roc_auc_score(labels[:, c], scores[:, c]))
        assert one.auprc == pytest.approx(average_precision_score(labels[:, c], scores[:, c]))
        assert one.ci95 is not None
        assert one.ci95[0] < one.auroc < one.ci95[1]
    assert result.macro.auroc == pytest.approx(np.mean([one.auroc for one in result.classes[:4]]))
    assert (result.records, result.patients) == (120, 60)


def test_class_without_positives_is_not_scored_under_its_own_name() -> None:
    """HYP is listed with null scores in its place, named as not scored, and not in the macro."""
    values = _score(TASK, *_data()).to_json()
    hyp = values["classes"][-1]
    assert (hyp["name"], hyp["positives"]) == ("HYP", 0)
    assert (hyp["auroc"], hyp["ci95"], hyp["auprc"]) == (None, None, None)
    assert values["not_scored"] == ["HYP"]
    assert values["macro"]["classes"] == 4


def test_class_in_the_middle_without_positives_shifts_no_other() -> None:
    """Emptying the second class changes nothing about the third and fourth."""
    labels, scores, patients = _data()
    before = _score(TASK, labels, scores, patients)
    emptied = labels.copy()
    emptied[:, 1] = 0
    after = _score(TASK, emptied, scores, patients)
    assert after.not_scored == ("MI", "HYP")
    assert after.classes[2:] == before.classes[2:]


@pytest.mark.parametrize(("positives", "common"), [(9, 3), (10, 4)])
def test_rare_classes_are_in_the_first_macro_only(positives: int, common: int) -> None:
    """Below ten positives a class counts in `macro` and not in `macro_min10`."""
    labels, scores, patients = _data()
    labels[:, 3] = np.arange(len(labels)) < positives
    result = _score(TASK, labels, scores, patients)
    assert (result.macro.classes, result.macro_min10.classes) == (4, common)
    areas = [one.auroc for one in result.classes[:common]]
    assert result.macro_min10.auroc == pytest.approx(np.mean(areas))


def test_json_has_the_documented_shape() -> None:
    """Plain values that JSON can hold, with exactly the documented keys of macro and classes."""
    values = json.loads(json.dumps(_score(TASK, *_data()).to_json(), allow_nan=False))
    assert {"task", "weights", "records", "patients", "macro", "classes"} <= set(values)
    assert {"auroc", "ci95", "auprc"} <= set(values["macro"])
    for one in values["classes"]:
        assert list(one) == [
            "name", "concept", "exposure", "positives", "auroc", "ci95", "auprc",
            "thresholds", "operation", "brier", "ece",
        ]  # fmt: skip


def test_order_of_records_and_classes_changes_no_number() -> None:
    """Shuffled records and classes give the same scores and intervals by name."""
    labels, scores, patients = _data()
    rows, columns = np.random.default_rng(1).permutation(len(labels)), [4, 2, 0, 3, 1]
    straight = _score(TASK, labels, scores, patients)
    shuffled = _score(
        replace(TASK, classes=tuple(TASK.classes[c] for c in columns)),
        labels[rows][:, columns],
        scores[rows][:, columns],
        [patients[r] for r in rows],
    )
    by_name = {one.name: one for one in shuffled.classes}
    for one in straight.classes:
        other = by_name[one.name]
        assert one.ci95 == (other.ci95 and pytest.approx(other.ci95))
        assert one.auprc == (other.auprc and pytest.approx(other.auprc))
    assert straight.macro.ci95 == pytest.approx(shuffled.macro.ci95)


def test_score_that_is_no_number_is_refused() -> None:
    """One NaN stops the scoring and says of how many records."""
    labels, scores, patients = _data()
    scores[7, 2] = np.nan
    with pytest.raises(WeightsError, match="NaN or infinity for 1 of 120 records"):
        _score(TASK, labels, scores, patients)


def test_exposure_is_seen_related_or_unseen() -> None:
    """A trained concept is seen, its relatives up and down are related, all else is unseen."""
    table = ConceptTable.load()
    child = next(c for c in table.concepts if table.ancestors(c))
    parent = next(iter(table.ancestors(child)))
    stranger = next(
        c
        for c in table.concepts
        if c not in {child, parent} | table.ancestors(child) | table.descendants(child)
    )
    assert exposure_of(child, {child}, table) == "seen"
    assert exposure_of(child, {parent}, table) == "related"
    assert exposure_of(parent, {child}, table) == "related"
    assert exposure_of(stranger, {child}, table) == "unseen"
    with pytest.raises(ConceptError):
        exposure_of("no_such_concept", {child}, table)


def _plan_and_run(
    model: ScriptedModel, store: ScriptedStore, *, random_encoder: bool = False, **choices: object
) -> ZeroShotResult:
    plan = plan_zero_shot(model, store, Task.load("cpsc2018"), **choices)
    baseline = model.with_random_encoder(0) if random_encoder else None
    return run_zero_shot(model, [plan], weights="scripted", baseline=baseline)[0]


def test_run_scores_the_labelled_records_of_the_folds() -> None:
    """Records of other folds and without any class are left out, and the result says so."""
    store = scripted_store()
    advanced: list[int] = []
    model = ScriptedModel(store)
    plan = plan_zero_shot(model, store, Task.load("cpsc2018"), folds=[2])
    [result] = run_zero_shot(model, [plan], weights="scripted", advance=advanced.append)
    assert (result.records, sum(advanced)) == (9 * 4, 9 * 4)
    assert (result.run["folds"], result.run["records_left_out"]) == ([2], 4)
    assert not result.run["in_domain"]
    assert {one.positives for one in result.classes} == {4}
    assert result.macro.auroc is not None
    assert result.macro.auroc > 0.9


def test_plans_of_several_tasks_are_asked_in_one_pass() -> None:
    """Each record goes through the model once, and each plan has the scores it has alone."""
    store = scripted_store()
    model, task = ScriptedModel(store), Task.load("cpsc2018")
    few = replace(task, name="few", classes=task.classes[2:5])
    plans = [
        plan_zero_shot(model, store, few, folds=[1, 2]),
        plan_zero_shot(model, store, task, folds=[2]),
    ]
    advanced: list[int] = []
    together = run_zero_shot(model, plans, weights="W", advance=advanced.append)
    assert (
        sum(advanced)
        == len(set(plans[0].rows) | set(plans[1].rows))
        < sum(map(len, (p.rows for p in plans)))
    )
    alone = [run_zero_shot(model, [plan], weights="W")[0] for plan in plans]
    assert together == alone
    assert [len(result.classes) for result in together] == [3, 9]


def test_exposure_comes_from_the_weights() -> None:
    """A class whose concept was trained is marked seen."""
    store = scripted_store()
    concept = Task.load("cpsc2018").classes[1].concept
    result = _plan_and_run(ScriptedModel(store, trained_concepts=(concept,)), store)
    assert result.classes[1].exposure == "seen"
    assert {one.exposure for one in result.classes} != {"seen"}


def test_random_encoder_stands_beside_with_a_paired_gain() -> None:
    """The untrained encoder is at chance, and the gain over it has an interval above 0."""
    store = scripted_store()
    result = _plan_and_run(ScriptedModel(store), store, random_encoder=True)
    assert result.comparison is not None
    assert result.comparison.macro.auroc == pytest.approx(0.5, abs=0.15)
    assert result.comparison.gain_ci95 is not None
    assert 0 < result.comparison.gain_ci95[0] < result.comparison.gain < 0.6


def test_weights_of_another_contract_are_refused() -> None:
    """A store at another rate than the weights' stops with both rates."""
    store = scripted_store()
    model = ScriptedModel(store, contract=SignalContract(sampling_rate_hz=500))
    with pytest.raises(ContractError, match="sampling_rate_hz=500"):
        _plan_and_run(model, store)


def test_fold_that_the_store_lacks_is_refused() -> None:
    """The message says which folds there are."""
    store = scripted_store()
    with pytest.raises(TaskError, match=r"none in fold 9; the store's folds are \[1, 2\]"):
        _plan_and_run(ScriptedModel(store), store, folds=[2, 9])


def test_folds_without_any_class_are_refused() -> None:
    """Records none of which has a class of the task leave nothing to score."""
    store = scripted_store(missing=[one.name for one in Task.load("cpsc2018").classes])
    with pytest.raises(TaskError, match="found 4 records without any"):
        _plan_and_run(ScriptedModel(store), store, folds=[1])


def test_records_seen_in_pretraining_are_refused_or_marked() -> None:
    """Fold 1 was trained on: refused by default, marked in the result when insisted on."""
    store = scripted_store()
    model = ScriptedModel(store, manifest={"corpus": "cpsc2018", "folds": [1]})
    with pytest.raises(TaskError, match=r"36 of 72 records.*other folds than \[1\]"):
        _plan_and_run(model, store)
    assert _plan_and_run(model, store, folds=[2]).run["in_domain"]
    insisted = _plan_and_run(model, store, allow_seen=True)
    assert insisted.run["records_seen_in_pretraining"] == 36


def test_weights_of_the_corpus_without_folds_have_seen_all_of_it() -> None:
    """Where the manifest names no folds, no record of that corpus counts as held out."""
    store = scripted_store()
    model = ScriptedModel(store, manifest={"corpus": "cpsc2018", "folds": []})
    with pytest.raises(TaskError, match="72 of 72 records"):
        _plan_and_run(model, store)


def test_macro_by_exposure_averages_each_kind_alone() -> None:
    """Seen and unseen classes have a mean each, and a kind without a class is absent."""
    labels, scores, patients = _data()
    seen = {TASK.classes[0].concept, TASK.classes[1].concept}
    exposure = {one.concept: "seen" if one.concept in seen else "unseen" for one in TASK.classes}
    result = zero_shot(TASK, labels, scores, patients, exposure=exposure, seed=0, weights="W")
    areas = [one.auroc for one in result.classes]
    assert list(result.macro_by_exposure) == ["seen", "unseen"]
    assert result.macro_by_exposure["seen"].auroc == pytest.approx(np.mean(areas[:2]))
    assert result.macro_by_exposure["unseen"].auroc == pytest.approx(np.mean(areas[2:4]))
    assert result.macro_by_exposure["unseen"].classes == 2


def test_probabilities_have_brier_score_and_calibration_error_and_cosines_have_none() -> None:
    """Brier is scikit-learn's; scores that are right as often as they say have little error."""
    rng = np.random.default_rng(0)
    truth = rng.random((4000, 5))
    labels = (rng.random(truth.shape) < truth).astype(np.int8)
    patients = [str(n) for n in range(len(labels))]
    result = _score(TASK, labels, truth, patients)
    assert result.classes[0].brier == pytest.approx(brier_score_loss(labels[:, 0], truth[:, 0]))
    assert result.macro.ece < 0.03
    overconfident = _score(TASK, labels, truth**3, patients)
    assert overconfident.macro.ece > 0.15
    cosines = zero_shot(
        TASK, labels, truth, patients, exposure=EXPOSURE, seed=0, weights="W", probable=False
    )
    assert (cosines.classes[0].brier, cosines.macro.ece) == (None, None)
    assert cosines.macro.f1 == result.macro.f1


def test_thresholds_come_from_validation_records_where_they_are_given() -> None:
    """A class that validation lacks is named, has no F1 and is in no mean of it."""
    labels, scores, patients = _data()
    others, other_scores, _ = _data(seed=1)
    others[:, 2] = 0
    result = zero_shot(
        TASK,
        labels,
        scores,
        patients,
        exposure=EXPOSURE,
        seed=0,
        weights="W",
        validation=(others, other_scores),
    )
    names = [one.name for one in TASK.classes]
    assert result.run["thresholds"] == {
        "from": "validation part",
        "records": 120,
        "rule": "f1",
        "classes_without": [names[2]],
    }
    assert result.classes[2].operation is None
    assert result.classes[2].auroc is not None
    decided = [one.operation.f1 for one in result.classes if one.operation is not None]
    assert (len(decided), result.macro.classes_with_thresholds) == (3, 3)
    assert result.macro.f1 == pytest.approx(np.mean(decided))


def test_what_the_answers_are_follows_from_the_weights() -> None:
    """Cosines have no calibration error and the result says that they are none."""
    store = scripted_store()
    similar = _plan_and_run(ScriptedModel(store, gives_similarities=True), store)
    assert similar.macro.ece is None
    assert similar.run["answers"].startswith("cosines, no probabilities")
    plain = _plan_and_run(ScriptedModel(store), store)
    assert plain.macro.ece is not None
    assert plain.run["answers"] == "probabilities, not calibrated"
