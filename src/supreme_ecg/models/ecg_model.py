"""What the model of every method is: an ECG encoder that embeds windows."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from supreme_ecg.models.encoder import (
    Encoder,
    EncoderConfig,
    build_encoder,
    encode_windows,
    mean_token,
    window_tensors,
)
from supreme_ecg.models.training_manifest import TrainingManifest
from supreme_ecg.preprocessing.contract import SignalContract

AnyEcgModel = TypeVar("AnyEcgModel", bound="EcgModel")


@runtime_checkable
class EcgParts(Protocol):
    """Of what the model is built from, the part that all methods have."""

    @property
    def contract(self) -> SignalContract:
        """What the windows are."""

    @property
    def encoder(self) -> EncoderConfig:
        """The ECG encoder."""


class EcgModel(nn.Module):
    """An ECG encoder; a subclass makes it, and adds what its method trains it with.

    Args:
        parts: Sizes and contract.
        manifest: What it was trained on: corpus, folds, records, recipe, package version.
    """

    parts: EcgParts
    encoder: Encoder

    def __init__(self, parts: EcgParts, *, manifest: Mapping[str, Any] | None) -> None:
        super().__init__()
        self.parts = parts
        self.manifest = dict(manifest or {})
        self.weights_sha256: str | None = None
        """Of the file that the weights were loaded from; None where there was none."""
        self.seen: TrainingManifest | None = None
        """The records that it has seen, where that is known."""

    @property
    def contract(self) -> SignalContract:
        """What its windows are."""
        return self.parts.contract

    @torch.inference_mode()
    def embed(
        self,
        signal: Float[np.ndarray, "batch lead time"],
        lead_mask: Bool[np.ndarray, "batch lead"],
        sample_mask: Bool[np.ndarray, "batch time"],
    ) -> Float[np.ndarray, "batch width"]:
        """Mean token of each window, float32, in evaluation mode: the features that probes read.

        Args:
            signal: Millivolts; whatever the masks call missing is ignored.
            lead_mask: True where the lead was recorded.
            sample_mask: True where the recording covers the sample.

        Raises:
            ContractError: The windows do not have the contract's leads and samples.
        """
        features: np.ndarray = (
            mean_token(*self._encoded(signal, lead_mask, sample_mask)).cpu().numpy()
        )
        return features

    def _encoded(
        self, signal: np.ndarray, lead_mask: np.ndarray, sample_mask: np.ndarray
    ) -> tuple[Tensor, Tensor | None]:
        """Tokens of windows and their mask, in evaluation mode."""
        if any(module.training for module in self.modules()):  # asking is cheaper than setting
            self.eval()
        device = next(self.parameters()).device
        windows = window_tensors(
            signal, lead_mask, sample_mask, contract=self.contract, device=device
        )
        return encode_windows(self.encoder, *windows)

    def with_random_encoder(self: AnyEcgModel, seed: int) -> AnyEcgModel:
        """The same model with an untrained encoder: the row that any trained one must beat.

        Args:
            seed: Seed of the fresh weights.
        """
        other = copy.deepcopy(self, {id(each): each for each in self._frozen()})
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            other.encoder = build_encoder(self.parts.encoder, contract=self.contract)
        other.weights_sha256 = None  # these weights are of no file
        return other.eval()

    def _frozen(self) -> tuple[object, ...]:
        """What a copy of the model shares with it."""
        return ()
