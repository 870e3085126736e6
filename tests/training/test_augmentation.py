"""Augmentation leaves findings true and missing parts missing."""

from __future__ import annotations

import pytest
import torch

from supreme_ecg.training.augmentation import AugmentationConfig, augment

ALL = AugmentationConfig(
    shift_s=1.0, gain_share=0.1, lead_dropout=0.3, wander_mv=0.2, noise_mv=0.05
)


def windows() -> tuple[torch.Tensor, torch.Tensor]:
    """Four windows with lead 2 and the last two seconds not recorded."""
    signal = torch.randn(4, 12, 1000, generator=torch.Generator().manual_seed(0))
    mask = torch.ones(4, 1000, dtype=torch.bool)
    mask[:, 800:] = False
    signal[:, 2] = 0
    return signal * mask[:, None], mask


def changed(config: AugmentationConfig, seed: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return augment(*windows(), config=config, sampling_rate_hz=100, generator=generator)


def test_nothing_asked_is_nothing_done() -> None:
    """The default configuration returns the windows as they were."""
    signal, mask = changed(AugmentationConfig())
    assert torch.equal(signal, windows()[0])
    assert torch.equal(mask, windows()[1])


def test_what_is_missing_stays_exactly_zero() -> None:
    """No wander or noise is ever painted over a missing lead or sample."""
    signal, mask = changed(ALL)
    assert (signal[:, 2] == 0).all()
    assert (signal * ~mask[:, None] == 0).all()


def test_a_shift_moves_signal_and_mask_together() -> None:
    """Each window is its former self some samples on, at most a second, and the rest masked."""
    before, mask_before = windows()
    after, mask_after = changed(AugmentationConfig(shift_s=1.0))
    for index in range(4):
        fits = [
            offset
            for offset in range(-100, 101)
            if torch.equal(after[index, 0, 100:700], before[index, 0, 100 + offset : 700 + offset])
        ]
        assert len(fits) == 1
        expected = [
            0 <= t + fits[0] < 1000 and bool(mask_before[index, t + fits[0]]) for t in range(1000)
        ]
        assert mask_after[index].tolist() == expected


def test_gain_scales_all_leads_alike() -> None:
    """Ratios between leads, and so Einthoven's law, survive."""
    before, after = windows()[0], changed(AugmentationConfig(gain_share=0.1))[0]
    recorded = before != 0
    ratio = torch.where(recorded, after / before, torch.nan)
    for window in ratio:
        gains = window[~window.isnan()]
        assert gains.std() < 1e-6
        assert 0.9 <= gains[0] <= 1.1


def test_lead_dropout_always_leaves_a_recorded_lead() -> None:
    """Even at a probability of almost 1 one lead that was recorded stays whole."""
    signal, _ = changed(AugmentationConfig(lead_dropout=0.999))
    kept = (signal != 0).any(dim=2)
    assert (kept.sum(dim=1) >= 1).all()
    assert torch.equal(signal[kept], windows()[0][kept])


@pytest.mark.parametrize("seed", [1, 2])
def test_equal_seeds_give_equal_windows(seed: int) -> None:
    """All randomness comes from the generator that is passed in."""
    assert torch.equal(changed(ALL, seed)[0], changed(ALL, seed)[0])
    assert not torch.equal(changed(ALL, seed)[0], changed(ALL, seed + 1)[0])
