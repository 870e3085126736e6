"""Gradients of a loss over a whole batch that no process and no single pass holds.

A contrastive loss compares every record of a batch with every other, so the sum of the losses of its parts
is another loss. The embeddings of all parts, on all processes, are brought together; the loss and its
gradient are taken there; and each part's share of that gradient is carried back through the model. With
several parts the model runs twice (gradient caching: Gao et al. 2021, "Scaling Deep Contrastive Learning
Batch Size under Memory Limited Setup", arXiv 2101.06983), the second time with the same random numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

BatchLoss = Callable[[tuple[Tensor, ...], Tensor], Tensor]
"""(sides of the whole batch, sharpness) -> loss."""


def add_whole_batch_gradients(
    model: Any, parts: Sequence[tuple[Tensor, ...]], *, loss: BatchLoss, fabric: Fabric
) -> float:
    """Add the gradient of one loss over all parts of all processes to those of the model.

    Statistics over a batch (BatchNorm) are those of each part on each process, as elsewhere.

    Args:
        model: Gives, for the inputs of a part, embeddings with a row per record, and last a tensor that
            belongs to no record (temperature).
        parts: Inputs of each part, on the device; as many records on every process.
        loss: Of the gathered embeddings: those of process 0 first, its parts in their order.
        fabric: Processes and precision.

    Returns:
        The loss, the same on every process.
    """
    if len(parts) == 1:
        outputs = [model(*parts[0])]
        value, gradients = _gradients(outputs, loss=loss, fabric=fabric)
        fabric.backward(_surrogate(outputs[0], gradients[0]))
        return value
    states, outputs = [], []
    with torch.no_grad(), _buffers_kept(model):
        for part in parts:
            states.append(_random_state(fabric.device))
            outputs.append(model(*part))
    value, gradients = _gradients(outputs, loss=loss, fabric=fabric)
    for index, (part, state) in enumerate(zip(parts, states, strict=True)):
        last = index + 1 == len(parts)
        with fabric.no_backward_sync(model, enabled=not last):
            _set_random_state(state, fabric.device)
            fabric.backward(_surrogate(model(*part), gradients[index]))
    return value


def gather(tensor: Tensor, *, fabric: Fabric) -> Tensor:
    """Rows of all processes, those of process 0 first."""
    if fabric.world_size == 1:
        return tensor
    gathered = fabric.all_gather(tensor)
    assert isinstance(gathered, Tensor)
    return gathered.flatten(0, 1)


def _gradients(
    outputs: Sequence[tuple[Tensor, ...]], *, loss: BatchLoss, fabric: Fabric
) -> tuple[float, list[tuple[Tensor, ...]]]:
    """Loss of the whole batch, and its gradient by each part's outputs.

    Every process computes the whole loss, so each holds the whole gradient by its own rows. What is
    averaged over processes afterwards must be their sum: hence the factor. The gradient by the last output is
    whole on each already, and is given to the last part alone.
    """
    sizes = [len(output[0]) for output in outputs]
    own = [
        torch.cat([output[i].detach() for output in outputs]) for i in range(len(outputs[0]) - 1)
    ]
    sides = [gather(side, fabric=fabric).requires_grad_() for side in own]
    sharpness = outputs[-1][-1].detach().requires_grad_()
    with torch.enable_grad():
        value = loss(tuple(sides), sharpness)
    *by_side, by_sharpness = torch.autograd.grad(
        value, [*sides, sharpness], allow_unused=True, materialize_grads=True
    )
    first = fabric.global_rank * sum(sizes)
    shares = [
        (gradient[first : first + sum(sizes)] * fabric.world_size).split_with_sizes(sizes)
        for gradient in by_side
    ]
    nothing = torch.zeros_like(by_sharpness)
    ends = [nothing] * (len(outputs) - 1) + [by_sharpness]
    return value.item(), [(*rows, end) for *rows, end in zip(*shares, ends, strict=True)]


def _surrogate(outputs: tuple[Tensor, ...], gradients: tuple[Tensor, ...]) -> Tensor:
    """A number whose gradient by the model's weights is that of the loss."""
    products = [(o * g).sum() for o, g in zip(outputs, gradients, strict=True)]
    return torch.stack(products).sum()


@contextmanager
def _buffers_kept(model: nn.Module) -> Iterator[None]:
    """Undo what a pass does to running statistics: each part is to count once."""
    before = [buffer.clone() for buffer in model.buffers()]
    yield
    with torch.no_grad():
        for buffer, old in zip(model.buffers(), before, strict=True):
            buffer.copy_(old)


def _random_state(device: torch.device) -> tuple[Tensor, Tensor | None]:
    on_device = torch.cuda.get_rng_state(device) if device.type == "cuda" else None
    return torch.get_rng_state(), on_device


def _set_random_state(state: tuple[Tensor, Tensor | None], device: torch.device) -> None:
    torch.set_rng_state(state[0])
    if state[1] is not None:
        torch.cuda.set_rng_state(state[1], device)
