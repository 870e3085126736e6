"""Losses between two sides of a batch: ECG and report, or two views of an ECG.

Pure functions over the embeddings of a whole batch; who gathers them from several processes or from several
smaller batches is no concern of theirs (`training/whole_batch.py`).

InfoNCE as CLIP has it (Radford et al. 2021, arXiv 2103.00020, figure 3), with soft targets where several
reports of a batch state the same: cross-entropy against the normalised rows of a matrix of positives. The
sigmoid loss is SigLIP's (Zhai et al. 2023, arXiv 2303.15343, equation 1), its labels of 1 and -1 widened to
shares from 0 to 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

Directions = Literal["mean", "sum"]
Positives = Literal["self", "identical", "overlap"]

_LARGEST_SCALE: Final = 100.0
"""A learned scale goes no higher (CLIP, section 2.5)."""
_FIRST_BIAS: Final = -10.0
"""Of the sigmoid loss: most pairs are negatives (SigLIP, section 3.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContrastConfig:
    """How embeddings are pulled together and apart."""

    loss: Literal["info_nce", "sigmoid"] = "info_nce"
    """``info_nce``: each record's own among all of the batch; ``sigmoid``: each pair by itself."""
    positives: Positives = "overlap"
    """Which reports are positives of an ECG: ``self``, its own alone; ``identical``, all that state the
    same findings; ``overlap``, each by the share of findings that both state."""
    temperature: Annotated[float, Field(gt=0)] = 0.07
    """Cosines are divided by it; where the training starts, if it is learned."""
    learn_temperature: bool = False
    """Train the temperature too. The sigmoid loss always trains it, and a bias."""


class Sharpness(nn.Module):
    """What turns cosines into logits: a scale (1 / temperature) and, for the sigmoid loss, a bias.

    Args:
        config: Start values, and whether they are trained.
    """

    values: Tensor

    def __init__(self, config: ContrastConfig) -> None:
        super().__init__()
        by_pairs = config.loss == "sigmoid"
        start = torch.tensor([-math.log(config.temperature), _FIRST_BIAS if by_pairs else 0.0])
        if by_pairs or config.learn_temperature:
            self.values = nn.Parameter(start)
        else:
            self.register_buffer("values", start)

    def forward(self) -> Float[Tensor, " two"]:
        """Scale and bias: logit = scale * cosine + bias."""
        scale = self.values[0].exp().clamp(max=_LARGEST_SCALE)
        return torch.stack([scale, self.values[1]])


def contrast(
    a: Float[Tensor, "batch width"],
    b: Float[Tensor, "batch width"],
    *,
    sharpness: Float[Tensor, " two"],
    positives: Float[Tensor, "batch batch"],
    loss: Literal["info_nce", "sigmoid"],
    directions: Directions,
) -> Float[Tensor, ""]:
    """The loss that a configuration names.

    Args:
        a: Unit vectors of one side.
        b: Unit vectors of the other side, in the same order.
        sharpness: Scale and bias of the logits.
        positives: 1 where two records belong together, 0 where not, between for a part.
        loss: Which.
        directions: Whether InfoNCE's two directions are averaged or added up; the sigmoid loss has none.
    """
    if loss == "sigmoid":
        return sigmoid_loss(a, b, scale=sharpness[0], bias=sharpness[1], positives=positives)
    both = info_nce(a, b, scale=sharpness[0], positives=positives)
    return both if directions == "sum" else both / 2


def info_nce(
    a: Float[Tensor, "batch width"],
    b: Float[Tensor, "batch width"],
    *,
    scale: Float[Tensor, ""],
    positives: Float[Tensor, "batch batch"],
) -> Float[Tensor, ""]:
    """Cross-entropy from each side to the other, both added up.

    Args:
        a: Unit vectors of one side.
        b: Unit vectors of the other side, in the same order.
        scale: Of the cosines.
        positives: Above 0 on its diagonal; rows (and columns, for the way back) are normalised to sum to 1.

    Returns:
        Mean over rows plus mean over columns.
    """
    logits = scale * a @ b.T
    return _cross_entropy(logits, positives) + _cross_entropy(logits.T, positives.T)


def sigmoid_loss(
    a: Float[Tensor, "batch width"],
    b: Float[Tensor, "batch width"],
    *,
    scale: Float[Tensor, ""],
    bias: Float[Tensor, ""],
    positives: Float[Tensor, "batch batch"],
) -> Float[Tensor, ""]:
    """Binary cross-entropy of every pair, summed over pairs and divided by the records.

    Args:
        a: Unit vectors of one side.
        b: Unit vectors of the other side, in the same order.
        scale: Of the cosines.
        bias: Added to them.
        positives: Probability that a pair belongs together.
    """
    logits = scale * a @ b.T + bias
    total = functional.binary_cross_entropy_with_logits(logits, positives, reduction="sum")
    return total / len(a)


def positive_pairs(
    said: Float[Tensor, "batch finding"], positives: Positives
) -> Float[Tensor, "batch batch"]:
    """Which records of a batch belong together, by what their reports state.

    Args:
        said: 1 where a report states a finding (a concept with its assertion), else 0.
        positives: See :class:`ContrastConfig`.

    Returns:
        Jaccard overlap of the findings, 0 to 1 (or 1 where they are the same and else 0; or the identity).
        A record is always its own positive.
    """
    own = torch.eye(len(said), device=said.device)
    if positives == "self":
        return own
    shared = said @ said.T
    counts = said.sum(dim=1)
    either = counts[:, None] + counts[None, :] - shared
    overlap = torch.where(either > 0, shared / either.clamp(min=1.0), own)
    return overlap if positives == "overlap" else (overlap == 1).float().maximum(own)


def _cross_entropy(logits: Tensor, positives: Tensor) -> Tensor:
    targets = positives / positives.sum(dim=1, keepdim=True)
    return -(targets * logits.log_softmax(dim=1)).sum(dim=1).mean()
