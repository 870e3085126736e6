"""Augmentation leaves findings true and missing parts missing."""

from __future__ import annotations

from collections import Counter

import pytest
import torch

from supreme_ecg.records.leads import STANDARD_LEADS
from supreme_ecg.training.augmentation import LEAD_SETS, AugmentationConfig, augment, mixup

ALL = AugmentationConfig(
    shift_s=1.0,
    gain_share=0.1,
    lead_dropout=0.3,
    wander_mv=0.2,
    noise_mv=0.05,
    lead_set_share=0.5,
    short_share=0.5,
    time_out_share=0.3,
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


def test_lead_sets_leave_what_a_device_records() -> None:
    """Half of the ECGs keep one of the sets whole and nothing else; the other half keeps all it had."""
    signal = torch.randn(400, 12, 50, generator=torch.Generator().manual_seed(0))
    mask = torch.ones(400, 50, dtype=torch.bool)
    after, _ = augment(
        signal,
        mask,
        config=AugmentationConfig(lead_set_share=0.5),
        sampling_rate_hz=10,
        generator=torch.Generator().manual_seed(1),
    )
    kept = (after != 0).any(dim=2)
    found = Counter(
        tuple(lead for lead, there in zip(STANDARD_LEADS, row, strict=True) if there)
        for row in kept.tolist()
    )
    assert set(found) == {STANDARD_LEADS, *LEAD_SETS}
    assert 160 <= found[STANDARD_LEADS] <= 240
    assert min(found[leads] for leads in LEAD_SETS) >= 30
    assert torch.equal(after[kept], signal[kept])


def test_an_ecg_without_any_lead_of_a_set_keeps_its_own() -> None:
    """Of a record that has V1 alone nothing is taken, whatever set is drawn."""
    signal = torch.zeros(40, 12, 50)
    signal[:, STANDARD_LEADS.index("V1")] = 1.0
    mask = torch.ones(40, 50, dtype=torch.bool)
    after, _ = augment(
        signal,
        mask,
        config=AugmentationConfig(lead_set_share=1.0),
        sampling_rate_hz=10,
        generator=torch.Generator().manual_seed(1),
    )
    assert torch.equal(after, signal)


def test_a_short_piece_stands_at_the_start_and_the_rest_is_masked() -> None:
    """It is a run of the former samples, 2.5 s or longer, as a shorter file's window would be."""
    before, _ = windows()
    after, mask = changed(AugmentationConfig(short_share=1.0))
    for index in range(4):
        length = int(mask[index].sum())
        assert mask[index, :length].all()
        assert (after[index, :, length:] == 0).all()
        fits = [
            offset
            for offset in range(800)
            if torch.equal(after[index, :, :length], before[index, :, offset : offset + length])
        ]
        assert len(fits) == 1
    assert len(set(mask.sum(dim=1).tolist())) > 1


def test_shortening_cuts_its_share_and_never_below_the_shortest() -> None:
    """Of many ECGs about the share is cut, between the least length and the window's."""
    signal = torch.ones(400, 12, 1000)
    _, mask = augment(
        signal,
        torch.ones(400, 1000, dtype=torch.bool),
        config=AugmentationConfig(short_share=0.25, shortest_s=5.0),
        sampling_rate_hz=100,
        generator=torch.Generator().manual_seed(1),
    )
    lengths = mask.sum(dim=1)
    assert 70 <= int((lengths < 1000).sum()) <= 130
    assert 500 <= int(lengths.min()) < 520


def test_a_record_with_little_in_it_is_never_emptied() -> None:
    """Ten recorded samples at the very start survive any cut: an ECG without samples has no answer."""
    signal, mask = torch.ones(60, 12, 1000), torch.zeros(60, 1000, dtype=torch.bool)
    mask[:, :10] = True
    _, after = augment(
        signal * mask[:, None],
        mask,
        config=AugmentationConfig(short_share=1.0),
        sampling_rate_hz=100,
        generator=torch.Generator().manual_seed(1),
    )
    assert after.any(dim=1).all()


def mixed(alpha: float = 0.4) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    signal, mask = windows()
    labels = torch.eye(4)
    labels[3, 3] = torch.nan
    generator = torch.Generator().manual_seed(2)
    return mixup(signal, mask, labels, alpha=alpha, generator=generator)


def test_mixup_blends_ecgs_and_labels_by_the_same_share() -> None:
    """The signal is the sum of the windows, each weighted by what its label became."""
    signal, _, labels = mixed()
    before, shares = windows()[0], labels.nan_to_num(0.0)
    whole = ~labels.isnan().any(dim=1)
    assert whole.any()
    blended = torch.einsum("bo,olt->blt", shares, before)
    torch.testing.assert_close(signal[whole], blended[whole])
    torch.testing.assert_close(shares[whole].sum(dim=1), torch.ones(int(whole.sum())))


def test_mixup_keeps_the_larger_share_of_each_ecg() -> None:
    """No window is blended so far that another one outweighs it."""
    _, _, labels = mixed()
    assert (labels.diagonal().nan_to_num(1.0) >= 0.5).all()


def test_mixup_leaves_out_what_either_label_leaves_out() -> None:
    """A blend with a label in doubt is in doubt."""
    _, _, labels = mixed()
    assert labels[3, 3].isnan()


def test_a_time_out_masks_one_stretch_of_at_most_its_share() -> None:
    """In all leads, of lengths up to the share and near it; the rest is as it was."""
    signal = torch.randn(300, 12, 1000, generator=torch.Generator().manual_seed(0))
    after, mask = augment(
        signal,
        torch.ones(300, 1000, dtype=torch.bool),
        config=AugmentationConfig(time_out_share=0.25),
        sampling_rate_hz=100,
        generator=torch.Generator().manual_seed(1),
    )
    lengths = (~mask).sum(dim=1)
    assert 200 < lengths.max() <= 250
    assert lengths.min() < 25
    edges = mask.int().diff(dim=1).abs().sum(dim=1)
    assert edges.max() <= 2  # one stretch
    assert (~mask[:, :300]).any()  # early and late ones
    assert (~mask[:, 700:]).any()
    assert torch.equal(after, signal * mask[:, None])


def test_a_time_out_leaves_something_of_a_short_recording() -> None:
    """A recording of five samples is never masked as a whole."""
    mask = torch.zeros(200, 1000, dtype=torch.bool)
    mask[:, 400:405] = True
    _, after = augment(
        torch.ones(200, 12, 1000) * mask[:, None],
        mask,
        config=AugmentationConfig(time_out_share=0.9),
        sampling_rate_hz=100,
        generator=torch.Generator().manual_seed(1),
    )
    assert after.any(dim=1).all()
