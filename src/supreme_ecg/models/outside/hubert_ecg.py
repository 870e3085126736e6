"""HuBERT-ECG with its authors' weights.

Coppola et al. 2024 (medRxiv 2024.11.14.24317328); github.com/Edoar-do/HuBERT-ECG; weights on the Hugging
Face hub under Edoardo-BS, CC BY-NC 4.0 (no commercial use). Read in `code/hubert_ecg.py`,
`code/pretrain.py`, `code/dataset.py`, `code/utils.py` at a8af142 (a later one filters forth only),
`hubert_ecg/modeling*.py`, `scripts/evaluate.py` and `scripts/pretraining.sh`, and
`biosppy/signals/tools.py` for the filter. Trained on recordings at 500 Hz, each lead band-passed 0.05-47 Hz
by an FIR filter of 151 taps forth and back and scaled by itself to -1 ... 1; then the first 5 s, all leads
in one row after another, decimated together to 100 Hz.

The network is `transformers`' HuBERT in three sizes. The vector is the mean token, as HuBERT-ECG's
classifier pools it; those of both halves of the window are averaged here (its authors average what the
classifier says of random crops).
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Bool, Float
from scipy.signal import decimate, filtfilt, firwin
from torch import Tensor, nn

from supreme_ecg.errors import WeightsError
from supreme_ecg.models.checkpoint import Checkpoint
from supreme_ecg.models.outside.encoding import Crops, OutsideEncoder
from supreme_ecg.models.outside.published import read_published
from supreme_ecg.preprocessing.contract import SignalContract

CONTRACT: Final = SignalContract(sampling_rate_hz=500, duration_s=10.0)
"""What a store must be under."""
CROPS: Final = Crops(starts=(0, 2500), samples=2500)
"""Both halves of a window."""
SIZES: Final = {512: ("small", 8, 8), 768: ("base", 12, 12), 960: ("large", 16, 12)}
"""Width of a token -> name, layers, heads."""
_DECIMATION: Final = 5
"""From 500 to 100 Hz."""
_WIDTH: Final = "feature_projection.projection.bias"
"""A tensor whose length is the width."""


def load_hubert_ecg(path: str | Path) -> OutsideEncoder:
    """Load published weights of HuBERT-ECG, pre-trained or fine-tuned, of any size.

    Args:
        path: ``model.safetensors``, or its folder as the hub has it.

    Raises:
        WeightsError: No such file, or not exactly the tensors of one of the sizes.
    """
    published = read_published(path)
    tensors = published.encoder(
        landmark=_WIDTH,
        prefixes=("hubert_ecg.",),
        beside=("classifier.", "label_embedding."),
        unused=("masked_spec_embed", "final_proj.", "label_embedding."),
    )
    width = len(tensors[_WIDTH])
    if width not in SIZES:
        raise WeightsError(
            published.path,
            expected=f"a width of {', '.join(map(str, SIZES))} (small, base, large)",
            found=str(width),
            remedy="Give weights of HuBERT-ECG as its authors publish them.",
        )
    build = partial(HuBERTECG, width)
    network = build()
    Checkpoint({}, tensors).load_into(network, where=published.path)
    return OutsideEncoder(
        contract=CONTRACT,
        prepare=prepare,
        crops=CROPS,
        network=network,
        build=build,
        weights_sha256=published.sha256,
        manifest={
            "model": f"HuBERT-ECG, {SIZES[width][0]}",
            "corpora": ["ptb_xl", "cpsc2018", "cpsc2018_extra", "csn", "georgia", "sph", "code"],
            "source": "model card, of the fine-tuned weights; the list of the 9.1 million ECGs of "
            "pre-training is not in its code and is taken to hold these",
        },
    )


def prepare(
    signal: Float[np.ndarray, "batch lead time"],
    sample_mask: Bool[np.ndarray, "batch time"],  # noqa: ARG001  the authors' recordings fill it
) -> Float[np.ndarray, "batch crop sample"]:
    """Filter and scale each lead, and flatten each half; a flat lead is -1.

    What was not recorded counts as 0 mV.
    """
    taps = firwin(151, (0.05, 47.0), pass_zero=False, fs=CONTRACT.sampling_rate_hz)
    filtered = filtfilt(taps, [1.0], signal)
    low, high = (f(filtered, axis=-1, keepdims=True) for f in (np.min, np.max))
    scaled = 2 * (filtered - low) / (high - low + 1e-8) - 1
    rows = CROPS.cut(scaled).reshape(len(signal), len(CROPS.starts), -1)
    decimated: np.ndarray = decimate(rows, _DECIMATION)
    return np.ascontiguousarray(decimated)


class HuBERTECG(nn.Module):
    """HuBERT over twelve leads laid one after another; its mean token.

    Args:
        width: Of a token, one of :data:`SIZES`.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        from transformers import HubertConfig, HubertModel  # noqa: PLC0415  a second to import

        _, layers, heads = SIZES[width]
        config = HubertConfig(
            hidden_size=width,
            num_hidden_layers=layers,
            num_attention_heads=heads,
            intermediate_size=4 * width,
            conv_dim=(512,) * 5,
            conv_kernel=(10, 3, 3, 2, 2),
            conv_stride=(4, 2, 2, 2, 2),
            mask_time_prob=0.0,
            mask_feature_prob=0.0,
        )
        model = HubertModel(config)
        self.feature_extractor = model.feature_extractor
        self.feature_projection = model.feature_projection
        self.encoder = model.encoder

    def forward(self, crop: Float[Tensor, "batch sample"]) -> Float[Tensor, "batch width"]:
        """Vector of each crop."""
        tokens = self.feature_projection(self.feature_extractor(crop).transpose(1, 2))
        vectors: Tensor = self.encoder(tokens).last_hidden_state.mean(dim=1)
        return vectors
