"""Encoders without weights, for tests of what reads embeddings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from supreme_ecg.models.training_manifest import TrainingManifest
from supreme_ecg.preprocessing.contract import SignalContract


@dataclass
class SpreadEncoder:
    """Each lead's standard deviation and mean, times a factor; counts the windows that it sees."""

    weights_sha256: str | None = "a" * 64
    factor: float = 1.0
    stop_after: int | None = None
    manifest: dict[str, Any] = field(default_factory=dict)
    seen: TrainingManifest | None = None
    contract: SignalContract = field(default_factory=SignalContract)
    windows: int = 0

    def embed(
        self, signal: np.ndarray, lead_mask: np.ndarray, sample_mask: np.ndarray
    ) -> np.ndarray:
        """24 numbers a window."""
        if self.stop_after is not None and self.windows >= self.stop_after:
            raise KeyboardInterrupt
        self.windows += len(signal)
        features = np.concatenate([signal.std(axis=2), signal.mean(axis=2)], axis=1)
        return np.asarray(self.factor * features, dtype=np.float32)
