"""Sample ECGs of simulated hearts, and what a model says to the same questions about each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from supreme_ecg.models.loading import Model
from supreme_ecg.records.writing import write_wfdb
from supreme_ecg.serving.ask import Reply, ask
from supreme_ecg.synthetic.conditions import Condition
from supreme_ecg.synthetic.heart import make_heart
from supreme_ecg.synthetic.simulation import simulate

SAMPLES: Final[dict[str, tuple[Condition, ...]]] = {
    "sinus_rhythm": (),
    "fibrillation": ("atrial_fibrillation",),
    "left_bundle": ("complete_left_bundle_branch_block",),
    "old_infarct": ("old_inferior_myocardial_infarction",),
}
"""Record id -> what is true of the heart."""


@dataclass(frozen=True, slots=True)
class SampleReply:
    """What was said about one sample ECG."""

    file: str
    """Its header, in the folder that was given."""
    conditions: tuple[str, ...]
    """What is true of the simulated heart; nothing = healthy."""
    reply: Reply
    """The answers."""

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def ask_about_samples(
    model: Model, queries: Sequence[str], folder: Path, *, seed: int
) -> tuple[SampleReply, ...]:
    """Simulate the sample ECGs, write them, and ask a model about each.

    Args:
        model: A trained model.
        queries: Questions in words.
        folder: Where the ECGs go, as WFDB records; made if absent.
        seed: Decides hearts and tracings.

    Raises:
        RecordError: The folder cannot be written.
        QueryError: No question, or an empty one.
    """
    replies = []
    for number, (record_id, conditions) in enumerate(SAMPLES.items()):
        heart = make_heart(conditions, rng=np.random.default_rng([seed, number]))
        record = simulate(heart, seed=np.random.SeedSequence([seed, number]), record_id=record_id)
        file = write_wfdb(record, folder)
        replies.append(SampleReply(file.name, conditions, ask(model, record, queries)))
    return tuple(replies)
