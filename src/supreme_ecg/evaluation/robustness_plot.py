"""Robustness as dots with intervals: a column a task, reductions above, groups of patients below."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from supreme_ecg.evaluation.bootstrap import Interval
from supreme_ecg.evaluation.robustness import RobustnessResult

_COLOUR: Final = "#1b5e8c"
_COLUMN_INCHES: Final = 2.9
_ROW_INCHES: Final = 0.26
_NAME_INCHES: Final = 1.7
_HEAD_INCHES: Final = 1.9


def plot_robustness(results: Sequence[RobustnessResult], path: Path) -> None:
    """Draw tasks beside each other to a PNG.

    Args:
        results: At least one, as :func:`supreme_ecg.evaluation.robustness.run_robustness` gives them.
        path: The file to write.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415  slow to import

    names = [one.name for one in results[0].reductions]
    groups = list(dict.fromkeys((g.division, g.group) for r in results for g in r.groups))
    figure = Figure(
        figsize=(
            _NAME_INCHES + _COLUMN_INCHES * len(results),
            _HEAD_INCHES + _ROW_INCHES * (len(names) + len(groups)),
        ),
        layout="constrained",
    )
    grid = figure.subplots(
        2,
        len(results),
        squeeze=False,
        sharey="row",
        sharex="col",
        height_ratios=[len(names), len(groups)],
    )
    for column, result in enumerate(results):
        _draw_reductions(grid[0, column], result)
        _draw_groups(grid[1, column], result, groups)
    _name_rows(grid[0, 0], names)
    _name_rows(grid[1, 0], [f"{division}: {group}" for division, group in groups])
    figure.suptitle("Macro AUROC, 95 % interval; numbers: share above chance of the whole window")
    figure.savefig(path, dpi=150)


def _draw_reductions(axes: Any, result: RobustnessResult) -> None:
    axes.set_title(f"{result.task}\n{result.records} records", fontsize=10)
    for place, one in enumerate(result.reductions):
        _dot(axes, place, one.auroc, one.ci95)
        if one.above_chance is not None:
            _note(axes, place, f"{one.above_chance:.2f}")
    axes.grid(axis="x", color="0.9")


def _draw_groups(axes: Any, result: RobustnessResult, groups: Sequence[tuple[str, str]]) -> None:
    """Dots are the group; rings are all records on the same classes."""
    for one in result.groups:
        place = groups.index((one.division, one.group))
        _dot(axes, place, one.auroc, one.ci95)
        if one.auroc_all is not None:
            axes.plot(
                one.auroc_all, place, "o", color=_COLOUR, markersize=8, markerfacecolor="none"
            )
        _note(axes, place, f"{one.classes_averaged} cl.")
    axes.set_xlabel("dot: group, ring: all records,\nsame classes", fontsize=8)
    axes.grid(axis="x", color="0.9")


def _dot(axes: Any, place: int, area: float | None, interval: Interval | None) -> None:
    if area is None:
        return
    if interval is not None:
        axes.plot(interval, [place, place], color=_COLOUR, linewidth=1.5)
    axes.plot(area, place, "o", color=_COLOUR, markersize=4)


def _note(axes: Any, place: int, text: str) -> None:
    axes.text(
        1.02,
        place,
        text,
        transform=axes.get_yaxis_transform(),
        va="center",
        fontsize=8,
        color="0.3",
    )


def _name_rows(axes: Any, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names, fontsize=9)
    axes.set_ylim(len(names) - 0.5, -0.5)
