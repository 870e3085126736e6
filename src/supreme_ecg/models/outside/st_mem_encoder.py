"""ST-MEM's encoder with its authors' weights (ST-MEM trained here is another file).

Na et al. 2024 (ICLR 2024, arXiv 2402.09450); github.com/bakqui/ST-MEM (its LICENSE is MIT, its README
reserves all rights to VUNO: ask before use), which publishes ViT-B/75 as `encoder.pth` and as a whole model
with decoder. Read in `models/encoder/st_mem_vit.py`, `models/encoder/vit.py`, `models/st_mem.py`,
`util/transforms.py`, `configs/*/st_mem.yaml` and `engine_downstream.py`. Trained at 250 Hz on crops of 9 s:
each crop is filtered on its own, Butterworth of 5th order forth and back, high-pass 0.67 Hz and then
low-pass 40 Hz, and standardised over all leads together. As its downstream evaluation does, three crops at
equal distances are seen and their outputs averaged.

The vector is the normalised mean over the patches of all leads, 768 wide.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float
from scipy.signal import butter, sosfiltfilt
from torch import Tensor, nn

from supreme_ecg.models.checkpoint import Checkpoint
from supreme_ecg.models.outside.encoding import Crops, OutsideEncoder
from supreme_ecg.models.outside.published import read_published
from supreme_ecg.models.outside.transformer_blocks import published_name, transformer_blocks
from supreme_ecg.preprocessing.contract import SignalContract

CONTRACT: Final = SignalContract(sampling_rate_hz=250, duration_s=10.0)
"""What a store must be under."""
CROPS: Final = Crops(starts=(0, 125, 250), samples=2250)
"""Three of 9 s in a window of 10 s."""
_PATCH: Final = 75
"""Samples of one lead in a patch."""
_BESIDE: Final = (
    "to_patch_embedding.",  # the encoder's, under a second name
    "to_decoder_embedding.",
    "mask_embedding",
    "decoder_",
)
"""The decoder of a whole model."""


def load_st_mem(path: str | Path) -> OutsideEncoder:
    """Load a published file of ST-MEM, of the encoder or of the whole model.

    Raises:
        WeightsError: No such file, or not exactly the tensors of its ViT-B/75.
    """
    published = read_published(path)
    tensors = published.encoder(
        landmark="to_patch_embedding.1.weight",
        prefixes=("encoder.",),
        beside=_BESIDE,
        unused=("head.",),
    )
    network = STMEMViT()
    Checkpoint({}, tensors).load_into(network, where=published.path, name_of=published_name)
    return OutsideEncoder(
        contract=CONTRACT,
        prepare=prepare,
        crops=CROPS,
        network=network,
        build=STMEMViT,
        weights_sha256=published.sha256,
        manifest={
            "model": "ST-MEM, ViT-B/75",
            "corpora": ["csn", "code_15"],
            "source": "its paper, section 4, as recalled: Chapman, Ningbo, CODE-15",
        },
    )


def prepare(
    signal: Float[np.ndarray, "batch lead time"],
    sample_mask: Bool[np.ndarray, "batch time"],  # noqa: ARG001  the authors have no recording under 10 s
) -> Float[np.ndarray, "batch crop lead sample"]:
    """Filter and standardise each crop; a flat one is 0. What was not recorded counts as 0 mV."""
    crops = CROPS.cut(signal)
    for corner_hz, kind in ((0.67, "highpass"), (40.0, "lowpass")):
        sections = butter(5, corner_hz, kind, fs=CONTRACT.sampling_rate_hz, output="sos")
        crops = sosfiltfilt(sections, crops)
    centred = crops - crops.mean(axis=(-2, -1), keepdims=True)
    spread = crops.std(axis=(-2, -1), keepdims=True)
    standardised: np.ndarray = np.divide(
        centred, spread, out=np.zeros_like(centred), where=spread > 0
    )
    return standardised


class STMEMViT(nn.Module):
    """The ViT: patches of single leads between two separators a lead.

    Args:
        width: Of a token, a multiple of 64.
        layers: Transformer blocks.
    """

    def __init__(self, *, width: int = 768, layers: int = 12) -> None:
        super().__init__()
        leads, patches = len(CONTRACT.leads), CROPS.samples // _PATCH
        self.to_patch_embedding = nn.Sequential(
            nn.Unflatten(-1, (patches, _PATCH)),
            nn.LayerNorm(_PATCH),
            nn.Linear(_PATCH, width),
            nn.LayerNorm(width),
        )
        self.pos_embedding = nn.Parameter(torch.randn(1, patches + 2, width) * 0.02)
        self.sep_embedding = nn.Parameter(torch.randn(width) * 0.02)
        self.lead_embeddings = nn.ParameterList(torch.randn(width) * 0.02 for _ in range(leads))
        self.blocks = transformer_blocks(width, layers=layers)
        self.norm = nn.LayerNorm(width)

    def forward(self, crop: Float[Tensor, "batch lead sample"]) -> Float[Tensor, "batch width"]:
        """Vector of each crop."""
        patches = self.to_patch_embedding(crop)
        separator = self.sep_embedding.expand(*patches.shape[:2], 1, -1)
        with_ends = torch.cat([separator, patches, separator], dim=2)
        lead = torch.stack(tuple(self.lead_embeddings)).unsqueeze(1)
        tokens = with_ends + self.pos_embedding.unsqueeze(1) + lead
        encoded = self.blocks(tokens.flatten(1, 2)).unflatten(1, tokens.shape[1:3])
        vectors: Tensor = self.norm(encoded[:, :, 1:-1].mean(dim=(1, 2)))
        return vectors
