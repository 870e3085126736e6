"""Explanations -> a picture: ECG paper shaded by what an answer rests on, one sheet per question."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from supreme_ecg.preprocessing.contract import SignalContract
from supreme_ecg.records.paper import (
    LEFT_MM,
    MM_PER_S,
    STRIP_S,
    Shading,
    draw_on_axes,
    make_figure,
    paper_size_mm,
    save_figure,
)
from supreme_ecg.records.record import Record
from supreme_ecg.serving.explain import CELL_S, Explanation
from supreme_ecg.serving.occlusion import SPAN_S

MOST_SHEETS: Final = 12
"""Sheets that fit into one picture."""

_FOR, _AGAINST = to_rgb("#d55e00"), to_rgb("#0072b2")  # vermilion, blue: Okabe and Ito 2008
_INK, _GREY = "#101010", "#606060"
_OPACITY: Final = 0.72
_LEAST_SCALE: Final = 0.02
"""Log-odds per cell at full colour at least, so that a map of nothing stays pale."""
_TIMES_S: Final = (0, 2, 4, 6, 8, 10)
_TIME_LABELS: Final = ("0", "2", "4", "6", "8", "10 s")
_MAP_MM, _EVIDENCE_MM, _GAP_MM, _FOOT_MM = 34.0, 13.0, 8.0, 15.0


def draw_explained(
    record: Record,
    contract: SignalContract,
    explanations: Sequence[Explanation],
    path: Path | None = None,
) -> Figure:
    """Draw a sheet per explanation, one below the other.

    A sheet is the ECG on paper, shaded by the attribution; below it, on the same axis of time as the
    rhythm strip, the attribution of all leads over all 10 s (the paper shows a quarter of most
    leads), occlusion, and the exact sum over time where the fusion has one.

    Args:
        record: The ECG as read.
        contract: Of the window that was explained.
        explanations: At least one and at most :data:`MOST_SHEETS`.
        path: Where to save it; the suffix gives the format.

    Returns:
        The figure; no state of matplotlib is touched.

    Raises:
        RecordError: The picture cannot be written to ``path``.
    """
    shown = _part_explained(record, contract)
    width, paper = paper_size_mm(shown)
    sheets = [paper + _panels_mm(explanation) for explanation in explanations]
    figure = make_figure(width, sum(sheets))
    top = sum(sheets)
    for explanation, height in zip(explanations, sheets, strict=True):
        _draw_sheet(figure, shown, explanation, top=top, total=sum(sheets))
        top -= height
    if path is not None:
        save_figure(figure, path)
    return figure


def colours_of(
    weights: Float[np.ndarray, "lead cell"], scale: float
) -> Float[np.ndarray, "lead cell 4"]:
    """Vermilion above 0, blue below; the opacity grows with the size and is full from ``scale`` on."""
    strength = np.clip(np.abs(weights) / scale, 0, 1) * _OPACITY
    rgb = np.where((weights >= 0)[..., None], _FOR, _AGAINST)
    return np.concatenate([rgb, strength[..., None]], axis=-1)


def scale_of(weights: Float[np.ndarray, "lead cell"]) -> float:
    """Log-odds that are drawn in full colour: all but one cell in a hundred are below."""
    return max(float(np.quantile(np.abs(weights), 0.99)), _LEAST_SCALE)


def _part_explained(record: Record, contract: SignalContract) -> Record:
    """The record from the first sample of the window on."""
    length_s = len(next(iter(record.leads.values()))) / record.sampling_rate_hz
    if contract.crop == "start" or length_s <= contract.duration_s:
        return record
    first = round((length_s - contract.duration_s) / 2 * record.sampling_rate_hz)
    return replace(record, leads={name: samples[first:] for name, samples in record.leads.items()})


def _panels_mm(explanation: Explanation) -> float:
    evidence = 0.0 if explanation.evidence is None else _EVIDENCE_MM + _GAP_MM
    return 2 * (_MAP_MM + _GAP_MM) + evidence + _FOOT_MM


def _draw_sheet(
    figure: Figure, record: Record, explanation: Explanation, *, top: float, total: float
) -> None:
    """Paper, map, sum over time and legend, from ``top`` mm downwards."""
    width, paper = paper_size_mm(record)

    def axes_at(left: float, upper: float, wide: float, high: float) -> Axes:
        return figure.add_axes((left / width, (upper - high) / total, wide / width, high / total))

    scale = scale_of(explanation.attribution)
    colours = colours_of(explanation.attribution, scale)
    shading = Shading(dict(zip(explanation.leads, colours, strict=True)), CELL_S)
    title = _title(record, explanation)
    draw_on_axes(axes_at(0, top, width, paper), record, title=title, shading=shading)
    top -= paper + _GAP_MM / 2
    strip = STRIP_S * MM_PER_S
    maps = (
        ("integrated gradients (as on the paper)", explanation.attribution, CELL_S),
        ("occlusion: fall of the log-odds without the patch", explanation.occlusion, SPAN_S),
    )
    for name, weights, cell_s in maps:
        axes = axes_at(LEFT_MM, top, strip, _MAP_MM)
        _draw_map(axes, explanation.leads, weights, name=name, cell_s=cell_s)
        top -= _MAP_MM + _GAP_MM
    if explanation.evidence is not None:
        _draw_evidence(axes_at(LEFT_MM, top, strip, _EVIDENCE_MM), explanation)
        top -= _EVIDENCE_MM + _GAP_MM
    _draw_legend(axes_at(LEFT_MM, top - 2, 62, 2.5))
    note = axes_at(LEFT_MM + 75, top + 3, strip - 75, _FOOT_MM)
    note.set_axis_off()
    note.text(0, 1, _notes(explanation), fontsize=7.5, color=_INK, va="top")


def _title(record: Record, explanation: Explanation) -> str:
    query = textwrap.shorten(explanation.query, 70, placeholder="...")
    return f"“{query}”  {explanation.probability:.1%}    {record.id}"


def _notes(explanation: Explanation) -> str:
    """What the reader must know to judge the picture."""
    return (
        f"The cells of integrated gradients sum to {explanation.attribution.sum():+.1f} log-odds, from "
        f"{explanation.empty_logit:+.1f} (no ECG) to {explanation.logit:+.1f} (this ECG).\n"
        f"Rank correlation of the two maps: {explanation.agreement_text}.\n"
        "Log-odds are before calibration. Shows what the model used, not what is wrong with the heart."
    )


def _draw_map(
    axes: Axes,
    leads: Sequence[str],
    weights: Float[np.ndarray, "lead cell"],
    *,
    name: str,
    cell_s: float,
) -> None:
    """All leads over the whole window."""
    scale = scale_of(weights)
    axes.imshow(
        colours_of(weights, scale),
        aspect="auto",
        interpolation="nearest",
        extent=(0, weights.shape[1] * cell_s, len(leads), 0),
    )
    axes.set(xlim=(0, STRIP_S), ylim=(len(leads), 0), facecolor="white")
    axes.set_yticks(np.arange(len(leads)) + 0.5, leads)
    axes.set_xticks(_TIMES_S, _TIME_LABELS)
    axes.hlines(np.arange(1, len(leads)), 0, STRIP_S, color="#e0e0e0", linewidth=0.5)
    _style(axes, f"{name}; full colour: {scale:.2g} log-odds in {cell_s:g} s of a lead")


def _draw_evidence(axes: Axes, explanation: Explanation) -> None:
    """What each token adds to the logit."""
    evidence = explanation.evidence
    if evidence is None:
        return
    width_s = 0.8 * float(np.diff(evidence.times_s).mean()) if len(evidence.times_s) > 1 else 1.0
    colours = [_FOR if value >= 0 else _AGAINST for value in evidence.log_odds]
    axes.bar(evidence.times_s, evidence.log_odds, width=width_s, color=colours)
    axes.axhline(0, color=_INK, linewidth=0.5)
    reach = max(1.0, 1.15 * float(np.abs(evidence.log_odds).max()))
    low = min(0.0, 1.15 * float(evidence.log_odds.min()))
    axes.set(xlim=(0, STRIP_S), ylim=(min(low, -0.05 * reach), reach), facecolor="white")
    axes.set_xticks(_TIMES_S, _TIME_LABELS)
    total = f"sums with {evidence.bias:+.1f} to {explanation.logit:+.1f} exactly"
    _style(axes, f"evidence by time, log-odds: {total}")


def _draw_legend(axes: Axes) -> None:
    colours = colours_of(np.linspace(-1, 1, 101)[None], 1.0)
    axes.imshow(colours, aspect="auto", extent=(-1, 1, 0, 1))
    axes.set_yticks([])
    axes.set_xticks([-0.98, 0, 0.98], ["speaks against", "no weight", "speaks for"])
    _style(axes, "")
    first, _, last = axes.get_xticklabels()
    first.set(ha="left")
    last.set(ha="right")


def _style(axes: Axes, title: str) -> None:
    axes.set_title(title, fontsize=7, color=_INK, loc="left", pad=2)
    axes.tick_params(labelsize=6.5, length=2, width=0.5, colors=_GREY, pad=1.5)
    for side in axes.spines.values():
        side.set(linewidth=0.5, color="#a0a0a0")
