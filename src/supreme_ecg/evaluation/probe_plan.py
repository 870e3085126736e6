"""What a probe learns from, chooses by and is scored on: three parts of stores that share no patient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Literal

import numpy as np
from jaxtyping import Float, Float32, Integer

from supreme_ecg.errors import TaskError
from supreme_ecg.evaluation.guard import Guard, trained_corpora
from supreme_ecg.evaluation.split import SplitRule, held_for_choice
from supreme_ecg.evaluation.target import Target
from supreme_ecg.evaluation.task import Task
from supreme_ecg.models.ecg_encoder import EcgEncoder
from supreme_ecg.store.reading import Store

ScoredPart = Literal["validation", "test", "all"]

CHOSEN_ON: Mapping[ScoredPart, str] = {
    "validation": "a tenth of the training patients",
    "test": "the validation part",
    "all": "the validation part",
}
"""Part that is scored -> records by which settings are chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledRows:
    """Records of a store with what is known of them."""

    store: Store
    """Where they are."""
    rows: Integer[np.ndarray, " record"]
    """Rows of the store."""
    labels: Float32[np.ndarray, "record cls"]
    """1 and 0, or years."""

    @property
    def patients(self) -> list[str]:
        """Patient of each record."""
        patients: list[str] = self.store.records["patient_id"].gather(self.rows).to_list()
        return patients

    def only(self, kept: np.ndarray) -> LabelledRows:
        """Those of the records that are kept."""
        return LabelledRows(store=self.store, rows=self.rows[kept], labels=self.labels[kept])


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbePlan:
    """One probe, checked before anything is embedded."""

    name: str
    """Of the task or target."""
    classes: tuple[tuple[str, str | None], ...]
    """Name and concept of each column of the labels; no concept for a target."""
    train: LabelledRows
    """To learn from."""
    choice: LabelledRows
    """To choose settings by."""
    scored: LabelledRows
    """To be scored on."""
    run: dict[str, Any]
    """What was chosen, for the result."""


def plan_probe(
    encoder: EcgEncoder,
    store: Store,
    what: Task | Target,
    *,
    part: ScoredPart = "test",
    allow_seen: bool = False,
    guard: Guard | None = None,
) -> ProbePlan:
    """Divide a store for a task, or for age or sex.

    Scoring ``test``, settings are chosen on the validation part. Scoring ``validation``, that part is
    kept out of every choice: settings are chosen on a tenth of the training patients, who are not learnt
    from.

    Args:
        encoder: Gives the contract and what it was trained on.
        store: Gives the records.
        what: The labels and the split.
        part: Of the split; ``all`` makes no sense here.
        allow_seen: Score records seen in pre-training too, and mark the result.
        guard: Of this encoder and store, where several plans share one.

    Raises:
        ContractError: The store was made under another contract than the encoder's.
        TaskError: The task is for another corpus, a part is empty, or records were seen in pre-training.
    """
    encoder.contract.require_equal(store.contract, where=store.path)
    train, choice = _learning(store, what, part=part)
    scored = _part(store, what, part)
    overlap = (guard or Guard(encoder, store)).require_unseen(scored.rows, allow_seen=allow_seen)
    run = _run(encoder, train, choice, scored, part=part) | overlap.to_json()
    return _plan(what, train, choice, scored, run=run)


def plan_transfer(
    encoder: EcgEncoder,
    store: Store,
    task: Task,
    *,
    to: Store,
    to_task: Task,
    part: ScoredPart = "test",
    allow_seen: bool = False,
    guard: Guard | None = None,
) -> ProbePlan:
    """Learn on one corpus, score on another, over the classes that both have.

    Args:
        encoder: Gives the contract and what it was trained on.
        store: To learn from; its whole training part, settings chosen on its validation part.
        task: Of this store.
        to: To be scored on.
        to_task: Of that store.
        part: Of that store's split; ``all``: every record, for none of them is learnt from.
        allow_seen: Score records seen in pre-training too, and mark the result.
        guard: Of this encoder and the store scored.

    Raises:
        ContractError: A store was made under another contract than the encoder's.
        TaskError: The tasks share no concept, or as :func:`plan_probe`.
    """
    for each in (store, to):
        encoder.contract.require_equal(each.contract, where=each.path)
    pairs = shared_classes(task, to_task)
    train, choice = _learning(store, task, part="test")
    scored = _part(to, to_task, part)
    overlap = (guard or Guard(encoder, to)).require_unseen(scored.rows, allow_seen=allow_seen)
    columns = [[one.name for one in each.classes] for each in (task, to_task)]
    own = [_columns(columns[0], [names for names, _ in pairs.values()])]
    own += [_columns(columns[1], [names for _, names in pairs.values()])]
    matched = [
        {"concept": concept, "learnt_from": list(first), "scored_as": list(second)}
        for concept, (first, second) in pairs.items()
    ]
    run = _run(encoder, train, choice, scored, part=part) | overlap.to_json()
    run |= {"transfer_from": task.name, "shared_classes": matched}
    classes = tuple((", ".join(second), concept) for concept, (_, second) in pairs.items())
    return ProbePlan(
        name=f"{task.name} -> {to_task.name}",
        classes=classes,
        train=_joined(train, own[0]),
        choice=_joined(choice, own[0]),
        scored=_joined(scored, own[1]),
        run=run,
    )


def shared_classes(first: Task, second: Task) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Concept -> the classes of each task that stand for it.

    Raises:
        TaskError: There is none.
    """
    both: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
    for concept in dict.fromkeys(one.concept for one in second.classes):
        names = [
            tuple(one.name for one in task.classes if one.concept == concept)
            for task in (first, second)
        ]
        if names[0]:
            both[concept] = (names[0], names[1])
    if both:
        return both
    raise TaskError(
        f"tasks {first.name!r} and {second.name!r}",
        expected="classes of the same concept in both",
        found="none",
        remedy="Choose tasks that share concepts, such as ptb_xl_all and cpsc2018.",
    )


def _learning(
    store: Store, what: Task | Target, *, part: ScoredPart
) -> tuple[LabelledRows, LabelledRows]:
    """Records to learn from and to choose by, of different patients."""
    train = _part(store, what, "train")
    if part != "validation":
        return train, _part(store, what, "validation")
    held = held_for_choice(train.patients)
    return train.only(~held), train.only(held)


def _part(store: Store, what: Task | Target, part: str) -> LabelledRows:
    """Records of a part that have labels."""
    if isinstance(what, Task):
        what.require_corpus(store.corpus, where=store.path)
    split: SplitRule = what.split if isinstance(what, Task) else what.split(store.corpus)
    rows = np.arange(len(store.records))
    if part != "all":
        rows = split.rows(store.records, part, where=store.path)
    if isinstance(what, Task):
        classes = what.labels(store.records[rows])
        labels, kept = classes.astype(np.float32), what.kept(classes)
    else:
        values: Float[np.ndarray, " record"] = what.values(store.records[rows])
        labels, kept = values[:, None].astype(np.float32), np.isfinite(values)
    if kept.any():
        return LabelledRows(store=store, rows=rows, labels=labels).only(kept)
    raise TaskError(
        store.path,
        expected=f"labels of {what.name!r} in the {part} part",
        found=f"{len(rows)} records without any",
        remedy="Ingest the corpus with its tables beside it, or choose another task or target.",
    )


def _plan(
    what: Task | Target,
    train: LabelledRows,
    choice: LabelledRows,
    scored: LabelledRows,
    *,
    run: dict[str, Any],
) -> ProbePlan:
    classes: tuple[tuple[str, str | None], ...] = ((what.name, None),)
    if isinstance(what, Task):
        classes = tuple((one.name, one.concept) for one in what.classes)
    return ProbePlan(
        name=what.name, classes=classes, train=train, choice=choice, scored=scored, run=run
    )


def _run(
    encoder: EcgEncoder,
    train: LabelledRows,
    choice: LabelledRows,
    scored: LabelledRows,
    *,
    part: ScoredPart,
) -> dict[str, Any]:
    is_transfer = train.store.path != scored.store.path
    return {
        "corpus": scored.store.corpus,
        "part": part,
        "settings_chosen_on": CHOSEN_ON["test" if is_transfer else part],
        "records_choice": len(choice.rows),
        "in_domain": scored.store.corpus in trained_corpora(encoder.manifest),
        "weights_sha256": encoder.weights_sha256,
        "contract": scored.store.contract.to_json(),
        "package_version": version("supreme-ecg"),
    }


def _columns(names: Sequence[str], groups: Sequence[Sequence[str]]) -> list[list[int]]:
    return [[names.index(name) for name in group] for group in groups]


def _joined(part: LabelledRows, columns: Sequence[Sequence[int]]) -> LabelledRows:
    """The same records; a class is there when any of its columns is."""
    labels = np.stack([part.labels[:, of_one].max(axis=1) for of_one in columns], axis=1)
    return LabelledRows(store=part.store, rows=part.rows, labels=labels)
