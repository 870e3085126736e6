"""BYOL: each view predicts what a slowly following copy of the network makes of the other.

Grill et al. 2020, "Bootstrap Your Own Latent" (NeurIPS 2020, arXiv 2006.07733), equation 2, both ways
round:

    L = (2 - 2 cos(p_1, t_2)) + (2 - 2 cos(p_2, t_1)),   p = predictor(projection), t = the copy's projection

Differs: hidden layers of 1,024 numbers, not 4,096; the copy's decay starts at 0.99, as a short training
wants, not at 0.996; 64 records a batch, not 4,096, and AdamW, not LARS. Tuned on nothing of its own: it
takes SuPreME's recipe for PTB-XL (12 leads, 10 s, 100 Hz).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from supreme_ecg.models.momentum import MomentumConfig, MomentumMethod


@dataclass(frozen=True, slots=True, kw_only=True)
class BYOLConfig(MomentumConfig):
    """What is BYOL's own."""

    name: Literal["byol"] = "byol"


class BYOL(MomentumMethod):
    """Predictions and targets of two views; arguments as of :class:`SelfSupervised`."""

    name, config = "byol", BYOLConfig
    last_norm = False

    def training_loss(
        self, sides: Sequence[Float[Tensor, "batch width"]], _patients: Int[Tensor, " batch"], /
    ) -> Float[Tensor, ""]:
        """Squared distance of unit vectors, both ways round."""
        predicted_1, predicted_2, target_1, target_2 = sides
        there = functional.cosine_similarity(predicted_1, target_2)
        back = functional.cosine_similarity(predicted_2, target_1)
        return (4 - 2 * there - 2 * back).mean()
