"""An encoder that moves while it embeds is found out."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from supreme_ecg.errors import WeightsError
from supreme_ecg.evaluation.frozen import frozen, state_sha256


def network() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))


def test_evaluation_mode_moves_nothing() -> None:
    """A pass in evaluation mode goes through."""
    module = network().eval()
    with frozen(module):
        module(torch.randn(8, 4))


def test_running_statistics_that_move_are_an_error() -> None:
    """BatchNorm left in training mode for one pass is named, though it is back in evaluation mode."""
    module = network().eval()

    def embed() -> None:
        module.train()
        module(torch.randn(8, 4))
        module.eval()

    moved = r"3 of 7 moved, first 1\.num_batches_tracked"
    with pytest.raises(WeightsError, match=moved), frozen(module):
        embed()


def test_a_weight_that_moves_is_an_error_even_by_one_bit() -> None:
    """The smallest change of one weight is found, in a module that the encoder only holds."""
    encoder = SimpleNamespace(network=network().eval(), name="outside")
    weight = encoder.network[0].weight
    with pytest.raises(WeightsError, match=r"first network\.0\.weight"), frozen(encoder):
        weight.data[0, 0] = torch.nextafter(weight.data[0, 0], torch.tensor(9.0))


def test_training_mode_is_an_error_even_where_nothing_moves() -> None:
    """Dropout in training mode moves no number, and makes other embeddings each time."""
    module = nn.Sequential(nn.Linear(4, 3), nn.Dropout(0.5)).eval()
    module[1].train()
    with pytest.raises(WeightsError, match="1 in training mode, first 1"), frozen(module):
        module(torch.randn(8, 4))


def test_buffers_that_are_not_saved_count_too() -> None:
    """A running statistic outside the state dict is watched as well."""
    module = nn.Identity().eval()
    module.register_buffer("count", torch.zeros(1), persistent=False)
    assert list(state_sha256(module)) == ["count"]
    with pytest.raises(WeightsError, match="first count"), frozen(module):
        module.count += 1


def test_an_encoder_without_torch_has_nothing_to_watch() -> None:
    """No error, and no false assurance: there is no checksum."""
    assert state_sha256(object()) == {}
    with frozen(object()):
        pass
