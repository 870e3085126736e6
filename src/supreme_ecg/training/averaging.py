"""The mean of the weights at the ends of several cycles, which generalises better than any of them.

Stochastic weight averaging: Izmailov et al. 2018 (arXiv 1803.05407), Algorithm 1. The statistics of batch
norm are taken anew, since those of the mean weights are not the mean of those of the weights.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn

from supreme_ecg.models.encoder import Encoder


def mean_with(
    mean: Mapping[str, Tensor], state: Mapping[str, Tensor], *, averaged: int
) -> dict[str, Tensor]:
    """Take one more state into a mean of states.

    Args:
        mean: Of the states so far; not read where there is none.
        state: The next one.
        averaged: How many the mean is of.

    Returns:
        The mean of one more; whole numbers are those of the last state.
    """
    new = {key: tensor.detach().cpu().clone() for key, tensor in state.items()}
    if not averaged:
        return new
    for key, tensor in new.items():
        if tensor.is_floating_point():
            tensor.copy_(mean[key] + (tensor - mean[key]) / (averaged + 1))
    return new


class _Encoding(nn.Module):
    """An encoder that takes signal and sample mask as one, as :func:`update_bn` gives them."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, window: tuple[Tensor, Tensor]) -> Tensor:
        tokens: Tensor = self.encoder(*window)
        return tokens


def renew_batch_statistics(encoder: Encoder, windows: Iterable[tuple[Tensor, Tensor]]) -> None:
    """Take the means and variances of an encoder's batch norms anew, over all windows alike.

    Args:
        encoder: Whose weights were averaged; nothing happens if it has no batch norm.
        windows: Batches of signal and sample mask, as in training.
    """
    assert isinstance(encoder, nn.Module)
    whole = _Encoding(encoder).train(encoder.training)
    with torch.no_grad():
        update_bn(([window] for window in windows), whole)
