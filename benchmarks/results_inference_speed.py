"""The section on inference time, from ``docs/results/inference_speed.json``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def lines(values: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of the section.

    Args:
        values: What ``benchmarks/inference_speed.py --json`` wrote.
    """
    one, store = values["one_ecg"], values["store"]
    ours, rival = one["ours"], one["rival"]
    yield "## Inference\n"
    yield (
        f"{values['queries']} queries, text vectors cached; made by `python benchmarks/inference_speed.py` "
        f"on a machine with {values['processors']} processors ({values['processor']}; load before the "
        f"start {values['load_before']}). Beside it, in the same run, an encoder of MERL's size "
        "on windows at 500 Hz.\n"
    )
    yield "| | this model | MERL-sized, 500 Hz | ratio |\n| --- | --- | --- | --- |"
    yield (
        f"| one ECG, one thread, median of {one['rounds']} | **{ours['wall_ms']:.1f} ms** | "
        f"{rival['wall_ms']:.1f} ms | {rival['wall_ms'] / ours['wall_ms']:.1f} |"
    )
    yield (
        f"| the same, CPU time | {ours['cpu_ms']:.1f} ms | {rival['cpu_ms']:.1f} ms | "
        f"{rival['cpu_ms'] / ours['cpu_ms']:.1f} |"
    )
    yield (
        f"| {store['records']:,} records from a store's files, {store['threads']} threads | "
        f"**{store['records_per_s']:.0f} records/s** | {store['rival_records_per_s']:.0f} records/s, "
        f"from memory | {store['records_per_s'] / store['rival_records_per_s']:.1f} |\n"
    )
