"""MoCo v3: each view's prediction finds, among the batch, what a following copy makes of the other view.

Chen, Xie and He 2021, "An Empirical Study of Training Self-Supervised Vision Transformers" (ICCV 2021,
arXiv 2104.02057), algorithm 1, without a queue, both ways round:

    L = ctr(q_1, k_2) + ctr(q_2, k_1),   ctr(q, k) = 2 t * CE(rows of cos(q, k) / t, the own record)

Differs: hidden layers of 1,024 numbers, not 4,096; 64 records a batch, not 4,096. Tuned on nothing of its
own: it takes SuPreME's recipe for PTB-XL (12 leads, 10 s, 100 Hz).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from supreme_ecg.models.momentum import MomentumConfig, MomentumMethod


@dataclass(frozen=True, slots=True, kw_only=True)
class MoCoV3Config(MomentumConfig):
    """What is MoCo v3's own."""

    name: Literal["moco_v3"] = "moco_v3"
    temperature: Annotated[float, Field(gt=0)] = 0.2
    """Cosines are divided by it."""


class MoCoV3(MomentumMethod):
    """Queries and keys of two views; arguments as of :class:`SelfSupervised`."""

    name, config = "moco_v3", MoCoV3Config
    last_norm = True

    def training_loss(
        self, sides: Sequence[Float[Tensor, "batch width"]], _patients: Int[Tensor, " batch"], /
    ) -> Float[Tensor, ""]:
        """Contrast of queries with the other view's keys."""
        assert isinstance(self.parts.method, MoCoV3Config)
        temperature = self.parts.method.temperature
        query_1, query_2, key_1, key_2 = (functional.normalize(side, dim=-1) for side in sides)
        own = torch.arange(len(query_1), device=query_1.device)
        there = functional.cross_entropy(query_1 @ key_2.T / temperature, own)
        back = functional.cross_entropy(query_2 @ key_1.T / temperature, own)
        return 2 * temperature * (there + back)
