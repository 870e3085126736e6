"""Proof that an encoder is frozen while it embeds: evaluation mode, and not one number of it moves."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from supreme_ecg.errors import WeightsError


def modules_of(encoder: object) -> dict[str, nn.Module]:
    """The torch modules that an encoder is, or holds as attributes; none of one without torch.

    Args:
        encoder: Any object.
    """
    if isinstance(encoder, nn.Module):
        return {"": encoder}
    held = vars(encoder).items() if hasattr(encoder, "__dict__") else ()
    return {f"{name}.": value for name, value in held if isinstance(value, nn.Module)}


def state_sha256(encoder: object) -> dict[str, str]:
    """Checksum of each weight and each buffer (running statistics), persistent or not, by name.

    Args:
        encoder: As of :func:`modules_of`.
    """
    return {
        f"{prefix}{name}": hashlib.sha256(_bytes(tensor)).hexdigest()
        for prefix, module in modules_of(encoder).items()
        for name, tensor in (*module.named_parameters(), *module.named_buffers())
    }


@contextmanager
def frozen(encoder: object) -> Iterator[None]:
    """Stop, at the end, if anything of the encoder moved or a part of it was left in training mode.

    Args:
        encoder: As of :func:`modules_of`; one that holds no torch module cannot be looked into.

    Raises:
        WeightsError: Naming the first weight that moved, or the first module in training mode.
    """
    before = state_sha256(encoder)
    yield
    after = state_sha256(encoder)
    moved = sorted(name for name in before | after if before.get(name) != after.get(name))
    if moved:
        raise WeightsError(
            type(encoder).__name__,
            expected="no weight or running statistic to move while windows are embedded",
            found=f"{len(moved)} of {len(before)} moved, first {moved[0]}",
            remedy="Embed in evaluation mode: call eval() on the module within embed().",
        )
    training = [
        f"{prefix}{name}" or type(module).__name__
        for prefix, module in modules_of(encoder).items()
        for name, part in module.named_modules()
        if part.training
    ]
    if training:
        raise WeightsError(
            type(encoder).__name__,
            expected="every module in evaluation mode while windows are embedded",
            found=f"{len(training)} in training mode, first {training[0]}",
            remedy="Call eval() on the module within embed().",
        )


def _bytes(tensor: Tensor) -> bytes:
    plain = tensor.detach().cpu().contiguous().flatten()
    return plain.view(torch.uint8).numpy().tobytes()
