"""Weights on disk: `weights.safetensors` and `model.json`, whole or not at all.

`training_manifest.safetensors.xz` may lie beside them: which records they have seen.

Each file vouches for the other: the description holds the SHA-256 of the weights, and the weights carry the
parts (contract, sizes) that they were trained with, so that neither can be edited or exchanged unnoticed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Literal

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from supreme_ecg.errors import ContractError, WeightsError
from supreme_ecg.models.training_manifest import FILE, KEY, TrainingManifest

WEIGHTS: Final = "weights.safetensors"
DESCRIPTION: Final = "model.json"
FORMAT: Final = 1
"""Version of this layout; a higher one is refused."""
StoredAs = Literal["float32", "float16", "bfloat16"]
"""Numbers on disk. A loaded model computes in float32 whatever this is."""
_PARTS: Final = "parts"
"""Key of the parts, in the description and in the header of the weights."""
_OWN: Final = ("format", "package_version", "weights_sha256", "stored_as", KEY)
"""Keys of a description that belong to the files and not to the model."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A description in plain values and the tensors by name."""

    description: Mapping[str, Any]
    """Contract, sizes, vocabulary, manifest, metrics."""
    tensors: Mapping[str, Tensor]
    """State of the module."""
    seen: TrainingManifest | None = None
    """Which records it was trained on; None where that is not known."""

    def load_into(
        self, module: nn.Module, *, where: object, name_of: Callable[[str], str] = str
    ) -> None:
        """Load every tensor, and no other, into ``module``.

        Args:
            module: Whose state is replaced.
            where: For errors.
            name_of: What the checkpoint calls a tensor of the module; the same where not given.

        Raises:
            WeightsError: A tensor is missing, unknown, or of another shape; three messages.
        """
        own = {name_of(key): tuple(tensor.shape) for key, tensor in module.state_dict().items()}
        stored = {key: tuple(tensor.shape) for key, tensor in self.tensors.items()}
        if missing := sorted(own.keys() - stored.keys()):
            raise WeightsError(
                where,
                expected=f"all of the model's {len(own)} tensors",
                found=f"{len(missing)} missing, first {missing[0]}",
                remedy="The weights are incomplete: fetch or write them again.",
            )
        if unknown := sorted(stored.keys() - own.keys()):
            raise WeightsError(
                where,
                expected=f"no tensor but the model's {len(own)}",
                found=f"{len(unknown)} unknown, first {unknown[0]}",
                remedy="They are of another model or a newer version: upgrade the package.",
            )
        if misshapen := sorted(key for key in own if own[key] != stored[key]):
            key = misshapen[0]
            raise WeightsError(
                where,
                expected=f"{key} of shape {own[key]}",
                found=f"shape {stored[key]} ({len(misshapen)} misshapen)",
                remedy="They are of a model of another size: fetch weights and description together.",
            )
        state = {key: self.tensors[name_of(key)] for key in module.state_dict()}
        module.load_state_dict(state, strict=True)


def write_checkpoint(
    folder: Path, checkpoint: Checkpoint, *, stored_as: StoredAs = "float32"
) -> None:
    """Write a checkpoint under a temporary name, then put it in place of what was there.

    Args:
        folder: Where to; replaced as a whole.
        checkpoint: Description and tensors.
        stored_as: Numbers of tensors with two axes or more. Vectors (biases, running statistics) and
            integers are few and stay as they are.

    Raises:
        WeightsError: A number is too large for ``stored_as``.
    """
    tensors = {
        key: _as_stored(tensor, key, stored_as, where=folder)
        for key, tensor in checkpoint.tensors.items()
    }
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        header = {_PARTS: json.dumps(checkpoint.description.get(_PARTS), sort_keys=True)}
        save_file(tensors, partial / WEIGHTS, metadata=header)
        (partial / WEIGHTS).chmod(0o644)
        own = {
            "format": FORMAT,
            "package_version": version("supreme-ecg"),
            "weights_sha256": _sha256(partial / WEIGHTS),
            "stored_as": stored_as,
        }
        if checkpoint.seen is not None:
            content = checkpoint.seen.to_bytes()
            (partial / FILE).write_bytes(content)
            own[KEY] = hashlib.sha256(content).hexdigest()
        description = own | {k: v for k, v in checkpoint.description.items() if k not in _OWN}
        (partial / DESCRIPTION).write_text(json.dumps(description, indent=1) + "\n")
        partial.chmod(0o755)
        _replace_folder(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def read_checkpoint(folder: Path, *, method: str | None, with_manifest: bool = True) -> Checkpoint:
    """Read and verify a checkpoint.

    Args:
        folder: Where it is.
        method: That it must be of; None for any.
        with_manifest: Read the training manifest, where there is one, too.

    Raises:
        WeightsError: No checkpoint there, one of a newer format or another method, or bytes that differ
            from what was written (an absent training manifest is no error).
        ContractError: The description names another contract than the weights were trained under.
    """
    path = _found(folder)
    description = _read_description(path, method=method)
    if _sha256(folder / WEIGHTS) != description["weights_sha256"]:
        raise WeightsError(
            folder / WEIGHTS,
            expected=f"SHA-256 {description['weights_sha256'][:12]}...",
            found="other bytes",
            remedy="The file is damaged or was exchanged: copy the checkpoint again.",
        )
    try:
        with safe_open(folder / WEIGHTS, framework="pt") as file:
            header = file.metadata() or {}
        tensors = load_file(folder / WEIGHTS)
    except SafetensorError as error:
        raise WeightsError(
            folder / WEIGHTS,
            expected="a safetensors file",
            found=str(error),
            remedy="Copy the checkpoint again.",
        ) from error
    if _PARTS in header:  # absent from weights written before the header was
        _require_same_parts(description.get(_PARTS), json.loads(header[_PARTS]), where=path)
    seen = None
    if with_manifest and KEY in description and (folder / FILE).is_file():
        seen = TrainingManifest.read(folder, sha256=description[KEY])
    return Checkpoint(description, tensors, seen)


def read_method(folder: Path) -> str:
    """Name of the method that weights are of; the weights themselves are not looked at.

    Raises:
        WeightsError: No checkpoint there, or one of a newer format.
    """
    return str(_read_description(_found(folder), method=None)["method"])


def _found(folder: Path) -> Path:
    """Path of the description, both files being there."""
    path = folder / DESCRIPTION
    if not path.is_file() or not (folder / WEIGHTS).is_file():
        raise WeightsError(
            folder,
            expected=f"a folder with {DESCRIPTION} and {WEIGHTS}",
            found="no such files" if folder.is_dir() else "no such folder",
            remedy="Give the folder that `supreme pretrain` wrote (its `model` folder).",
        )
    return path


def _read_description(path: Path, *, method: str | None) -> dict[str, Any]:
    """The description, of this method or (None) of any."""
    try:
        description: dict[str, Any] = json.loads(path.read_text())
        found = (description["format"], description["method"])
        str(description["weights_sha256"])
    except (ValueError, KeyError, TypeError) as error:
        raise WeightsError(
            path,
            expected="the JSON of a checkpoint",
            found=f"something else ({type(error).__name__})",
            remedy="Copy the checkpoint again.",
        ) from error
    if found != (FORMAT, found[1] if method is None else method):
        wanted = "any method" if method is None else f"method {method!r}"
        raise WeightsError(
            path,
            expected=f"format {FORMAT} of {wanted}",
            found=f"format {found[0]} of method {found[1]!r}",
            remedy="Use the version of the package that wrote it, or weights of this method.",
        )
    return description


def _require_same_parts(described: Any, trained: Any, *, where: object) -> None:
    """Stop where the description was edited: a contract or a size that the weights do not have."""
    if described == trained:
        return
    ours, theirs = (dict((parts or {}).get("contract") or {}) for parts in (described, trained))
    differing = sorted(key for key in ours | theirs if ours.get(key) != theirs.get(key))
    if differing:
        raise ContractError(
            where,
            expected=", ".join(f"{key}={theirs.get(key)}" for key in differing),
            found=", ".join(f"{key}={ours.get(key)}" for key in differing),
            remedy="The contract was edited after training: restore the description of these weights.",
        )
    raise WeightsError(
        where,
        expected="the sizes and text encoder that the weights were trained with",
        found="others",
        remedy="The description was edited or exchanged: copy the checkpoint again.",
    )


def _as_stored(tensor: Tensor, key: str, stored_as: StoredAs, *, where: object) -> Tensor:
    tensor = tensor.detach().cpu().contiguous()
    if not tensor.is_floating_point() or tensor.ndim < 2:
        return tensor
    stored = tensor.to(getattr(torch, stored_as))
    if not torch.equal(stored.isfinite(), tensor.isfinite()):
        raise WeightsError(
            where,
            expected=f"numbers within the range of {stored_as}",
            found=f"larger ones in {key}",
            remedy="Store as bfloat16 or float32.",
        )
    return stored


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
