"""SimCLR: two views of an ECG find each other among all views of the batch.

Chen et al. 2020, "A Simple Framework for Contrastive Learning of Visual Representations" (ICML 2020, arXiv
2002.05709), equation 1 (NT-Xent): of the 2 N views of a batch each is told from the 2 N - 1 others, and the
loss is the mean of

    l(i, j) = -log exp(cos(z_i, z_j) / t) / sum over k != i of exp(cos(z_i, z_k) / t)

Differs: changes that an ECG bears in place of the image ones; 64 records a batch, not 4,096, and AdamW, not
LARS; hidden layer as wide as `hidden`, not as the encoder. Tuned on nothing of its own: it takes SuPreME's
recipe for PTB-XL (12 leads, 10 s, 100 Hz).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import torch
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
class SimCLRConfig(SelfSupervisedConfig):
    """What is SimCLR's own."""

    name: Literal["simclr"] = "simclr"
    hidden: int = 512
    """Width between the two layers of the projector."""
    width: int = 128
    """Of what is compared."""
    temperature: Annotated[float, Field(gt=0)] = 0.1
    """Cosines are divided by it."""


class SimCLR(SelfSupervised):
    """Projected mean tokens of two views; arguments as of :class:`SelfSupervised`."""

    name, config = "simclr", SimCLRConfig

    def __init__(self, parts: SelfSupervisedParts, **given: Any) -> None:
        super().__init__(parts, **given)
        assert isinstance(parts.method, SimCLRConfig)
        self.temperature = parts.method.temperature
        self.projector = projection_head(
            self.encoder.width, parts.method.hidden, parts.method.width
        )

    def sides(self, *windows: Tensor) -> tuple[Float[Tensor, "batch width"], ...]:
        """Projections of both views."""
        return self.projected(self.projector, *windows)

    def training_loss(
        self, sides: Sequence[Float[Tensor, "batch width"]], _patients: Int[Tensor, " batch"], /
    ) -> Float[Tensor, ""]:
        """NT-Xent."""
        return nt_xent(*sides, temperature=self.temperature)


def nt_xent(
    first: Float[Tensor, "batch width"], second: Float[Tensor, "batch width"], *, temperature: float
) -> Float[Tensor, ""]:
    """Cross-entropy of each view's partner among all other views.

    Args:
        first: Of one view of each record.
        second: Of the other view, in the same order.
        temperature: Cosines are divided by it.
    """
    views = functional.normalize(torch.cat([first, second]), dim=-1)
    logits = (views @ views.T / temperature).fill_diagonal_(-torch.inf)
    partners = torch.arange(len(views), device=views.device).roll(len(first))
    return functional.cross_entropy(logits, partners)
