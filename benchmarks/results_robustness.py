"""The section of the results page on fewer leads, shorter strips and groups, from `robustness.json`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

COMMAND = """\
supreme robustness --weights runs/ptb_xl/model --store stores/ptb_xl --task all --folds 9 \\
    --json docs/results/robustness.json --plot docs/pictures/robustness.png"""
"""What makes the JSON and the picture."""


def lines(values: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the lines of the section.

    Args:
        values: What ``supreme robustness --json`` wrote: a list of tasks.
    """
    yield "## Fewer leads and shorter strips\n"
    yield f"```sh\n{COMMAND}\n```\n"
    yield (
        "Macro-AUROC (95 % interval), and in bold the share above chance of the whole window's, "
        "(AUROC - 0.5) / (AUROC of 12 leads - 0.5). What each row is: `docs/robustness.md`.\n"
    )
    yield "| in the file | " + " | ".join(one["task"] for one in values) + " |"
    yield "| --- |" + " --- |" * len(values)
    for rows in zip(*(one["reductions"] for one in values), strict=True):
        yield f"| {rows[0]['name']} | " + " | ".join(map(_reduction, rows)) + " |"
    yield "\n![Macro-AUROC by leads, seconds and groups](pictures/robustness.png)\n"
    yield from groups(values)


def groups(values: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the tables by sex and age, for the results page and the model card.

    Args:
        values: What ``supreme robustness --json`` wrote: a list of tasks.
    """
    yield "## By sex and age\n"
    yield (
        "Macro-AUROC over the classes with ten positives and ten negatives in the group, and that of "
        "all records over the same classes. Age not given: over 89 in PTB-XL.\n"
    )
    yield "| task | group | records | classes | AUROC | 95 % interval | all records |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for one in values:
        for group in one["groups"]:
            name = f"{group['division']} {group['group']}"
            yield (
                f"| {one['task']} | {name} | {group['records']} | {group['classes_averaged']} | "
                f"{_number(group['auroc'])} | {_interval(group['ci95'])} | "
                f"{_number(group['auroc_all'])} |"
            )
    yield ""
    yield from _classes_by_group(values)


def _classes_by_group(values: list[dict[str, Any]]) -> Iterator[str]:
    """Positives and AUROC of every class in every group."""
    yield "AUROC (positives) of each class in each group:\n"
    for one in values:
        shown = one["groups"]
        yield f"| {one['task']} | " + " | ".join(group["group"] for group in shown) + " |"
        yield "| --- |" + " --- |" * len(shown)
        for rows in zip(*(group["classes"] for group in shown), strict=True):
            cells = " | ".join(f"{_number(row['auroc'])} ({row['positives']})" for row in rows)
            yield f"| {rows[0]['name']} | {cells} |"
        yield ""


def _reduction(row: dict[str, Any]) -> str:
    return f"{_number(row['auroc'])} ({_interval(row['ci95'])}), **{_number(row['above_chance'])}**"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _interval(ends: list[float] | None) -> str:
    return "-" if ends is None else f"{ends[0]:.3f} to {ends[1]:.3f}"
