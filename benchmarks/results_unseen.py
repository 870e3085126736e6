"""The section on concepts that were left out of training, from ``docs/results/unseen.json``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

UNSEEN = {
    "unseen": "unseen, by name",
    "unseen, defined": "unseen, by name and definition",
    "unseen, as asked": "unseen, as asked",
}
TITLES = {"reports": "what the reports of fold 9 say", "scp": "SCP codes of fold 9"}


def lines(values: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of the section.

    Args:
        values: What ``benchmarks/unseen_concepts.py`` wrote.
    """
    yield "## Concepts left out of training\n"
    recipes = values.get("recipes", [values.get("recipe")])
    yield (
        "```sh\npython benchmarks/unseen_concepts.py stores/ptb_xl --seen runs/first/model "
        f"--recipes {' '.join(recipes)} \\\n    --out runs/unseen --json docs/results/unseen.json\n```\n"
    )
    yield (
        f"`{'`, then `'.join(recipes)}`, once more without {len(values['related'])} concepts, their synonyms "
        f"and all below them ({values['concepts_trained']} concepts left); what is above them is left out of "
        "the loss where they alone made it true. *Unseen*: this model, asked by the words of the preferred "
        "name alone, by name and definition (the mean of the two logits), and as it asks of itself, with "
        "the nearest trained concepts above it as the other half (`models/asked.py`; chosen on held-out "
        "reports); *seen*: the one trained on all, by name. Chance is 0.5; with an untrained encoder "
        "answers are arbitrary. One seed.\n"
    )
    for truth, title in TITLES.items():
        yield from _table(values["truths"][truth], title)
    above = (
        f"{concept} ({', '.join(trained) or 'none'})"
        for concept, trained in values["related"].items()
    )
    yield f"Trained concepts above each: {'; '.join(above)}.\n"


def _table(compared: dict[str, Any], title: str) -> Iterator[str]:
    yield f"Truth: {title}.\n"
    columns = (*UNSEEN.values(), "seen", "untrained encoder")
    yield f"| concept | positives | {' | '.join(columns)} |"
    yield "| --- |" + " --- |" * (len(columns) + 1)
    scored = [one for one in compared["concepts"] if one["scored"]]
    for one in scored:
        yield _row(one["concept"], one["positives"], one, one["ci95"])
    yield _row(f"mean of {len(scored)}", "", compared["mean"], compared["mean_ci95"]) + "\n"
    few = [
        f"{one['concept']} ({one['positives']})"
        for one in compared["concepts"]
        if not one["scored"]
    ]
    if few:
        yield f"Too few positives: {', '.join(few)}.\n"


def _row(title: str, positives: object, areas: dict[str, Any], intervals: dict[str, Any]) -> str:
    unseen = (
        f"**{areas[key]:.3f}** ({intervals[key][0]:.3f} to {intervals[key][1]:.3f})"
        for key in UNSEEN
    )
    others = (f"{areas[key]:.3f}" for key in ("seen", "untrained encoder"))
    return f"| {' | '.join((title, str(positives), *unseen, *others))} |"
