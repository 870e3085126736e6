"""The plot shows every encoder and way to probe of a result, and refuses files of something else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib.figure
import pytest

from supreme_ecg.errors import TableError
from supreme_ecg.evaluation.label_efficiency_plot import plot_label_efficiency


def result(weights: str, task: str = "a task", *, area: float = 0.8) -> dict[str, Any]:
    """Two ways to probe at two shares, and a few-shot score that has no share."""
    macro = {"auroc": area, "sd": None, "ci95": [area - 0.02, area + 0.02]}
    amounts = [(0.1, None), (1.0, None), (None, 5)]
    scores = [
        {"method": method, "fraction": fraction, "shots": shots, "macro": macro}
        for method in ("logistic_regression", "knn")
        for fraction, shots in amounts
    ]
    run = {"part": "test"}
    return {
        "task": task,
        "weights": weights,
        "records": 9,
        "records_train": 99,
        "scores": scores,
        "run": run,
    }


def test_a_panel_a_task_and_a_line_for_each_encoder_and_probe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two encoders on two tasks, two probes each; few shots are no point on the axis of shares."""
    drawn: list[Any] = []
    save = matplotlib.figure.Figure.savefig
    monkeypatch.setattr(
        matplotlib.figure.Figure,
        "savefig",
        lambda figure, *args, **options: (drawn.append(figure), save(figure, *args, **options)),
    )
    results = [result(w, t) for t in ("one", "two") for w in ("trained", "random encoder")]
    plot_label_efficiency(results, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
    panels = drawn[0].axes
    assert [panel.get_title().split("\n")[0] for panel in panels] == ["one", "two"]
    for panel in panels:
        names = panel.get_legend_handles_labels()[1]
        assert names == [
            "trained, linear probe",
            "trained, kNN",
            "random encoder, linear probe",
            "random encoder, kNN",
        ]
        assert [list(line.get_xdata()) for line in panel.lines[:1]] == [[0.1, 1.0]]
        assert [text.get_text() for text in panel.get_xticklabels()] == ["10 %", "100 %"]


def test_results_without_a_share_of_labels_are_refused(tmp_path: Path) -> None:
    """Age has years, few shots have no share: nothing to draw, and the message says what to give."""
    few = result("w")
    few["scores"] = [score for score in few["scores"] if score["fraction"] is None]
    with pytest.raises(TableError, match=r"none among 1. Give files that `supreme probe --json`"):
        plot_label_efficiency([few], tmp_path / "plot.png")
    assert not (tmp_path / "plot.png").exists()
