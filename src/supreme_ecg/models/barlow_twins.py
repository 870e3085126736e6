"""Barlow Twins: each number of two views' projections agrees, and no two numbers say the same.

Zbontar et al. 2021, "Barlow Twins: Self-Supervised Learning via Redundancy Reduction" (ICML 2021, arXiv
2103.03230), equations 1 and 2: with C the correlations over the batch of the numbers of two views,

    L = sum over i of (1 - C_ii)^2 + redundancy * sum over i != j of C_ij^2

Differs: projections of 1,024 numbers, not 8,192; 64 records a batch, not 2,048, and AdamW, not LARS. Tuned
on nothing of its own: it takes SuPreME's recipe for PTB-XL (12 leads, 10 s, 100 Hz).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from supreme_ecg.models.self_supervised import (
    SelfSupervised,
    SelfSupervisedConfig,
    SelfSupervisedParts,
    projection_head,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BarlowTwinsConfig(SelfSupervisedConfig):
    """What is Barlow Twins' own."""

    name: Literal["barlow_twins"] = "barlow_twins"
    width: int = 1024
    """Of all three layers of the projector."""
    redundancy: Annotated[float, Field(ge=0)] = 0.005
    """Weight of the correlations that should be 0 (lambda)."""


class BarlowTwins(SelfSupervised):
    """Projected mean tokens of two views; arguments as of :class:`SelfSupervised`."""

    name, config = "barlow_twins", BarlowTwinsConfig

    def __init__(self, parts: SelfSupervisedParts, **given: Any) -> None:
        super().__init__(parts, **given)
        assert isinstance(parts.method, BarlowTwinsConfig)
        self.redundancy, width = parts.method.redundancy, parts.method.width
        self.projector = projection_head(self.encoder.width, width, width, width)

    def sides(self, *windows: Tensor) -> tuple[Float[Tensor, "batch width"], ...]:
        """Projections of both views."""
        return self.projected(self.projector, *windows)

    def training_loss(
        self, sides: Sequence[Float[Tensor, "batch width"]], _patients: Int[Tensor, " batch"], /
    ) -> Float[Tensor, ""]:
        """Distance of the correlations from the identity."""
        return correlation_loss(*sides, redundancy=self.redundancy)


def correlation_loss(
    first: Float[Tensor, "batch width"], second: Float[Tensor, "batch width"], *, redundancy: float
) -> Float[Tensor, ""]:
    """How far the correlations of two views' numbers are from the identity.

    Args:
        first: Of one view of each record.
        second: Of the other view, in the same order.
        redundancy: Weight of what lies off the diagonal.
    """
    a, b = (functional.batch_norm(side, None, None, training=True) for side in (first, second))
    correlations = a.T @ b / len(first)
    diagonal = correlations.diagonal()
    others = correlations.square().sum() - diagonal.square().sum()
    return (1 - diagonal).square().sum() + redundancy * others
