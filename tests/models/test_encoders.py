"""Every encoder meets the one protocol."""

from __future__ import annotations

import pytest
import torch

from supreme_ecg.models.encoder import Encoder, token_mask
from supreme_ecg.models.lead_vit import LeadViT
from supreme_ecg.models.resnet import STAGES, ResNet1d
from supreme_ecg.models.vit import SIZES, ViT1d

SAMPLES = 1000
ENCODERS = [
    *(pytest.param(lambda d=depth: ResNet1d(12, depth=d), id=f"resnet{depth}") for depth in STAGES),
    *(
        pytest.param(lambda s=size: ViT1d(12, samples=SAMPLES, size=s), id=f"vit-{size}")
        for size in SIZES
    ),
    pytest.param(lambda: ResNet1d(12, squeeze_excite=True), id="se-resnet18"),
    pytest.param(lambda: LeadViT(12, samples=SAMPLES, width=24, layers=2), id="lead_vit"),
]


@pytest.mark.parametrize("make", ENCODERS)
def test_an_encoder_turns_a_window_into_tokens_of_its_width(make) -> None:
    """Tokens come out as (batch, token, width), finite, in evaluation and with a gradient."""
    encoder = make()
    assert isinstance(encoder, Encoder)
    signal = torch.randn(2, 12, SAMPLES)
    tokens = encoder(signal)
    assert tokens.shape[0] == 2
    assert tokens.shape[2] == encoder.width
    assert 10 <= tokens.shape[1] <= 250
    tokens.square().mean().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in encoder.parameters())


@pytest.mark.parametrize("make", ENCODERS)
def test_an_encoder_answers_for_each_window_alone(make) -> None:
    """In evaluation mode a window's tokens do not depend on the others in the batch."""
    encoder = make().eval()
    signal = torch.randn(3, 12, SAMPLES)
    with torch.no_grad():
        alone, together = encoder(signal[1:2]), encoder(signal)[1:2]
    assert (alone - together).abs().max() < 1e-3 * together.std()


@pytest.mark.parametrize(("depth", "millions"), [(18, 3.9), (34, 7.2), (50, 16.0), (101, 28.3)])
def test_resnets_have_the_size_of_their_depth(depth: int, millions: float) -> None:
    """Parameter counts follow from He et al. 2016, Table 1, with kernels of 3 instead of 3 x 3."""
    count = sum(p.numel() for p in ResNet1d(12, depth=depth).parameters())
    assert count / 1e6 == pytest.approx(millions, rel=0.02)


def test_a_block_is_excited_by_the_means_of_its_own_channels() -> None:
    """Relu(sum) of the shortcut and of the residual times sigmoid(W2 relu(W1 mean)), as Hu et al. have it."""
    torch.manual_seed(0)
    block = ResNet1d(12, stem_width=16, squeeze_excite=True).eval().stages[0]
    x = torch.randn(2, 16, 1, 50)
    down, _, up, _ = block.excite.factors
    with torch.no_grad():
        residual = block.residual(x)
        inner = (residual.mean(dim=(2, 3)) @ down.weight[:, :, 0, 0].T + down.bias).relu()
        factors = (inner @ up.weight[:, :, 0, 0].T + up.bias).sigmoid()
        expected = (x + residual * factors[:, :, None, None]).relu()
        torch.testing.assert_close(block(x, None), expected)
    assert factors.std() > 0


def test_a_short_strip_is_excited_by_what_was_recorded_of_it() -> None:
    """Half a window gives the tokens that it gives alone, but for those at its end."""
    torch.manual_seed(0)
    encoder = ResNet1d(12, stem_width=16, squeeze_excite=True).eval()
    signal = torch.randn(2, 12, SAMPLES)
    padded, mask = signal.clone(), torch.ones(2, SAMPLES, dtype=torch.bool)
    padded[..., SAMPLES // 2 :], mask[..., SAMPLES // 2 :] = 0, False
    with torch.no_grad():
        alone = encoder(signal[..., : SAMPLES // 2])
        covered, diluted = encoder(padded, mask), encoder(padded)
    kept = alone.shape[1] - 4
    near = (covered[:, :kept] - alone[:, :kept]).abs().mean()
    assert near < 0.2 * (diluted[:, :kept] - alone[:, :kept]).abs().mean()


@pytest.mark.parametrize(("size", "millions"), [("tiny", 5.5), ("small", 21.5), ("base", 85.6)])
def test_vits_have_the_size_of_their_name(size: str, millions: float) -> None:
    """Parameter counts agree with DeiT, Table 1, less the image patches and the class head."""
    count = sum(p.numel() for p in ViT1d(12, samples=SAMPLES, size=size).parameters())
    assert count / 1e6 == pytest.approx(millions, rel=0.03)


def test_a_vit_refuses_a_patch_that_does_not_divide_the_window() -> None:
    """A patch of 30 samples does not fit 1000."""
    with pytest.raises(ValueError, match="divisor of 1000, found 30"):
        ViT1d(12, samples=1000, patch_samples=30)


def test_a_token_is_masked_only_where_no_sample_was_recorded() -> None:
    """Half a window recorded leaves half the tokens, the one on the border included."""
    mask = torch.zeros(1, 100, dtype=torch.bool)
    mask[0, :55] = True
    assert token_mask(mask, tokens=10).tolist() == [[True] * 6 + [False] * 4]
