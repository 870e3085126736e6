"""The picture of the randomisation check."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from supreme_ecg.records.paper import make_figure, save_figure
from supreme_ecg.serving.explain import CELL_S, rank_correlation
from supreme_ecg.serving.explained_paper import colours_of, scale_of

COLUMNS = 4


def draw_cascade(
    shown: Sequence[tuple[str, np.ndarray]],
    rows: Sequence[dict[str, Any]],
    path: Path,
    *,
    query: str,
    leads: Sequence[str],
) -> None:
    """Maps of one ECG from the trained weights to none, and how like the first each is."""
    figure = make_figure(270, 150)
    grid = figure.add_gridspec(
        4, COLUMNS, left=0.05, right=0.98, top=0.9, bottom=0.12, hspace=0.55, wspace=0.12
    )
    figure.text(
        0.05,
        0.955,
        f"“{query}”: the map as weights are randomised from the answer down",
        fontsize=10,
    )
    for place, (part, weights) in enumerate(shown):
        axes = figure.add_subplot(grid[divmod(place, COLUMNS)])
        axes.imshow(
            colours_of(weights, scale_of(weights)),
            aspect="auto",
            interpolation="nearest",
            extent=(0, weights.shape[1] * CELL_S, len(leads), 0),
        )
        likeness = rank_text(rank_correlation(shown[0][1], weights))
        axes.set_title(f"{part if part == 'trained' else '+ ' + part}  ({likeness})", fontsize=8)
        axes.set(facecolor="white")
        axes.set_xticks([0, 5, 10], ["0", "5", "10 s"])
        axes.set_yticks([0.5, 6.5], [leads[0], leads[6]])
        axes.tick_params(labelsize=7, length=2)
    axes = figure.add_subplot(grid[3, :])
    names = [row["part"] for row in rows]
    axes.plot(
        names, [row["signed"] for row in rows], color="#d55e00", marker="o", label="with sign"
    )
    axes.plot(
        names,
        [row["size"] for row in rows],
        color="#606060",
        marker="s",
        ls="--",
        label="size only",
    )
    axes.axhline(0, color="#101010", linewidth=0.5)
    axes.set(facecolor="white", ylim=(-0.3, 1.1))
    axes.tick_params(labelsize=7)
    axes.legend(fontsize=7, frameon=False, ncols=2, loc="lower right", bbox_to_anchor=(1, 0.97))
    axes.set_title("rank correlation with the trained map, mean of three ECGs", fontsize=8)
    save_figure(figure, path)


def rank_text(value: float) -> str:
    """A correlation as a reader expects it."""
    return f"r = {value + 0.0:.2f}".replace("-", "−")


def shrink(path: Path) -> None:
    """Store a PNG with 256 colours, a quarter of the bytes."""
    with Image.open(path) as image:
        small = image.convert("RGB").quantize(
            256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
        )
    small.save(path, optimize=True)
