"""The section on the time that scoring takes, from ``docs/results/scoring_speed.json``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def lines(values: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of the section.

    Args:
        values: What ``benchmarks/scoring_speed.py --json`` wrote.
    """
    yield "## Scoring six tasks\n"
    yield (
        f"The six tasks of PTB-XL, {values['records']:,} records of fold 9, intervals included. What weights "
        "answer and embed is kept in the store, and so computed once. `python "
        f"benchmarks/scoring_speed.py stores/ptb_xl`, {values['threads']} threads, load before the start "
        f"{values['load_before']}, peak memory {values['peak_memory_mb'] / 1000:.1f} GB.\n"
    )
    yield "| step | seconds | of processor time |"
    yield "| --- | --- | --- |"
    for name, seconds in values["steps"].items():
        yield f"| {name} | {seconds['wall_s']:.1f} | {seconds['processor_s']:.1f} |"
    yield ""
