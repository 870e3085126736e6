"""Contrastive gradients: several parts, or several processes, give those of one whole batch."""

from __future__ import annotations

import gc
import os
import socket
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path

import pytest
import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies import DDPStrategy
from torch import Tensor, nn

from supreme_ecg.models.contrastive import info_nce, positive_pairs
from supreme_ecg.training.whole_batch import add_whole_batch_gradients

RECORDS, FEATURES, WIDTH = 12, 6, 5


class TwoSides(nn.Module):
    """A toy of the shape of ETP: two sides and a learned sharpness."""

    def __init__(self, *, dropout: float = 0.0, norm: bool = False) -> None:
        super().__init__()
        self.left, self.right = nn.Linear(FEATURES, WIDTH), nn.Linear(FEATURES, WIDTH)
        self.norm = nn.BatchNorm1d(FEATURES) if norm else nn.Identity()
        self.dropout = nn.Dropout(dropout)
        self.sharpness = nn.Parameter(torch.tensor([2.0, 0.5]))

    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
        a, b = self.left(self.dropout(self.norm(x))), self.right(y)
        return (*(nn.functional.normalize(side, dim=-1) for side in (a, b)), self.sharpness * 1.0)


def data() -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    x, y = (torch.randn(RECORDS, FEATURES, generator=generator) for _ in range(2))
    said = (torch.rand(RECORDS, 7, generator=generator) < 0.4).float()
    return x, y, positive_pairs(said, "overlap")


def whole_loss(order: Tensor):
    positives = data()[2][order][:, order]

    def loss(sides: tuple[Tensor, ...], sharpness: Tensor) -> Tensor:
        a, b = sides
        return info_nce(a, b, scale=sharpness[0].exp(), positives=positives) * sharpness[1] ** 2

    return loss


def gradients(parts: int, **options) -> tuple[float, dict[str, Tensor], nn.Module]:
    """Loss and gradients in one process, the batch in so many parts."""
    fabric = Fabric(accelerator="cpu", devices=1)
    torch.manual_seed(1)
    model = fabric.setup_module(TwoSides(**options)).train()
    x, y, _ = data()
    torch.manual_seed(2)
    inputs = list(zip(x.chunk(parts), y.chunk(parts), strict=True))
    value = add_whole_batch_gradients(
        model, inputs, loss=whole_loss(torch.arange(RECORDS)), fabric=fabric
    )
    return value, {k: p.grad for k, p in model.module.named_parameters()}, model.module


def test_one_part_is_plain_backpropagation() -> None:
    """Loss and all gradients, that of the sharpness included, are autograd's own."""
    value, found, model = gradients(1)
    x, y, _ = data()
    model.zero_grad()
    *sides, sharpness = model(x, y)
    loss = whole_loss(torch.arange(RECORDS))(tuple(sides), sharpness)
    loss.backward()
    assert value == pytest.approx(loss.item(), rel=1e-6)
    for key, parameter in model.named_parameters():
        assert torch.allclose(found[key], parameter.grad, rtol=1e-5, atol=1e-7), key


@pytest.mark.parametrize("parts", [2, 3, 6])
def test_parts_equal_the_whole_batch(parts: int) -> None:
    """Accumulation is exact: the negatives of a record are those of all parts."""
    value, found, _ = gradients(parts)
    expected_value, expected, _ = gradients(1)
    assert value == pytest.approx(expected_value, rel=1e-6)
    for key, gradient in expected.items():
        assert torch.allclose(found[key], gradient, rtol=1e-4, atol=1e-7), key


def test_the_second_pass_has_the_dropout_of_the_first() -> None:
    """Gradients with dropout are those of the very embeddings that the loss was taken of."""
    value, found, model = gradients(2, dropout=0.5)
    x, y, _ = data()
    model.zero_grad()
    torch.manual_seed(2)
    outputs = [model(a, b) for a, b in zip(x.chunk(2), y.chunk(2), strict=True)]
    sides = tuple(torch.cat([output[i] for output in outputs]) for i in range(2))
    loss = whole_loss(torch.arange(RECORDS))(sides, outputs[-1][-1])
    loss.backward()
    assert value == pytest.approx(loss.item(), rel=1e-6)
    for key, parameter in model.named_parameters():
        assert torch.allclose(found[key], parameter.grad, rtol=1e-4, atol=1e-7), key


def test_running_statistics_count_each_part_once() -> None:
    """Two passes leave them as one pass over the parts would."""
    _, _, model = gradients(2, norm=True)
    expected = nn.BatchNorm1d(FEATURES).train()
    for part in data()[0].chunk(2):
        expected(part)
    assert torch.allclose(model.norm.running_mean, expected.running_mean)
    assert int(model.norm.num_batches_tracked) == 2


def _save_gradients(fabric: Fabric, folder: Path) -> None:
    """Write the gradients of every second record, whole and in two parts."""
    rank = fabric.global_rank
    torch.manual_seed(1)
    model = fabric.setup_module(TwoSides()).train()
    x, y, _ = data()
    own = torch.arange(rank, RECORDS, 2)
    order = torch.cat([torch.arange(r, RECORDS, 2) for r in range(2)])
    for parts in (1, 2):
        model.zero_grad()
        inputs = list(zip(x[own].chunk(parts), y[own].chunk(parts), strict=True))
        value = add_whole_batch_gradients(model, inputs, loss=whole_loss(order), fabric=fabric)
        found = {key: parameter.grad for key, parameter in model.module.named_parameters()}
        torch.save((value, found), folder / f"{rank}-{parts}.pt")


def _process(rank: int, port: int, folder: Path) -> None:
    """Be one of two gloo processes.

    The group goes after the model: a model that is the last to hold it waits for gloo's thread
    without letting go of the interpreter, which that thread may be waiting for.
    """
    place = {"LOCAL_RANK": "0", "NODE_RANK": str(rank), "MASTER_ADDR": "127.0.0.1"}
    os.environ |= place | {"MASTER_PORT": str(port)}
    gloo = DDPStrategy(process_group_backend="gloo", timeout=timedelta(seconds=120))
    fabric = Fabric(accelerator="cpu", devices=1, num_nodes=2, strategy=gloo)
    fabric.launch()
    _save_gradients(fabric, folder)
    gc.collect()
    torch.distributed.destroy_process_group()


def test_two_processes_equal_one(tmp_path: Path) -> None:
    """Loss and gradients of two gloo processes, with and without parts, are those of one (trap 16)."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    context = get_context("spawn")
    both = [
        context.Process(target=_process, args=(rank, port, tmp_path), daemon=True)
        for rank in (0, 1)
    ]
    for process in both:
        process.start()
    for process in both:
        process.join(timeout=200)
    found_codes = [process.exitcode for process in both]
    for process in both:
        process.kill()
    assert found_codes == [0, 0]
    expected_value, expected, _ = gradients(1)
    for rank in (0, 1):
        for parts in (1, 2):
            value, found = torch.load(tmp_path / f"{rank}-{parts}.pt", weights_only=True)
            assert value == pytest.approx(expected_value, rel=1e-6)
            for key, gradient in expected.items():
                assert torch.allclose(found[key], gradient, rtol=1e-4, atol=1e-7), (
                    rank,
                    parts,
                    key,
                )
