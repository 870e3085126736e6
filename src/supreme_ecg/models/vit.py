"""ViT-1D tiny, small and base: patches of all leads along time.

Dosovitskiy et al. 2021 (arXiv 2010.11929), Table 1 (base) and DeiT (arXiv 2012.12877), Table 1 (tiny,
small), as MERL's code lays it out for ECGs: one patch holds all leads, learned positions, pre-norm,
no class token. Differs: tokens are returned, not their mean. At 500 Hz the papers' patch is 50
samples (0.1 s).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

SIZES: Final[dict[str, tuple[int, int, int]]] = {
    "tiny": (192, 12, 3),
    "small": (384, 12, 6),
    "base": (768, 12, 12),
}
"""Size -> (width, layers, heads)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ViTConfig:
    """Size and shape of a ViT-1D."""

    name: Literal["vit"] = "vit"
    size: Literal["tiny", "small", "base"] = "tiny"
    """Width, layers and heads as in :data:`SIZES`."""
    patch_samples: int = 50
    """Samples of every lead in one patch; the window's samples must be a multiple of it."""
    dropout: float = 0.1
    """Share of features dropped in training, 0 to 1."""


class ViT1d(nn.Module):
    """Transformer encoder over patches of time.

    Args:
        leads: Rows of the window.
        samples: Samples of the window, a multiple of ``patch_samples``.
        size: One of :data:`SIZES`.
        patch_samples: Samples in a patch.
        dropout: Share of features dropped in training.

    Raises:
        ValueError: ``samples`` is no multiple of ``patch_samples``.
    """

    def __init__(
        self,
        leads: int,
        *,
        samples: int,
        size: str = "tiny",
        patch_samples: int = 50,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        if samples % patch_samples:
            raise ValueError(
                f"patch_samples: expected a divisor of {samples}, found {patch_samples}"
            )
        width, layers, heads = SIZES[size]
        self.width = width
        self.patches = nn.Conv1d(leads, width, patch_samples, stride=patch_samples)
        self.positions = nn.Parameter(torch.randn(1, samples // patch_samples, width) * 0.02)
        self.dropout = nn.Dropout(dropout)
        self.layers = transformer(width, layers=layers, heads=heads, dropout=dropout)

    def forward(
        self,
        signal: Float[Tensor, "batch lead time"],
        sample_mask: Bool[Tensor, "batch time"] | None = None,  # noqa: ARG002  no mean over time
    ) -> Float[Tensor, "batch token w"]:
        """Encode millivolts into tokens; see :class:`supreme_ecg.models.encoder.Encoder`."""
        tokens = self.patches(signal).transpose(1, 2)
        encoded: Tensor = self.layers(self.dropout(tokens + self.positions))
        return encoded


def transformer(width: int, *, layers: int, heads: int, dropout: float) -> nn.TransformerEncoder:
    """Layers as of a ViT: norm first, GELU, a feed-forward of four times the width, a norm at the end."""
    layer = nn.TransformerEncoderLayer(
        width,
        heads,
        4 * width,
        dropout=dropout,
        activation="gelu",
        batch_first=True,
        norm_first=True,
    )
    return nn.TransformerEncoder(
        layer, layers, norm=nn.LayerNorm(width), enable_nested_tensor=False
    )
