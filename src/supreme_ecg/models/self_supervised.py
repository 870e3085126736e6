"""What the self-supervised methods share: an encoder, and a loss of the signals alone.

A subclass is one whole method: its configuration, what it makes of the windows of a batch, and its loss.
There is no text in it, so it answers no questions; probes read its embeddings.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from supreme_ecg.models.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from supreme_ecg.models.ecg_model import EcgModel
from supreme_ecg.models.encoder import (
    EncoderConfig,
    build_encoder,
    build_encoder_config,
    encode_windows,
    mean_token,
)
from supreme_ecg.models.pretrained import find_weights
from supreme_ecg.models.resnet import ResNetConfig
from supreme_ecg.preprocessing.contract import SignalContract


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfSupervisedConfig:
    """A subclass holds the sizes and the loss of one method."""

    name: str
    """Of the method, in recipes and checkpoints."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfSupervisedParts:
    """All that is needed to build the same model again."""

    contract: SignalContract = field(default_factory=SignalContract)
    """What the windows are."""
    method: SelfSupervisedConfig
    """The method's own sizes and loss."""
    encoder: EncoderConfig = field(default_factory=ResNetConfig)
    """The ECG encoder."""

    def to_json(self) -> dict[str, Any]:
        """Plain values; :meth:`from_json` reads them back."""
        return asdict(self) | {"contract": self.contract.to_json()}

    @classmethod
    def from_json(
        cls, values: Mapping[str, Any], *, config: type[SelfSupervisedConfig], where: object
    ) -> SelfSupervisedParts:
        """Read what :meth:`to_json` wrote.

        Args:
            values: Plain values.
            config: Class of the method's configuration.
            where: For errors.
        """
        return cls(
            contract=SignalContract.from_json(values["contract"], where=where),
            method=config(**values["method"]),
            encoder=build_encoder_config(values["encoder"]),
        )


class SelfSupervised(EcgModel, ABC):
    """An ECG encoder and what one method adds to it for training.

    Args:
        parts: Sizes and contract.
        manifest: What it was trained on: corpus, folds, records, recipe, package version.
    """

    name: ClassVar[str]
    """Of the method, in recipes and checkpoints."""
    config: ClassVar[type[SelfSupervisedConfig]]
    """Class of its configuration."""
    views: ClassVar[int] = 2
    """How often each window is drawn, with its own random changes, for one step."""
    encoders: ClassVar[tuple[str, ...]] = ("resnet", "vit", "lead_vit")
    """Names of the encoders that the method can train."""

    parts: SelfSupervisedParts
    nothing: Tensor

    def __init__(
        self, parts: SelfSupervisedParts, *, manifest: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(parts, manifest=manifest)
        self.encoder = build_encoder(parts.encoder, contract=parts.contract)
        self.register_buffer("nothing", torch.zeros(()), persistent=False)

    @abstractmethod
    def sides(self, *windows: Tensor) -> tuple[Float[Tensor, "batch ..."], ...]:
        """All that the loss needs of each record.

        Args:
            windows: Signal in millivolts (batch, lead, time) and sample mask (batch, time) of each view.

        Returns:
            Tensors with a row per record, float32; those that no gradient may go through are detached.
        """

    @abstractmethod
    def training_loss(
        self, sides: Sequence[Float[Tensor, "batch ..."]], patients: Int[Tensor, " batch"], /
    ) -> Float[Tensor, ""]:
        """Loss of a whole batch.

        Args:
            sides: What :meth:`sides` returned, gathered over the batch.
            patients: A number per record, the same for records of one patient; most methods ignore it.
        """

    def follow(self, progress: float) -> None:
        """Move whatever is not moved by gradients; called after each step of the optimiser.

        Args:
            progress: Share of the run's steps that are done, 0 to 1.
        """

    def forward(self, *windows: Tensor) -> tuple[Tensor, ...]:
        """What :meth:`sides` returns, and last 0: no temperature is learned here."""
        return *self.sides(*windows), self.nothing

    def mean_tokens(
        self, signal: Float[Tensor, "batch lead time"], sample_mask: Bool[Tensor, "batch time"]
    ) -> Float[Tensor, "batch width"]:
        """The vector of each window that probes will read."""
        return mean_token(*encode_windows(self.encoder, signal, sample_mask))

    def projected(
        self, head: nn.Module, *windows: Tensor
    ) -> tuple[Float[Tensor, "batch width"], ...]:
        """Mean tokens of both views through a head; ``windows`` as of :meth:`sides`."""
        views = windows[:2], windows[2:]
        return tuple(head(self.mean_tokens(*view)).float() for view in views)

    def save(self, folder: Path, *, metrics: Mapping[str, Any] | None = None) -> None:
        """Write weights and description to ``folder``, whole or not at all."""
        description = {
            "method": self.name,
            "parts": self.parts.to_json(),
            "manifest": self.manifest,
            "metrics": dict(metrics or {}),
        }
        write_checkpoint(folder, Checkpoint(description, self.state_dict(), self.seen))

    @classmethod
    def from_pretrained(cls, name: str | Path) -> SelfSupervised:
        """Load a model that :meth:`save` wrote; arguments and errors as of ``SuPreME.from_pretrained``."""
        folder = find_weights(name)
        checkpoint = read_checkpoint(folder, method=cls.name)
        description = checkpoint.description
        parts = SelfSupervisedParts.from_json(description["parts"], config=cls.config, where=folder)
        model = cls(parts, manifest=description["manifest"])
        checkpoint.load_into(model, where=folder)
        model.weights_sha256 = description["weights_sha256"]
        model.seen = checkpoint.seen
        return model.eval()


def projection_head(*widths: int, last_norm: bool = False) -> nn.Sequential:
    """Linear layers; batch normalisation and a rectifier between them.

    Args:
        widths: Of the input, of what lies between, and of the output.
        last_norm: Normalise the output too, without scale and shift of its own.
    """
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths[:-1]):
        layers += [nn.Linear(inputs, outputs, bias=False), nn.BatchNorm1d(outputs), nn.ReLU()]
    layers.append(nn.Linear(widths[-2], widths[-1], bias=not last_norm))
    if last_norm:
        layers.append(nn.BatchNorm1d(widths[-1], affine=False))
    return nn.Sequential(*layers)
