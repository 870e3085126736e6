"""Weights and a store -> what a zero-shot task scores, checked before the model runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, Int8, Integer

from supreme_ecg.errors import TaskError
from supreme_ecg.evaluation.full_length import FullLength
from supreme_ecg.evaluation.guard import Guard
from supreme_ecg.evaluation.task import Task
from supreme_ecg.evaluation.zero_shot import DRAWS
from supreme_ecg.models.calibration import Calibration
from supreme_ecg.models.training_manifest import TrainingManifest
from supreme_ecg.preprocessing.contract import SignalContract
from supreme_ecg.store.reading import Store


@runtime_checkable
class Answers(Protocol):
    """A model that answers text queries about windows."""

    @property
    def contract(self) -> SignalContract:
        """What its windows are."""

    trained_concepts: tuple[str, ...]
    """Concept ids with a label column in pre-training."""
    manifest: dict[str, Any]
    """What it was trained on; ``corpus`` and ``folds`` are read here."""
    seen: TrainingManifest | None
    """Which records it has seen."""
    weights_sha256: str | None
    """Of the file of weights; None where there is none."""
    calibration: Calibration | None
    """What makes its answers probabilities that are as often right as they say."""

    @property
    def gives_similarities(self) -> bool:
        """Whether its answers are cosines, and so no probabilities."""

    def predict(
        self,
        signal: Float[np.ndarray, "batch lead time"],
        lead_mask: Bool[np.ndarray, "batch lead"],
        sample_mask: Bool[np.ndarray, "batch time"],
        queries: Sequence[str],
    ) -> Float[np.ndarray, "batch query"]:
        """Score of every query for every window, 0 to 1: a probability or, by contrast, a similarity."""

    def with_random_encoder(self, seed: int) -> Answers:
        """The same model with an untrained encoder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """Records on which thresholds are chosen: none of them, nor their patients, is scored."""

    rows: Integer[np.ndarray, " record"]
    """Rows of the store's records."""
    labels: Int8[np.ndarray, "record cls"]
    """Truth, in the order of ``rows``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One task on the records of a store that it scores, checked before the model runs."""

    task: Task
    """What is asked."""
    store: Store
    """Where the windows are."""
    rows: Integer[np.ndarray, " record"]
    """Rows of the store's records."""
    labels: Int8[np.ndarray, "record cls"]
    """Truth, in the order of ``rows``."""
    run: Mapping[str, Any]
    """What was chosen, for the result."""
    validation: Validation | None = None
    """Where thresholds come from; where None, each half of the scored patients gives those of the other."""

    recordings: FullLength | None = None
    """Score whole recordings, read again from the corpus; None = the store's window of each."""

    @property
    def patients(self) -> list[str]:
        """Patient of each row."""
        patients: list[str] = self.store.records["patient_id"].gather(self.rows).to_list()
        return patients


def plan_zero_shot(
    model: Answers,
    store: Store,
    task: Task,
    *,
    folds: Sequence[int] | None = None,
    allow_seen: bool = False,
    guard: Guard | None = None,
) -> Plan:
    """Decide what is scored and refuse what would be false.

    Args:
        model: Gives the contract and what it was trained on.
        store: Gives the records and their codes.
        task: The classes.
        folds: Folds of the corpus to score; every record where None.
        allow_seen: Score records seen in pre-training too, and mark the result.
        guard: Of this model and store, where several plans share one: it looks at each record once.

    Returns:
        Rows, labels and what was chosen.

    Raises:
        ContractError: The store was made under another contract than the weights.
        TaskError: The task is for another corpus; a fold is not in the store; records were seen in
            pre-training; or no record of the folds has any class of the task.
    """
    require_fit(model, store, task)
    rows = rows_of(store, folds)
    labels = task.labels(store.records[rows])
    return plan_rows(
        model,
        store,
        task,
        rows=rows,
        labels=labels,
        kept=task.kept(labels),
        chosen={"folds": None if folds is None else sorted(set(folds))},
        guard=guard or Guard(model, store),
        allow_seen=allow_seen,
    )


def require_fit(model: Answers, store: Store, task: Task) -> None:
    """Stop unless the store is under the model's contract and of the task's corpus.

    Raises:
        ContractError: The store was made under another contract than the weights.
        TaskError: The task is for another corpus.
    """
    model.contract.require_equal(store.contract, where=store.path)
    task.require_corpus(store.corpus, where=store.path)


def plan_rows(
    model: Answers,
    store: Store,
    task: Task,
    *,
    rows: Integer[np.ndarray, " record"],
    labels: Int8[np.ndarray, "record cls"],
    kept: Bool[np.ndarray, " record"],
    chosen: Mapping[str, Any],
    guard: Guard,
    allow_seen: bool,
) -> Plan:
    """Plan some rows with labels of their own.

    Args:
        model: Gives what it was trained on.
        store: Gives the records.
        task: The classes.
        rows: Rows of the store's records.
        labels: Of each of these rows.
        kept: Which of them are scored.
        chosen: How they were chosen, for the result.
        guard: Of this model and store.
        allow_seen: Score records seen in pre-training too, and mark the result.

    Raises:
        TaskError: No row has any class of the task, or records were seen in pre-training.
    """
    if not (labels > 0).any():
        words = ", ".join(f"{key} {value}" for key, value in chosen.items() if value is not None)
        raise TaskError(
            store.path,
            expected=f"records{f' ({words})' if words else ''} with a class of the task {task.name!r}",
            found=f"{len(rows)} records without any",
            remedy="Choose other folds, or ingest the corpus with its code tables beside it.",
        )
    left_out = len(rows) - int(kept.sum())
    rows, labels = rows[kept], labels[kept]
    overlap = guard.require_unseen(rows, allow_seen=allow_seen)
    run = {
        "corpus": store.corpus,
        **chosen,
        "also": {one.name: list(one.also) for one in task.classes if one.also},
        "unless": {one.name: list(one.unless) for one in task.classes if one.unless},
        "records_left_out": left_out,
        "in_domain": store.corpus == model.manifest.get("corpus"),
        **overlap.to_json(),
        "contract": store.contract.to_json(),
        "draws": DRAWS,
        "package_version": version("supreme-ecg"),
    }
    return Plan(task=task, store=store, rows=rows, labels=labels, run=run)


def union_rows(plans: Sequence[Plan]) -> Integer[np.ndarray, " record"]:
    """Rows that any of the plans scores or chooses thresholds on, each once, ascending."""
    scored = [plan.rows for plan in plans]
    others = [plan.validation.rows for plan in plans if plan.validation is not None]
    return np.unique(np.concatenate([*scored, *others]))


def rows_of(store: Store, folds: Sequence[int] | None) -> Integer[np.ndarray, " record"]:
    """Positions of the folds' records in ``store.records``.

    Raises:
        TaskError: A fold is not in the store.
    """
    if folds is None:
        return np.arange(len(store.records))
    column = store.records["fold"]
    there = set(column.drop_nulls().unique().to_list())
    absent = sorted(set(folds) - there)
    if absent:
        raise TaskError(
            store.path,
            expected=f"records{_in(folds)}",
            found=f"none in fold {absent[0]}; the store's folds are {sorted(there) or 'none'}",
            remedy="Choose folds that the store has, or leave out --folds to score every record.",
        )
    return np.flatnonzero(column.is_in(list(set(folds))).fill_null(value=False).to_numpy())


def _in(folds: Sequence[int] | None) -> str:
    return "" if folds is None else f" in folds {sorted(set(folds))}"
