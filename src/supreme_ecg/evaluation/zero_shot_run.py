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
from supreme_ecg.evaluation.comparison import compare
from supreme_ecg.evaluation.exposure import exposure_of
from supreme_ecg.evaluation.full_length import FullLength
from supreme_ecg.evaluation.guard import Guard
from supreme_ecg.evaluation.task import Task
from supreme_ecg.evaluation.top_class import top_class
from supreme_ecg.evaluation.zero_shot import DRAWS, zero_shot
from supreme_ecg.evaluation.zero_shot_result import ZeroShotResult
from supreme_ecg.models.calibration import Calibration
from supreme_ecg.models.training_manifest import TrainingManifest
from supreme_ecg.preprocessing.contract import SignalContract
from supreme_ecg.store.reading import Batch, Store

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
        "unless": {one.name: list(one.unless) for one in task.classes if one.unless},
        "records_left_out": left_out,
        "in_domain": store.corpus == model.manifest.get("corpus"),
        **overlap.to_json(),
        "contract": store.contract.to_json(),
        "draws": DRAWS,
        "package_version": version("supreme-ecg"),
    }
    return Plan(task=task, store=store, rows=rows, labels=labels, run=run)


def run_zero_shot(
    model: Answers,
    plans: Sequence[Plan],
    *,
    weights: str,
    seed: int = 0,
    baseline: Answers | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> list[ZeroShotResult]:
    """Ask the model every class of every task about the records, in one pass, and score the answers.

    Args:
        model: As planned with.
        plans: What to score: at least one, all of one store.
        weights: Name of the model for the result.
        seed: Seed of the bootstrap.
        baseline: ``model.with_random_encoder(...)``, to be set beside it.
        advance: Called with the number of records after each batch of each model.

    Returns:
        The scores of each plan; with a comparison where a baseline is given.

    Raises:
        WeightsError: A model answers NaN.
    """
    given = ask_once(model, plans, advance)
    others = None if baseline is None else ask_once(baseline, plans, advance)
    results = []
    for plan in plans:
        scores = given.scores(plan.task, plan.rows)
        result = score_plan(model, plan, scores, weights=weights, seed=seed)
        if baseline is not None and others is not None:
            other_scores = others.scores(plan.task, plan.rows)
            comparison = compare(
                plan.labels,
                scores,
                plan.patients,
                other=score_plan(baseline, plan, other_scores, weights="random encoder", seed=seed),
                other_scores=other_scores,
                draws=DRAWS,
                seed=seed,
            )
            result = replace(result, comparison=comparison)
        results.append(result)
    return results


def score_plan(
    model: Answers,
    plan: Plan,
    scores: Float[np.ndarray, "record cls"],
    *,
    weights: str,
    seed: int,
    validation_scores: Float[np.ndarray, "other cls"] | None = None,
) -> ZeroShotResult:
    """Score answers that are there already.

    Args:
        model: Tells which concepts were trained, and what its answers are.
        plan: Which records and labels.
        scores: As :meth:`Given.scores` gives them.
        weights: Name of the model for the result.
        seed: Seed of the bootstrap.
        validation_scores: Of the plan's validation records, where it has them.

    Raises:
        WeightsError: A score is NaN.
    """
    table = ConceptTable.load()
    validation = None
    if plan.validation is not None and validation_scores is not None:
        validation = plan.validation.labels, validation_scores
    trained = frozenset(model.trained_concepts)
    result = zero_shot(
        plan.task,
        plan.labels,
        scores,
        plan.patients,
        exposure={
            one.concept: exposure_of(one.concept, trained, table) for one in plan.task.classes
        },
        seed=seed,
        weights=weights,
        probable=not model.gives_similarities,
        validation=validation,
    )
    top = asdict(top_class(plan.labels, scores))
    own = {"weights_sha256": model.weights_sha256, "answers": describe_answers(model)}
    return replace(result, run={**plan.run, "seed": seed, **own, "top_class": top, **result.run})


def describe_answers(model: Answers) -> str:
    """What a model's scores are, and so whether a Brier score and a calibration error mean anything."""
    if model.gives_similarities:
        return "cosines, no probabilities: neither Brier score nor calibration error"
    if model.calibration is None:
        return "probabilities, not calibrated"
    return f"calibrated probabilities {model.calibration.meaning}"


@dataclass(frozen=True, slots=True)
class Given:
    """What a model answers about the records of several plans."""

    rows: Integer[np.ndarray, " record"]
    """Rows of the store, ascending."""
    prompts: tuple[str, ...]
    """Questions of all tasks, each once."""
    answers: Float[np.ndarray, "record query"]
    """Probabilities or similarities, 0 to 1."""

    def scores(
        self, task: Task, rows: Integer[np.ndarray, " some"]
    ) -> Float[np.ndarray, "some cls"]:
        """Scores of a task's classes for some of the rows; as :meth:`Task.scores`."""
        columns = [self.prompts.index(prompt) for prompt in task.prompts]
        return task.scores(self.answers[np.searchsorted(self.rows, rows)][:, columns])


def ask_once(
    model: Answers, plans: Sequence[Plan], advance: Callable[[int], None] = lambda _: None
) -> Given:
    """Ask every question of every plan's task about every record of any plan, in batches.

    Each record goes through the encoder once, however many tasks and protocols it is scored under.

    Args:
        model: As planned with.
        plans: At least one, all of one store.
        advance: Called with the number of records after each batch.
    """
    rows, first = union_rows(plans), plans[0]
    prompts = tuple(dict.fromkeys(prompt for plan in plans for prompt in plan.task.prompts))

    def answer(batch: Batch) -> Float[np.ndarray, "window query"]:
        return model.predict(batch.signal, batch.lead_mask, batch.sample_mask, prompts)

    if first.recordings is not None:
        return Given(rows, prompts, first.recordings.answers(rows, answer, advance=advance))
    parts = []
    for start in range(0, len(rows), BATCH):
        batch = first.store.batch(rows[start : start + BATCH])
        parts.append(answer(batch))
        advance(len(batch.signal))
    return Given(rows, prompts, np.concatenate(parts))


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
