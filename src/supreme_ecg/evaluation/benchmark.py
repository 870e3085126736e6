"""One model on one task under both protocols: the literature's labels and splits, and ours.

``corrected``: labels from codes by whole token (or from the task's table), columns by name, splits that
no patient crosses. ``published``: the labels and splits of the files that the literature uses, defects
included. The windows are the store's in both, so that the difference is one of labels and records.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from jaxtyping import Int8, Integer

from supreme_ecg.errors import TaskError
from supreme_ecg.evaluation.guard import Guard
from supreme_ecg.evaluation.published.files import PublishedFiles, Split
from supreme_ecg.evaluation.published.reading import read_published
from supreme_ecg.evaluation.task import Task
from supreme_ecg.evaluation.zero_shot import ZeroShotResult
from supreme_ecg.evaluation.zero_shot_run import (
    Answers,
    Plan,
    plan_rows,
    plan_scores,
    require_fit,
    score_plan,
)
from supreme_ecg.store.reading import Store

Protocol = Literal["corrected", "published"]
ScoredPart = Literal["validation", "test"]

PROTOCOLS: Final[tuple[Protocol, ...]] = ("corrected", "published")

_SPLIT: Final[Mapping[ScoredPart, Split]] = {"validation": "val", "test": "test"}


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkResult:
    """Scores of one task under one or both protocols."""

    task: str
    """Name of the task."""
    protocols: Mapping[Protocol, ZeroShotResult]
    """Scores under each that was asked for."""

    @property
    def difference(self) -> dict[str, Any] | None:
        """AUROC as published less corrected, by class and on average; None under a single protocol.

        A class that one of the two cannot score has None and is in no average: a macro over other
        classes would differ though no label did.
        """
        if len(self.protocols) < len(PROTOCOLS):
            return None
        corrected, published = (self.protocols[name] for name in PROTOCOLS)
        by_class = {
            ours.name: _less(theirs.auroc, ours.auroc)
            for ours, theirs in zip(corrected.classes, published.classes, strict=True)
        }
        in_both = [value for value in by_class.values() if value is not None]
        return {
            "macro": sum(in_both) / len(in_both) if in_both else None,
            "classes_in_both": len(in_both),
            "classes": by_class,
        }

    def to_json(self) -> dict[str, Any]:
        """Plain values, in the form that ``docs/evaluation.md`` describes."""
        values: dict[str, Any] = {
            "task": self.task,
            "protocols": {name: one.to_json() for name, one in self.protocols.items()},
        }
        return values if self.difference is None else {**values, "difference": self.difference}


def plan_benchmark(
    model: Answers,
    store: Store,
    task: Task,
    *,
    protocol: Protocol,
    part: ScoredPart,
    published: Path | None = None,
    guard: Guard | None = None,
    allow_seen: bool = False,
) -> Plan:
    """Decide which records are scored with which labels.

    Args:
        model: Gives the contract and what it was trained on.
        store: Gives the records and their codes.
        task: The classes.
        protocol: Whose labels and splits.
        part: Of the split.
        published: The user's copy of the published files. Not needed for PTB-XL, whose files follow
            from the corpus.
        guard: Of this model and store, where several plans share one.
        allow_seen: Score records seen in pre-training too, and mark the result.

    Raises:
        ContractError: The store was made under another contract than the weights.
        TaskError: The task is for another corpus or has no published files, no record is in the part, or
            records were seen in pre-training.
        TableError: The published files do not fit.
    """
    require_fit(model, store, task)
    chosen: dict[str, Any] = {"protocol": protocol, "part": part}
    if protocol == "corrected":
        rows = part_rows(store, task, part)
        labels = task.labels(store.records[rows])
        kept = task.kept(labels)
    else:
        rows, labels, absent = _published_rows(store, task, _SPLIT[part], published)
        kept = np.ones(len(rows), dtype=bool)
        chosen |= {"split_rule": "published files", "records_not_in_store": absent}
    return plan_rows(
        model,
        store,
        task,
        rows=rows,
        labels=labels,
        kept=kept,
        chosen=chosen,
        guard=guard or Guard(model, store),
        allow_seen=allow_seen,
    )


def part_rows(store: Store, task: Task, part: str) -> Integer[np.ndarray, " record"]:
    """Rows of the store that the task's own split puts into a part.

    Raises:
        TaskError: There is none, or the split does not fit the store.
    """
    return task.split.rows(store.records, part, where=store.path)


def _published_rows(
    store: Store, task: Task, split: Split, folder: Path | None
) -> tuple[Integer[np.ndarray, " record"], Int8[np.ndarray, "record cls"], int]:
    """Rows of the store that a published file names, its labels for them, and how many it lacks."""
    files = PublishedFiles.of(task.name)
    if folder is None:
        return _rebuilt_rows(store, task, split)
    labels = read_published(folder, files.task, split)
    row_of = {record: row for row, record in enumerate(store.records["record_id"].to_list())}
    there = [place for place, record in enumerate(labels.record_ids) if record in row_of]
    rows = np.array([row_of[labels.record_ids[place]] for place in there], dtype=int)
    return rows, labels.for_task(task)[there], len(labels.record_ids) - len(there)


def _rebuilt_rows(
    store: Store, task: Task, split: Split
) -> tuple[Integer[np.ndarray, " record"], Int8[np.ndarray, "record cls"], int]:
    """The same for PTB-XL from folds and codes, which give its files exactly (tested row by row)."""
    if task.corpus != "ptb_xl":
        raise TaskError(
            f"task {task.name!r}, published protocol",
            expected="the label files that the literature uses",
            found="no folder of them; they do not follow from the corpus",
            remedy="Give their folder (data_split of MERL's code) with --published.",
        )
    fold = {"val": 9, "test": 10}[split]
    rows = np.flatnonzero((store.records["fold"] == fold).fill_null(value=False).to_numpy())
    labels = task.labels(store.records[rows])
    has_class = labels.any(axis=1)
    files = PublishedFiles.of(task.name)
    return rows[has_class], labels[has_class], files.rows[split] - int(has_class.sum())


def run_benchmark(
    model: Answers,
    plans: Mapping[Protocol, Plan],
    *,
    weights: str,
    seed: int = 0,
    advance: Callable[[int], None] = lambda _: None,
) -> BenchmarkResult:
    """Ask the model once about every record of any plan, and score each plan.

    Args:
        model: As planned with.
        plans: Of one task on one store, by protocol.
        weights: Name of the model for the result.
        seed: Seed of the bootstrap.
        advance: Called with the number of records after each batch.

    Raises:
        WeightsError: The model answers NaN.
    """
    first = next(iter(plans.values()))
    rows = union_rows(list(plans.values()))
    asked = replace(first, rows=rows)
    scores = plan_scores(model, asked, advance)
    results = {
        name: score_plan(
            model, plan, scores[np.searchsorted(rows, plan.rows)], weights=weights, seed=seed
        )
        for name, plan in plans.items()
    }
    return BenchmarkResult(task=first.task.name, protocols=results)


def union_rows(plans: Sequence[Plan]) -> Integer[np.ndarray, " record"]:
    """Rows that any of the plans scores, each once, ascending."""
    return np.unique(np.concatenate([plan.rows for plan in plans]))


def _less(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first - second
