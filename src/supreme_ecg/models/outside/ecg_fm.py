"""ECG-FM with its authors' weights.

McKeen et al. 2024 (arXiv 2408.05178); github.com/bowang-lab/ECG-FM and github.com/Jwoo5/fairseq-signals
(both MIT), which publish `mimic_iv_ecg_physionet_pretrained.pt` and models fine-tuned from it. Read in
fairseq-signals' `models/ecg_transformer.py`, `models/wav2vec2/wav2vec2_cmsc.py`, `modules/*`,
`data/ecg/preprocess/preprocess.py` and `examples/w2v_cmsc/config/pretraining/w2v_cmsc_rlm.yaml`, and in
ECG-FM's `notebooks/infer_quickstart.ipynb`. Trained at 500 Hz: each lead of a recording is standardised by
itself (a constant one is 0), and then cut into segments of 5 s.

The network is wav2vec 2.0 of the base size (`transformers`' own modules) whose first convolution takes
twelve leads. The vector is the mean token, 768 wide, as ECG-FM's classifier pools it; those of the segments
are averaged here (its authors average what the classifier says).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Bool, Float
from torch import Tensor, nn

from supreme_ecg.models.checkpoint import Checkpoint
from supreme_ecg.models.outside.encoding import Crops, OutsideEncoder
from supreme_ecg.models.outside.published import read_published
from supreme_ecg.preprocessing.contract import SignalContract

CONTRACT: Final = SignalContract(sampling_rate_hz=500, duration_s=10.0)
"""What a store must be under."""
CROPS: Final = Crops(starts=(0, 2500), samples=2500)
"""Segments of 5 s that do not overlap."""
_NAMES: Final = {
    r"feature_extractor\.conv_layers\.(\d)\.conv\.": r"feature_extractor.conv_layers.\1.0.",
    r"feature_extractor\.conv_layers\.0\.layer_norm\.": "feature_extractor.conv_layers.0.2.",
    r"feature_projection\.layer_norm\.": "layer_norm.",
    r"feature_projection\.projection\.": "post_extract_proj.",
    r"encoder\.pos_conv_embed\.conv\.": "conv_pos.pos_conv.0.",
    r"encoder\.layers\.(\d+)\.attention\.": r"encoder.layers.\1.self_attn.",
    r"encoder\.layers\.(\d+)\.layer_norm\.": r"encoder.layers.\1.self_attn_layer_norm.",
    r"encoder\.layers\.(\d+)\.feed_forward\.intermediate_dense\.": r"encoder.layers.\1.fc1.",
    r"encoder\.layers\.(\d+)\.feed_forward\.output_dense\.": r"encoder.layers.\1.fc2.",
}
"""Start of a name in transformers -> in fairseq-signals; the rest is the same."""
_UNUSED: Final = ("mask_emb", "quantizer.", "project_q.", "final_proj.")
"""What pre-training alone needs."""


def load_ecg_fm(path: str | Path) -> OutsideEncoder:
    """Load a published file of ECG-FM, pre-trained or fine-tuned.

    Raises:
        WeightsError: No such file, or not exactly the tensors of ECG-FM's base size.
    """
    published = read_published(path)
    tensors = published.encoder(
        landmark="feature_extractor.conv_layers.0.0.weight",
        prefixes=("encoder.",),
        beside=("proj.",),
        unused=_UNUSED,
    )
    network = ECGFM()
    Checkpoint({}, tensors).load_into(network, where=published.path, name_of=published_name)
    return OutsideEncoder(
        contract=CONTRACT,
        prepare=prepare,
        crops=CROPS,
        network=network,
        build=ECGFM,
        weights_sha256=published.sha256,
        manifest={
            "model": "ECG-FM, base",
            "corpora": ["mimic_iv_ecg", "ptb_xl", "cpsc2018", "cpsc2018_extra", "georgia", "csn"],
            "source": "README of ECG-FM; README of scripts/preprocess/ecg in fairseq-signals",
        },
    )


def published_name(name: str) -> str:
    """What ECG-FM's weights call a tensor of :class:`ECGFM`."""
    for own, published in _NAMES.items():
        if re.match(own, name):
            return re.sub(f"^{own}", published, name)
    return name


def prepare(
    signal: Float[np.ndarray, "batch lead time"], sample_mask: Bool[np.ndarray, "batch time"]
) -> Float[np.ndarray, "batch crop lead sample"]:
    """Standardise each lead over what was recorded of it, 0 where nothing was; then cut."""
    recorded = np.broadcast_to(sample_mask[:, None, :], signal.shape)
    count = np.maximum(sample_mask.sum(axis=-1), 1)[:, None, None]
    mean = signal.sum(axis=-1, keepdims=True, where=recorded) / count
    centred = np.where(recorded, signal - mean, 0.0)
    spread = np.sqrt((centred**2).sum(axis=-1, keepdims=True) / count)
    return CROPS.cut(np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 0))


class ECGFM(nn.Module):
    """Wav2vec 2.0 over twelve leads; its mean token.

    Args:
        width: Of a token.
        layers: Transformer layers, with heads of 64.
    """

    def __init__(self, *, width: int = 768, layers: int = 12) -> None:
        super().__init__()
        from transformers import Wav2Vec2Config, Wav2Vec2Model  # noqa: PLC0415  a second to import

        config = Wav2Vec2Config(
            hidden_size=width,
            num_hidden_layers=layers,
            num_attention_heads=width // 64,
            intermediate_size=4 * width,
            conv_dim=(256,) * 4,
            conv_kernel=(2,) * 4,
            conv_stride=(2,) * 4,
            num_conv_pos_embeddings=128,
            num_conv_pos_embedding_groups=16,
            mask_time_prob=0.0,
            mask_feature_prob=0.0,
        )
        model = Wav2Vec2Model(config)
        self.feature_extractor = model.feature_extractor
        self.feature_projection = model.feature_projection
        self.encoder = model.encoder
        first = self.feature_extractor.conv_layers[0]
        first.conv = nn.Conv1d(len(CONTRACT.leads), 256, 2, stride=2, bias=False)

    def forward(self, crop: Float[Tensor, "batch lead sample"]) -> Float[Tensor, "batch width"]:
        """Vector of each crop."""
        for layer in self.feature_extractor.conv_layers:
            crop = layer(crop)
        tokens, _ = self.feature_projection(crop.transpose(1, 2))
        vectors: Tensor = self.encoder(tokens).last_hidden_state.mean(dim=1)
        return vectors
