"""Weights in the files that authors publish: our networks' random ones, under the published names."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from supreme_ecg.models.outside import ecg_fm, hubert_ecg, merl_encoder, st_mem_encoder

WIDTH = 128
"""Of the small transformers: two layers of two heads instead of twelve."""


def published(network: nn.Module, name_of: Callable[[str], str] = str) -> dict[str, Tensor]:
    """State of a network under the published names and shapes, every number moved from its start."""
    generator = torch.Generator().manual_seed(0)
    state = {}
    for name, tensor in network.state_dict().items():
        moved = tensor.clone()
        if moved.is_floating_point():
            moved = moved.abs() if "running_var" in name else moved
            moved += 0.1 * torch.rand(moved.shape, generator=generator)
        state[name_of(name)] = moved.squeeze(2) if moved.ndim == 4 else moved
    return state


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the loaders expect small networks, which are quick to write and run."""
    sizes = {"width": WIDTH, "layers": 2}
    monkeypatch.setattr(merl_encoder, "ViTTiny", partial(merl_encoder.ViTTiny, **sizes))
    monkeypatch.setattr(st_mem_encoder, "STMEMViT", partial(st_mem_encoder.STMEMViT, **sizes))
    monkeypatch.setattr(ecg_fm, "ECGFM", partial(ecg_fm.ECGFM, **sizes))
    monkeypatch.setitem(hubert_ecg.SIZES, WIDTH, ("small", 2, 2))


def resnet() -> dict[str, Tensor]:
    """MERL's ResNet18, with the unused classifier that its files have."""
    state = published(merl_encoder.ResNet18(), merl_encoder.published_resnet_name)
    return state | {"linear.weight": torch.zeros(10, 512), "linear.bias": torch.zeros(10)}


def vit() -> dict[str, Tensor]:
    """MERL's ViT; small under the fixture."""
    return published(merl_encoder.ViTTiny(), merl_encoder.published_name)


def st_mem() -> dict[str, Tensor]:
    """ST-MEM's encoder; small under the fixture."""
    return published(st_mem_encoder.STMEMViT(), st_mem_encoder.published_name)


def ecg_fm_state() -> dict[str, Tensor]:
    """ECG-FM; small under the fixture."""
    return published(ecg_fm.ECGFM(), ecg_fm.published_name)


def hubert() -> dict[str, Tensor]:
    """A small HuBERT-ECG."""
    return published(hubert_ecg.HuBERTECG(WIDTH))
