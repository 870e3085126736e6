"""Prevalence of labels as dots on a logarithmic scale, a panel a group of concepts."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from supreme_ecg.concepts.label_sets import Comparison, LabelSet, Prevalence, SharedLabel

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_FIRST: Final = "#1b5e8c"
_SECOND: Final = "#c05a1a"
_ROW_INCHES: Final = 0.19
_PANEL_INCHES: Final = 0.62
"""Title, numbers of the axis and gap of a panel."""
_NAME_INCHES: Final = 2.9
_DOTS_INCHES: Final = 2.6
_HEAD_INCHES: Final = 0.8
_MOST_COLUMN_ROWS: Final = 64


class _Row(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def group(self) -> str: ...


R = TypeVar("R", bound=_Row)


def plot_prevalences(labels: LabelSet) -> Figure:
    """Draw how common each concept is: dots for present, rings with the uncertain ones added.

    Args:
        labels: A label set with at least one concept.
    """
    records = len(labels.record_ids)

    def draw(axes: Axes, place: int, each: Prevalence) -> None:
        present, possible = each.present / records, (each.present + each.uncertain) / records
        axes.plot([present, possible], [place, place], color=_FIRST, linewidth=0.8, alpha=0.5)
        axes.plot(possible, place, "o", color=_FIRST, markersize=4, markerfacecolor="white")
        axes.plot(present, place, "o", color=_FIRST, markersize=4)

    title = f"{labels.name}: {len(labels.concepts)} concepts in {records:,} records"
    least = min(each.present for each in labels.prevalences) / records
    legend = {"present": (_FIRST, _FIRST), "present or uncertain": (_FIRST, "white")}
    return _draw(labels.prevalences, draw, title=title, least=least, legend=legend)


def plot_comparison(comparison: Comparison, *, first: str, second: str) -> Figure:
    """Draw how common each shared concept is in two corpora.

    Args:
        comparison: With at least one shared concept.
        first: Name of the first corpus.
        second: Name of the second.
    """

    def draw(axes: Axes, place: int, each: SharedLabel) -> None:
        shares = [each.first.share, each.second.share]
        axes.plot(shares, [place, place], color="0.6", linewidth=0.8)
        for share, colour in zip(shares, (_FIRST, _SECOND), strict=True):
            axes.plot(share, place, "o", color=colour, markersize=4)

    least = min(min(each.first.share, each.second.share) for each in comparison.shared)
    legend = {first: (_FIRST, _FIRST), second: (_SECOND, _SECOND)}
    title = f"{len(comparison.shared)} concepts of {first} and {second}"
    return _draw(comparison.shared, draw, title=title, least=least, legend=legend)


def as_picture(figure: Figure, suffix: str) -> bytes:
    """Draw a figure.

    Args:
        figure: What to draw.
        suffix: Format: ``.png``, ``.pdf`` or ``.svg``.

    Returns:
        The bytes of the picture file.
    """
    file = io.BytesIO()
    figure.savefig(file, format=suffix.removeprefix("."), dpi=150, facecolor="white")
    return file.getvalue()


@dataclass(frozen=True, slots=True)
class _Panel:
    """A group of rows, and where it stands."""

    group: str
    rows: Sequence[Any]
    column: int
    top_inches: float

    @property
    def height_inches(self) -> float:
        return len(self.rows) * _ROW_INCHES


def _draw(
    rows: Iterable[R],
    draw_row: Callable[[Axes, int, R], None],
    *,
    title: str,
    least: float,
    legend: Mapping[str, tuple[str, str]],
) -> Figure:
    from matplotlib.figure import Figure  # noqa: PLC0415  heavy, and not always wanted

    panels = _placed(rows)
    width = (max(panel.column for panel in panels) + 1) * (_NAME_INCHES + _DOTS_INCHES) + 0.3
    height = max(panel.top_inches + panel.height_inches for panel in panels) + 0.5
    figure = Figure(figsize=(width, height))
    figure.text(0.15 / width, 1 - 0.3 / height, title, fontsize=12, weight="bold", va="center")
    limits = (10.0 ** math.floor(math.log10(least)), 1.15)
    for panel in panels:
        left = panel.column * (_NAME_INCHES + _DOTS_INCHES) + _NAME_INCHES
        bottom = height - panel.top_inches - panel.height_inches
        box = (left / width, bottom / height, _DOTS_INCHES / width, panel.height_inches / height)
        axes = figure.add_axes(box)
        for place, row in enumerate(panel.rows):
            draw_row(axes, place, row)
        _dress(axes, panel, limits)
    _add_legend(figure, legend, width, height)
    return figure


def _placed(rows: Iterable[R]) -> list[_Panel]:
    """Put the groups under each other, and into further columns where they get too long."""
    groups: dict[str, list[R]] = {}
    for row in rows:
        groups.setdefault(row.group, []).append(row)
    total = sum(map(len, groups.values()))
    columns = math.ceil(total / _MOST_COLUMN_ROWS)
    longest = total // columns
    while (column_of := _columns(list(map(len, groups.values())), longest))[-1] >= columns:
        longest += 1
    panels: list[_Panel] = []
    tops = [_HEAD_INCHES] * columns
    for (group, members), column in zip(groups.items(), column_of, strict=True):
        panels.append(_Panel(group, members, column, tops[column] + _PANEL_INCHES / 2))
        tops[column] += panels[-1].height_inches + _PANEL_INCHES
    return panels


def _columns(lengths: Sequence[int], longest: int) -> list[int]:
    """The column of each panel, if a column holds at most so many rows (or one longer panel)."""
    columns: list[int] = []
    filled = 0
    for length in lengths:
        is_new = bool(columns) and filled + length > longest
        columns.append((columns[-1] if columns else 0) + is_new)
        filled = length if is_new else filled + length
    return columns


def _dress(axes: Axes, panel: _Panel, limits: tuple[float, float]) -> None:
    axes.set_xscale("log")
    axes.set_xlim(*limits)
    axes.set_ylim(len(panel.rows) - 0.5, -0.5)
    axes.set_yticks(range(len(panel.rows)), [row.name for row in panel.rows], fontsize=7)
    axes.xaxis.set_major_formatter(lambda share, _: f"{100 * share:g} %")
    axes.minorticks_off()
    axes.tick_params(length=0, labelsize=7)
    axes.set_title(panel.group.replace("_", " "), fontsize=8, weight="bold", loc="left", pad=3)
    axes.grid(color="0.9", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)


def _add_legend(
    figure: Figure, legend: Mapping[str, tuple[str, str]], width: float, height: float
) -> None:
    from matplotlib.lines import Line2D  # noqa: PLC0415

    marks = [
        Line2D([], [], marker="o", linestyle="", color=edge, markerfacecolor=face, label=name)
        for name, (edge, face) in legend.items()
    ]
    figure.legend(
        handles=marks,
        loc="center left",
        bbox_to_anchor=(0.05 / width, 1 - 0.6 / height),
        ncols=len(marks),
        fontsize=8,
        frameon=False,
        handletextpad=0.1,
    )
