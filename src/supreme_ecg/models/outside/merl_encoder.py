"""MERL's ECG encoder with its authors' weights (`models/merl.py` is MERL trained here).

Liu et al. 2024 (ICML 2024, arXiv 2403.06659); github.com/cheliu-computation/MERL-ICML2024 (MIT), which
publishes for ResNet18 and ViT-tiny a `..._ckpt.pth` (whole model) and a `..._encoder.pth`. Read in
`utils/resnet1d.py`, `utils/vit1d.py`, `utils/utils_builder.py`, `utils/utils_dataset.py`,
`pretrain/preprocess.ipynb` and `finetune/finetune_dataset.py`. Trained on MIMIC-IV-ECG: 500 Hz, 10 s, leads
in that corpus's order, aVF before aVL. Every window is scaled by its own smallest and largest value over
all leads to 0 ... 1 and cut to whole thousandths, as the arrays that it was trained on were stored. (The
authors' evaluation leaves the cutting out: a difference below 0.001.)

The vector is what their linear probe reads: the mean of the last feature map (ResNet18, 512 wide), or the
normalised mean token (ViT-tiny, 192).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from supreme_ecg.models.checkpoint import Checkpoint
from supreme_ecg.models.outside.encoding import Crops, OutsideEncoder
from supreme_ecg.models.outside.published import read_published
from supreme_ecg.models.outside.transformer_blocks import published_name, transformer_blocks
from supreme_ecg.models.resnet import ResNet1d
from supreme_ecg.preprocessing.contract import SignalContract

CONTRACT: Final = SignalContract(sampling_rate_hz=500, duration_s=10.0)
"""What a store must be under."""
LEADS: Final = ("I", "II", "III", "aVR", "aVF", "aVL", "V1", "V2", "V3", "V4", "V5", "V6")
"""Order of the network's input: that of MIMIC-IV-ECG's files."""
_CROPS: Final = Crops(starts=(0,), samples=CONTRACT.samples)
_ROWS: Final = [CONTRACT.leads.index(lead) for lead in LEADS]
_BESIDE: Final = (
    "lm_model.",
    "proj_t.",
    "downconv.",
    "att_pool_head.",
    "linear1.",
    "linear2.",
    "proj_e.",
)
"""Text encoder and projections of a whole model."""
_UNUSED: Final = ("linear.", "head.")
"""A classifier of ten classes that the code makes and never uses."""
_PATCH: Final = "to_patch_embedding.weight"


def load_merl(path: str | Path) -> OutsideEncoder:
    """Load a published file of MERL, of the whole model or of the encoder.

    Raises:
        WeightsError: No such file, or not exactly the tensors of MERL's ResNet18 or ViT-tiny.
    """
    published = read_published(path)
    is_vit = any(name.endswith(_PATCH) for name in published.tensors)
    tensors = published.encoder(
        landmark=_PATCH if is_vit else "conv1.weight",
        prefixes=("ecg_encoder.",),
        beside=_BESIDE,
        unused=_UNUSED,
    )
    build = ViTTiny if is_vit else ResNet18
    network: nn.Module = build()
    if not is_vit:  # ResNet1d convolves along the second of two axes
        tensors = {
            name: one.unsqueeze(2) if one.ndim == 3 else one for name, one in tensors.items()
        }
    name_of = published_name if is_vit else published_resnet_name
    Checkpoint({}, tensors).load_into(network, where=published.path, name_of=name_of)
    return OutsideEncoder(
        contract=CONTRACT,
        prepare=prepare,
        crops=_CROPS,
        network=network,
        build=build,
        weights_sha256=published.sha256,
        manifest={
            "model": f"MERL, {'ViT-tiny' if is_vit else 'ResNet18'}",
            "corpora": ["mimic_iv_ecg"],
            "source": "README of github.com/cheliu-computation/MERL-ICML2024",
        },
    )


def prepare(
    signal: Float[np.ndarray, "batch lead time"],
    sample_mask: Bool[np.ndarray, "batch time"],  # noqa: ARG001  the authors pad with 0 mV before scaling
) -> Float[np.ndarray, "batch 1 lead time"]:
    """Scale each window to 0 ... 1 in steps of 0.001, leads in MERL's order; a flat window is 0.

    A stretch or lead that was not recorded counts as 0 mV, as the authors pad short recordings.
    """
    low = signal.min(axis=(1, 2), keepdims=True)
    extent = signal.max(axis=(1, 2), keepdims=True) - low
    scaled = np.divide(signal - low, extent, out=np.zeros_like(signal), where=extent > 0)
    return _CROPS.cut(np.floor(scaled * 1000)[:, _ROWS] / 1000)


class ResNet18(nn.Module):
    """The ResNet18 without pool after its stem, and the mean over time."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = ResNet1d(len(LEADS), depth=18, stem_pool=False)

    def forward(self, signal: Float[Tensor, "batch lead time"]) -> Float[Tensor, "batch width"]:
        """Vector of each window."""
        mean: Tensor = self.trunk(signal).mean(dim=1)
        return mean


def published_resnet_name(name: str) -> str:
    """What MERL's weights call a tensor of :class:`ResNet18`."""
    name = name.removeprefix("trunk.")
    if name.startswith("stem."):
        return name.replace("stem.0.", "conv1.").replace("stem.1.", "bn1.")
    _, number, part, layer, rest = name.split(".", maxsplit=4)
    stage, block = divmod(int(number), 2)
    if part == "residual":
        part, layer = (
            {"0": "conv", "1": "bn", "3": "conv", "4": "bn"}[layer],
            str(1 + int(layer) // 3),
        )
        return f"layer{stage + 1}.{block}.{part}{layer}.{rest}"
    return f"layer{stage + 1}.{block}.shortcut.{layer}.{rest}"


class ViTTiny(nn.Module):
    """The ViT-tiny: patches of 0.1 s of all leads; its normalised mean token."""

    def __init__(self, *, width: int = 192, layers: int = 12, patch_samples: int = 50) -> None:
        super().__init__()
        tokens = CONTRACT.samples // patch_samples
        self.to_patch_embedding = nn.Conv1d(
            len(LEADS), width, patch_samples, stride=patch_samples, bias=False
        )
        self.pos_embedding = nn.Parameter(torch.randn(1, tokens, width) * 0.02)
        self.blocks = transformer_blocks(width, layers=layers)
        self.norm = nn.LayerNorm(width)

    def forward(self, signal: Float[Tensor, "batch lead time"]) -> Float[Tensor, "batch width"]:
        """Vector of each window."""
        tokens = self.to_patch_embedding(signal).transpose(1, 2) + self.pos_embedding
        vectors: Tensor = self.norm(self.blocks(tokens).mean(dim=1))
        return vectors
