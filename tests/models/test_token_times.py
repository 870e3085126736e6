"""Where in time tokens lie."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch

from supreme_ecg.models.encoder import build_encoder
from supreme_ecg.models.resnet import ResNetConfig
from supreme_ecg.models.token_times import token_times_s
from supreme_ecg.models.vit import ViTConfig
from supreme_ecg.preprocessing.contract import SignalContract


@pytest.mark.parametrize(
    "changed",
    [{}, {"sampling_rate_hz": 500}, {"duration_s": 10.24}],
    ids=["100 Hz", "500 Hz", "a power of two"],
)
@pytest.mark.parametrize("pool", [True, False])
def test_a_token_of_a_resnet_looks_most_around_its_time(
    changed: Mapping[str, Any], pool: bool
) -> None:
    """The centre of mass of its squared gradient lies there, a quarter of a token off at most."""
    contract = SignalContract(**changed)
    config = ResNetConfig(stem_width=8, stem_pool=pool)
    torch.manual_seed(0)
    encoder = build_encoder(config, contract=contract).eval()
    signal = torch.randn(1, 12, contract.samples, requires_grad=True)
    tokens = encoder(signal)
    times_s = token_times_s(config, contract=contract, tokens=tokens.shape[1])
    samples_s = np.arange(contract.samples) / contract.sampling_rate_hz
    off_s = []
    for token in range(tokens.shape[1] // 3, 2 * tokens.shape[1] // 3):
        (gradient,) = torch.autograd.grad(tokens[0, token].sum(), signal, retain_graph=True)
        weight = gradient[0].square().sum(0).numpy()
        off_s.append((weight * samples_s).sum() / weight.sum() - times_s[token])
    assert abs(np.mean(off_s)) < (times_s[1] - times_s[0]) / 4


def test_a_token_of_a_vit_lies_in_the_middle_of_its_patch() -> None:
    """Twenty patches of half a second."""
    times_s = token_times_s(ViTConfig(patch_samples=50), contract=SignalContract(), tokens=20)
    assert times_s[[0, -1]] == pytest.approx([0.25, 9.75])
