"""A store and a model in memory, for tests of the zero-shot path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl

from supreme_ecg.evaluation.task import Task
from supreme_ecg.models.calibration import Calibration
from supreme_ecg.models.training_manifest import TrainingManifest
from supreme_ecg.preprocessing.contract import SignalContract


@dataclass(frozen=True)
class ScriptedStore:
    """Records with codes; the first sample of lead I holds the row's number."""

    records: pl.DataFrame
    corpus: str = "cpsc2018"
    contract: SignalContract = field(default_factory=SignalContract)
    path: Path = Path("a-store")  # never there, so nothing is kept
    manifest: Any = field(default_factory=lambda: SimpleNamespace(shards=()))

    def batch(self, rows: np.ndarray) -> Any:
        """Windows whose only content is their row."""
        signal = np.zeros((len(rows), 12, self.contract.samples), dtype=np.float32)
        signal[:, 0, 0] = rows
        lead_mask = np.ones(signal.shape[:2], dtype=bool)
        sample_mask = np.ones((len(rows), signal.shape[2]), dtype=bool)
        return SimpleNamespace(signal=signal, lead_mask=lead_mask, sample_mask=sample_mask)


def scripted_store(*, repeats: int = 4, missing: Sequence[str] = ()) -> ScriptedStore:
    """Records of each CPSC2018 class in folds 1 and 2, and some without any class.

    Args:
        repeats: Records per class and fold.
        missing: Names of classes that no record has.
    """
    classes = [one for one in Task.load("cpsc2018").classes if one.name not in missing]
    codes = [[one.codes[0]] for one in classes] + [["no code of the task"]]
    rows = [(fold, code) for fold in (1, 2) for _ in range(repeats) for code in codes]
    return ScriptedStore(
        pl.DataFrame(
            {
                "record_id": [f"r{n}" for n in range(len(rows))],
                "patient_id": [f"p{n}" for n in range(len(rows))],
                "fold": [fold for fold, _ in rows],
                "codes": [code for _, code in rows],
            }
        )
    )


@dataclass(frozen=True)
class ScriptedModel:
    """Answers from the store's truth with some noise, and from noise alone once randomised."""

    store: ScriptedStore
    manifest: dict[str, Any] = field(default_factory=lambda: {"corpus": "ptb_xl", "folds": [1]})
    trained_concepts: tuple[str, ...] = ()
    contract: SignalContract = field(default_factory=SignalContract)
    strength: float = 3.0
    calibration: Calibration | None = None
    gives_similarities: bool = False
    weights_sha256: str | None = None
    seen: TrainingManifest | None = None

    def predict(
        self,
        signal: np.ndarray,
        lead_mask: np.ndarray,
        sample_mask: np.ndarray,
        queries: Sequence[str],
    ) -> np.ndarray:
        """The same answer for one row and query, whatever else is asked."""
        task = Task.load("cpsc2018")
        column = {one.prompts[0]: c for c, one in enumerate(task.classes)}
        rows = signal[:, 0, 0].astype(int)
        labels = task.labels(self.store.records[rows])
        noise = np.stack([np.random.default_rng(row).normal(size=len(column)) for row in rows])
        logits = self.strength * labels + noise
        answers: np.ndarray = 1 / (1 + np.exp(-logits[:, [column[query] for query in queries]]))
        return answers.astype(np.float32)

    def with_random_encoder(self, seed: int) -> ScriptedModel:
        """The same without any signal in the noise."""
        return replace(self, strength=0.0)
