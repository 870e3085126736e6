"""Vectors of questions -> queries of a fusion network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from supreme_ecg.errors import QueryError

_SHRINKAGE: Final = 0.01
"""Added to the spread of each direction as a share of the widest, so that noise is not blown up."""


class QueryProjection(nn.Module):
    """Whitens text vectors and projects them to the width of a fusion network.

    A general-domain text encoder puts the names of cardiac concepts almost on top of each other (left
    and right bundle branch block have a cosine of 0.96), so the vectors are first centred and
    whitened over the names of the concepts to be trained on.

    Args:
        text_width: Width of the text encoder's vectors.
        width: Width of the queries.
        whiten: Centre and whiten by what :meth:`fit` has seen; False = as they are (the paper's form).
    """

    mean: Tensor
    whitening: Tensor

    def __init__(self, text_width: int, *, width: int, whiten: bool) -> None:
        super().__init__()
        self.whiten = whiten
        if whiten:
            self.register_buffer("mean", torch.zeros(text_width))
            self.register_buffer("whitening", torch.eye(text_width))
        self.layers = nn.Sequential(
            nn.Linear(text_width, width), nn.GELU(), nn.Linear(width, width)
        )

    @torch.no_grad()
    def fit(self, vectors: Float[Tensor, "text text_width"]) -> None:
        """Centre and whiten all later text vectors by these (no effect unless ``whiten``).

        Args:
            vectors: Of the names of the concepts to be trained on.
        """
        if not self.whiten:
            return
        mean = vectors.mean(dim=0)
        centred = vectors - mean
        values, axes = torch.linalg.eigh(centred.T @ centred / len(vectors))
        scale = (values.clamp(min=0) + _SHRINKAGE * values.max()).rsqrt()
        self.mean.copy_(mean)
        self.whitening.copy_(axes @ torch.diag(scale) @ axes.T)

    def spread(
        self, vectors: Float[Tensor, "query text_width"]
    ) -> Float[Tensor, "query text_width"]:
        """Centre and whiten text vectors, as :meth:`fit` has seen them."""
        return (vectors - self.mean) @ self.whitening if self.whiten else vectors

    def forward(self, vectors: Float[Tensor, "query text_width"]) -> Float[Tensor, "query width"]:
        """Project text vectors to queries."""
        queries: Tensor = self.layers(self.spread(vectors))
        return queries


def require_questions(queries: Sequence[str]) -> None:
    """Stop where there is nothing to ask.

    Raises:
        QueryError: No query, or an empty one.
    """
    if not queries or not all(query.strip() for query in queries):
        raise QueryError(
            "queries",
            expected="at least one question, none of them empty",
            found=f"{len(queries)} questions, {sum(not q.strip() for q in queries)} empty",
            remedy='Ask for example "atrial fibrillation".',
        )
