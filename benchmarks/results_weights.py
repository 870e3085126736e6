"""The section on the packaged weights, from ``docs/results/weights.json``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def lines(values: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of the section.

    Args:
        values: What ``benchmarks/package_weights.py --store`` wrote.
    """
    yield "## Weights as stored\n"
    megabytes, kind = values["bytes"] / 1e6, values["stored_as"]
    yield (
        f"{values['numbers']:,} numbers in {megabytes:.1f} MB: matrices as {kind}, vectors as float32. "
        f"Change of the AUROC on fold {values['fold']} against the weights as trained:\n"
    )
    yield "| task | macro | largest of a class |\n| --- | --- | --- |"
    for task, change in values["changes"].items():
        yield f"| {task} | {change['macro']:+.0e} | {change['class']:.0e} |"
    yield ""
