"""The section on several seeds, from ``docs/results/seeds.json``."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import mean, stdev
from typing import Any


def lines(values: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of the section.

    Args:
        values: What ``benchmarks/seeds.py`` wrote.
    """
    runs = values["runs"]
    yield "## Several seeds\n"
    yield (
        "```sh\npython benchmarks/seeds.py stores/ptb_xl --cpsc2018 stores/cpsc2018 \\\n"
        "    --weights runs/first/model runs/seed-1/model runs/seed-2/model "
        "--json docs/results/seeds.json\n```\n"
    )
    yield (
        f"The first run ({values['epochs']} epochs) with {len(runs)} seeds, which decide initial weights, "
        "order, augmentation and phrasing; the packaged weights' second run started from seed 0. Zero-shot "
        "macro-AUROC on fold 9 and on CPSC2018, superclasses asked by their names alone. The intervals "
        "elsewhere on this page are over patients, for one seed.\n"
    )
    seeds = [run["seed"] for run in runs]
    yield f"| task | {' | '.join(f'seed {seed}' for seed in seeds)} | mean ± standard deviation |"
    yield "| --- |" + " --- |" * (len(seeds) + 1)
    for task in runs[0]["tasks"]:
        areas = [run["tasks"][task]["auroc"] for run in runs]
        cells = " | ".join(f"{area:.3f}" for area in areas)
        yield f"| {task} | {cells} | **{mean(areas):.3f}** ± {stdev(areas):.3f} |"
    yield ""
