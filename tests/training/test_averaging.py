"""The mean of weights, and the batch statistics that belong to it."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from supreme_ecg.models.resnet import ResNet1d
from supreme_ecg.training.averaging import mean_with, renew_batch_statistics


def test_states_join_a_mean_one_by_one() -> None:
    """Each counts alike, and a whole number (batches that a norm has seen) is the last state's."""
    states = [
        {"weight": torch.tensor([value]), "count": torch.tensor(n)}
        for n, value in enumerate((1.0, 5.0, 9.0))
    ]
    mean: dict[str, torch.Tensor] = {}
    for averaged, state in enumerate(states):
        mean = mean_with(mean, state, averaged=averaged)
    assert mean["weight"].tolist() == [5.0]
    assert mean["count"].item() == 2
    assert states[2]["weight"].tolist() == [9.0]


def test_batch_statistics_are_those_of_all_windows_alike() -> None:
    """The first norm's mean is that of what its convolution gives; weights stay, and so does the mode."""
    torch.manual_seed(0)
    encoder = ResNet1d(2, stem_width=4).eval()
    encoder.stem[1].running_mean.fill_(99.0)
    before = encoder.stem[0].weight.clone()
    windows = [(torch.randn(3, 2, 64), torch.ones(3, 64, dtype=torch.bool)) for _ in range(4)]
    renew_batch_statistics(encoder, windows)
    with torch.no_grad():
        given = encoder.stem[0](torch.cat([signal for signal, _ in windows]).unsqueeze(2))
    assert encoder.stem[1].running_mean.tolist() == pytest.approx(
        given.mean(dim=(0, 2, 3)).tolist(), abs=1e-5
    )
    assert encoder.stem[1].momentum == nn.BatchNorm2d(4).momentum
    assert torch.equal(encoder.stem[0].weight, before)
    assert not encoder.training
