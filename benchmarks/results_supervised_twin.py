"""The section on the supervised twin, from ``supervised_twin.json`` and ``zero_shot.json``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def lines(values: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of the section.

    Args:
        values: All results by the name of their file.
    """
    twin = values["supervised_twin"]
    ours = {result["task"]: result["macro"] for result in values["zero_shot"]}
    yield "## Beside the same encoder trained on the codes\n"
    yield (
        "```sh\npython benchmarks/supervised_twin.py stores/ptb_xl --out runs/twin \\\n"
        "    --json docs/results/supervised_twin.json\n```\n"
    )
    yield (
        f"Same records, epochs ({twin['epochs']}), batch, rate and augmentation as the first run; trained on "
        f"the SCP codes of all {len(twin['results'])} tasks at once with a linear head, {twin['minutes']} "
        "minutes on a busy core. It has had no second run (the weights that it is compared with: "
        f"{values['pretrain']['epochs']} epochs), and is no mean of runs. Macro-AUROC on fold 9, one seed.\n"
    )
    yield "| task | zero-shot | trained on the codes | 95 % interval | ratio |"
    yield "| --- | --- | --- | --- | --- |"
    for result in twin["results"]:
        macro, zero_shot = result["macro"], ours[result["task"]]["auroc"]
        low, high = macro["ci95"]
        yield (
            f"| {result['task']} | {zero_shot:.3f} | {macro['auroc']:.3f} | {low:.3f} to {high:.3f} | "
            f"**{zero_shot / macro['auroc']:.3f}** |"
        )
    yield ""
