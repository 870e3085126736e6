"""One task under both protocols: which records, which labels, and where thresholds are chosen.

``corrected``: labels from codes by whole token (or from the task's table), columns by name, splits that
no patient crosses. ``published``: the labels and splits of the files that the literature uses, defects
included. The windows are the store's in both, so that the difference is one of labels and records.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from jaxtyping import Int8, Integer

from supreme_ecg.errors import TaskError
from supreme_ecg.evaluation.guard import Guard
from supreme_ecg.evaluation.published.files import PublishedFiles, Split
from supreme_ecg.evaluation.published.reading import read_published
from supreme_ecg.evaluation.task import Task
from supreme_ecg.evaluation.zero_shot_plan import Answers, Plan, Validation, plan_rows, require_fit
from supreme_ecg.store.reading import Store

Protocol = Literal["corrected", "published"]
ScoredPart = Literal["validation", "test"]

PROTOCOLS: Final[tuple[Protocol, ...]] = ("corrected", "published")

_SPLIT: Final[Mapping[ScoredPart, Split]] = {"validation": "val", "test": "test"}


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
    guard = guard or Guard(model, store)
    chosen: dict[str, Any] = {"protocol": protocol, "part": part}
    if protocol == "corrected":
        rows = part_rows(store, task, part)
        labels = task.labels(store.records[rows])
        kept = task.kept(labels)
    else:
        rows, labels, absent = _published_rows(store, task, _SPLIT[part], published)
        kept = np.ones(len(rows), dtype=bool)
        chosen |= {"split_rule": "published files", "records_not_in_store": absent}
    plan = plan_rows(
        model,
        store,
        task,
        rows=rows,
        labels=labels,
        kept=kept,
        chosen=chosen,
        guard=guard,
        allow_seen=allow_seen,
    )
    if part == "validation":
        return plan
    return replace(plan, validation=_validation(plan, guard, protocol, published))


def _validation(
    plan: Plan, guard: Guard, protocol: Protocol, published: Path | None
) -> Validation | None:
    """Validation records of patients not scored that the weights have not seen; None without any."""
    store, task = plan.store, plan.task
    if protocol == "corrected":
        rows = _rows_of_part(store, task, "validation")
        labels = task.labels(store.records[rows])
        kept = task.kept(labels)
    elif published is None or PublishedFiles.of(task.name).path(published, "val").is_file():
        rows, labels, _ = _published_rows(store, task, "val", published)
        kept = np.ones(len(rows), dtype=bool)
    else:
        return None
    patients = store.records["patient_id"].gather(rows)
    kept &= ~patients.is_in(list(set(plan.patients))).to_numpy()
    rows, labels = rows[kept], labels[kept]
    if not (labels > 0).any():
        return None
    unseen = ~guard.overlap(rows).seen
    has_class = (labels[unseen] > 0).any()
    return Validation(rows=rows[unseen], labels=labels[unseen]) if has_class else None


def part_rows(store: Store, task: Task, part: str) -> Integer[np.ndarray, " record"]:
    """Rows of the store that the task's own split puts into a part.

    Raises:
        TaskError: There is none, or the split does not fit the store.
    """
    return task.split.rows(store.records, part, where=store.path)


def _rows_of_part(store: Store, task: Task, part: str) -> Integer[np.ndarray, " record"]:
    parts = task.split.parts(store.records, where=store.path)
    return np.flatnonzero((parts == part).fill_null(value=False).to_numpy())


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
