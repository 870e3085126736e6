"""Record -> the picture a reader expects: ECG paper, 3 x 4 leads and a rhythm strip.

All coordinates are millimetres of paper: 25 mm a second, 10 mm a millivolt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure

from supreme_ecg.errors import RecordError
from supreme_ecg.records.leads import standard_lead_name
from supreme_ecg.records.record import Record

MM_PER_S: Final = 25.0
MM_PER_MV: Final = 10.0
LAYOUT: Final = (
    ("I", "aVR", "V1", "V4"),
    ("II", "aVL", "V2", "V5"),
    ("III", "aVF", "V3", "V6"),
    ("II",),
)
"""Leads of each row; the rows share 10 s, so that a column shows the same 2.5 s in all leads."""

STRIP_S: Final = 10.0
"""Seconds of paper."""
LEFT_MM: Final = 15.0
"""Where on the paper the first sample stands."""

_RIGHT, _TOP, _BOTTOM = 5.0, 15.0, 10.0
_LEAST_ROOM, _MOST_ROOM = 10.0, 40.0  # paper above and below a row's baseline
_LABEL_ROOM = 5.0
_MM_PER_INCH = 25.4
_DPI = 150
_PAPER, _FINE, _COARSE, _INK = "#fffafa", "#f9d9d9", "#efa9a9", "#101010"


@dataclass(frozen=True, slots=True)
class Shading:
    """Colours behind the leads of a drawing."""

    colours: Mapping[str, Float[np.ndarray, "cell 4"]]
    """By standard lead name: red, green, blue and opacity of each cell, 0 to 1, from the first sample on."""
    cell_s: float
    """Length of a cell in seconds."""


def draw_on_paper(record: Record, path: Path | None = None, *, title: str | None = None) -> Figure:
    """Draw the first 10 s of a record.

    Each lead is drawn around its median. Rows get the height their leads need; what goes beyond
    4 mV is cut at the row's edge, and the lead says so. Absent leads stay empty and say so.

    Args:
        record: The record.
        path: Where to save it; the suffix gives the format (``.png``, ``.svg``, ``.pdf``).
        title: First words of the text line instead of the record's id.

    Returns:
        The figure, whose axes are in millimetres; no state of matplotlib is touched.

    Raises:
        RecordError: The picture cannot be written to ``path``.
    """
    figure = make_figure(*paper_size_mm(record))
    draw_on_axes(figure.add_axes((0, 0, 1, 1)), record, title=title)
    if path is not None:
        save_figure(figure, path)
    return figure


def make_figure(width_mm: float, height_mm: float) -> Figure:
    """A figure of this size with the colour of paper; no state of matplotlib is touched."""
    figure = Figure(figsize=(width_mm / _MM_PER_INCH, height_mm / _MM_PER_INCH), dpi=_DPI)
    FigureCanvasAgg(figure)
    figure.set_facecolor(_PAPER)
    return figure


def paper_size_mm(record: Record) -> tuple[float, float]:
    """Width and height of the paper that the drawing of a record needs."""
    rooms = _rooms(_standard_leads(record), record.sampling_rate_hz)
    height = _TOP + _BOTTOM + sum([above + below for above, below in rooms])
    return LEFT_MM + STRIP_S * MM_PER_S + _RIGHT, _round_up(height)


def draw_on_axes(
    axes: Axes, record: Record, *, title: str | None = None, shading: Shading | None = None
) -> None:
    """Draw the first 10 s of a record on axes as large as :func:`paper_size_mm` says.

    Args:
        axes: Its limits are set to millimetres.
        record: The record.
        title: First words of the text line instead of the record's id.
        shading: Colours behind the leads.
    """
    leads = _standard_leads(record)
    width, height = paper_size_mm(record)
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.set_axis_off()
    _draw_grid(axes, width, height)
    baseline = height - _TOP
    for row, (above, below) in zip(LAYOUT, _rooms(leads, record.sampling_rate_hz), strict=True):
        baseline -= above
        if shading is not None:
            band = (baseline - below + 1, baseline + above - _LABEL_ROOM)
            _shade_row(axes, row, leads, shading, band)
        _draw_row(
            axes,
            leads,
            row,
            record.sampling_rate_hz,
            baseline=baseline,
            label_height=baseline + above - _LABEL_ROOM + 1,  # above the row's tallest wave
        )
        baseline -= below
    _draw_text(axes, record, title, height)


def _standard_leads(record: Record) -> dict[str, Float[np.ndarray, " time"]]:
    return {standard_lead_name(name) or name: x for name, x in record.leads.items()}


def _rooms(
    leads: dict[str, Float[np.ndarray, " time"]], rate_hz: float
) -> list[tuple[float, float]]:
    return [_room(leads, row, rate_hz) for row in LAYOUT]


def _shade_row(
    axes: Axes,
    row: Sequence[str],
    leads: Mapping[str, Float[np.ndarray, " time"]],
    shading: Shading,
    band: tuple[float, float],
) -> None:
    """Colour the stretch that each recorded lead of a row shows."""
    span_s = STRIP_S / len(row)
    corners, colours = [], []
    for column, name in enumerate(row):
        if name not in leads or name not in shading.colours:
            continue
        edges_s = np.arange(len(shading.colours[name]) + 1) * shading.cell_s
        edges_s = edges_s.clip(column * span_s, (column + 1) * span_s)
        shown = np.diff(edges_s) > 0
        for left, right in LEFT_MM + MM_PER_S * np.stack([edges_s[:-1], edges_s[1:]], 1)[shown]:
            corners.append([(left, 0), (left, 1), (right, 1), (right, 0)])
        colours.append(shading.colours[name][shown])
    if corners:
        places = np.array(corners)
        places[..., 1] = band[0] + places[..., 1] * (band[1] - band[0])
        axes.add_collection(
            PolyCollection(
                list(places), facecolors=np.concatenate(colours), edgecolors="none", zorder=1.5
            )
        )


def _segment(
    leads: dict[str, Float[np.ndarray, " time"]], row: tuple[str, ...], column: int, rate_hz: float
) -> tuple[Float[np.ndarray, " shown"], Float[np.ndarray, " shown"]]:
    """Times (s) and heights (mm above the baseline) of one lead in its column; empty if absent."""
    span_s = STRIP_S / len(row)
    samples = leads.get(row[column], np.empty(0, np.float32))
    first, last = (int(np.ceil((column + i) * span_s * rate_hz)) for i in (0, 1))
    shown = samples[first : last + 1]  # up to the next column's first sample: no hole between them
    times_s = np.arange(first, first + shown.size) / rate_hz
    if np.isnan(samples).all():
        return times_s[:0], shown[:0]
    return times_s, (shown - np.nanmedian(samples)) * MM_PER_MV


def _room(
    leads: dict[str, Float[np.ndarray, " time"]], row: tuple[str, ...], rate_hz: float
) -> tuple[float, float]:
    """Paper that a row needs above and below its baseline, in whole large squares."""
    heights = [_segment(leads, row, column, rate_hz)[1] for column in range(len(row))]
    up = np.nanmax(np.concatenate([*heights, [_LEAST_ROOM]]))
    down = -np.nanmin(np.concatenate([*heights, [-_LEAST_ROOM / 2]]))
    return (
        _round_up(min(float(up), _MOST_ROOM) + _LABEL_ROOM),
        _round_up(min(float(down), _MOST_ROOM)),
    )


def _round_up(length: float) -> float:
    return float(np.ceil(length / 5) * 5)


def _draw_grid(axes: Axes, width: float, height: float) -> None:
    """Lines every millimetre, stronger ones every 5."""
    for step, colour, thickness in ((1, _FINE, 0.3), (5, _COARSE, 0.55)):
        upright = [[(x, 0), (x, height)] for x in np.arange(0, width + 1, step)]
        level = [[(0, y), (width, y)] for y in np.arange(0, height + 1, step)]
        axes.add_collection(LineCollection(upright + level, colors=colour, linewidths=thickness))


def _draw_row(
    axes: Axes,
    leads: dict[str, Float[np.ndarray, " time"]],
    row: tuple[str, ...],
    rate_hz: float,
    *,
    baseline: float,
    label_height: float,
) -> None:
    """Draw a calibration pulse (1 mV, 0.2 s), then the leads with their names."""
    pulse_x, pulse_y = np.array([3, 5, 5, 10, 10, 12]), np.array([0, 0, 10, 10, 0, 0])
    axes.plot(pulse_x, baseline + pulse_y, color=_INK, linewidth=0.7)
    span_mm = STRIP_S * MM_PER_S / len(row)
    for column, name in enumerate(row):
        left = LEFT_MM + column * span_mm
        times_s, heights = _segment(leads, row, column, rate_hz)
        drawn = np.clip(heights, -_MOST_ROOM, _MOST_ROOM)
        axes.plot(LEFT_MM + times_s * MM_PER_S, baseline + drawn, color=_INK, linewidth=0.7)
        if column:
            axes.plot([left, left], [baseline - 3, baseline + 3], color=_INK, linewidth=0.5)
        is_cut = bool(np.nanmax(np.abs(heights), initial=0) > _MOST_ROOM)
        label = f"{name} (cut at {_MOST_ROOM / MM_PER_MV:g} mV)" if is_cut else name
        axes.text(
            left + 1.5,
            label_height,
            label,
            fontsize=9,
            color=_INK,
            weight="bold",
        )
        if not np.isfinite(heights).any():
            axes.text(left + 10, baseline + 1, "not recorded", fontsize=8, color="#808080")


def _draw_text(axes: Axes, record: Record, title: str | None, height: float) -> None:
    """What is shown above, how and for what below."""
    age = f"{record.age_years:g} years" if record.age_years is not None else "age unknown"
    about = [
        title or record.id,
        age,
        record.sex or "sex unknown",
        f"{record.sampling_rate_hz:g} Hz",
    ]
    axes.text(LEFT_MM, height - 8, "    ".join(about), fontsize=10, color=_INK)
    below = f"{MM_PER_S:g} mm/s    {MM_PER_MV:g} mm/mV"
    axes.text(LEFT_MM, 3.5, below, fontsize=8, color=_INK)
    axes.text(
        LEFT_MM + STRIP_S * MM_PER_S,
        3.5,
        "Research use only. Not for diagnosis.",
        fontsize=8,
        color=_INK,
        ha="right",
    )


def save_figure(figure: Figure, path: Path) -> None:
    """Save a figure; the suffix gives the format.

    Raises:
        RecordError: It cannot be written to ``path``.
    """
    try:
        figure.savefig(path, facecolor=_PAPER)
    except (OSError, ValueError) as error:  # ValueError: a format that matplotlib does not know
        raise RecordError(
            path,
            expected="a picture file that can be written, such as ecg.png",
            found=str(error),
            remedy="Choose a folder that exists and one of .png, .svg, .pdf.",
        ) from None
