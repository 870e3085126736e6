"""A branch that follows the trained one by a moving average and gets no gradient: BYOL's and MoCo v3's.

The decay rises from its start to 1 along half a cosine, and only weights are averaged; the running
statistics of batch normalisation are the branch's own, as in both papers' code.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import torch
from jaxtyping import Bool, Float
from pydantic import Field
from torch import Tensor, nn

from supreme_ecg.models.encoder import encode_windows, mean_token
from supreme_ecg.models.self_supervised import (
    SelfSupervised,
    SelfSupervisedConfig,
    SelfSupervisedParts,
    projection_head,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MomentumConfig(SelfSupervisedConfig):
    """What BYOL and MoCo v3 have in common."""

    hidden: int = 1024
    """Width between the two layers of projector and predictor."""
    width: int = 256
    """Of what is compared."""
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.99
    """Decay of the moving average per step, at the start."""


class MomentumBranch(nn.Module):
    """A copy of encoder and projector.

    Args:
        encoder: To be followed.
        projector: To be followed.
    """

    def __init__(self, encoder: Any, projector: nn.Module) -> None:
        super().__init__()
        self.encoder, self.projector = copy.deepcopy(encoder), copy.deepcopy(projector)
        self.requires_grad_(requires_grad=False)

    @torch.no_grad()
    def forward(
        self, signal: Float[Tensor, "batch lead time"], sample_mask: Bool[Tensor, "batch time"]
    ) -> Float[Tensor, "batch width"]:
        """Project windows, without gradient."""
        tokens = mean_token(*encode_windows(self.encoder, signal, sample_mask))
        projected: Tensor = self.projector(tokens).float()
        return projected

    @torch.no_grad()
    def follow(self, encoder: Any, projector: nn.Module, *, decay: float) -> None:
        """Move towards the weights of those followed; 1 = stay."""
        followed = (*encoder.parameters(), *projector.parameters())
        for own, other in zip(self.parameters(), followed, strict=True):
            own.lerp_(other, 1 - decay)


class MomentumMethod(SelfSupervised):
    """Trained branch with a predictor, and the branch that follows it; arguments as of SelfSupervised."""

    last_norm: ClassVar[bool]
    """Whether projections are normalised over the batch."""

    def __init__(self, parts: SelfSupervisedParts, **given: Any) -> None:
        super().__init__(parts, **given)
        assert isinstance(parts.method, MomentumConfig)
        hidden, width = parts.method.hidden, parts.method.width
        self.projector = projection_head(
            self.encoder.width, hidden, width, last_norm=self.last_norm
        )
        self.predictor = projection_head(width, hidden, width)
        self.target = MomentumBranch(self.encoder, self.projector)

    def sides(self, *windows: Tensor) -> tuple[Float[Tensor, "batch width"], ...]:
        """Predictions of both views, then targets of both."""
        pairs = [windows[:2], windows[2:]]
        predicted = [self.predictor(self.projector(self.mean_tokens(*pair))) for pair in pairs]
        return *(each.float() for each in predicted), *(self.target(*pair) for pair in pairs)

    def follow(self, progress: float) -> None:
        """Move the target towards the trained branch."""
        assert isinstance(self.parts.method, MomentumConfig)
        decay = momentum_at(progress, start=self.parts.method.momentum)
        self.target.follow(self.encoder, self.projector, decay=decay)


def momentum_at(progress: float, *, start: float) -> float:
    """Decay after a share of the steps: from ``start`` to 1 along half a cosine (BYOL, section 3.2)."""
    return 1 - (1 - start) * (math.cos(math.pi * progress) + 1) / 2
