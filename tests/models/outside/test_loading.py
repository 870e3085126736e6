"""Files as authors publish them load exactly, and nothing else does."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from supreme_ecg.errors import ContractError, WeightsError
from supreme_ecg.models.ecg_encoder import EcgEncoder
from supreme_ecg.models.outside.encoding import OutsideEncoder
from supreme_ecg.models.outside.loading import OUTSIDE, load_outside
from tests.models.outside.published_weights import (  # noqa: F401  `small` is a fixture
    WIDTH,
    ecg_fm_state,
    hubert,
    resnet,
    small,
    st_mem,
    vit,
)

pytestmark = pytest.mark.usefixtures("small")


def prefixed(prefix: str, state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}{name}": tensor for name, tensor in state.items()}


def named(*names: str) -> dict[str, Tensor]:
    return dict.fromkeys(names, torch.zeros(2))


def old_names(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Normalised weights as torch named them before 2.0."""
    for number, letter in enumerate("gv"):
        state = {
            name.replace(f"parametrizations.weight.original{number}", f"weight_{letter}"): one
            for name, one in state.items()
        }
    return state


WHOLE_MERL = named(
    "lm_model.embeddings.word", "proj_t.0.weight", "downconv.weight", "linear1.weight"
)
WHOLE_MERL |= named("att_pool_head.cls_token", "linear2.weight")
DECODER = named("mask_embedding", "decoder_pos_embed", "decoder_blocks.0.ff.norm.bias")
DECODER |= named("to_decoder_embedding.bias", "decoder_norm.bias", "decoder_head.bias")
DECODER |= named("to_patch_embedding.2.bias")
PRETRAINING = named("mask_emb", "quantizer.vars", "project_q.bias", "final_proj.weight")
CODEBOOKS = named("masked_spec_embed", "final_proj.0.weight", "label_embedding.0.weight")

LAYOUTS: dict[str, tuple[str, Callable[[], object], str]] = {
    "merl encoder": ("merl", resnet, "x.pth"),
    "merl encoder as safetensors": ("merl", resnet, "x.safetensors"),
    "merl vit encoder": ("merl", vit, "x.pth"),
    "merl whole model": ("merl", lambda: prefixed("ecg_encoder.", resnet()) | WHOLE_MERL, "x.pth"),
    "merl training checkpoint": (
        "merl",
        lambda: {
            "epoch": 3,
            "model_state_dict": prefixed("module.ecg_encoder.", vit())
            | prefixed("module.", WHOLE_MERL | named("proj_e.0.weight")),
        },
        "x.pth",
    ),
    "st_mem encoder": (
        "st_mem",
        lambda: {"epoch": 1, "model": st_mem(), "optimizer": None, "config": {"seed": 0}},
        "encoder.pth",
    ),
    "st_mem whole model": (
        "st_mem",
        lambda: {"model": prefixed("encoder.", st_mem()) | DECODER},
        "full.pth",
    ),
    "st_mem fine-tuned": ("st_mem", lambda: {"model": st_mem() | named("head.weight")}, "x.pth"),
    "ecg_fm pre-trained": (
        "ecg_fm",
        lambda: {"cfg": {"model": {"in_d": 12}}, "model": ecg_fm_state() | PRETRAINING},
        "x.pt",
    ),
    "ecg_fm before torch 2": ("ecg_fm", lambda: {"model": old_names(ecg_fm_state())}, "x.pt"),
    "ecg_fm fine-tuned": (
        "ecg_fm",
        lambda: {"model": prefixed("encoder.", ecg_fm_state()) | named("proj.weight", "proj.bias")},
        "x.pt",
    ),
    "hubert_ecg pre-trained": ("hubert_ecg", lambda: hubert() | CODEBOOKS, "model.safetensors"),
    "hubert_ecg as a folder": ("hubert_ecg", lambda: old_names(hubert()), "model.safetensors"),
    "hubert_ecg fine-tuned": (
        "hubert_ecg",
        lambda: prefixed("hubert_ecg.", hubert()) | named("classifier.weight", "classifier.bias"),
        "pytorch_model.bin",
    ),
}


def write(path: Path, content: object) -> Path:
    if path.suffix == ".safetensors":
        save_file({k: v.clone().contiguous() for k, v in content.items()}, path)  # type: ignore[attr-defined]
    else:
        torch.save(content, path)
    return path


def windows(encoder: OutsideEncoder, *, seed: int = 0, count: int = 1) -> tuple[np.ndarray, ...]:
    samples = encoder.contract.samples
    signal = np.random.default_rng(seed).normal(size=(count, 12, samples)).astype(np.float32)
    return signal, np.ones((count, 12), bool), np.ones((count, samples), bool)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_published_layout_loads_into_an_encoder(layout: str, tmp_path: Path) -> None:
    """It meets the benchmark's protocol, knows its file by checksum, and gives a finite vector a window."""
    name, make, file = LAYOUTS[layout]
    path = write(tmp_path / file, make())
    encoder = load_outside(name, tmp_path if layout.endswith("folder") else path)
    assert isinstance(encoder, EcgEncoder)
    assert encoder.weights_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert encoder.seen is None
    assert encoder.manifest["corpora"]
    vectors = encoder.embed(*windows(encoder))
    assert vectors.dtype == np.float32
    assert vectors.shape == (
        1,
        512
        if layout.startswith("merl") and "vit" not in layout and "training" not in layout
        else WIDTH,
    )
    assert np.isfinite(vectors).all()


@pytest.mark.parametrize(
    ("whole", "encoder"),
    [
        ("merl whole model", "merl encoder"),
        ("merl training checkpoint", "merl vit encoder"),
        ("st_mem whole model", "st_mem encoder"),
        ("ecg_fm fine-tuned", "ecg_fm pre-trained"),
        ("ecg_fm before torch 2", "ecg_fm pre-trained"),
        ("hubert_ecg fine-tuned", "hubert_ecg pre-trained"),
    ],
)
def test_files_of_the_same_weights_give_the_same_vectors(
    whole: str, encoder: str, tmp_path: Path
) -> None:
    """Whatever lies beside the encoder, and whatever its names begin with."""
    torch.manual_seed(0)
    vectors = []
    for layout in (whole, encoder):
        name, make, file = LAYOUTS[layout]
        torch.manual_seed(0)
        loaded = load_outside(name, write(tmp_path / file, make()))
        vectors.append(loaded.embed(*windows(loaded)))
    np.testing.assert_array_equal(*vectors)


BARE = {"merl": resnet, "st_mem": st_mem, "ecg_fm": ecg_fm_state, "hubert_ecg": hubert}


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("fault", ["missing", "unknown", "shape"])
def test_weights_that_are_not_exactly_of_the_model_are_refused(
    name: str, fault: str, tmp_path: Path
) -> None:
    """A missing, an unknown and a misshapen tensor are each named in one error."""
    state = BARE[name]()
    victim = sorted(key for key in state if key.endswith("norm.weight") or key == "bn1.weight")[-1]
    if fault == "missing":
        del state[victim]
    elif fault == "unknown":
        victim = "extra.weight"
        state[victim] = torch.zeros(1)
    else:
        state[victim] = torch.zeros(3)
    with pytest.raises(WeightsError, match=victim):
        load_outside(name, write(tmp_path / "x.pth", state))


@pytest.mark.parametrize("name", OUTSIDE)
def test_weights_of_another_model_are_refused(name: str, tmp_path: Path) -> None:
    """The error says which tensor every file of this model has."""
    with pytest.raises(WeightsError, match="an encoder with the tensor"):
        load_outside(name, write(tmp_path / "x.pth", {"other.weight": torch.zeros(2)}))


def test_a_width_that_was_never_published_is_refused(tmp_path: Path) -> None:
    """HuBERT-ECG's sizes are told apart by width."""
    state = hubert() | {"feature_projection.projection.bias": torch.zeros(100)}
    with pytest.raises(WeightsError, match="a width of 512, 768, 960"):
        load_outside("hubert_ecg", write(tmp_path / "x.pth", state))


def test_an_unknown_name_is_refused() -> None:
    """The error lists the models there are."""
    with pytest.raises(WeightsError, match="one of merl, ecg_fm, st_mem, hubert_ecg"):
        load_outside("heartlang", "x.pth")


class Settings:
    """An object of somebody's code."""


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("x.pt", {"model_config": Settings(), "model_state_dict": {"a": torch.zeros(1)}}),
        ("x.pt", b"no weights"),
        ("x.pt", b""),
        ("x.safetensors", b"no weights"),
        ("x.pt", {"metrics": [1.0]}),
        ("x.pt", [torch.zeros(1)]),
    ],
)
def test_a_file_without_plain_tensors_is_refused(
    file: str, content: object, tmp_path: Path
) -> None:
    """Objects of foreign code are not built, and no error of a library comes through."""
    path = tmp_path / file
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(WeightsError, match="tensors"):
        load_outside("merl", path)


@pytest.mark.parametrize("path", ["absent.pth", "."])
def test_an_absent_file_is_refused(path: str, tmp_path: Path) -> None:
    """So is a folder without weights in it."""
    with pytest.raises(WeightsError, match="a file of weights"):
        load_outside("st_mem", tmp_path / path)


def test_a_cut_file_is_refused(tmp_path: Path) -> None:
    """As a download that broke off leaves it."""
    path = write(tmp_path / "x.pth", resnet())
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(WeightsError, match="Download it again"):
        load_outside("merl", path)


@pytest.mark.parametrize("name", OUTSIDE)
def test_windows_of_another_rate_are_refused(name: str, tmp_path: Path) -> None:
    """Windows and stores must be under the contract that the preprocessing starts from."""
    encoder = load_outside(name, write(tmp_path / "x.pth", BARE[name]()))
    ones = np.ones((1, 12), bool), np.ones((1, 1000), bool)
    with pytest.raises(ContractError, match=f"{encoder.contract.samples} samples"):
        encoder.embed(np.zeros((1, 12, 1000), np.float32), *ones)


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_window_is_embedded_for_itself_and_without_change(name: str, tmp_path: Path) -> None:
    """In evaluation mode: the others of the batch do not matter, and no statistic moves."""
    encoder = load_outside(name, write(tmp_path / "x.pth", BARE[name]()))
    before = {key: one.clone() for key, one in encoder.network.state_dict().items()}
    signal, leads, samples = windows(encoder, count=3)
    together = encoder.embed(signal, leads, samples)
    alone = encoder.embed(signal[1:2], leads[1:2], samples[1:2])
    np.testing.assert_allclose(together[1:2], alone, rtol=1e-3, atol=1e-4)
    assert np.abs(together[0] - together[1]).max() > 1e-3
    after = encoder.network.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)


def test_only_whole_crops_are_averaged(tmp_path: Path) -> None:
    """Of 6 s recorded the second half adds nothing; of 4 s the first half stands alone."""
    encoder = load_outside("ecg_fm", write(tmp_path / "x.pth", ecg_fm_state()))
    signal, leads, samples = windows(encoder)
    for recorded in (3000, 2000):
        samples[:, recorded:] = False
        crops = encoder.prepare(signal.astype(float) * samples[:, None], samples)
        with torch.inference_mode():
            expected = encoder.network.eval()(torch.from_numpy(crops[:, 0]).float()).numpy()
        np.testing.assert_allclose(encoder.embed(signal, leads, samples), expected, atol=1e-5)


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_random_encoder_shares_all_but_the_weights(name: str, tmp_path: Path) -> None:
    """It is fixed by its seed, knows no file and no corpus, and answers otherwise."""
    encoder = load_outside(name, write(tmp_path / "x.pth", BARE[name]()))
    given = windows(encoder)
    vectors = [encoder.with_random_encoder(seed).embed(*given) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(vectors[0], vectors[1])
    assert all(
        np.abs(vectors[0] - other).max() > 1e-3 for other in (vectors[2], encoder.embed(*given))
    )
    untrained = encoder.with_random_encoder(1)
    assert (untrained.weights_sha256, untrained.manifest) == (None, {})
