"""Fusion by pooling: each text query says where to look and what to look for.

The logit of a query is a mean of the evidence in the ECG tokens, weighted by attention, plus a bias:

    logit(q) = b(q) + sum over heads h and tokens t of attention(q, h, t) * evidence(q, h, t)

Both factors are products of the token with vectors made from the query's text. There is no decoder
whose cost grows with queries times width squared (`fusion.py`), so training costs what the encoder
costs; and the logit is by construction a sum over time, which shows what made it.
With uniform attention it is a linear classifier on the mean token whose weights are made from text
(Ba et al. 2015, arXiv 1506.00511); the attention is Query2Label's (Liu et al. 2021, arXiv 2107.10834) without
its feed-forward layers. Tuned on PTB-XL: 12 leads, 10 s, 100 Hz.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from supreme_ecg.models.query import QueryProjection


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolingConfig:
    """Size of the fusion by pooling."""

    name: Literal["pooling"] = "pooling"
    width: int = 512
    """Width of queries and of what is read from tokens, a multiple of ``heads``."""
    heads: int = 4
    """Attention heads."""
    whiten_text: bool = True
    """Spread text vectors over the concepts' names; False = as the text encoder gives them."""


class QueriedPooling(nn.Module):
    """Text queries and ECG tokens -> one logit per query, without a decoder.

    Args:
        config: Size.
        token_width: Width of the encoder's tokens.
        text_width: Width of the text encoder's vectors.
    """

    def __init__(self, config: PoolingConfig, *, token_width: int, text_width: int) -> None:
        super().__init__()
        width, self.heads = config.width, config.heads
        self.from_text = QueryProjection(text_width, width=width, whiten=config.whiten_text)
        self.norm = nn.LayerNorm(width)
        self.place, self.finding = nn.Linear(width, width), nn.Linear(width, width)
        self.key, self.value = nn.Linear(token_width, width), nn.Linear(token_width, width)
        self.bias = nn.Linear(width, 1)
        nn.init.normal_(self.place.weight, std=0.02)  # starts as the plain mean over time
        nn.init.normal_(self.bias.weight, std=0.02)
        nn.init.constant_(self.bias.bias, -3.0)  # most findings are rare

    def fit_text(self, vectors: Float[Tensor, "text text_width"]) -> None:
        """See :meth:`supreme_ecg.models.query.QueryProjection.fit`."""
        self.from_text.fit(vectors)

    def _split(self, x: Float[Tensor, "*n width"]) -> Float[Tensor, "*n head part"]:
        return x.reshape(*x.shape[:-1], self.heads, -1)

    def forward(
        self,
        tokens: Float[Tensor, "batch token token_width"],
        query_vectors: Float[Tensor, "query text_width"],
        mask: Bool[Tensor, "batch token"] | None = None,
    ) -> Float[Tensor, "batch query"]:
        """Answer every query about every ECG; as :meth:`CardiacFusionNetwork.forward`."""
        return self.answer(tokens, self.prepare(query_vectors), mask)

    def prepare(self, query_vectors: Float[Tensor, "query text_width"]) -> tuple[Tensor, ...]:
        """All that follows from the queries alone: where each looks, what for, and its bias."""
        asked = self.norm(self.from_text(query_vectors))
        place, finding = self._split(self.place(asked)), self._split(self.finding(asked))
        return place, finding, self.bias(asked).squeeze(-1)

    def answer(
        self,
        tokens: Float[Tensor, "batch token token_width"],
        prepared: tuple[Tensor, ...],
        mask: Bool[Tensor, "batch token"] | None = None,
    ) -> Float[Tensor, "batch query"]:
        """The rest of :meth:`forward`, given what :meth:`prepare` returned."""
        pooled: Tensor = self._weigh(tokens, prepared, mask).sum(dim=(1, 3))
        logits: Tensor = pooled + prepared[-1]
        return logits

    def contributions(
        self,
        tokens: Float[Tensor, "batch token token_width"],
        query_vectors: Float[Tensor, "query text_width"],
        mask: Bool[Tensor, "batch token"] | None = None,
    ) -> tuple[Float[Tensor, "batch query token"], Float[Tensor, " query"]]:
        """Split every logit into what each token adds to it.

        Args:
            tokens: ECG tokens from the encoder.
            query_vectors: One vector per question from the text encoder.
            mask: True where a token saw a recorded sample; None where all did.

        Returns:
            Log-odds of each token, 0 where masked, and the bias of each query; the tokens of a query
            and its bias sum to its logit.
        """
        prepared = self.prepare(query_vectors)
        return self._weigh(tokens, prepared, mask).sum(dim=1), prepared[-1]

    def _weigh(
        self,
        tokens: Float[Tensor, "batch token token_width"],
        prepared: tuple[Tensor, ...],
        mask: Bool[Tensor, "batch token"] | None,
    ) -> Float[Tensor, "batch head query token"]:
        """Attention times evidence."""
        place, finding, _ = prepared
        scale = place.shape[-1] ** -0.5
        keys, values = self._split(self.key(tokens)), self._split(self.value(tokens))
        attention = torch.einsum("bthp,qhp->bhqt", keys, place) * scale
        if mask is not None:
            attention = attention.masked_fill(~mask[:, None, None, :], -torch.inf)
        evidence = torch.einsum("bthp,qhp->bhqt", values, finding) * scale
        weighted: Tensor = attention.softmax(dim=-1) * evidence
        return weighted
