"""Weights on disk: nothing but exactly what was written is loaded."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from supreme_ecg.errors import ContractError, WeightsError
from supreme_ecg.models.checkpoint import (
    Checkpoint,
    _sha256,
    read_checkpoint,
    write_checkpoint,
)
from supreme_ecg.models.supreme import SuPreME
from tests.models.small_model import small_model

TENSOR = "fusion.norm.bias"


@pytest.fixture
def folder(letters, tmp_path: Path) -> Path:
    small_model(letters).save(tmp_path / "model")
    return tmp_path / "model"


def damage_weights(folder: Path) -> None:
    path = folder / "weights.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def change_description(folder: Path, **values: object) -> None:
    path = folder / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def change_tensors(change: Callable[[dict[str, Tensor]], object]) -> Callable[[Path], None]:
    """A harm that leaves checksum and description in order."""

    def harm(folder: Path) -> None:
        tensors = load_file(folder / "weights.safetensors")
        change(tensors)
        save_file(tensors, folder / "weights.safetensors")
        change_description(folder, weights_sha256=_sha256(folder / "weights.safetensors"))

    return harm


def edit_parts(folder: Path, *path: str, value: object) -> None:
    """Set a value deep in the parts that the description names."""
    parts = json.loads((folder / "model.json").read_text())["parts"]
    inner = parts
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    change_description(folder, parts=parts)


@pytest.mark.parametrize(
    ("harm", "message", "remedy"),
    [
        (shutil.rmtree, "no such folder", "pretrain"),
        (lambda folder: (folder / "model.json").unlink(), "no such files", "pretrain"),
        (lambda folder: (folder / "model.json").write_text("{"), "JSON of a checkpoint", "again"),
        (damage_weights, "other bytes", "damaged or was exchanged"),
        (change_tensors(lambda t: t.pop(TENSOR)), f"1 missing, first {TENSOR}", "incomplete"),
        (
            change_tensors(lambda t: t.update(more=torch.ones(1))),
            "1 unknown, first more",
            "another model or a newer version",
        ),
        (
            change_tensors(lambda t: t.update({TENSOR: torch.ones(7)})),
            r"shape \(7,\)",
            "another size",
        ),
        (lambda folder: change_description(folder, format=99), "format 99", "version"),
        (lambda folder: change_description(folder, method="merl"), "method 'merl'", "method"),
        (
            lambda folder: edit_parts(folder, "method", "fusion", "heads", value=8),
            "found others",
            "edited or exchanged",
        ),
    ],
)
def test_weights_that_are_not_exactly_right_are_refused(
    folder: Path, letters, harm, message: str, remedy: str
) -> None:
    """Each harm has a message and a remedy of its own; none is loaded (traps 17)."""
    harm(folder)
    with pytest.raises(WeightsError, match=message) as caught:
        SuPreME.from_pretrained(folder, text_encoder=letters)
    assert remedy in caught.value.remedy


def test_a_contract_edited_after_training_is_refused(folder: Path, letters) -> None:
    """No tensor's shape would tell that the rate is another one."""
    edit_parts(folder, "contract", "sampling_rate_hz", value=500)
    with pytest.raises(ContractError, match=r"expected sampling_rate_hz=100, found .*500"):
        SuPreME.from_pretrained(folder, text_encoder=letters)


@pytest.mark.parametrize("stored_as", ["float16", "bfloat16"])
def test_half_the_bytes_give_nearly_the_same_answers(
    folder: Path, letters, tmp_path: Path, stored_as
) -> None:
    """Matrices are stored in two bytes a number, vectors in four; the loaded model is in float32."""
    half = tmp_path / "half"
    write_checkpoint(half, read_checkpoint(folder, method="supreme"), stored_as=stored_as)
    sizes = [(each / "weights.safetensors").stat().st_size for each in (folder, half)]
    assert sizes[1] < 0.65 * sizes[0]
    kinds = {
        tensor.dtype
        for tensor in load_file(half / "weights.safetensors").values()
        if tensor.ndim == 1 and tensor.is_floating_point()
    }
    assert kinds == {torch.float32}
    assert json.loads((half / "model.json").read_text())["stored_as"] == stored_as
    whole, loaded = (SuPreME.from_pretrained(f, text_encoder=letters) for f in (folder, half))
    assert {p.dtype for p in loaded.parameters()} == {torch.float32}
    windows = np.random.default_rng(0).normal(size=(2, 12, 1000)).astype(np.float32)
    asked = windows, np.ones((2, 12), bool), np.ones((2, 1000), bool), ["a", "b"]
    np.testing.assert_allclose(whole.predict(*asked), loaded.predict(*asked), atol=2e-2)


def test_a_number_too_large_for_the_storage_is_refused(tmp_path: Path) -> None:
    """An overflow would come back as infinity; nothing is left behind."""
    checkpoint = Checkpoint({"method": "supreme"}, {"wide": torch.full((2, 2), 1e5)})
    with pytest.raises(WeightsError, match="larger ones in wide"):
        write_checkpoint(tmp_path / "model", checkpoint, stored_as="float16")
    assert list(tmp_path.iterdir()) == []
    write_checkpoint(tmp_path / "model", checkpoint, stored_as="bfloat16")
    assert read_checkpoint(tmp_path / "model", method="supreme").tensors["wide"].isfinite().all()


def test_writing_again_keeps_the_description(folder: Path, tmp_path: Path) -> None:
    """All but what belongs to the files: format, version, checksum, storage."""
    write_checkpoint(tmp_path / "b", read_checkpoint(folder, method="supreme"), stored_as="float16")
    before, after = (json.loads((f / "model.json").read_text()) for f in (folder, tmp_path / "b"))
    differing = {key for key in before | after if before.get(key) != after.get(key)}
    assert differing == {"weights_sha256", "stored_as"}
