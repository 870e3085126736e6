"""ST-MEM: most patches of every lead are hidden and drawn again from the rest.

Na et al. 2024, "Guiding Masked Representation Learning to Capture Spatio-Temporal Relationship of
Electrocardiogram" (ICLR 2024, arXiv 2402.09450) and its code (bakqui/ST-MEM): of each lead, 75 % of the
patches are hidden at random; the encoder attends to the rest of all leads; one small decoder, the same for
all leads, draws each lead by itself from its own encoded patches and separators, with a learned token in
place of what is hidden

    L = mean over hidden patches of the mean square error, each patch brought to mean 0 and variance 1

Differs: 100 Hz and 10 s, not 250 Hz and 9 s, no filter, millivolts not standardised; ViT-tiny, not base,
and a smaller decoder; patches that were not recorded are neither drawn nor counted. Tuned on nothing of its
own: it takes the training of SuPreME's recipe for PTB-XL, and its own encoder (`lead_vit.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import torch
from jaxtyping import Bool, Float, Int
from pydantic import Field
from torch import Tensor, nn

from supreme_ecg.models.lead_vit import LeadViT, fixed_positions
from supreme_ecg.models.self_supervised import (
    SelfSupervised,
    SelfSupervisedConfig,
    SelfSupervisedParts,
)
from supreme_ecg.models.vit import transformer


@dataclass(frozen=True, slots=True, kw_only=True)
class STMEMConfig(SelfSupervisedConfig):
    """What is ST-MEM's own."""

    name: Literal["st_mem"] = "st_mem"
    hidden_share: Annotated[float, Field(gt=0, lt=1)] = 0.75
    """Share of each lead's patches that are hidden."""
    decoder_width: int = 128
    """Of the decoder's tokens, even and a multiple of ``decoder_heads``."""
    decoder_layers: int = 2
    """Transformer layers of the decoder."""
    decoder_heads: int = 4
    """Attention heads of the decoder."""
    normalise_patches: bool = True
    """Draw each patch with mean 0 and variance 1; False = in millivolts."""


class STMEM(SelfSupervised):
    """Encoder over patches of leads and a decoder for each lead; arguments as of :class:`SelfSupervised`."""

    name, config = "st_mem", STMEMConfig
    views: ClassVar[int] = 1
    encoders: ClassVar[tuple[str, ...]] = ("lead_vit",)

    encoder: LeadViT
    positions: Tensor

    def __init__(self, parts: SelfSupervisedParts, **given: Any) -> None:
        super().__init__(parts, **given)
        assert isinstance(parts.method, STMEMConfig)
        self.method = parts.method
        width, patches = parts.method.decoder_width, len(self.encoder.positions)
        self.kept = max(1, int(patches * (1 - parts.method.hidden_share)))
        self.narrow = nn.Linear(self.encoder.width, width)
        self.hidden = nn.Parameter(torch.randn(width) * 0.02)
        self.register_buffer("positions", fixed_positions(patches, width), persistent=False)
        self.decoder = transformer(
            width, layers=parts.method.decoder_layers, heads=parts.method.decoder_heads, dropout=0.0
        )
        self.draw = nn.Linear(width, self.encoder.patch_samples)

    def sides(self, *windows: Tensor) -> tuple[Float[Tensor, " batch"], ...]:
        """Error of each record, summed over its hidden patches, and how many these are."""
        patches, missing = self.encoder.patched(windows[0])
        kept = torch.rand(missing.shape, device=missing.device).argsort(dim=2)[:, :, : self.kept]
        drawn = self.drawn(patches, missing, kept)
        judged = torch.ones_like(missing).scatter(2, kept, value=False) & ~missing
        errors = (drawn - self.target(patches)).square().mean(dim=3)
        return (errors * judged).sum(dim=(1, 2)), judged.sum(dim=(1, 2)).float()

    def drawn(
        self,
        patches: Float[Tensor, "batch lead patch sample"],
        missing: Bool[Tensor, "batch lead patch"],
        kept: Int[Tensor, "batch lead kept"],
    ) -> Float[Tensor, "batch lead patch sample"]:
        """Draw all patches from those kept.

        Args:
            patches: Of the encoder.
            missing: True where one was not recorded.
            kept: Places of the patches that the encoder sees.
        """
        tokens = self.encoder.embedded(patches)
        seen = tokens.gather(2, kept[..., None].expand(-1, -1, -1, tokens.shape[3]))
        coded = self.narrow(self.encoder.attended(seen, missing.gather(2, kept)))
        known = coded[:, :, 1:-1]
        rows = self.hidden.to(known.dtype).expand(*missing.shape, -1)
        rows = rows.scatter(2, kept[..., None].expand_as(known), known) + self.positions
        whole = torch.cat([coded[:, :, :1], rows, coded[:, :, -1:]], dim=2)
        decoded = self.decoder(whole.flatten(0, 1))[:, 1:-1]
        drawn: Tensor = self.draw(decoded).float().reshape(patches.shape)
        return drawn

    def target(
        self, patches: Float[Tensor, "batch lead patch sample"]
    ) -> Float[Tensor, "batch lead patch sample"]:
        """What the patches should be drawn as."""
        if not self.method.normalise_patches:
            return patches
        variance, mean = torch.var_mean(patches, dim=3, keepdim=True)
        return (patches - mean) / (variance + 1e-6).sqrt()

    def training_loss(
        self, sides: Sequence[Float[Tensor, " batch"]], _patients: Int[Tensor, " batch"], /
    ) -> Float[Tensor, ""]:
        """Mean error of the hidden patches."""
        errors, counts = sides
        return errors.sum() / counts.sum().clamp(min=1.0)
