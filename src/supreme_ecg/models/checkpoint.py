"""Weights on disk: `weights.safetensors` and `model.json`, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from supreme_ecg.errors import WeightsError

WEIGHTS: Final = "weights.safetensors"
DESCRIPTION: Final = "model.json"
FORMAT: Final = 1
"""Version of this layout; a higher one is refused."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A description in plain values and the tensors by name."""

    description: Mapping[str, Any]
    """Contract, sizes, vocabulary, manifest, metrics."""
    tensors: Mapping[str, Tensor]
    """State of the module."""

    def load_into(self, module: nn.Module, *, where: object) -> None:
        """Load every tensor, and no other, into ``module``.

        Raises:
            WeightsError: A key is missing, unknown, or of another shape.
        """
        own = {key: tuple(tensor.shape) for key, tensor in module.state_dict().items()}
        stored = {key: tuple(tensor.shape) for key, tensor in self.tensors.items()}
        differing = sorted(key for key in own | stored if own.get(key) != stored.get(key))
        if differing:
            key = differing[0]
            raise WeightsError(
                where,
                expected=f"exactly the model's {len(own)} tensors ({key}: {own.get(key)})",
                found=f"{len(differing)} missing, unknown or misshapen ({key}: {stored.get(key)})",
                remedy="Load weights that belong to this model and version of the package.",
            )
        module.load_state_dict(dict(self.tensors), strict=True)


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint under a temporary name, then put it in place of what was there."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        tensors = {
            key: tensor.detach().cpu().contiguous() for key, tensor in checkpoint.tensors.items()
        }
        save_file(tensors, partial / WEIGHTS)
        description = {
            "format": FORMAT,
            "package_version": version("supreme-ecg"),
            "weights_sha256": _sha256(partial / WEIGHTS),
            **checkpoint.description,
        }
        (partial / DESCRIPTION).write_text(json.dumps(description, indent=1) + "\n")
        partial.chmod(0o755)
        _replace_folder(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def read_checkpoint(folder: Path, *, method: str) -> Checkpoint:
    """Read and verify a checkpoint.

    Raises:
        WeightsError: No checkpoint there, one of a newer format or another method, or bytes that differ
            from what was written.
    """
    path = folder / DESCRIPTION
    if not path.is_file() or not (folder / WEIGHTS).is_file():
        raise WeightsError(
            folder,
            expected=f"a folder with {DESCRIPTION} and {WEIGHTS}",
            found="no such files" if folder.is_dir() else "no such folder",
            remedy="Give the folder that `supreme pretrain` wrote (its `model` folder).",
        )
    try:
        description = json.loads(path.read_text())
        found = (description["format"], description["method"])
        digest = description["weights_sha256"]
    except (ValueError, KeyError, TypeError) as error:
        raise WeightsError(
            path,
            expected="the JSON of a checkpoint",
            found=f"something else ({type(error).__name__})",
            remedy="Copy the checkpoint again.",
        ) from error
    if found != (FORMAT, method):
        raise WeightsError(
            path,
            expected=f"format {FORMAT} of method {method!r}",
            found=f"format {found[0]} of method {found[1]!r}",
            remedy="Use the version of the package that wrote it, or weights of this method.",
        )
    if _sha256(folder / WEIGHTS) != digest:
        raise WeightsError(
            folder / WEIGHTS,
            expected=f"SHA-256 {digest[:12]}...",
            found="other bytes",
            remedy="The file is damaged or was exchanged: copy the checkpoint again.",
        )
    try:
        tensors = load_file(folder / WEIGHTS)
    except SafetensorError as error:
        raise WeightsError(
            folder / WEIGHTS,
            expected="a safetensors file",
            found=str(error),
            remedy="Copy the checkpoint again.",
        ) from error
    return Checkpoint(description, tensors)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _replace_folder(new: Path, folder: Path) -> None:
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    os.replace(new, folder)
    shutil.rmtree(old, ignore_errors=True)
