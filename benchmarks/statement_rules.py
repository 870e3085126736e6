"""What the reports of a coded statement say: the rule of one or two concepts that finds its records best.

    python benchmarks/statement_rules.py STORE [--task ptb_xl_all] [--least 20] [--gain 0.05]

For each class of a task: how well what its prompts ask about, read from the *reports* of the training
folds, finds the records that carry its codes (F1), beside the best "A", "A and B", "A and not B" and "A or B"
of two concepts, one of them among the dozen best alone. Where the second is far better, the statement is not
used as its name says, and its task file may ask otherwise (docs/log.md says what was taken, and what was not
because it means nothing). No model is asked, and no record outside the training folds is read.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Bool

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.evaluation.task import Task, TaskClass
from supreme_ecg.store.reading import Store
from supreme_ecg.training.recipe import LabelConfig
from supreme_ecg.training.training_set import report_labels

FIRST = 12
"""Single concepts, best first, that are paired with every other."""
LEAST_SAID = 10
"""Records that a concept must be said in."""


def main() -> None:
    """Read, pair, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", type=Path)
    parser.add_argument("--task", default="ptb_xl_all")
    parser.add_argument("--least", type=int, default=20, help="records that a class must have")
    parser.add_argument("--gain", type=float, default=0.05, help="F1 that a rule must be ahead by")
    parser.add_argument("--rules", type=int, default=3, help="rules shown for a class")
    options = parser.parse_args()
    store, task, table = Store.open(options.store), Task.load(options.task), ConceptTable.load()
    rows = np.flatnonzero(store.records["fold"].is_in(task.split.train).to_numpy())
    wanted = task.labels(store.records[rows]).astype(bool)
    said, concepts = read_reports(store, rows, table=table)
    print(f"{len(rows)} records of folds {task.split.train}; F1 of what is asked, and of rules")
    for one, is_coded in zip(task.classes, wanted.T, strict=True):
        if is_coded.sum() < options.least:
            continue
        asked = f1(asked_in_reports(one, said, concepts, table=table)[None], is_coded)[0]
        rules = best_rules(said, is_coded, concepts)[: options.rules]
        if rules[0][0] - asked >= options.gain:
            shown = "; ".join(f"{value:.2f} {rule}" for value, rule in rules)
            print(f"{one.name:8} {is_coded.sum():5} {asked:.2f} | {shown}")


def read_reports(
    store: Store, rows: np.ndarray, *, table: ConceptTable
) -> tuple[Bool[np.ndarray, "concept record"], list[str]]:
    """Which concepts the reports say, doubted or not, closed over parents; those that are said often."""
    concepts = [concept.id for concept in table.concepts.values()]
    said = (
        report_labels(
            store.findings(),
            record_ids=store.records[rows]["record_id"].to_list(),
            concepts=concepts,
            table=table,
            rules=LabelConfig(uncertain="positive", conclusions=True),
        ).T
        == 1
    )
    often = said.sum(axis=1) >= LEAST_SAID
    return said[often], [each for each, kept in zip(concepts, often, strict=True) if kept]


def asked_in_reports(
    one: TaskClass,
    said: Bool[np.ndarray, "concept record"],
    concepts: Sequence[str],
    *,
    table: ConceptTable,
) -> Bool[np.ndarray, " record"]:
    """Records whose reports say what the class asks about, by its own rule."""

    def of(prompt: str) -> Bool[np.ndarray, " record"]:
        found = table.find(prompt)
        if found is None or found.id not in concepts:
            return np.zeros(said.shape[1], dtype=bool)
        return said[list(concepts).index(found.id)]

    is_there = np.any([of(prompt) for prompt in one.prompts], axis=0)
    for prompt in one.also:
        is_there = is_there & of(prompt)
    for prompt in one.unless:
        is_there = is_there & ~of(prompt)
    return np.asarray(is_there)


def best_rules(
    said: Bool[np.ndarray, "concept record"],
    is_coded: Bool[np.ndarray, " record"],
    concepts: Sequence[str],
) -> list[tuple[float, str]]:
    """F1 and words of rules of one or two concepts, best first, each reading once."""
    alone = f1(said, is_coded)
    rules = dict(zip(concepts, alone, strict=True))
    for at in np.argsort(-alone)[:FIRST]:
        rules |= dict(_pairs(said, is_coded, concepts, at=int(at)))
    return sorted(((value, rule) for rule, value in rules.items()), reverse=True)


def _pairs(
    said: Bool[np.ndarray, "concept record"],
    is_coded: Bool[np.ndarray, " record"],
    concepts: Sequence[str],
    *,
    at: int,
) -> Iterator[tuple[str, float]]:
    first, name = said[at], concepts[at]
    joined = {"and": first & said, "and not": first & ~said, "or": first | said}
    for word, found in joined.items():
        for other, value in zip(concepts, f1(found, is_coded), strict=True):
            pair = (name, other) if word == "and not" else sorted((name, other))
            yield f" {word} ".join(pair), value


def f1(found: Bool[np.ndarray, "rule record"], is_coded: Bool[np.ndarray, " record"]) -> np.ndarray:
    """Harmonic mean of precision and recall of each rule; 0 where nothing is found."""
    hits = (found & is_coded).sum(axis=1)
    return 2 * hits / np.maximum(found.sum(axis=1) + is_coded.sum(), 1)


if __name__ == "__main__":
    main()
