"""Windows of a store -> what an outside model was trained on -> one vector of each window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from supreme_ecg.models.encoder import mean_token, window_tensors
from supreme_ecg.models.training_manifest import TrainingManifest
from supreme_ecg.preprocessing.contract import SignalContract

_AT_ONCE: Final = 32
"""Crops that the network sees at once: some have thousands of tokens a window."""


@runtime_checkable
class Preparation(Protocol):
    """What a model's own code does to a recording before the network sees it."""

    def __call__(
        self,
        signal: Float[np.ndarray, "batch lead time"],
        sample_mask: Bool[np.ndarray, "batch time"],
    ) -> Float[np.ndarray, "batch crop ..."]:
        """Prepare the crops of each window.

        Args:
            signal: Millivolts in double precision, in the contract's lead order, 0 where missing.
            sample_mask: True where the recording covers the sample.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Crops:
    """Which parts of a window the network sees, each by itself."""

    starts: tuple[int, ...]
    """First sample of each."""
    samples: int
    """Length of each."""

    def cut(
        self, signal: Float[np.ndarray, "batch lead time"]
    ) -> Float[np.ndarray, "batch crop lead s"]:
        """Cut the crops out of windows."""
        return np.stack([signal[..., at : at + self.samples] for at in self.starts], axis=1)

    def recorded(self, sample_mask: Bool[Tensor, "batch time"]) -> Bool[Tensor, "batch crop"]:
        """Which crops the recording covers from end to end; the first where it covers none."""
        whole = [sample_mask[:, at : at + self.samples].all(dim=1) for at in self.starts]
        recorded = torch.stack(whole, dim=1)
        recorded[:, 0] |= ~recorded.any(dim=1)
        return recorded


@dataclass(kw_only=True, eq=False)
class OutsideEncoder:
    """A model that others trained; what a benchmark needs of it (``models/ecg_encoder.py``)."""

    contract: SignalContract
    """What a store must be under, so that :attr:`prepare` starts from what the authors' code did."""
    prepare: Preparation
    """The authors' preprocessing."""
    crops: Crops
    """The parts of a window that :attr:`prepare` makes."""
    network: nn.Module
    """A prepared crop -> its vector, as the authors pool it."""
    build: Callable[[], nn.Module]
    """Makes the network untrained."""
    weights_sha256: str | None
    """Of the file of weights."""
    manifest: dict[str, Any]
    """What it was trained on, by its authors' word: ``corpora``, and ``source``."""
    seen: TrainingManifest | None = None
    """Which records it has seen: no outside model says."""

    def embed(
        self,
        signal: Float[np.ndarray, "batch lead time"],
        lead_mask: Bool[np.ndarray, "batch lead"],
        sample_mask: Bool[np.ndarray, "batch time"],
    ) -> Float[np.ndarray, "batch width"]:
        """Mean vector of each window's recorded crops, float32, in evaluation mode.

        Args:
            signal: Millivolts; whatever the masks call missing is ignored.
            lead_mask: True where the lead was recorded.
            sample_mask: True where the recording covers the sample.

        Raises:
            ContractError: The windows do not have the contract's leads and samples.
        """
        self.network.eval()
        here = torch.device("cpu")
        windows, covered = window_tensors(
            signal, lead_mask, sample_mask, contract=self.contract, device=here
        )
        prepared = self.prepare(windows.double().numpy(), covered.numpy())
        crops = torch.from_numpy(prepared).float()
        device = next(self.network.parameters()).device
        with torch.inference_mode():
            parts = torch.split(crops.flatten(0, 1), _AT_ONCE)
            vectors = torch.cat([self.network(part.to(device)).to(here) for part in parts])
        each = vectors.reshape(*crops.shape[:2], -1)
        features: np.ndarray = mean_token(each, self.crops.recorded(covered)).numpy()
        return features

    def with_random_encoder(self, seed: int) -> OutsideEncoder:
        """The same preprocessing with an untrained network: the row that any trained one must beat.

        Args:
            seed: Seed of the fresh weights.
        """
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            network = self.build()
        device = next(self.network.parameters()).device
        return replace(self, network=network.to(device), weights_sha256=None, manifest={})
