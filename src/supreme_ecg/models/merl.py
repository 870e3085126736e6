"""MERL: contrast between ECG and report, and between two dropout views of the ECG.

Liu et al. 2024, "Zero-Shot ECG Classification with Multimodal Learning and Test-time Clinical Knowledge
Enhancement" (ICML 2024, arXiv 2403.06659), as in its code (cheliu-computation/MERL-ICML2024):

    L = CMA + UMA, each CE(rows of S / t) + CE(columns of S / t), t = 0.07 fixed
    CMA: attention pool of the narrowed tokens against projected report
    UMA: two views of their mean, each a bias-free linear layer, then dropout of 0.1

Differs: the pool has no learned positions (they fix the number of tokens, and where in the window a beat
lies means nothing); reports that state the same findings are positives of each other in CMA; gradients
flow through the gathering of all processes' embeddings (its code keeps those of the own process alone);
a ViT's tokens are pooled as a ResNet's are; prompts are an ensemble over the synonyms of the concept
table, not written by an LLM. Tuned on nothing of its own: it takes SuPreME's recipe for PTB-XL (12 leads,
10 s, 100 Hz).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import torch
from jaxtyping import Bool, Float
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from supreme_ecg.models.contrastive import contrast, info_nce
from supreme_ecg.models.dual_encoder import DualEncoder, DualEncoderConfig, DualEncoderParts
from supreme_ecg.models.encoder import mean_token


@dataclass(frozen=True, slots=True, kw_only=True)
class MERLConfig(DualEncoderConfig):
    """What is MERL's own."""

    name: Literal["merl"] = "merl"
    heads: int = 4
    """Of the attention pool; they divide ``width``."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Share of numbers dropped from either view."""
    prompts: Literal["query", "synonyms"] = "synonyms"
    """What a question is asked by: itself, or the mean over the name and synonyms of its concept."""


class MERL(DualEncoder):
    """Attention-pooled ECG against report, and two views of the ECG; arguments as of :class:`DualEncoder`."""

    name, config = "merl", MERLConfig

    def __init__(self, parts: DualEncoderParts, **given: Any) -> None:
        super().__init__(parts, **given)
        method = parts.method
        assert isinstance(method, MERLConfig)
        self.narrow = nn.Linear(self.encoder.width, method.width)
        self.pool = AttentionPool(method.width, heads=method.heads)
        self.first = nn.Linear(method.width, method.width, bias=False)
        self.second = nn.Linear(method.width, method.width, bias=False)
        self.dropout = nn.Dropout(method.dropout)

    def project(
        self, tokens: Float[Tensor, "batch token w"], mask: Bool[Tensor, "batch token"] | None
    ) -> Float[Tensor, "batch width"]:
        """Unit vector of the attention pool."""
        return functional.normalize(self.pool(self.narrow(tokens), mask).float(), dim=-1)

    def learned_from(
        self, tokens: Float[Tensor, "batch token w"], mask: Bool[Tensor, "batch token"] | None
    ) -> tuple[Float[Tensor, "batch width"], ...]:
        """The attention pool, and two views of the mean: without dropout they differ by their layers."""
        mean = mean_token(self.narrow(tokens), mask)
        views = self.dropout(self.first(mean)), self.dropout(self.second(mean))
        units = (functional.normalize(view.float(), dim=-1) for view in views)
        return self.project(tokens, mask), *units

    def training_loss(
        self,
        sides: Sequence[Float[Tensor, "batch width"]],
        *,
        sharpness: Float[Tensor, " two"],
        positives: Float[Tensor, "batch batch"],
    ) -> Float[Tensor, ""]:
        """CMA + UMA. A view's positive is the other view of the same ECG, whatever the reports say."""
        ecg, text, first, second = sides
        across = contrast(
            ecg,
            text,
            sharpness=sharpness,
            positives=positives,
            loss=self.parts.method.contrast.loss,
            directions="sum",
        )
        scale = torch.tensor(1 / self.parts.method.contrast.temperature, device=first.device)
        own = torch.eye(len(first), device=first.device)
        return across + info_nce(first, second, scale=scale, positives=own)


class AttentionPool(nn.Module):
    """A learned query attends to itself and to the tokens.

    Args:
        width: Of tokens and result.
        heads: Attention heads.
    """

    def __init__(self, width: int, *, heads: int) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.randn(1, 1, width))
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.out = nn.Linear(width, width)

    def forward(
        self, tokens: Float[Tensor, "batch token w"], mask: Bool[Tensor, "batch token"] | None
    ) -> Float[Tensor, "batch w"]:
        """Pool the tokens that saw a recorded sample."""
        query = self.query.expand(len(tokens), -1, -1).to(tokens.dtype)
        seen = torch.cat([query, tokens], dim=1)
        hidden = None if mask is None else functional.pad(~mask, (1, 0))
        pooled, _ = self.attention(query, seen, seen, key_padding_mask=hidden, need_weights=False)
        result: Tensor = self.out(pooled).squeeze(1)
        return result
