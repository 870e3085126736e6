"""A fixed linear head behind the interface of a fusion network: what text queries are measured against.

Every trained concept has a row of weights over the mean token, as in any supervised classifier. A query is
answered by the row of the trained name that is nearest to it in text, so the head can be scored by
the same prompts as the others; it has no answer of its own to anything it was not trained on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

from supreme_ecg.models.encoder import mean_token


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearHeadConfig:
    """Size of the linear head. Train it with ``labels.synonym_share = 0``: it knows names alone."""

    name: Literal["linear"] = "linear"
    rows: int = 512
    """Room for so many trained names."""


class LinearHead(nn.Module):
    """Mean token -> a logit per trained name -> those that the queries mean.

    Args:
        config: Size.
        token_width: Width of the encoder's tokens.
        text_width: Width of the text encoder's vectors.
    """

    names: Tensor
    known: Tensor

    def __init__(self, config: LinearHeadConfig, *, token_width: int, text_width: int) -> None:
        super().__init__()
        self.register_buffer("names", torch.zeros(config.rows, text_width))
        self.register_buffer("known", torch.zeros(config.rows, dtype=torch.bool))
        self.rows = nn.Linear(token_width, config.rows)
        nn.init.constant_(self.rows.bias, -3.0)  # most findings are rare

    @torch.no_grad()
    def fit_text(self, vectors: Float[Tensor, "text text_width"]) -> None:
        """Take the vectors of the names to be trained on; names beyond the room are an error of torch."""
        self.names[: len(vectors)] = functional.normalize(vectors, dim=-1)
        self.known[: len(vectors)] = True

    def forward(
        self,
        tokens: Float[Tensor, "batch token token_width"],
        query_vectors: Float[Tensor, "query text_width"],
        mask: Bool[Tensor, "batch token"] | None = None,
    ) -> Float[Tensor, "batch query"]:
        """Answer every query; as :meth:`supreme_ecg.models.fusion.CardiacFusionNetwork.forward`."""
        return self.answer(tokens, self.prepare(query_vectors), mask)

    def prepare(self, query_vectors: Float[Tensor, "query text_width"]) -> tuple[Tensor, ...]:
        """Row of each query: that of the nearest trained name."""
        nearness = functional.normalize(query_vectors.float(), dim=-1) @ self.names.T
        return (nearness.masked_fill(~self.known, -torch.inf).argmax(dim=-1),)

    def answer(
        self,
        tokens: Float[Tensor, "batch token token_width"],
        prepared: tuple[Tensor, ...],
        mask: Bool[Tensor, "batch token"] | None = None,
    ) -> Float[Tensor, "batch query"]:
        """The rest of :meth:`forward`, given what :meth:`prepare` returned."""
        (rows,) = prepared
        logits: Tensor = self.rows(mean_token(tokens, mask))[:, rows]
        return logits
