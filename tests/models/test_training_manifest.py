"""The training manifest on disk: exactly what was written, or an error, and no id in it."""

from __future__ import annotations

import json
import lzma
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from supreme_ecg.errors import WeightsError
from supreme_ecg.models.checkpoint import read_checkpoint
from supreme_ecg.models.supreme import SuPreME
from supreme_ecg.models.training_manifest import (
    FILE,
    KEY,
    TrainingManifest,
    hash_ids,
    store_training_manifest,
)
from supreme_ecg.preprocessing.fingerprint import Fingerprints, fingerprint
from tests.models.small_model import small_model


def manifest() -> TrainingManifest:
    rng = np.random.default_rng(0)
    beats = np.zeros((3, 12, 1000))
    beats[:, :, 50::80] = rng.normal(size=(3, 12, 1))
    return TrainingManifest(
        corpus="x",
        salt="s",
        records=hash_ids(["secret-1", "secret-2", "secret-3"], salt="s"),
        patients=hash_ids(["anna", "anna", "berta"], salt="s"),
        folds=np.array([1, 1, -1], dtype=np.int16),
        held_out=np.array([False, False, True]),
        fingerprints=Fingerprints.join(fingerprint(each, rate_hz=100) for each in beats),
    )


@pytest.fixture
def folder(letters, tmp_path: Path) -> Path:
    model = small_model(letters)
    model.seen = manifest()
    model.save(tmp_path / "model")
    return tmp_path / "model"


def test_it_is_read_as_it_was_written(folder: Path, letters) -> None:
    """Through a model that is saved, loaded, and saved again."""
    model = SuPreME.from_pretrained(folder, text_encoder=letters)
    assert model.seen is not None
    assert model.seen.to_bytes() == manifest().to_bytes() == (folder / FILE).read_bytes()
    model.save(folder)
    assert read_checkpoint(folder, method="supreme").seen is not None


def test_no_id_is_in_it(folder: Path) -> None:
    """Neither in the file nor in the description; equal ids have equal hashes, other salts others."""
    for path in (folder / FILE, folder / "model.json"):
        assert not any(word in path.read_bytes() for word in (b"secret", b"anna", b"berta"))
    first, second, third = manifest().patients
    assert first == second != third
    assert hash_ids(["anna"], salt="t")[0] != first
    assert len(hash_ids([], salt="t")) == 0


def test_weights_without_one_are_loaded(folder: Path, letters) -> None:
    """Older folders, and those whose owner took it away, say that nothing is known."""
    (folder / FILE).unlink()
    assert SuPreME.from_pretrained(folder, text_encoder=letters).seen is None
    small_model(letters).save(folder)
    assert KEY not in json.loads((folder / "model.json").read_text())
    assert SuPreME.from_pretrained(folder, text_encoder=letters).seen is None


def test_one_can_be_added_without_touching_the_weights(letters, tmp_path: Path) -> None:
    """Folder and description gain it; the weights keep every byte."""
    folder = tmp_path / "model"
    small_model(letters).save(folder)
    before = (folder / "weights.safetensors").read_bytes()
    assert store_training_manifest(folder, manifest()) == (folder / FILE).stat().st_size
    assert (folder / "weights.safetensors").read_bytes() == before
    loaded = SuPreME.from_pretrained(folder, text_encoder=letters).seen
    assert loaded is not None
    assert loaded.corpus == "x"


def cut(content: bytes) -> bytes:
    return content[:-1]


def flip(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1])


@pytest.mark.parametrize("harm", [cut, flip, lambda _: b""])
def test_a_damaged_one_is_refused(folder: Path, harm: Callable[[bytes], bytes]) -> None:
    """It is never taken for an absent one: that would let seen records pass."""
    path = folder / FILE
    path.write_bytes(harm(path.read_bytes()))
    with pytest.raises(WeightsError, match=r"training_manifest.*supreme manifest"):
        read_checkpoint(folder, method="supreme")
    assert read_checkpoint(folder, method="supreme", with_manifest=False).seen is None


def of_format_9() -> bytes:
    tensors = lzma.decompress(manifest().to_bytes())
    assert b'"format": 2' in tensors
    return lzma.compress(tensors.replace(b'"format": 2', b'"format": 9'))


@pytest.mark.parametrize("content", [b"not tensors", lzma.compress(b"not tensors"), of_format_9()])
def test_one_of_another_form_is_refused(folder: Path, content: bytes) -> None:
    """Even where its checksum is right."""
    from hashlib import sha256

    (folder / FILE).write_bytes(content)
    description = folder / "model.json"
    values = json.loads(description.read_text()) | {KEY: sha256(content).hexdigest()}
    description.write_text(json.dumps(values))
    with pytest.raises(WeightsError, match="expected a training manifest of format 2"):
        read_checkpoint(folder, method="supreme")
