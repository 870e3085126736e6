"""The Cardiac Fusion Network: text queries look at ECG tokens.

SuPreME (arXiv 2502.19668), section "Cardiac Fusion Network"; sizes of the paper's form follow its
readable ancestor KAD (Zhang et al. 2023): a pre-norm Transformer decoder whose queries are texts and
whose keys and values are ECG tokens, then one linear head for every query.

Differs by default, each a switch whose other side is the paper's form:
- `interacting_queries=False`: no self-attention among queries, so that the answer to one question
  does not depend on what else is asked.
- `query_head=True`: a logit is the product of the refined query with a key made from its own text,
  plus a bias made from it; the paper's one linear head for all queries learns slowly to tell apart
  texts that lie close together (docs/log.md).
- `normalise_tokens=False`: tokens keep their size, in which voltage (LVH, low voltage) is written.
- `whiten_text=True`: text vectors are centred and whitened over the concepts' names, which a
  general-domain text encoder puts almost on top of each other (left and right bundle branch block).
Tuned on PTB-XL: 12 leads, 10 s, 100 Hz.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

from supreme_ecg.models.query import QueryProjection


@dataclass(frozen=True, slots=True, kw_only=True)
class DecoderConfig:
    """Size and form of the Cardiac Fusion Network."""

    name: Literal["decoder"] = "decoder"
    width: int = 256
    """Common width of queries and tokens, a multiple of ``heads``."""
    layers: int = 2
    """Decoder layers."""
    heads: int = 4
    """Attention heads."""
    feedforward: int = 512
    """Width of the hidden layer in a decoder layer."""
    dropout: float = 0.1
    """Share of features dropped in training, 0 to 1."""
    interacting_queries: bool = False
    """Let the queries attend to each other (the paper's form): answers then depend on what else is asked."""
    query_head: bool = True
    """Make each logit's weights from its own text; False = one linear head for all (the paper's)."""
    normalise_tokens: bool = False
    """Normalise each ECG token (the paper's form); False keeps its size, in which voltage is written."""
    whiten_text: bool = True
    """Spread text vectors over the concepts' names; False = as the text encoder gives them."""


class Attention(nn.Module):
    """Multi-head attention from queries to tokens.

    Args:
        width: Numbers in a query and in a token, a multiple of ``heads``.
        heads: Attention heads.
        dropout: Share of attention weights dropped in training.
    """

    def __init__(self, width: int, *, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.query, self.output = nn.Linear(width, width), nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)

    def _split(self, x: Float[Tensor, "batch n width"]) -> Float[Tensor, "batch head n part"]:
        batch, count, width = x.shape
        return x.view(batch, count, self.heads, width // self.heads).transpose(1, 2)

    def forward(
        self,
        queries: Float[Tensor, "batch query width"],
        tokens: Float[Tensor, "batch token width"],
        mask: Bool[Tensor, "batch token"] | None,
    ) -> Float[Tensor, "batch query width"]:
        """Attend from ``queries`` to the ``tokens`` where ``mask`` is True (everywhere if None)."""
        keys, values = self.key_value(tokens).chunk(2, dim=-1)
        attended = functional.scaled_dot_product_attention(
            self._split(self.query(queries)),
            self._split(keys),
            self._split(values),
            attn_mask=None if mask is None else mask[:, None, None, :],
            dropout_p=self.dropout if self.training else 0.0,
        )
        result: Tensor = self.output(attended.transpose(1, 2).flatten(-2))
        return result


class FusionLayer(nn.Module):
    """One pre-norm decoder layer.

    Args:
        config: Size, dropout, and whether the queries attend to each other first (the paper's form).
    """

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        width, dropout = config.width, config.dropout
        self.among_queries = None
        if config.interacting_queries:
            self.among_queries_norm = nn.LayerNorm(width)
            self.among_queries = Attention(width, heads=config.heads, dropout=dropout)
        self.to_tokens_norm = nn.LayerNorm(width)
        self.to_tokens = Attention(width, heads=config.heads, dropout=dropout)
        self.feedforward = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, config.feedforward),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(config.feedforward, width),
        )
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        queries: Float[Tensor, "batch query width"],
        tokens: Float[Tensor, "batch token width"],
        mask: Bool[Tensor, "batch token"] | None,
    ) -> Float[Tensor, "batch query width"]:
        """Refine the queries by what the tokens show."""
        if self.among_queries is not None:
            normed = self.among_queries_norm(queries)
            queries = queries + self.dropout(self.among_queries(normed, normed, None))
        seen = self.to_tokens(self.to_tokens_norm(queries), tokens, mask)
        queries = queries + self.dropout(seen)
        refined: Tensor = queries + self.dropout(self.feedforward(queries))
        return refined


class CardiacFusionNetwork(nn.Module):
    """Text queries and ECG tokens -> one logit per query.

    Args:
        config: Size and form.
        token_width: Width of the encoder's tokens.
        text_width: Width of the text encoder's vectors.
    """

    def __init__(self, config: DecoderConfig, *, token_width: int, text_width: int) -> None:
        super().__init__()
        width = config.width
        self.from_text = QueryProjection(text_width, width=width, whiten=config.whiten_text)
        self.from_tokens = nn.Linear(token_width, width)
        self.norm = nn.LayerNorm(width)  # one for queries before and after, as in KAD
        self.token_norm = self.norm if config.normalise_tokens else nn.Identity()
        self.layers = nn.ModuleList(FusionLayer(config) for _ in range(config.layers))
        self.dropout = nn.Dropout(config.dropout)
        self.key = nn.Linear(width, width) if config.query_head else None
        self.head = nn.Linear(width, 1)
        self.apply(_initialise)
        if not config.normalise_tokens:
            nn.init.xavier_uniform_(self.from_tokens.weight)  # nothing after it sets the scale
        nn.init.constant_(self.head.bias, -3.0)  # most findings are rare

    def fit_text(self, vectors: Float[Tensor, "text text_width"]) -> None:
        """Fit the whitening of queries: :meth:`supreme_ecg.models.query.QueryProjection.fit`."""
        self.from_text.fit(vectors)

    def forward(
        self,
        tokens: Float[Tensor, "batch token token_width"],
        query_vectors: Float[Tensor, "query text_width"],
        mask: Bool[Tensor, "batch token"] | None = None,
    ) -> Float[Tensor, "batch query"]:
        """Answer every query about every ECG.

        Args:
            tokens: ECG tokens from the encoder.
            query_vectors: One vector per question from the text encoder.
            mask: True where a token saw a recorded sample; None where all did.

        Returns:
            Logits; the sigmoid of one is the probability that the finding is present.
        """
        return self.answer(tokens, self.prepare(query_vectors), mask)

    def prepare(self, query_vectors: Float[Tensor, "query text_width"]) -> tuple[Tensor, ...]:
        """All that follows from the queries alone."""
        return (self.norm(self.from_text(query_vectors)),)

    def answer(
        self,
        tokens: Float[Tensor, "batch token token_width"],
        prepared: tuple[Tensor, ...],
        mask: Bool[Tensor, "batch token"] | None = None,
    ) -> Float[Tensor, "batch query"]:
        """The rest of :meth:`forward`, given what :meth:`prepare` returned."""
        memory = self.token_norm(self.from_tokens(tokens))
        (asked,) = prepared
        queries = asked.unsqueeze(0).expand(len(tokens), -1, -1)
        for layer in self.layers:
            queries = layer(queries, memory, mask)
        refined = self.dropout(self.norm(queries))
        if self.key is None:
            logits: Tensor = self.head(refined).squeeze(-1)
            return logits
        agreement = (refined * self.key(asked)).sum(dim=-1) / asked.shape[-1] ** 0.5
        by_query: Tensor = agreement + self.head(asked).squeeze(-1)
        return by_query


def _initialise(module: nn.Module) -> None:
    """Weights N(0, 0.02) and biases 0, as in KAD."""
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=0.02)
        nn.init.zeros_(module.bias)
