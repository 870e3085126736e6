"""Reliability before and after calibration: all concepts together, and each concept's mean."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from supreme_ecg.evaluation.calibration_result import CalibrationResult, ReliabilityBin
from supreme_ecg.evaluation.metrics import RARE_BELOW

_BEFORE: Final = "#c05a1a"
_AFTER: Final = "#1b5e8c"
_TICKS: Final = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)


def plot_reliability(result: CalibrationResult, path: Path) -> None:
    """Draw a calibration to a PNG.

    Args:
        result: As scored.
        path: The file to write.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415  slow to import

    figure = Figure(figsize=(10, 5.4), layout="constrained")
    together, means = figure.subplots(1, 2)
    bins = [result.reliability_before, result.reliability_after]
    least = 0.7 * min(b.probability for each in bins for b in each)
    _draw_bins(together, bins[0], colour=_BEFORE, name="before")
    _draw_bins(together, bins[1], colour=_AFTER, name="calibrated")
    _diagonal(together, least)
    together.set_title("All concepts together", fontsize=10)
    together.set_xlabel("probability (bins of equal expected positives)")
    together.set_ylabel("share of reports that mention it, 95 % interval")
    _draw_means(means, result)
    figure.suptitle(
        f"Reliability on {result.records:,} records that took no part; probability "
        f"{result.calibration.meaning}",
        fontsize=10,
    )
    figure.savefig(path, dpi=150)


def _draw_bins(axes: Any, bins: Sequence[ReliabilityBin], *, colour: str, name: str) -> None:
    x = [one.probability for one in bins]
    axes.plot(x, [one.observed for one in bins], "o-", color=colour, markersize=4, label=name)
    for one in bins:
        axes.plot([one.probability] * 2, one.ci95, color=colour, linewidth=1.2, alpha=0.6)


def _draw_means(axes: Any, result: CalibrationResult) -> None:
    shown = [one for one in result.concepts if one.positives >= RARE_BELOW]
    observed = [one.positives / result.records for one in shown]
    before, after = [one.mean_before for one in shown], [one.mean_after for one in shown]
    axes.plot(before, observed, "o", color=_BEFORE, markersize=4, alpha=0.7)
    axes.plot(after, observed, "o", color=_AFTER, markersize=4, alpha=0.7)
    _diagonal(axes, 0.7 * min([*observed, *before, *after], default=0.01))
    axes.set_title(f"{len(shown)} concepts with {RARE_BELOW} or more positives", fontsize=10)
    axes.set_xlabel("mean probability")
    axes.set_ylabel("share of reports that mention it")


def _diagonal(axes: Any, least: float) -> None:
    axes.plot([least, 1], [least, 1], color="0.6", linewidth=0.8, zorder=0)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(least, 1.1)
    axes.set_ylim(least, 1.1)
    ticks = [tick for tick in _TICKS if tick >= least]
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks(ticks, [f"{tick:g}" for tick in ticks])
        axis.set_ticks([], minor=True)
    axes.grid(color="0.92")
    if axes.get_legend_handles_labels()[1]:
        axes.legend(loc="upper left", frameon=False)
