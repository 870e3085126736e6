"""A dot product of ECG and text in a common space: the simplest way to ask in words.

The mean token and the text vector are projected to one width; the logit is their product plus a bias made
from the text. It is what contrastive models score by (CLIP, ETP, MERL), trained here on labels: no query
looks at its own part of the ECG.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from supreme_ecg.models.encoder import mean_token
from supreme_ecg.models.query import QueryProjection


@dataclass(frozen=True, slots=True, kw_only=True)
class DotProductConfig:
    """Size of the dot product."""

    name: Literal["dot_product"] = "dot_product"
    width: int = 512
    """Width of the common space."""
    whiten_text: bool = True
    """Spread text vectors over the concepts' names; False = as the text encoder gives them."""


class DotProduct(nn.Module):
    """Mean token and text query -> logit.

    Args:
        config: Size.
        token_width: Width of the encoder's tokens.
        text_width: Width of the text encoder's vectors.
    """

    def __init__(self, config: DotProductConfig, *, token_width: int, text_width: int) -> None:
        super().__init__()
        self.from_text = QueryProjection(text_width, width=config.width, whiten=config.whiten_text)
        self.norm = nn.LayerNorm(config.width)
        self.from_tokens = nn.Linear(token_width, config.width)
        self.bias = nn.Linear(config.width, 1)
        nn.init.normal_(self.bias.weight, std=0.02)
        nn.init.constant_(self.bias.bias, -3.0)  # most findings are rare

    def fit_text(self, vectors: Float[Tensor, "text text_width"]) -> None:
        """See :meth:`supreme_ecg.models.query.QueryProjection.fit`."""
        self.from_text.fit(vectors)

    def forward(
        self,
        tokens: Float[Tensor, "batch token token_width"],
        query_vectors: Float[Tensor, "query text_width"],
        mask: Bool[Tensor, "batch token"] | None = None,
    ) -> Float[Tensor, "batch query"]:
        """Answer every query; as :meth:`supreme_ecg.models.fusion.CardiacFusionNetwork.forward`."""
        return self.answer(tokens, self.prepare(query_vectors), mask)

    def prepare(self, query_vectors: Float[Tensor, "query text_width"]) -> tuple[Tensor, ...]:
        """Place of each query in the common space, and its bias."""
        asked = self.norm(self.from_text(query_vectors))
        return asked, self.bias(asked).squeeze(-1)

    def answer(
        self,
        tokens: Float[Tensor, "batch token token_width"],
        prepared: tuple[Tensor, ...],
        mask: Bool[Tensor, "batch token"] | None = None,
    ) -> Float[Tensor, "batch query"]:
        """The rest of :meth:`forward`, given what :meth:`prepare` returned."""
        asked, bias = prepared
        seen = self.from_tokens(mean_token(tokens, mask))
        logits: Tensor = torch.einsum("bw,qw->bq", seen, asked) * asked.shape[-1] ** -0.5 + bias
        return logits
