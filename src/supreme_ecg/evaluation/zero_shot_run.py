"""Weights and a store -> zero-shot scores: what may be scored, which records, one pass of the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, Int8, Integer

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.errors import TaskError
from supreme_ecg.evaluation.task import Task
from supreme_ecg.evaluation.top_class import top_class
from supreme_ecg.evaluation.zero_shot import (
    DRAWS,
    ZeroShotResult,
    compare,
    exposure_of,
    zero_shot,
)
from supreme_ecg.preprocessing.contract import SignalContract
from supreme_ecg.store.reading import Store

BATCH: Final = 128
"""Records that the model sees at once."""


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
) -> Plan:
    """Decide what is scored and refuse what would be false.

    Args:
        model: Gives the contract and what it was trained on.
        store: Gives the records and their codes.
        task: The classes.
        folds: Folds of the corpus to score; every record where None.
        allow_seen: Score records of folds seen in pre-training too, and mark the result.

    Returns:
        Rows, labels and what was chosen.

    Raises:
        ContractError: The store was made under another contract than the weights.
        TaskError: The task is for another corpus; a fold is not in the store; records were seen in
            pre-training; or no record of the folds has any class of the task.
    """
    model.contract.require_equal(store.contract, where=store.path)
    task.require_corpus(store.corpus, where=store.path)
    chosen = rows_of(store, folds)
    labels = task.labels(store.records[chosen])
    kept = task.kept(labels)
    if not labels.any():
        raise TaskError(
            store.path,
            expected=f"records{_in(folds)} with codes of the task {task.name!r}",
            found=f"{len(chosen)} records without any",
            remedy="Choose other folds, or ingest the corpus with its code tables beside it.",
        )
    rows = chosen[kept]
    seen = count_seen(model.manifest, store, rows, allow_seen=allow_seen)
    run = {
        "corpus": store.corpus,
        "folds": None if folds is None else sorted(set(folds)),
        "records_left_out": len(chosen) - len(rows),
        "in_domain": store.corpus == model.manifest.get("corpus"),
        "records_seen_in_pretraining": seen,
        "contract": store.contract.to_json(),
        "draws": DRAWS,
        "package_version": version("supreme-ecg"),
    }
    return Plan(task=task, store=store, rows=rows, labels=labels[kept], run=run)


def run_zero_shot(
    model: Answers,
    plan: Plan,
    *,
    weights: str,
    seed: int = 0,
    baseline: Answers | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> ZeroShotResult:
    """Ask the model every class of the task about every record, and score the answers.

    Args:
        model: As planned with.
        plan: What to score.
        weights: Name of the model for the result.
        seed: Seed of the bootstrap.
        baseline: ``model.with_random_encoder(...)``, to be set beside it.
        advance: Called with the number of records after each batch of each model.

    Returns:
        The scores; with a comparison where a baseline is given.

    Raises:
        WeightsError: A model answers NaN.
    """
    table = ConceptTable.load()
    trained = frozenset(model.trained_concepts)
    exposure = {one.concept: exposure_of(one.concept, trained, table) for one in plan.task.classes}

    def scored(scores: np.ndarray, name: str) -> ZeroShotResult:
        return zero_shot(
            plan.task,
            plan.labels,
            scores,
            plan.patients,
            exposure=exposure,
            seed=seed,
            weights=name,
        )

    scores = _scores(model, plan, advance)
    top = asdict(top_class(plan.labels, scores))
    result = replace(scored(scores, weights), run={**plan.run, "seed": seed, "top_class": top})
    if baseline is None:
        return result
    other_scores = _scores(baseline, plan, advance)
    other = scored(other_scores, "random encoder")
    comparison = compare(
        plan.labels,
        scores,
        plan.patients,
        other=other,
        other_scores=other_scores,
        seed=seed,
    )
    return replace(result, comparison=comparison)


def _scores(
    model: Answers, plan: Plan, advance: Callable[[int], None]
) -> Float[np.ndarray, "record cls"]:
    parts = []
    for start in range(0, len(plan.rows), BATCH):
        rows = plan.rows[start : start + BATCH]
        batch = plan.store.batch(rows)
        parts.append(
            model.predict(batch.signal, batch.lead_mask, batch.sample_mask, plan.task.prompts)
        )
        advance(len(rows))
    return plan.task.scores(np.concatenate(parts))


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


def count_seen(
    manifest: Mapping[str, Any],
    store: Store,
    rows: Integer[np.ndarray, " record"],
    *,
    allow_seen: bool,
) -> int:
    """Count the rows that belong to what weights were trained on.

    Weights that name the store's corpus but no folds may have seen all of it.

    Args:
        manifest: Of the weights.
        store: Whose rows are to be scored.
        rows: Rows of the store.
        allow_seen: Count them, and no more.

    Raises:
        TaskError: There are some, and they are not allowed.
    """
    if store.corpus != manifest.get("corpus"):
        return 0
    folds = list(manifest.get("folds") or ())
    seen = int(store.records["fold"].gather(rows).is_in(folds).sum()) if folds else len(rows)
    if seen and not allow_seen:
        raise TaskError(
            store.path,
            expected="records that the weights were not trained on",
            found=f"{seen} of {len(rows)} records in the weights' pre-training folds",
            remedy=f"Choose other folds than {folds or 'those'} with --folds, "
            "or mark the result as seen with --allow-seen.",
        )
    return seen


def _in(folds: Sequence[int] | None) -> str:
    return "" if folds is None else f" in folds {sorted(set(folds))}"
