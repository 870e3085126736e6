"""Macro AUROC against the share of labels, a line for each encoder and way to probe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from supreme_ecg.errors import TableError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLOURS: Final = ("#1b5e8c", "#c05a1a", "#3a7d44", "#7b3f8c", "#8c6d1b", "#555555")
_MARKERS: Final = "os^Dv"
"""The first for as many encoders as there are colours, then the next."""
_MOST_BANDS: Final = 4
"""Encoders whose intervals can be told apart; of more only the lines are drawn."""
_INCHES_A_LETTER, _LINE_INCHES = 0.09, 0.7
"""Room that a name and its line take in the legend."""
_WIDEST_ROW: Final = 3
"""Panels side by side."""
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
    over patients (left out where there are more than four encoders).

    Args:
        results: As ``ProbeResult.to_json`` and the files of ``supreme probe --json`` give them.
        path: The file to write.

    Raises:
        TableError: No result has an AUROC at any share of labels.
    """
    shown = [result for result in results if _methods(result)]
    if not shown:
        raise TableError(
            path,
            expected="results with an AUROC at one share of labels or more",
            found=f"none among {len(results)}",
            remedy="Give files that `supreme probe --json` wrote for a task, with --fraction.",
        )
    tasks = list(dict.fromkeys(result["task"] for result in shown))
    encoders = list(dict.fromkeys(result["weights"] for result in shown))
    looks = {
        name: {
            "color": _COLOURS[n % len(_COLOURS)],
            "marker": _MARKERS[n // len(_COLOURS) % len(_MARKERS)],
        }
        for n, name in enumerate(encoders)
    }
    several = len({method for result in shown for method in _methods(result)}) > 1
    figure, panels = _panels(len(tasks))
    for axes, task in zip(panels, tasks, strict=False):
        of_task = [result for result in shown if result["task"] == task]
        for result in of_task:
            for method in _methods(result):
                name = Path(result["weights"]).name
                label = f"{name}, {_NAMES.get(method, method)}" if several else name
                line = _line(result, method)
                _draw_line(axes, line, method, label=label, look=looks[result["weights"]])
                if len(encoders) <= _MOST_BANDS:
                    _draw_band(axes, line, colour=looks[result["weights"]]["color"])
        _dress(axes, task, of_task)
    lines = {name: line for axes in panels for line, name in zip(*_named(axes), strict=True)}
    entry_inches = _INCHES_A_LETTER * max(map(len, lines)) + _LINE_INCHES
    columns = max(1, int(figure.get_figwidth() / entry_inches))
    figure.legend(lines.values(), lines.keys(), loc="outside lower center", ncols=columns)
    figure.savefig(path, dpi=150)


def _panels(count: int) -> tuple[Figure, list[Any]]:
    """A figure with so many panels, in rows of about equal length."""
    from matplotlib.figure import Figure  # noqa: PLC0415  slow to import

    rows = ceil(count / _WIDEST_ROW)
    columns = ceil(count / rows)
    width, height = _PANEL_INCHES
    figure = Figure(figsize=(width * columns, height * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat[count:]:
        axes.remove()
    for row in grid:
        row[0].set_ylabel("macro AUROC")
    return figure, list(grid.flat[:count])


def _methods(result: Mapping[str, Any]) -> list[str]:
    """Methods that were scored at some share of the labels."""
    names = (
        score["method"]
        for score in result["scores"]
        if score.get("fraction") is not None and score.get("macro", {}).get("auroc") is not None
    )
    return list(dict.fromkeys(names))


def _line(result: Mapping[str, Any], method: str) -> list[Mapping[str, Any]]:
    """Scores of a method by rising share of the labels."""
    scores = [
        score
        for score in result["scores"]
        if score["method"] == method
        and score["fraction"] is not None
        and score["macro"]["auroc"] is not None
    ]
    return sorted(scores, key=lambda score: float(score["fraction"]))


def _draw_line(
    axes: Any,
    line: Sequence[Mapping[str, Any]],
    method: str,
    *,
    label: str,
    look: Mapping[str, str],
) -> None:
    axes.errorbar(
        [score["fraction"] for score in line],
        [score["macro"]["auroc"] for score in line],
        [score["macro"]["sd"] or 0.0 for score in line],
        linestyle=_STYLES.get(method, "-"),
        linewidth=1.6,
        markersize=5,
        capsize=3,
        label=label,
        **look,
    )


def _draw_band(axes: Any, line: Sequence[Mapping[str, Any]], *, colour: str) -> None:
    """The interval over patients, where there is one at every share."""
    ends = [score["macro"]["ci95"] for score in line]
    if None not in ends:
        low, high = zip(*ends, strict=True)
        shares = [score["fraction"] for score in line]
        axes.fill_between(shares, low, high, color=colour, alpha=0.10, linewidth=0)


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
