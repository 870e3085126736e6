"""The forest plot: what is drawn, from results as they are written to JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

from supreme_ecg.evaluation.benchmark_run import BenchmarkResult
from supreme_ecg.evaluation.forest_plot import plot_benchmarks, plot_forest
from supreme_ecg.evaluation.task import Task
from supreme_ecg.evaluation.zero_shot_plan import plan_zero_shot
from supreme_ecg.evaluation.zero_shot_result import ZeroShotResult
from supreme_ecg.evaluation.zero_shot_run import run_zero_shot
from tests.evaluation.scripted import ScriptedModel, scripted_store


@pytest.fixture(scope="module")
def result() -> ZeroShotResult:
    """A model and an untrained one, one class seen, one without positives."""
    store = scripted_store(missing=["STE"])
    task = Task.load("cpsc2018")
    model = ScriptedModel(store, trained_concepts=(task.classes[1].concept,))
    plan = plan_zero_shot(model, store, task)
    return run_zero_shot(model, [plan], weights="W", baseline=model.with_random_encoder(0))[0]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that were saved."""
    figures: list[Figure] = []
    save = Figure.savefig

    def keep(self: Figure, *arguments: Any, **options: Any) -> None:
        figures.append(self)
        save(self, *arguments, **options)

    monkeypatch.setattr(Figure, "savefig", keep)
    return figures


def _texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(lambda one: hasattr(one, "get_text"))]


def test_classes_stand_from_the_best_down_with_their_positives(
    result: ZeroShotResult, drawn: list[Figure], tmp_path: Path
) -> None:
    """The scored ones alone, sorted by the first method, then the mean; each with its count."""
    values = json.loads(json.dumps(result.to_json()))
    plot_forest({"mine": values}, tmp_path / "forest.png")
    assert (tmp_path / "forest.png").read_bytes().startswith(b"\x89PNG")
    (axes,) = drawn[0].axes
    scored = [one for one in values["classes"] if one["auroc"] is not None]
    expected = [one["name"] for one in sorted(scored, key=lambda one: -one["auroc"])]
    assert [label.get_text() for label in axes.get_yticklabels()] == [*expected, "mean of 8"]
    assert _texts(drawn[0]).count("8") >= 8


def test_methods_and_exposure_are_told_apart(
    result: ZeroShotResult, drawn: list[Figure], tmp_path: Path
) -> None:
    """The second model of the result is there with a colour of its own; a seen class is filled."""
    plot_forest({"mine": result.to_json()}, tmp_path / "forest.png")
    figure = drawn[0]
    assert {"mine", "random encoder", "seen", "unseen"} <= set(_texts(figure))
    dots = [line for line in figure.axes[0].get_lines() if line.get_marker() == "o"]
    assert len({dot.get_color() for dot in dots}) == 2
    fills = [dot.get_fillstyle() for dot in dots]
    assert fills.count("full") == 4  # the seen class and the mean, of each of the two
    first = {one.name: one.auroc for one in result.classes if one.auroc is not None}
    assert {round(float(dot.get_xdata()[0]), 6) for dot in dots} >= {
        round(area, 6) for area in first.values()
    }


def test_results_of_other_classes_are_refused(result: ZeroShotResult, tmp_path: Path) -> None:
    """Two tasks have no common rows."""
    other = replace(result, task="other", classes=result.classes[1:])
    with pytest.raises(ValueError, match="other has other classes than cpsc2018"):
        plot_forest({"a": result.to_json(), "b": other.to_json()}, tmp_path / "forest.png")


def test_each_of_several_tasks_has_a_file(result: ZeroShotResult, tmp_path: Path) -> None:
    """Named after the task; a single one has the name that was asked for."""
    tasks = [BenchmarkResult(task=name, protocols={"corrected": result}) for name in ("one", "two")]
    plot_benchmarks(tasks, tmp_path / "forest.png")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["forest-one.png", "forest-two.png"]
    plot_benchmarks(tasks[:1], tmp_path / "single.png")
    assert (tmp_path / "single.png").is_file()


def test_a_result_without_intervals_of_its_second_model_is_drawn(
    result: ZeroShotResult, drawn: list[Figure], tmp_path: Path
) -> None:
    """As version 0.1.0 wrote them: dots alone, exposure as of the first."""
    values = json.loads(json.dumps(result.to_json()))
    del values["comparison"]["ci95"], values["comparison"]["exposure"]
    plot_forest({"mine": values}, tmp_path / "forest.png")
    lines = drawn[0].axes[0].get_lines()
    second = [line for line in lines if line.get_color() == "#c05a1a"]
    assert [line.get_marker() for line in second].count("o") == 9
    assert [line.get_marker() for line in second].count("None") == 1  # the mean has its interval
