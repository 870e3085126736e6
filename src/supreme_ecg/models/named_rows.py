"""A second opinion about what was trained by name: linear rows beside the answer made from text.

A fusion network makes the weights of every answer from the words of its question, so that it can be asked
about anything; but concepts whose words lie close together then share weights, and rare ones are drowned by
common ones. Each trained concept therefore also has a row of weights of its own over the mean token, fitted
to the same report labels once the encoder is trained (`training/named_rows.py`). A question whose vector is
that of a trained name is answered by the mean of both logits; any other by the fusion network alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

from supreme_ecg.models.encoder import mean_token

_SAME: Final = 0.999
"""Cosine from which two text vectors are of the same text (float16 on disk rounds by less)."""
_PREFIX: Final = "named_rows."


class NamedRows(nn.Module):
    """Weights over the mean token for every trained name.

    Args:
        names: Vector of each name from the text encoder; kept at unit length.
        weight: Of each name over the features of the mean token.
        bias: Of each name.
    """

    names: Tensor
    weight: Tensor
    bias: Tensor

    def __init__(
        self,
        names: Float[Tensor, "name text_width"],
        *,
        weight: Float[Tensor, "name token_width"],
        bias: Float[Tensor, " name"],
    ) -> None:
        super().__init__()
        self.register_buffer("names", functional.normalize(names.float(), dim=-1))
        self.register_buffer("weight", weight.float())
        self.register_buffer("bias", bias.float())

    @classmethod
    def stored(cls, tensors: Mapping[str, Tensor]) -> NamedRows | None:
        """The rows among a checkpoint's tensors, at their sizes; None where there are none."""
        own = {
            key.removeprefix(_PREFIX): each
            for key, each in tensors.items()
            if key.startswith(_PREFIX)
        }
        if own.keys() != {"names", "weight", "bias"}:
            return None  # what is missing or too much is the checkpoint's to name
        return cls(own["names"], weight=own["weight"], bias=own["bias"])

    def prepare(self, query_vectors: Float[Tensor, "query text_width"]) -> Int[Tensor, " query"]:
        """Row of each question; -1 where it is no trained name."""
        nearness = functional.normalize(query_vectors.float(), dim=-1) @ self.names.T
        nearest, row = nearness.max(dim=-1)
        return torch.where(nearest >= _SAME, row, -1)

    def join(
        self,
        logits: Float[Tensor, "batch query"],
        tokens: Float[Tensor, "batch token token_width"],
        rows: Int[Tensor, " query"],
        mask: Bool[Tensor, "batch token"] | None = None,
    ) -> Float[Tensor, "batch query"]:
        """Answers of the fusion network -> mean of both opinions, where there are two.

        Args:
            logits: Of the fusion network.
            tokens: Of the encoder.
            rows: As :meth:`prepare` gives them.
            mask: True where a token saw a recorded sample; None where all did.
        """
        own = functional.linear(mean_token(tokens, mask).float(), self.weight, self.bias)
        joined: Tensor = torch.where(rows >= 0, (logits + own[:, rows]) / 2, logits)
        return joined

    def join_contributions(
        self,
        log_odds: Float[Tensor, "batch query token"],
        bias: Float[Tensor, " query"],
        tokens: Float[Tensor, "batch token token_width"],
        rows: Int[Tensor, " query"],
        mask: Bool[Tensor, "batch token"] | None = None,
    ) -> tuple[Float[Tensor, "batch query token"], Float[Tensor, " query"]]:
        """The same for what each token adds to a logit: a row's share of a token is that of the mean.

        Arguments as of :meth:`join`; the first two as ``QueriedPooling.contributions`` gives them.
        """
        seen = torch.ones(tokens.shape[:2], device=tokens.device) if mask is None else mask.float()
        share = seen / seen.sum(dim=1, keepdim=True).clamp(min=1.0)
        own = torch.einsum("btw,qw->bqt", tokens.float(), self.weight[rows]) * share[:, None, :]
        known = rows >= 0
        return (
            torch.where(known[:, None], (log_odds + own) / 2, log_odds),
            torch.where(known, (bias + self.bias[rows]) / 2, bias),
        )
