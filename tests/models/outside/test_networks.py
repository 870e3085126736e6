"""The networks compute what the published code does, from weights under the published names."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import HubertConfig, HubertModel

from supreme_ecg.models.checkpoint import Checkpoint
from supreme_ecg.models.outside import ecg_fm, hubert_ecg, merl_encoder, st_mem_encoder
from tests.models.outside.published_weights import (  # noqa: F401  `small` is a fixture
    WIDTH,
    ecg_fm_state,
    resnet,
    small,
    st_mem,
    vit,
)

KEYS = Path(__file__).parent / "keys"


def golden(name: str) -> dict[str, tuple[int, ...]]:
    """Tensors and shapes of a list, its braces spelled out."""
    found = {}
    for line in (KEYS / f"{name}.txt").read_text().splitlines():
        if line.startswith("#"):
            continue
        pattern, *shape = line.split()
        parts = [part.split(",") for part in re.split(r"[{}]", pattern)]
        for spelled in itertools.product(*parts):
            found["".join(spelled)] = tuple(map(int, shape))
    return found


@pytest.mark.parametrize(
    ("name", "make", "name_of"),
    [
        ("merl_resnet18", merl_encoder.ResNet18, merl_encoder.published_resnet_name),
        ("merl_vit_tiny", merl_encoder.ViTTiny, merl_encoder.published_name),
        ("st_mem", st_mem_encoder.STMEMViT, st_mem_encoder.published_name),
        ("ecg_fm", ecg_fm.ECGFM, ecg_fm.published_name),
        ("hubert_ecg_base", lambda: hubert_ecg.HuBERTECG(768), str),
    ],
)
def test_tensors_have_the_names_and_shapes_of_the_published_code(
    name: str, make: Callable[[], nn.Module], name_of: Callable[[str], str]
) -> None:
    """Each list names the source that it was read from; nothing is computed."""
    with torch.device("meta"):
        network = make()
    shapes = {name_of(key): tuple(one.shape) for key, one in network.state_dict().items()}
    if name == "merl_resnet18":  # its convolutions have a second axis of length 1 here
        shapes = {
            key: (*shape[:2], shape[3]) if len(shape) == 4 else shape
            for key, shape in shapes.items()
        }
    assert shapes == golden(name)


def test_merls_resnet_computes_what_its_code_does() -> None:
    """Basic blocks of plain convolutions, no pool after the stem, mean over time."""
    state = resnet()
    network = merl_encoder.ResNet18().eval()
    tensors = {
        key: one.unsqueeze(2) if one.ndim == 3 else one
        for key, one in state.items()
        if not key.startswith("linear")
    }
    Checkpoint({}, tensors).load_into(
        network, where="test", name_of=merl_encoder.published_resnet_name
    )

    def normed(x: Tensor, name: str) -> Tensor:
        mean, var = state[f"{name}.running_mean"], state[f"{name}.running_var"]
        return functional.batch_norm(x, mean, var, state[f"{name}.weight"], state[f"{name}.bias"])

    signal = torch.rand(2, 12, 400)
    x = functional.conv1d(signal, state["conv1.weight"], stride=2, padding=3)
    x = normed(x, "bn1").relu()
    for stage, block in itertools.product((1, 2, 3, 4), (0, 1)):
        name, stride = f"layer{stage}.{block}", 2 if stage > 1 and block == 0 else 1
        out = functional.conv1d(x, state[f"{name}.conv1.weight"], stride=stride, padding=1)
        out = functional.conv1d(
            normed(out, f"{name}.bn1").relu(), state[f"{name}.conv2.weight"], padding=1
        )
        if f"{name}.shortcut.0.weight" in state:
            x = functional.conv1d(x, state[f"{name}.shortcut.0.weight"], stride=stride)
            x = normed(x, f"{name}.shortcut.1")
        x = (normed(out, f"{name}.bn2") + x).relu()
    with torch.inference_mode():
        torch.testing.assert_close(network(signal), x.mean(dim=2), rtol=1e-4, atol=1e-5)


def normalised(x: Tensor, state: dict[str, Tensor], name: str) -> Tensor:
    """Layer norm with the published names."""
    return functional.layer_norm(x, x.shape[-1:], state[f"{name}.weight"], state[f"{name}.bias"])


def linear(x: Tensor, state: dict[str, Tensor], name: str) -> Tensor:
    """Linear layer with the published names."""
    return functional.linear(x, state[f"{name}.weight"], state[f"{name}.bias"])


def attended(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Attention by heads of 64, written out."""
    query, key, value = (x.unflatten(-1, (-1, 64)).transpose(1, 2) for x in (query, key, value))
    weight = (query @ key.transpose(-1, -2) / 8).softmax(dim=-1)
    return (weight @ value).transpose(1, 2).flatten(2)


def pre_norm_blocks(x: Tensor, state: dict[str, Tensor]) -> Tensor:
    """The two blocks that MERL and ST-MEM share."""
    for block in ("block0", "block1"):
        inner = normalised(x, state, f"{block}.attn.norm")
        parts = linear(inner, state, f"{block}.attn.fn.to_qkv").chunk(3, dim=-1)
        x = x + linear(attended(*parts), state, f"{block}.attn.fn.to_out.0")
        inner = linear(normalised(x, state, f"{block}.ff.norm"), state, f"{block}.ff.fn.net.0")
        x = x + linear(functional.gelu(inner), state, f"{block}.ff.fn.net.3")
    return x


@pytest.mark.usefixtures("small")
def test_merls_vit_computes_what_its_code_does() -> None:
    """Patches of all leads, learned positions, pre-norm blocks, norm of the mean token."""
    state = vit()
    network = merl_encoder.ViTTiny().eval()
    Checkpoint({}, state).load_into(network, where="test", name_of=merl_encoder.published_name)
    signal = torch.rand(2, 12, 5000)
    x = functional.conv1d(signal, state["to_patch_embedding.weight"], stride=50)
    x = pre_norm_blocks(x.transpose(1, 2) + state["pos_embedding"], state)
    expected = normalised(x.mean(dim=1), state, "norm")
    with torch.inference_mode():
        torch.testing.assert_close(network(signal), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.usefixtures("small")
def test_st_mem_computes_what_its_code_does() -> None:
    """Each lead's patches between two separators with their positions, then the lead's own vector."""
    state = st_mem()
    network = st_mem_encoder.STMEMViT().eval()
    Checkpoint({}, state).load_into(network, where="test", name_of=st_mem_encoder.published_name)
    signal = torch.rand(1, 12, 2250)
    position, rows = state["pos_embedding"][0], []
    for lead in range(12):
        patches = signal[0, lead].reshape(30, 75)
        patches = normalised(patches, state, "to_patch_embedding.1")
        patches = normalised(
            linear(patches, state, "to_patch_embedding.2"), state, "to_patch_embedding.3"
        )
        ends = state["sep_embedding"] + position[[0, -1]]
        row = torch.cat([ends[:1], patches + position[1:31], ends[1:]])
        rows.append(row + state[f"lead_embeddings.{lead}"])
    x = pre_norm_blocks(torch.cat(rows).unsqueeze(0), state).reshape(12, 32, WIDTH)
    expected = normalised(x[:, 1:31].mean(dim=(0, 1)), state, "norm")
    with torch.inference_mode():
        torch.testing.assert_close(network(signal)[0], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.usefixtures("small")
def test_ecg_fm_computes_what_its_code_does() -> None:
    """Convolutions over twelve leads, a normalised convolution for positions, post-norm layers."""
    state = ecg_fm_state()
    network = ecg_fm.ECGFM().eval()
    Checkpoint({}, state).load_into(network, where="test", name_of=ecg_fm.published_name)
    signal = x = torch.rand(2, 12, 2500)
    for layer in range(4):
        name = f"feature_extractor.conv_layers.{layer}"
        x = functional.conv1d(x, state[f"{name}.0.weight"], stride=2)
        if layer == 0:
            x = functional.group_norm(x, 256, state[f"{name}.2.weight"], state[f"{name}.2.bias"])
        x = functional.gelu(x)
    x = linear(normalised(x.transpose(1, 2), state, "layer_norm"), state, "post_extract_proj")
    name = "conv_pos.pos_conv.0"
    size = state[f"{name}.parametrizations.weight.original0"]
    direction = state[f"{name}.parametrizations.weight.original1"]
    kernel = size * direction / direction.norm(dim=(0, 1), keepdim=True)
    place = functional.conv1d(
        x.transpose(1, 2), kernel, state[f"{name}.bias"], padding=64, groups=16
    )
    x = x + functional.gelu(place[..., :-1]).transpose(1, 2)
    x = normalised(x, state, "encoder.layer_norm")
    for name in ("encoder.layers.0", "encoder.layers.1"):
        parts = (linear(x, state, f"{name}.self_attn.{part}_proj") for part in "qkv")
        x = x + linear(attended(*parts), state, f"{name}.self_attn.out_proj")
        x = normalised(x, state, f"{name}.self_attn_layer_norm")
        inner = functional.gelu(linear(x, state, f"{name}.fc1"))
        x = normalised(x + linear(inner, state, f"{name}.fc2"), state, f"{name}.final_layer_norm")
    with torch.inference_mode():
        torch.testing.assert_close(network(signal), x.mean(dim=1), rtol=1e-4, atol=1e-4)


@pytest.mark.usefixtures("small")
def test_hubert_ecg_computes_what_transformers_does() -> None:
    """As `HubertModel` of the published settings answers in evaluation mode, the mask's vector unused."""
    config = HubertConfig(
        hidden_size=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=4 * WIDTH,
        conv_kernel=(10, 3, 3, 2, 2),
        conv_stride=(4, 2, 2, 2, 2),
        conv_dim=(512,) * 5,
        mask_time_prob=0.33,
    )
    model = HubertModel(config).eval()
    network = hubert_ecg.HuBERTECG(WIDTH).eval()
    tensors = {k: v for k, v in model.state_dict().items() if k != "masked_spec_embed"}
    Checkpoint({}, tensors).load_into(network, where="test")
    signal = torch.rand(2, 6000) * 2 - 1
    with torch.inference_mode():
        expected = model(signal).last_hidden_state
        assert expected.shape[1] == 93
        torch.testing.assert_close(network(signal), expected.mean(dim=1), rtol=1e-4, atol=1e-5)


def test_the_sizes_are_those_published() -> None:
    """Parameters of ECG-FM's README (90.9 million, with what pre-training needs) and of MERL's widths."""
    with torch.device("meta"):
        count = sum(one.numel() for one in ecg_fm.ECGFM().parameters())
        large = sum(one.numel() for one in hubert_ecg.HuBERTECG(960).parameters())
    assert 90.0e6 < count < 90.9e6
    assert large / 1e6 == pytest.approx(189, rel=0.01)  # model card of hubert-ecg-large
