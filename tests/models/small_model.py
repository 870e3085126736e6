"""A model small enough to be saved and loaded in a test."""

from __future__ import annotations

import torch

from supreme_ecg.models.pooling import PoolingConfig
from supreme_ecg.models.resnet import ResNetConfig
from supreme_ecg.models.supreme import SuPreME, SuPreMEConfig, SuPreMEParts
from supreme_ecg.models.text_encoder import TextEncoder

SMALL = SuPreMEParts(
    method=SuPreMEConfig(fusion=PoolingConfig(width=32)), encoder=ResNetConfig(stem_width=8)
)


def small_model(text_encoder: TextEncoder, *, seed: int = 0) -> SuPreME:
    """An untrained SuPreME that says it was trained on atrial fibrillation."""
    torch.manual_seed(seed)
    model = SuPreME(
        SMALL,
        trained_concepts=["atrial_fibrillation"],
        manifest={"corpus": "x"},
        text_encoder=text_encoder,
    )
    return model.eval()
