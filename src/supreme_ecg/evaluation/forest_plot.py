"""Forest plot: a row a class, AUROC with its interval, one or several methods beside each other.

Drawn from the JSON of results, so that results of other days and machines can stand beside each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from supreme_ecg.evaluation.benchmark_run import BenchmarkResult
from supreme_ecg.evaluation.bootstrap import Interval
from supreme_ecg.evaluation.exposure import EXPOSURES

_COLOURS: Final = ("#1b5e8c", "#c05a1a", "#3d7a3d", "#7b4a91", "#8a6d1d", "#555555")
_FILLS: Final[Mapping[str, Any]] = {"seen": "full", "related": "left", "unseen": "none"}
"""How a marker is filled, by how far the class was trained."""
_WIDTH_INCHES: Final = 8.5
_ROW_INCHES: Final = 0.15
"""Height of one method's row; a class has one for each method, and one between."""
_HEAD_INCHES: Final = 1.7


@dataclass(frozen=True, slots=True)
class _Method:
    """What is drawn of one method: by class name."""

    name: str
    auroc: Mapping[str, float | None]
    ci95: Mapping[str, Interval | None]
    exposure: Mapping[str, str]
    macro: Mapping[str, Any]


def plot_benchmarks(results: Sequence[BenchmarkResult], path: Path) -> None:
    """Draw each task to a PNG; of several tasks each has its name added to the file's.

    Args:
        results: At least one.
        path: The file to write.
    """
    for result in results:
        protocols: dict[str, Any] = {name: one.to_json() for name, one in result.protocols.items()}
        own = path if len(results) == 1 else path.with_stem(f"{path.stem}-{result.task}")
        if len(protocols) == 1:
            protocols = {one["weights"]: one for one in protocols.values()}
        plot_forest(protocols, own)


def plot_forest(results: Mapping[str, Mapping[str, Any]], path: Path) -> None:
    """Draw the classes of one task to a PNG, best of the first method above.

    Args:
        results: Name of a method -> its result of the task as ``ZeroShotResult.to_json`` gives it; where
            it holds a comparison, its second model is drawn too. All of the same records.
        path: The file to write.

    Raises:
        ValueError: The results are of different tasks or records.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415  slow to import

    first = _require_same(results)
    methods = [one for name, values in results.items() for one in _methods(name, values)]
    positives = {one["name"]: one["positives"] for one in first["classes"]}
    classes = sorted(
        (name for name in positives if any(one.auroc.get(name) is not None for one in methods)),
        key=lambda name: -(methods[0].auroc[name] or 0),
    )
    height = _HEAD_INCHES + _ROW_INCHES * (len(methods) + 1) * (len(classes) + 1.5)
    figure = Figure(figsize=(_WIDTH_INCHES, height), layout="constrained")
    axes = figure.subplots()
    for number, one in enumerate(methods):
        offset = (number - (len(methods) - 1) / 2) / (len(methods) + 1)
        colour = _COLOURS[number % len(_COLOURS)]
        for row, name in enumerate(classes):
            fill = _FILLS[one.exposure[name]]
            place = row + offset
            _dot(axes, place, one.auroc[name], one.ci95[name], colour=colour, fill=fill)
        place = len(classes) + 0.5 + offset
        _dot(axes, place, one.macro["auroc"], one.macro["ci95"], colour=colour, fill="full")
    _label_rows(axes, classes, positives, scored=first["macro"]["classes"])
    title = f"{first['task']}: {first['records']:,} records of {first['patients']:,} patients"
    _finish(figure, axes, methods, title=title)
    figure.savefig(path, dpi=150)


def _require_same(results: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """The first result, where the others are of the same classes."""
    first, *others = results.values()
    names = [one["name"] for one in first["classes"]]
    for other in others:
        if [one["name"] for one in other["classes"]] != names:
            raise ValueError(f"{other['task']} has other classes than {first['task']}")
    return first


def _methods(name: str, values: Mapping[str, Any]) -> list[_Method]:
    """The model of a result, and the second one where it has one."""
    own: dict[str, Mapping[str, Any]] = {
        key: {one["name"]: one[key] for one in values["classes"]}
        for key in ("auroc", "ci95", "exposure")
    }
    methods = [_Method(name, **own, macro=values["macro"])]
    if other := values.get("comparison"):
        ends = other.get("ci95") or dict.fromkeys(other["auroc"])  # absent in results of 0.1.0
        exposure = other.get("exposure") or own["exposure"]
        methods.append(_Method(other["name"], other["auroc"], ends, exposure, other["macro"]))
    return methods


def _dot(
    axes: Any, place: float, area: float | None, ends: Interval | None, *, colour: str, fill: str
) -> None:
    if area is None:
        return
    if ends is not None:
        axes.plot(ends, [place, place], color=colour, linewidth=1.3)
    axes.plot(
        area,
        place,
        "o",
        color=colour,
        markersize=5,
        fillstyle=fill,
        markerfacecoloralt="white",
        markeredgewidth=1,
    )


def _label_rows(
    axes: Any, classes: Sequence[str], positives: Mapping[str, int], *, scored: int
) -> None:
    """Names on the left, positives on the right, and the mean below a line."""
    last = len(classes) + 0.5
    axes.set_yticks([*range(len(classes)), last], [*classes, f"mean of {scored}"], fontsize=8)
    axes.set_ylim(last + 0.6, -0.8)
    axes.axhline(len(classes) - 0.25, color="0.6", linewidth=0.8)
    axes.tick_params(axis="y", length=0)
    for row, name in enumerate(classes):
        _right(axes, row, f"{positives[name]:,}")
    _right(axes, -0.8, "positives")


def _right(axes: Any, place: float, text: str) -> None:
    axes.text(
        1.01,
        place,
        text,
        transform=axes.get_yaxis_transform(),
        va="center",
        fontsize=8,
        color="0.3",
    )


def _finish(figure: Any, axes: Any, methods: Sequence[_Method], *, title: str) -> None:
    """Axis, chance line, title, and a legend of methods and of how far classes were trained."""
    from matplotlib.lines import Line2D  # noqa: PLC0415  slow to import

    axes.axvline(0.5, color="0.5", linewidth=0.8, linestyle=":")
    axes.grid(axis="x", color="0.92")
    axes.set_axisbelow(True)
    axes.set_xlabel("AUROC, 95 % interval (patients resampled); dotted: chance")
    figure.suptitle(title, fontsize=11)
    lines = [
        Line2D([], [], color=_COLOURS[n % len(_COLOURS)], label=one.name)
        for n, one in enumerate(methods)
    ]
    there = {kind for one in methods for kind in one.exposure.values()}
    marks = [
        Line2D(
            [],
            [],
            marker="o",
            linestyle="",
            color="0.3",
            fillstyle=_FILLS[kind],
            markerfacecoloralt="white",
            label=kind,
        )
        for kind in EXPOSURES
        if kind in there
    ]
    figure.legend(handles=[*lines, *marks], loc="outside lower center", ncols=4, fontsize=8)
