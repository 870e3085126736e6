"""The section on the time of the intervals, from ``docs/results/metrics_speed.json``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def lines(values: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of the section.

    Args:
        values: What ``benchmarks/metrics_speed.py --json`` wrote.
    """
    yield "## Intervals\n"
    yield (
        f"{values['draws']:,} bootstrap draws of the patients of {values['records']:,} records with "
        f"{values['classes']} classes: **{values['ours_s']:.1f} s** ({values['ours_cpu_s']:.1f} s of "
        f"processor time), peak memory {values['peak_memory_mb'] / 1000:.1f} GB "
        f"({values['memory_before_mb'] / 1000:.1f} GB before). A loop over scikit-learn's `roc_auc_score`: "
        f"{values['plain_s']:,.0f} s, extrapolated from {values['plain']} draws, "
        f"{values['plain_s'] / values['ours_s']:.0f} times as long. AUROC differs by "
        f"{values['largest_difference']:.0e} at most. `python benchmarks/metrics_speed.py`, a machine with "
        f"{values['processors']} processors (load before the start {values['load_before']}).\n"
    )
