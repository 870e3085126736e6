"""Every question of some plans, asked once about each of their records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float, Integer

from supreme_ecg.evaluation.task import Task
from supreme_ecg.evaluation.zero_shot_plan import Answers, Plan, union_rows
from supreme_ecg.store.answer_cache import kept_answers
from supreme_ecg.store.reading import Batch
from supreme_ecg.store.vector_file import Origin, identity_of

BATCH: Final = 128
"""Records that the model sees at once."""


@dataclass(frozen=True, slots=True)
class Given:
    """What a model answers about the records of several plans."""

    rows: Integer[np.ndarray, " record"]
    """Rows of the store, ascending."""
    prompts: tuple[str, ...]
    """Questions of all tasks, each once."""
    answers: Float[np.ndarray, "record query"]
    """Probabilities or similarities, 0 to 1."""
    origin: Origin
    """Whether they were asked now."""

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

    Each record goes through the encoder once, however many tasks and protocols it is scored under; and not
    again where an earlier call kept the answers to these questions in the store.

    Args:
        model: As planned with.
        plans: At least one, all of one store.
        advance: Called with the number of records after each batch.
    """
    rows, first = union_rows(plans), plans[0]
    prompts = tuple(dict.fromkeys(prompt for plan in plans for prompt in plan.task.prompts))

    def answer(batch: Batch) -> Float[np.ndarray, "window query"]:
        return model.predict(batch.signal, batch.lead_mask, batch.sample_mask, prompts)

    def ask(
        some: Integer[np.ndarray, " record"], told: Callable[[int], None]
    ) -> Float[np.ndarray, "record query"]:
        if first.recordings is not None:
            return first.recordings.answers(some, answer, advance=told)
        parts = []
        for start in range(0, len(some), BATCH):
            parts.append(answer(first.store.batch(some[start : start + BATCH])))
            told(len(parts[-1]))
        return np.concatenate(parts)

    if model.weights_sha256 is None:  # a random encoder is known by nothing
        return Given(rows, prompts, ask(rows, advance), "not cached")
    identity = identity_of(
        model.weights_sha256,
        first.store,
        calibration=None if model.calibration is None else model.calibration.to_json(),
        recordings=None if first.recordings is None else first.recordings.pooling,
        prompts=prompts,
    )
    answers, origin = kept_answers(ask, rows, store=first.store, identity=identity, advance=advance)
    return Given(rows, prompts, answers, origin)
