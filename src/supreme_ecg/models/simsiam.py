"""SimSiam: each view predicts the other; no negatives, no second network, only a stopped gradient.

Chen and He 2021, "Exploring Simple Siamese Representation Learning" (CVPR 2021, arXiv 2011.10566), equation
4:

    L = -1/2 (cos(p_1, stop(z_2)) + cos(p_2, stop(z_1))),   z = projection, p = predictor(z)

Differs: projections of 512 numbers, not 2,048 (the predictor is narrow by the same factor of 4); AdamW and
its schedule for the predictor too, where the paper keeps its rate constant. Tuned on nothing of its own: it
takes SuPreME's recipe for PTB-XL (12 leads, 10 s, 100 Hz).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from supreme_ecg.models.self_supervised import (
    SelfSupervised,
    SelfSupervisedConfig,
    SelfSupervisedParts,
    projection_head,
)

BOTTLENECK: Final = 4
"""The predictor's hidden layer is so many times narrower (section 3, "Prediction MLP")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimSiamConfig(SelfSupervisedConfig):
    """What is SimSiam's own."""

    name: Literal["simsiam"] = "simsiam"
    width: int = 512
    """Of all three layers of the projector, a multiple of :data:`BOTTLENECK`."""


class SimSiam(SelfSupervised):
    """Two views, projected and predicted; arguments as of :class:`SelfSupervised`."""

    name, config = "simsiam", SimSiamConfig

    def __init__(self, parts: SelfSupervisedParts, **given: Any) -> None:
        super().__init__(parts, **given)
        assert isinstance(parts.method, SimSiamConfig)
        width = parts.method.width
        self.projector = projection_head(self.encoder.width, width, width, width, last_norm=True)
        self.predictor = projection_head(width, width // BOTTLENECK, width)

    def sides(self, *windows: Tensor) -> tuple[Float[Tensor, "batch width"], ...]:
        """Predictions of both views, then projections of both, their gradient stopped."""
        projected = [self.projector(self.mean_tokens(*pair)) for pair in (windows[:2], windows[2:])]
        predicted = [self.predictor(each).float() for each in projected]
        return *predicted, *(each.detach().float() for each in projected)

    def training_loss(
        self, sides: Sequence[Float[Tensor, "batch width"]], _patients: Int[Tensor, " batch"], /
    ) -> Float[Tensor, ""]:
        """Mean negative cosine of prediction and the other view."""
        predicted_1, predicted_2, projected_1, projected_2 = sides
        there = functional.cosine_similarity(predicted_1, projected_2)
        back = functional.cosine_similarity(predicted_2, projected_1)
        return -(there + back).mean() / 2
