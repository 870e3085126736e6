"""A ViT-1D whose patches are of one lead each: ST-MEM's encoder.

Na et al. 2024, "Guiding Masked Representation Learning to Capture Spatio-Temporal Relationship of
Electrocardiogram" (ICLR 2024, arXiv 2402.09450), section 3: each lead is cut into patches; all of them are
attended to together; a learned embedding tells the leads apart, a learned separator stands before and
behind each lead, and positions along time are fixed (sine and cosine). Differs: the lead's tokens of one
time are averaged at the end, so that tokens come out along time as those of any encoder here do, and their
mean is the paper's mean over all patches; leads and patches that were not recorded are left out. The paper:
0.3 s patches at 250 Hz, 9 s, ViT-base.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from supreme_ecg.models.vit import transformer


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadViTConfig:
    """Size and shape of a ViT-1D over patches of single leads."""

    name: Literal["lead_vit"] = "lead_vit"
    width: int = 192
    """Numbers in a token, even and a multiple of ``heads``."""
    layers: int = 12
    """Transformer layers."""
    heads: int = 3
    """Attention heads."""
    patch_samples: int = 50
    """Samples of one lead in a patch; the window's samples must be a multiple of it."""
    dropout: float = 0.0
    """Share of features dropped in training, 0 to 1."""


class LeadViT(nn.Module):
    """Transformer encoder over patches of leads.

    Args:
        leads: Rows of the window.
        samples: Samples of the window, a multiple of ``patch_samples``.
        width: Numbers in a token.
        layers: Transformer layers.
        heads: Attention heads.
        patch_samples: Samples in a patch.
        dropout: Share of features dropped in training.

    Raises:
        ValueError: ``samples`` is no multiple of ``patch_samples``.
    """

    positions: Tensor

    def __init__(
        self,
        leads: int,
        *,
        samples: int,
        width: int = 192,
        layers: int = 12,
        heads: int = 3,
        patch_samples: int = 50,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if samples % patch_samples:
            raise ValueError(
                f"patch_samples: expected a divisor of {samples}, found {patch_samples}"
            )
        self.width, self.patch_samples = width, patch_samples
        self.patches = nn.Linear(patch_samples, width)
        self.separator = nn.Parameter(torch.randn(width) * 0.02)
        self.leads = nn.Parameter(torch.randn(leads, 1, width) * 0.02)
        positions = fixed_positions(samples // patch_samples, width)
        self.register_buffer("positions", positions, persistent=False)
        self.layers = transformer(width, layers=layers, heads=heads, dropout=dropout)

    def patched(
        self, signal: Float[Tensor, "batch lead time"]
    ) -> tuple[Float[Tensor, "batch lead patch sample"], Bool[Tensor, "batch lead patch"]]:
        """Cut windows into patches; True where one holds no recorded sample."""
        patches = signal.reshape(*signal.shape[:2], -1, self.patch_samples)
        return patches, (patches == 0).all(dim=3)

    def embedded(
        self, patches: Float[Tensor, "batch lead patch sample"]
    ) -> Float[Tensor, "batch lead patch w"]:
        """Tokens of all patches, with their positions."""
        tokens: Tensor = self.patches(patches)
        return tokens + self.positions

    def attended(
        self, tokens: Float[Tensor, "batch lead some w"], missing: Bool[Tensor, "batch lead some"]
    ) -> Float[Tensor, "batch lead more w"]:
        """Encode some tokens of each lead.

        Args:
            tokens: From :meth:`embedded`.
            missing: True where a patch was not recorded; nothing attends to it.

        Returns:
            The tokens, with the lead's separators as first and last.
        """
        separator = self.separator.to(tokens.dtype).expand(*tokens.shape[:2], 1, -1)
        rows = torch.cat([separator, tokens, separator], dim=2) + self.leads
        absent = missing.all(dim=2, keepdim=True)
        absent = absent & ~absent.all(dim=1, keepdim=True)  # where all are, something must stay
        hidden = torch.cat([absent, missing, absent], dim=2)
        mask = hidden.flatten(1) if bool(hidden.any()) else None
        encoded: Tensor = self.layers(rows.flatten(1, 2), src_key_padding_mask=mask)
        return encoded.reshape(rows.shape)

    def forward(
        self,
        signal: Float[Tensor, "batch lead time"],
        sample_mask: Bool[Tensor, "batch time"] | None = None,  # noqa: ARG002  no mean over time
    ) -> Float[Tensor, "batch token w"]:
        """Encode millivolts into tokens; see :class:`supreme_ecg.models.encoder.Encoder`."""
        patches, missing = self.patched(signal)
        tokens = self.attended(self.embedded(patches), missing)[:, :, 1:-1]
        weight = (~missing).unsqueeze(-1).to(tokens.dtype)
        mean: Tensor = (tokens * weight).sum(dim=1) / weight.sum(dim=1).clamp(min=1.0)
        return mean


def fixed_positions(count: int, width: int) -> Float[Tensor, "count width"]:
    """Sines and cosines of each place (Vaswani et al. 2017, section 3.5), sines first."""
    rates = 10_000 ** (-torch.arange(width // 2) / (width / 2))
    angles = torch.arange(count)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=1)
