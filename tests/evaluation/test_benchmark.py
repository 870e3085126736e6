"""Both protocols on one store: which records, which labels, and what differs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from supreme_ecg.errors import TaskError
from supreme_ecg.evaluation.benchmark import plan_benchmark
from supreme_ecg.evaluation.benchmark_run import (
    BenchmarkResult,
    contenders,
    run_benchmark,
)
from supreme_ecg.evaluation.published.files import PUBLISHED
from supreme_ecg.evaluation.task import Task
from supreme_ecg.evaluation.zero_shot_plan import union_rows
from tests.evaluation.scripted import ScriptedModel, ScriptedStore, scripted_store

TASK = Task.load("cpsc2018")


def numbered_store() -> ScriptedStore:
    """The scripted records under ids and patients such as CPSC2018's."""
    store = scripted_store(repeats=30)
    ids = [f"A{n:04}" for n in range(len(store.records))]
    named = store.records.with_columns(record_id=pl.Series(ids), patient_id=pl.Series(ids))
    return replace(store, records=named)


def published_file(folder: Path, store: ScriptedStore, *, wrong: str | None = None) -> Path:
    """A test file over the store's first 400 records and others, labels right but for one class."""
    files = PUBLISHED["cpsc2018"]
    labels = TASK.labels(store.records)
    names = [one.name for one in TASK.classes]
    lines = [",".join(files.columns("test"))]
    for number in range(files.rows["test"]):
        has = labels[number] if number < 400 else np.zeros(len(names), dtype=int)
        values = dict(zip(names, has.tolist(), strict=True))
        if wrong is not None:
            values[wrong] = 1 - values[wrong] if number % 2 else values[wrong]
        record = f"A{number if number < 400 else number + 5000:04}"
        cells = [str(values[name]) for name in files.classes["test"]]
        lines.append(
            ",".join([str(number), str(number), record, "False", "60.0", "1", "{}", *cells])
        )
    path = files.path(folder, "test")
    path.parent.mkdir(parents=True)
    path.write_text("\n".join(lines) + "\n")
    return folder


def _run(model: ScriptedModel, plans: Any, **more: Any) -> BenchmarkResult:
    advance = more.pop("advance", lambda _: None)
    [contender] = contenders(model, [plans], weights="W", advance=advance)
    return run_benchmark(contender, **more)


def test_published_rows_and_labels_are_those_of_the_file(tmp_path: Path) -> None:
    """Every record of the file that the store has, with the file's labels, all-zero rows too."""
    store = numbered_store()
    folder = published_file(tmp_path, store)
    plan = plan_benchmark(
        ScriptedModel(store), store, TASK, protocol="published", part="test", published=folder
    )
    assert plan.rows.tolist() == list(range(400))
    assert np.array_equal(plan.labels, TASK.labels(store.records[:400]))
    assert plan.run["records_not_in_store"] == 1376 - 400
    assert not plan.labels.any(axis=1).all()


def test_corrected_rows_are_the_part_of_the_tasks_own_split() -> None:
    """Patients of the part, those without a class left out, and no patient in another part."""
    store = numbered_store()
    model = ScriptedModel(store)
    plans = {
        part: plan_benchmark(model, store, TASK, protocol="corrected", part=part)
        for part in ("validation", "test")
    }
    assert set(plans["test"].patients).isdisjoint(plans["validation"].patients)
    assert 0 < len(plans["validation"].rows) < len(plans["test"].rows)
    assert plans["test"].labels.any(axis=1).all()
    assert plans["test"].run["records_left_out"] > 0


def test_the_difference_is_that_of_the_labels(tmp_path: Path) -> None:
    """A class whose published labels are half wrong falls towards 0.5; no other class moves far."""
    store = numbered_store()
    folder = published_file(tmp_path, store, wrong="AFIB")
    model = ScriptedModel(store)
    plans = {
        name: plan_benchmark(model, store, TASK, protocol=name, part="test", published=folder)
        for name in ("corrected", "published")
    }
    asked: list[int] = []
    result = _run(model, plans, advance=asked.append)
    assert sum(asked) == len(union_rows(list(plans.values())))
    difference = result.difference
    assert difference is not None
    by_class = difference["classes"]
    assert by_class["AFIB"] < -0.3
    assert all(abs(by_class[name]) < 0.1 for name in by_class if name != "AFIB")
    assert difference["macro"] == pytest.approx(sum(by_class.values()) / 9)
    assert difference["classes_in_both"] == 9
    values = result.to_json()
    assert set(values["protocols"]) == {"corrected", "published"}
    assert values["protocols"]["published"]["run"]["protocol"] == "published"


def test_a_class_that_one_protocol_cannot_score_is_in_no_difference(tmp_path: Path) -> None:
    """Labels that agree differ by nothing, though one protocol lacks a whole class."""
    store = numbered_store()
    model = ScriptedModel(store)
    plan = plan_benchmark(
        model,
        store,
        TASK,
        protocol="published",
        part="test",
        published=published_file(tmp_path, store),
    )
    keep = plan.labels[:, 0] == 0
    less = replace(plan, rows=plan.rows[keep], labels=plan.labels[keep])
    result = _run(model, {"corrected": plan, "published": less})
    difference = result.difference
    assert difference is not None
    assert difference["classes"]["NORM"] is None
    assert difference["classes_in_both"] == 8
    assert result.protocols["published"].macro.classes == 8


def test_one_protocol_has_no_difference() -> None:
    """Nothing to compare with, nothing in the JSON."""
    store = numbered_store()
    model = ScriptedModel(store)
    plan = plan_benchmark(model, store, TASK, protocol="corrected", part="test")
    result = _run(model, {"corrected": plan})
    assert result.difference is None
    assert "difference" not in result.to_json()


def test_ptb_xl_needs_no_files() -> None:
    """Its published labels follow from folds and codes; records that the store lacks are counted."""
    store = ScriptedStore(
        pl.DataFrame(
            {
                "record_id": ["00001", "00002", "00003"],
                "patient_id": ["1", "2", "3"],
                "fold": [9, 9, 8],
                "codes": [["SR"], ["NORM"], ["AFIB"]],
            }
        ),
        corpus="ptb_xl",
    )
    plan = plan_benchmark(
        ScriptedModel(store),
        store,
        Task.load("ptb_xl_rhythm"),
        protocol="published",
        part="validation",
    )
    assert plan.rows.tolist() == [0]
    assert plan.run["records_not_in_store"] == 2_099


def test_what_cannot_be_scored_is_refused() -> None:
    """No files given, no published files at all, no record in the part."""
    store = numbered_store()
    model = ScriptedModel(store)
    with pytest.raises(TaskError, match="with --published"):
        plan_benchmark(model, store, TASK, protocol="published", part="test")
    own = replace(TASK, name="own")
    with pytest.raises(TaskError, match="corrected protocol"):
        plan_benchmark(model, store, own, protocol="published", part="test")
    in_training = TASK.split.parts(store.records, where="x") == "train"
    few = replace(store, records=store.records.filter(in_training))
    with pytest.raises(TaskError, match=r"found none \(the store has \{'train'"):
        plan_benchmark(model, few, TASK, protocol="corrected", part="test")


def test_thresholds_of_the_test_part_are_chosen_on_the_validation_part() -> None:
    """On its records with a class, none of a scored patient; with validation scored, on halves of it."""
    store = numbered_store()
    model = ScriptedModel(store)
    plans = {
        part: plan_benchmark(model, store, TASK, protocol="corrected", part=part)
        for part in ("test", "validation")
    }
    chosen_on = plans["test"].validation
    assert chosen_on is not None
    assert chosen_on.rows.tolist() == plans["validation"].rows.tolist()
    assert np.array_equal(chosen_on.labels, plans["validation"].labels)
    assert plans["validation"].validation is None
    test, validation = (
        _run(model, {"corrected": plan}).protocols["corrected"].run["thresholds"]
        for plan in plans.values()
    )
    assert (test["from"], test["records"]) == ("validation part", len(chosen_on.rows))
    assert validation["from"] == "the other half of the scored patients"


def test_validation_records_that_were_seen_choose_no_threshold() -> None:
    """Fold 1 was trained on: with it left out of validation only fold 2 is left; without any, none."""
    store = numbered_store()
    folds = ScriptedModel(store, manifest={"corpus": "cpsc2018", "folds": [1]})
    plan = plan_benchmark(folds, store, TASK, protocol="corrected", part="test", allow_seen=True)
    assert plan.validation is not None
    assert set(store.records["fold"].gather(plan.validation.rows)) == {2}
    everything = ScriptedModel(store, manifest={"corpus": "cpsc2018", "folds": [1, 2]})
    plan = plan_benchmark(
        everything, store, TASK, protocol="corrected", part="test", allow_seen=True
    )
    assert plan.validation is None


def test_published_thresholds_need_the_published_validation_file(tmp_path: Path) -> None:
    """With the test file alone they are cross-fitted rather than taken from other labels."""
    store = numbered_store()
    plan = plan_benchmark(
        ScriptedModel(store),
        store,
        TASK,
        protocol="published",
        part="test",
        published=published_file(tmp_path, store),
    )
    assert plan.validation is None


def test_a_second_model_is_asked_about_the_same_records() -> None:
    """Its result stands in the first's as a comparison, with what is its own."""
    store = numbered_store()
    first = ScriptedModel(store)
    weak = replace(first, strength=0.2, weights_sha256="weak", gives_similarities=True)
    strong, other = (
        contenders(
            model,
            [{"corrected": plan_benchmark(model, store, TASK, protocol="corrected", part="test")}],
            weights=name,
        )[0]
        for name, model in (("strong", first), ("weak", weak))
    )
    result = run_benchmark(strong, against=other).protocols["corrected"]
    found = result.comparison
    assert found is not None
    assert (found.name, found.run["weights_sha256"]) == ("weak", "weak")
    assert found.run["answers"].startswith("cosines")
    assert found.gain is not None
    assert found.gain > 0.2
    assert found.worse == ()
    alone = run_benchmark(other).protocols["corrected"]
    assert found.macro == alone.macro
    assert found.auroc == {one.name: one.auroc for one in alone.classes}
