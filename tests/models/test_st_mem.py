"""ST-MEM: what is hidden is drawn from the rest, and what was not recorded plays no part."""

from __future__ import annotations

import pytest
import torch

from supreme_ecg.models.lead_vit import LeadViT, LeadViTConfig, fixed_positions
from supreme_ecg.models.self_supervised import SelfSupervisedParts
from supreme_ecg.models.st_mem import STMEM, STMEMConfig

NOBODY = torch.zeros(3, dtype=torch.int64)


def build(**options) -> STMEM:
    torch.manual_seed(0)
    method = STMEMConfig(decoder_width=16, decoder_layers=1, **options)
    encoder = LeadViTConfig(width=24, layers=2)
    return STMEM(SelfSupervisedParts(method=method, encoder=encoder))


def windows() -> tuple[torch.Tensor, torch.Tensor]:
    signal = torch.randn(3, 12, 1000, generator=torch.Generator().manual_seed(0))
    return signal, torch.ones(3, 1000, dtype=torch.bool)


@pytest.mark.parametrize(("share", "hidden"), [(0.75, 15), (0.5, 10)])
def test_the_share_of_every_leads_patches_is_hidden(share: float, hidden: int) -> None:
    """Of 20 patches a lead, 12 leads."""
    _, counts = build(hidden_share=share).sides(*windows())
    assert counts.tolist() == [12 * hidden] * 3


def test_the_drawing_depends_on_what_is_kept_alone() -> None:
    """Other values in hidden patches change nothing; in a kept patch of one lead, they change other leads."""
    model = build().eval()
    patches, missing = model.encoder.patched(windows()[0])
    kept = torch.arange(5).expand(3, 12, 5)
    drawn = model.drawn(patches, missing, kept)
    hidden = patches.clone()
    hidden[:, :, 5:] += 1.0
    assert torch.equal(model.drawn(hidden, missing, kept), drawn)
    seen = patches.clone()
    seen[:, 0, 0] += 1.0
    assert not torch.allclose(model.drawn(seen, missing, kept)[:, 11], drawn[:, 11], atol=1e-6)


def test_patches_keep_their_places() -> None:
    """The same kept patches named in another order give the same drawing."""
    model = build().eval()
    patches, missing = model.encoder.patched(windows()[0])
    kept = torch.tensor([2, 7, 11, 13, 19])
    first = model.drawn(patches, missing, kept.expand(3, 12, 5))
    second = model.drawn(patches, missing, kept.flip(0).expand(3, 12, 5))
    assert torch.allclose(first, second, atol=1e-5)


def test_the_loss_is_the_mean_square_error_of_hidden_patches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """0 for a perfect drawing, whatever it makes of kept patches; 4 for one that is off by 2."""
    model = build()
    missing_pixels = 2.0

    def drawn(patches, missing, kept):
        right = model.target(patches)
        visible = torch.zeros_like(missing).scatter(2, kept, value=True)
        return torch.where(visible[..., None], right + 100, right + missing_pixels)

    monkeypatch.setattr(model, "drawn", drawn)
    assert model.training_loss(model.sides(*windows()), NOBODY).item() == pytest.approx(4.0)
    missing_pixels = 0.0
    assert model.training_loss(model.sides(*windows()), NOBODY).item() == 0.0


def test_targets_have_mean_0_and_variance_1_unless_told_otherwise() -> None:
    """Patch by patch; a flat patch is 0 and not infinite."""
    patches = windows()[0].reshape(3, 12, 20, 50) * 3 + 7
    patches[0, 0, 0] = 0.2
    target = build().target(patches)
    assert target.isfinite().all()
    assert target.mean(dim=3).abs().max() < 1e-3
    assert target[1].var(dim=2).sub(1).abs().max() < 1e-3
    assert torch.equal(build(normalise_patches=False).target(patches), patches)


def test_what_was_not_recorded_is_neither_drawn_nor_counted() -> None:
    """A missing lead and a missing end leave so many patches fewer."""
    signal, mask = windows()
    signal[:, 4] = 0
    signal[:, :, 800:] = 0
    model = build(hidden_share=0.9)  # two patches of a lead are kept
    errors, counts = model.sides(signal, mask)
    assert errors.isfinite().all()
    assert (counts >= 11 * 14).all()
    assert (counts <= 11 * 16).all()
    nothing = model.sides(torch.zeros_like(signal), mask)
    assert model.training_loss(nothing, NOBODY).item() == 0.0


def test_missing_leads_are_left_out_of_the_encoder() -> None:
    """Tokens of six leads are those of an encoder that has only these six."""
    torch.manual_seed(0)
    whole = LeadViT(12, samples=1000, width=24, layers=2).eval()
    half = LeadViT(6, samples=1000, width=24, layers=2).eval()
    state = whole.state_dict()
    half.load_state_dict(state | {"leads": state["leads"][:6]})
    signal = windows()[0]
    signal[:, 6:] = 0
    assert torch.allclose(whole(signal), half(signal[:, :6]), atol=1e-5)


def test_leads_and_times_are_told_apart() -> None:
    """Two leads exchanged, or two patches, give another embedding."""
    torch.manual_seed(0)
    encoder = LeadViT(12, samples=1000, width=24, layers=2).eval()
    signal = windows()[0]
    mean = encoder(signal).mean(dim=1)
    swapped = signal[:, [1, 0, *range(2, 12)]]
    assert not torch.allclose(encoder(swapped).mean(dim=1), mean, atol=1e-4)
    assert not torch.allclose(encoder(signal.roll(50, dims=2)).mean(dim=1), mean, atol=1e-4)


def test_positions_are_sines_and_cosines() -> None:
    """The first place is 0 and 1; the fastest sine is that of the place itself."""
    positions = fixed_positions(20, 24)
    assert positions[0].tolist() == [0.0] * 12 + [1.0] * 12
    assert torch.allclose(positions[:, 0], torch.arange(20).sin())
    assert len({tuple(row) for row in positions.tolist()}) == 20


def test_a_patch_that_does_not_divide_the_window_is_refused() -> None:
    """As of the other ViT."""
    with pytest.raises(ValueError, match="divisor of 1000, found 30"):
        LeadViT(12, samples=1000, patch_samples=30)
