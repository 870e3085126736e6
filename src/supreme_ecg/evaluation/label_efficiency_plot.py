"""Macro AUROC against the share of labels, a line for each encoder and way to probe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from supreme_ecg.errors import TableError

_COLOURS: Final = ("#1b5e8c", "#c05a1a", "#3a7d44", "#7b3f8c", "#8c6d1b", "#555555")
_STYLES: Final = {"logistic_regression": "-", "knn": ":", "fine_tuning": "--"}
_NAMES: Final = {
    "logistic_regression": "linear probe",
    "knn": "kNN",
    "fine_tuning": "fine-tuning",
}
_PANEL_INCHES: Final = (4.6, 4.2)


def plot_label_efficiency(results: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draw results to a PNG: a panel a task, share of labels on a logarithmic axis.

    Lines are means over the draws, bars their spread (one standard deviation), bands the 95 % interval
    over patients.

    Args:
        results: As ``ProbeResult.to_json`` and the files of ``supreme probe --json`` give them.
        path: The file to write.

    Raises:
        TableError: No result has an AUROC at any share of labels.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415  slow to import

    shown = [result for result in results if _methods(result)]
    if not shown:
        raise TableError(
            path,
            expected="results with an AUROC at one share of labels or more",
            found=f"none among {len(results)}",
            remedy="Give files that `supreme probe --json` wrote for a task, with --fraction.",
        )
    tasks = list(dict.fromkeys(result["task"] for result in shown))
    colours = {
        name: _COLOURS[n % len(_COLOURS)]
        for n, name in enumerate(dict.fromkeys(result["weights"] for result in shown))
    }
    width, height = _PANEL_INCHES
    figure = Figure(figsize=(width * len(tasks), height), layout="constrained")
    panels = figure.subplots(1, len(tasks), squeeze=False)[0]
    for axes, task in zip(panels, tasks, strict=True):
        of_task = [result for result in shown if result["task"] == task]
        for result in of_task:
            for method in _methods(result):
                _draw_line(axes, result, method, colour=colours[result["weights"]])
        _dress(axes, task, of_task)
    panels[0].set_ylabel("macro AUROC")
    lines = {name: line for axes in panels for line, name in zip(*_named(axes), strict=True)}
    figure.legend(lines.values(), lines.keys(), loc="outside lower center", ncols=len(tasks))
    figure.savefig(path, dpi=150)


def _methods(result: Mapping[str, Any]) -> list[str]:
    """Methods that were scored at some share of the labels."""
    names = (
        score["method"]
        for score in result["scores"]
        if score.get("fraction") is not None and score.get("macro", {}).get("auroc") is not None
    )
    return list(dict.fromkeys(names))


def _draw_line(axes: Any, result: Mapping[str, Any], method: str, *, colour: str) -> None:
    scores = [
        score
        for score in result["scores"]
        if score["method"] == method
        and score["fraction"] is not None
        and score["macro"]["auroc"] is not None
    ]
    scores.sort(key=lambda score: score["fraction"])
    x = [score["fraction"] for score in scores]
    means = [score["macro"] for score in scores]
    areas = [one["auroc"] for one in means]
    name = f"{Path(result['weights']).name}, {_NAMES.get(method, method)}"
    axes.plot(x, areas, _STYLES.get(method, "-"), color=colour, linewidth=1.6, label=name)
    axes.errorbar(
        x,
        areas,
        [one["sd"] or 0.0 for one in means],
        fmt="o",
        color=colour,
        markersize=4,
        capsize=3,
    )
    if all(one["ci95"] is not None for one in means):
        low, high = zip(*(one["ci95"] for one in means), strict=True)
        axes.fill_between(x, low, high, color=colour, alpha=0.10, linewidth=0)


def _dress(axes: Any, task: str, results: Sequence[Mapping[str, Any]]) -> None:
    shares = sorted({s["fraction"] for r in results for s in r["scores"] if s["fraction"]})
    axes.set_xscale("log")
    axes.set_xticks(shares, [f"{100 * share:g} %" for share in shares])
    axes.set_xticks([], minor=True)
    part = results[0]["run"].get("part", "")
    records, train = results[0]["records"], results[0]["records_train"]
    axes.set_title(
        f"{task}\n{records:,} records of the {part} part; {train:,} = 100 %", fontsize=10
    )
    axes.set_xlabel("share of the labels")
    axes.grid(color="0.92")


def _named(axes: Any) -> tuple[list[Any], list[str]]:
    """Lines of a panel with their names."""
    handles, names = axes.get_legend_handles_labels()
    return handles, names
