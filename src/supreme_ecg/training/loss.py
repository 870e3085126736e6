"""What a wrong answer costs: binary cross-entropy, or the asymmetric loss, which forgives easy negatives.

Asymmetric loss: Ridnik et al. 2021, arXiv 2009.14119: asymmetric focusing and probability shifting, positives
without focusing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryCrossEntropyConfig:
    """Every label counts alike."""

    name: Literal["binary_cross_entropy"] = "binary_cross_entropy"


@dataclass(frozen=True, slots=True, kw_only=True)
class AsymmetricConfig:
    """Negatives count by how far they are missed: a report is silent about much that is there."""

    name: Literal["asymmetric"] = "asymmetric"
    focus: Annotated[float, Field(ge=0)] = 2.0
    """Power of a negative's probability by which it counts; 0 = like a positive."""
    margin: Annotated[float, Field(ge=0, lt=1)] = 0.05
    """Probability up to which a negative costs nothing."""


LossConfig = BinaryCrossEntropyConfig | AsymmetricConfig


def masked_loss(
    logits: Float[Tensor, "batch query"],
    labels: Float[Tensor, "batch query"],
    *,
    config: LossConfig,
) -> Float[Tensor, ""]:
    """Mean loss over the labels that are known.

    Args:
        logits: One per ECG and query.
        labels: Probability that the report gives the concept: 1 present, 0 absent or unmentioned,
            between for doubt; NaN is left out.
        config: Which loss.

    Returns:
        The mean over all known labels; 0 where none is known.
    """
    known = (~labels.isnan()).float()
    logits, labels = logits.float(), labels.nan_to_num(0.0)
    if isinstance(config, AsymmetricConfig):
        each = _asymmetric(logits, labels, focus=config.focus, margin=config.margin)
    else:
        each = functional.binary_cross_entropy_with_logits(logits, labels, reduction="none")
    return (each * known).sum() / known.sum().clamp(min=1.0)


def _asymmetric(logits: Tensor, labels: Tensor, *, focus: float, margin: float) -> Tensor:
    missed = (torch.sigmoid(logits) - margin).clamp(min=0)
    positive = functional.logsigmoid(logits)
    negative = torch.log((1 - missed).clamp(min=1e-8)) * missed**focus
    return -(labels * positive + (1 - labels) * negative)
