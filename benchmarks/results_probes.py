"""The section of the results page on probes of the packaged weights, from ``docs/results/probes.json``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

COMMAND: Final = """\
supreme probe --weights runs/ptb_xl/model --store stores/ptb_xl --part validation \\
    --task ptb_xl_superclass,ptb_xl_subclass,ptb_xl_form,ptb_xl_rhythm \\
    --knn --few-shot 1 --few-shot 5 --few-shot 10 --random-encoder \\
    --json docs/results/probes.json --plot docs/pictures/probes.png"""
"""What makes the JSON and the picture."""
METHODS: Final = {"logistic_regression": "logistic regression", "knn": "kNN"}


def lines(values: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield the lines of the section.

    Args:
        values: What ``supreme probe --json`` wrote: a result for each encoder and task.
    """
    yield "## Probes of the packaged weights\n"
    yield f"```sh\n{COMMAND}\n```\n"
    first = values[0]
    yield (
        "What simple models read off the frozen embeddings: learnt on the codes of folds 1-8 "
        f"({first['records_train']:,} records of superclass, and a tenth of the patients to choose settings "
        "on), scored on fold 9. Macro-AUROC, ± its standard deviation over five draws of the labels, 95 % "
        f"bootstrap interval over patients. Embedding {first['run']['seconds_embedding']:.0f} s, on busy "
        "cores; kept, and read by all tasks. How: `docs/probes.md`.\n"
    )
    tasks = list(dict.fromkeys(one["task"] for one in values))
    yield "| encoder | probe | learnt from | " + " | ".join(tasks) + " |"
    yield "| --- | --- | --- |" + " --- |" * len(tasks)
    for encoder in dict.fromkeys(one["weights"] for one in values):
        by_task = {one["task"]: one["scores"] for one in values if one["weights"] == encoder}
        for place, score in enumerate(by_task[tasks[0]]):
            cells = (_cell(by_task[task][place]) for task in tasks)
            yield f"| {encoder} | {METHODS[score['method']]} | {_amount(score)} | {' | '.join(cells)} |"
    yield "\n![Macro-AUROC by share of labels](pictures/probes.png)\n"


def _amount(score: dict[str, Any]) -> str:
    if score["shots"] is not None:
        return f"{score['shots']} positives a class"
    return f"{score['fraction']:.0%}"


def _cell(score: dict[str, Any]) -> str:
    macro = score["macro"]
    low, high = macro["ci95"]
    spread = f" ± {macro['sd']:.3f}" if len(score["draws"]) > 1 else ""
    return f"{macro['auroc']:.3f}{spread} ({low:.3f} to {high:.3f})"
