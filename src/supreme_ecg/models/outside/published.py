"""A file of weights as its authors wrote it -> the tensors of its ECG encoder, by their published names."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from supreme_ecg.errors import WeightsError
from supreme_ecg.extraction.files import sha256_of

_INSIDE: Final = ("model", "model_state_dict", "state_dict")
"""Keys under which training scripts keep the state of the model, beside that of the optimiser."""
_PARALLEL: Final = "module."
"""What ``DataParallel`` puts before every name."""
_WEIGHT_NORM: Final = {
    ".weight_g": ".parametrizations.weight.original0",
    ".weight_v": ".parametrizations.weight.original1",
}
"""Names of a normalised weight before torch 2.0 -> since."""
_IN_FOLDER: Final = ("model.safetensors", "pytorch_model.bin")
"""Files of weights in a folder of the Hugging Face hub."""


@dataclass(frozen=True, slots=True)
class Published:
    """What a file holds."""

    path: Path
    """The file."""
    sha256: str
    """Of the file."""
    tensors: Mapping[str, Tensor]
    """By the names that their authors gave them."""

    def encoder(
        self,
        *,
        landmark: str,
        prefixes: tuple[str, ...] = (),
        beside: tuple[str, ...] = (),
        unused: tuple[str, ...] = (),
    ) -> dict[str, Tensor]:
        """Keep the tensors of the ECG encoder.

        Args:
            landmark: A tensor that every encoder of the kind has.
            prefixes: What its names begin with in files of a whole model.
            beside: What the names of a whole model's other parts begin with; those are left out.
            unused: What the names of the encoder's parts begin with that no vector is made of.

        Returns:
            The encoder's tensors without prefix, and whatever is in the file and expected nowhere.

        Raises:
            WeightsError: The landmark is missing.
        """
        found = [prefix for prefix in (*prefixes, "") if prefix + landmark in self.tensors]
        if not found:
            raise WeightsError(
                self.path,
                expected=f"an encoder with the tensor {landmark}",
                found=f"{len(self.tensors)} tensors, first {min(self.tensors)}",
                remedy="Give the file of this model that its authors publish, or name another encoder.",
            )
        left_out = (*(found[0] + name for name in unused), *(beside if found[0] else ()))
        return {
            name.removeprefix(found[0]): tensor
            for name, tensor in self.tensors.items()
            if not name.startswith(left_out)
        }


def read_published(path: str | Path) -> Published:
    """Read a file of weights; code that it may hold is never run.

    Args:
        path: A file of torch or safetensors, or a folder with ``model.safetensors`` as the hub has it.

    Raises:
        WeightsError: No such file, or none that holds tensors and plain values alone.
    """
    file = Path(path)
    if file.is_dir():
        file = next((file / name for name in _IN_FOLDER if (file / name).is_file()), file)
    if not file.is_file():
        raise WeightsError(
            path,
            expected="a file of weights (.pth, .pt, .bin or .safetensors), or a folder with one",
            found="a folder without" if file.is_dir() else "no such file",
            remedy="Download the weights from their authors and give their path.",
        )
    tensors = {name.removeprefix(_PARALLEL): one for name, one in _tensors(file).items()}
    for old, new in _WEIGHT_NORM.items():
        tensors = {
            (name.removesuffix(old) + new if name.endswith(old) else name): one
            for name, one in tensors.items()
        }
    return Published(file, sha256_of(file), tensors)


def _tensors(file: Path) -> dict[str, Tensor]:
    try:
        if file.suffix == ".safetensors":
            return dict(load_file(file))
        values: Any = torch.load(file, map_location="cpu", weights_only=True)
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        raise WeightsError(
            file,
            expected="tensors and plain values alone",
            found=f"something else ({type(error).__name__})",
            remedy="Download it again; if it holds objects of its authors' code, write its tensors as "
            "safetensors there (docs/outside_encoders.md) and give that file.",
        ) from error
    if isinstance(values, Mapping):
        inner = next(
            (values[key] for key in _INSIDE if isinstance(values.get(key), Mapping)), values
        )
        tensors = {name: one for name, one in inner.items() if isinstance(one, Tensor)}
        if tensors:
            return tensors
    raise WeightsError(
        file,
        expected=f"tensors by name, as they are or under one of {', '.join(_INSIDE)}",
        found="none",
        remedy="Give the file with the weights, not with the results or settings.",
    )
