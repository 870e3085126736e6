"""Vectors of ECGs: what a benchmark needs of any encoder, whoever made it."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float

from supreme_ecg.models.training_manifest import TrainingManifest
from supreme_ecg.preprocessing.contract import SignalContract


@runtime_checkable
class EcgEncoder(Protocol):
    """Turns windows into vectors. Every model here is one; an outside model needs these members."""

    @property
    def contract(self) -> SignalContract:
        """What its windows are: leads, sampling rate, duration."""

    weights_sha256: str | None
    """Of the file of weights; None where there is none, and then nothing is cached."""
    manifest: dict[str, Any]
    """What it was trained on; ``corpus`` (or several ``corpora``) and ``folds`` are read here. Empty where
    that is not known."""
    seen: TrainingManifest | None
    """Which records it has seen; None where that is not known."""

    def embed(
        self,
        signal: Float[np.ndarray, "batch lead time"],
        lead_mask: Bool[np.ndarray, "batch lead"],
        sample_mask: Bool[np.ndarray, "batch time"],
    ) -> Float[np.ndarray, "batch width"]:
        """One vector of each window (millivolts, 0 where missing), in evaluation mode."""
