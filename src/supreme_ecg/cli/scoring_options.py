"""What the scoring commands share: which tasks are meant, and whether the result can be written."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from supreme_ecg.cli.console import error_console

if TYPE_CHECKING:
    from supreme_ecg.evaluation.guard import Guard, Trained
    from supreme_ecg.evaluation.task import Task
    from supreme_ecg.evaluation.zero_shot_plan import Answers, Plan
    from supreme_ecg.store.reading import Store


class PoolingOption(StrEnum):
    """How the answers about the windows of a recording become one."""

    mean = "mean"
    max = "max"


Recordings = Annotated[
    Path | None,
    typer.Option(help="Folder of the corpus: score whole recordings, not the window stored."),
]
Pooling = Annotated[
    PoolingOption, typer.Option(help="How the answers about a recording become one.")
]


def find_tasks(names: Sequence[str], *, corpus: str, store: Path) -> list[Task]:
    """The tasks named, each once; ``all`` stands for every task of the store's corpus.

    Args:
        names: Names of packaged tasks or paths of task files, several in one between commas.
        corpus: The store's.
        store: For errors.

    Raises:
        TaskError: No such task, or ``all`` of a corpus that the package has none for.
    """
    from supreme_ecg.errors import TaskError  # noqa: PLC0415
    from supreme_ecg.evaluation.task import Task, tasks_of  # noqa: PLC0415

    single = [name for several in names for name in several.split(",")]
    if "all" not in single:
        return [Task.load(name) for name in dict.fromkeys(single)]
    tasks = tasks_of(corpus)
    if not tasks:
        raise TaskError(
            store,
            expected="a corpus that the package has tasks for",
            found=corpus,
            remedy="Write a task file (see docs/evaluation.md) and give its path as --task.",
        )
    return list(tasks)


def require_writable(path: Path | None, *, option: str = "--json") -> None:
    """Find out before the long work, not after, that the result could not be written.

    Args:
        path: File to be written; ``-`` is standard output.
        option: The option that named it.

    Raises:
        typer.BadParameter: It is a folder, or its folder is absent or closed.
    """
    if path is None or path == Path("-"):
        return
    folder = path.parent
    if path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        message = f"{path} is a folder, or is in a folder that is absent or closed to you"
        raise typer.BadParameter(message, param_hint=option)


def plan_tasks(
    model: Answers,
    store: Store,
    tasks: Sequence[Task],
    *,
    folds: Sequence[int] | None,
    allow_seen: bool,
) -> list[Plan]:
    """Plan several tasks of one store, behind one guard; arguments and errors of ``plan_zero_shot``."""
    from supreme_ecg.evaluation.zero_shot_plan import plan_zero_shot  # noqa: PLC0415

    guard = guard_of(model, store)
    return [
        plan_zero_shot(model, store, task, folds=folds, allow_seen=allow_seen, guard=guard)
        for task in tasks
    ]


def with_recordings(
    plans: Sequence[Plan], source: Path | None, *, pooling: PoolingOption
) -> list[Plan]:
    """The same plans over whole recordings, where a folder of the corpus is given.

    Args:
        plans: Of one store, at least one.
        source: Folder that the store was made of.
        pooling: How the answers about one recording become one.

    Raises:
        CorpusError: The folder is not the corpus of the store.
    """
    if source is None:
        return list(plans)
    from supreme_ecg.corpora.catalogue import corpus_named  # noqa: PLC0415
    from supreme_ecg.evaluation.full_length import FullLength  # noqa: PLC0415

    store = plans[0].store
    corpus = corpus_named(store.corpus, sampling_rate_hz=store.contract.sampling_rate_hz)
    recordings = FullLength(store, corpus, source, pooling=pooling.value)
    said = {"windows": f"whole recordings, {pooling.value}"}
    return [replace(plan, recordings=recordings, run={**plan.run, **said}) for plan in plans]


def guard_of(model: Trained, store: Store, **options: str) -> Guard:
    """Make the guard of a model and a store; say so where it cannot know single records.

    Args:
        model: Says what it has seen.
        store: Whose records are to be scored.
        options: As of the guard.
    """
    from supreme_ecg.evaluation.guard import Guard  # noqa: PLC0415

    warn_without_manifest(model)
    return Guard(model, store, **options)


def warn_without_manifest(model: Trained) -> None:
    """Say on the error stream that weights do not list the records they have seen."""
    if model.seen is None:
        from supreme_ecg.evaluation.guard import NO_MANIFEST  # noqa: PLC0415  slow to import

        error_console.print(
            f"Warning: {NO_MANIFEST} but by corpus and fold (`supreme manifest` makes one)."
        )


def seen_note(run: Mapping[str, Any]) -> str | None:
    """The mark of a result with records that were seen, how that is known, or that nobody knows.

    Args:
        run: Of a result.

    Returns:
        A sentence to stand beside the result; None where nothing was seen.
    """
    overlap = run["overlap"]
    if seen := run["records_seen_in_pretraining"]:
        by = ", ".join(f"{count} by {way}" for way, count in overlap["seen_by"].items())
        return f"NOT HELD OUT: {seen} records were seen in pre-training ({by})."
    return None if overlap["manifest"] else "Overlap with pre-training checked by fold alone."
