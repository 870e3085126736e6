"""The ablation table, from ``docs/results/ablations.json``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from statistics import mean, stdev
from typing import Any

TASKS = ("ptb_xl_superclass", "ptb_xl_subclass", "ptb_xl_form", "ptb_xl_rhythm")


def lines(values: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of the section.

    Args:
        values: What ``benchmarks/ablations.py`` wrote.
    """
    yield "## Ablations\n"
    yield (
        "```sh\npython benchmarks/ablations.py stores/ptb_xl --out runs/ablations "
        f"--epochs {values['epochs']} \\\n    --json docs/results/ablations.json\n```\n"
    )
    yield (
        f"One change of the recipe at a time, {values['epochs']} epochs each (the recipe has more), "
        "without the definitions and the text adapter that the recipe got later, asked by the task files of "
        "then. "
        f"Macro-AUROC on fold {values['fold']}; *reports*: mean over the concepts that ten or more of "
        "the held-out reports mention. Mean ± standard deviation where several seeds were run. Fold 9 is "
        "scored here to be read; choices were made on held-out reports (`docs/log.md`). Not run, for want of "
        "their weights without a network: MedCPT, BioClinicalBERT.\n"
    )
    yield "| | concepts | reports | superclass | subclass | form | rhythm | seeds |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for row, group in groupby(values["runs"], key=lambda one: one["row"]):
        runs = list(group)
        areas = (_cell([run["tasks"][task] for run in runs]) for task in TASKS)
        yield (
            f"| {row} | {runs[0]['concepts']} | "
            f"{_cell([run['held_out'] for run in runs])} | {' | '.join(areas)} | {len(runs)} |"
        )
    yield ""


def _cell(values: Sequence[float]) -> str:
    if len(values) == 1:
        return f"{values[0]:.3f}"
    return f"{mean(values):.3f} ± {stdev(values):.3f}"
