"""Changes to a window that leave its findings true."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

import numpy as np
import torch
from jaxtyping import Bool, Float
from pydantic import Field
from torch import Tensor

from supreme_ecg.records.leads import CHEST_LEADS, LIMB_LEADS, STANDARD_LEADS

LEAD_SETS: Final = (LIMB_LEADS, ("I",), ("II",), CHEST_LEADS)
"""What devices with fewer than 12 leads leave in a window. A file of I and II is among them: the
other limb leads follow from these two, so its window has all six."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AugmentationConfig:
    """How strongly training windows are changed. All off by 0."""

    shift_s: float = 0.0
    """Largest shift in time, seconds; what leaves the window is lost, what enters is masked."""
    gain_share: float = 0.0
    """Largest change of amplitude of the whole ECG, as a share (0.1 = 0.9 to 1.1)."""
    lead_dropout: float = 0.0
    """Probability that a lead is masked; at least one recorded lead always stays."""
    wander_mv: float = 0.0
    """Largest amplitude of a slow baseline wander (0.05 to 0.5 Hz) added to each lead, millivolts."""
    noise_mv: float = 0.0
    """Largest standard deviation of white noise added to an ECG, millivolts."""
    lead_set_share: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the ECGs cut down to one of :data:`LEAD_SETS`, each as likely."""
    short_share: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the ECGs cut to a shorter piece, put at the start of the window as a short file is."""
    shortest_s: Annotated[float, Field(gt=0)] = 2.5
    """Least length of such a piece, seconds; the longest is the window's."""
    time_out_share: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Largest share of the window that is masked in one stretch, in all leads; each ECG's is drawn from 0
    to it ("time out": Mehari and Strodthoff 2022, arXiv 2103.12676)."""
    mixup_alpha: Annotated[float, Field(ge=0)] = 0.0
    """Shape of the Beta distribution by which pairs of ECGs and their labels are blended."""


def augment(
    signal: Float[Tensor, "batch lead time"],
    sample_mask: Bool[Tensor, "batch time"],
    *,
    config: AugmentationConfig,
    sampling_rate_hz: int,
    generator: torch.Generator,
) -> tuple[Float[Tensor, "batch lead time"], Bool[Tensor, "batch time"]]:
    """Change windows at random; what is missing stays exactly 0.

    Args:
        signal: Millivolts, 0 where missing.
        sample_mask: True where the recording covers the sample.
        config: How strongly.
        sampling_rate_hz: Samples per second.
        generator: Source of all randomness.

    Returns:
        The changed windows and their sample masks.
    """
    recorded = (signal != 0).any(dim=2, keepdim=True)
    if config.gain_share:
        signal = signal * (1 + config.gain_share * _uniform((len(signal), 1, 1), generator))
    if config.wander_mv:
        signal = signal + _wander(signal, config.wander_mv, sampling_rate_hz, generator)
    if config.noise_mv:
        deviation = config.noise_mv * _uniform((len(signal), 1, 1), generator).abs()
        signal = signal + deviation * torch.randn(signal.shape, generator=generator)
    if config.shift_s:
        largest = round(config.shift_s * sampling_rate_hz)
        signal, sample_mask = _shift(signal, sample_mask, largest, generator)
    if config.short_share:
        shortest = round(config.shortest_s * sampling_rate_hz)
        signal, sample_mask = _shorten(signal, sample_mask, config.short_share, shortest, generator)
    if config.time_out_share:
        sample_mask = _time_out(sample_mask, config.time_out_share, generator)
    if config.lead_dropout:
        recorded = recorded & _kept_leads(recorded, config.lead_dropout, generator)
    if config.lead_set_share:
        recorded = _reduce_leads(recorded, config.lead_set_share, generator)
    return signal * recorded * sample_mask[:, None, :], sample_mask


def mixup(
    signal: Float[Tensor, "batch lead time"],
    sample_mask: Bool[Tensor, "batch time"],
    labels: Float[Tensor, "batch concept"],
    *,
    alpha: float,
    generator: torch.Generator,
) -> tuple[
    Float[Tensor, "batch lead time"], Bool[Tensor, "batch time"], Float[Tensor, "batch concept"]
]:
    """Blend each ECG with another one of the batch (Zhang et al. 2018, arXiv 1710.09412).

    Args:
        signal: Millivolts, 0 where missing.
        sample_mask: True where the recording covers the sample.
        labels: 0 to 1, NaN where left out; a blend with NaN is NaN.
        alpha: Shape of the Beta distribution of the share; the smaller, the rarer an even blend.
        generator: Source of all randomness.

    Returns:
        Blended windows, where either recording covers them, and labels blended alike.
    """
    other = torch.randperm(len(signal), generator=generator)
    seed = int(torch.randint(2**31, (), generator=generator))
    shares = np.random.default_rng(seed).beta(alpha, alpha, len(signal)).astype(np.float32)
    share = torch.from_numpy(np.maximum(shares, 1 - shares))
    return (
        torch.lerp(signal[other], signal, share[:, None, None]),
        sample_mask | sample_mask[other],
        torch.lerp(labels[other], labels, share[:, None]),
    )


def _uniform(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Numbers from -1 to 1."""
    return torch.rand(shape, generator=generator) * 2 - 1


def _wander(
    signal: Tensor, largest_mv: float, sampling_rate_hz: int, generator: torch.Generator
) -> Tensor:
    batch, leads, samples = signal.shape
    time_s = torch.arange(samples) / sampling_rate_hz
    frequency_hz = 0.05 + 0.45 * torch.rand((batch, 1, 1), generator=generator)
    phase = torch.pi * _uniform((batch, leads, 1), generator)
    amplitude_mv = largest_mv * _uniform((batch, leads, 1), generator)
    return amplitude_mv * torch.sin(2 * torch.pi * frequency_hz * time_s + phase)


def _shift(
    signal: Tensor, sample_mask: Tensor, largest: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    batch, _, samples = signal.shape
    offset = torch.randint(-largest, largest + 1, (batch, 1), generator=generator)
    source = torch.arange(samples) + offset
    inside = (source >= 0) & (source < samples)
    source = source.clamp(0, samples - 1)
    shifted = signal.gather(2, source[:, None, :].expand_as(signal))
    return shifted, sample_mask.gather(1, source) & inside


def _kept_leads(recorded: Tensor, dropout: float, generator: torch.Generator) -> Tensor:
    """True for leads that stay; the luckiest recorded lead of each ECG always does."""
    luck = torch.rand(recorded.shape, generator=generator)
    best = (luck * recorded).amax(dim=1, keepdim=True)
    return (luck >= dropout) | (luck == best)


def _shorten(
    signal: Tensor, sample_mask: Tensor, share: float, shortest: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Cut some ECGs to a piece and move it to the start; one without a recorded sample is not cut."""
    batch, _, samples = signal.shape
    shortest = min(shortest, samples)
    chosen, size, place = torch.rand((3, batch, 1), generator=generator)
    length = shortest + (size * (samples - shortest + 1)).long()
    source = torch.arange(samples) + (place * (samples - length + 1)).long()
    inside = torch.arange(samples) < length
    source = source.clamp(max=samples - 1)
    shorter_mask = sample_mask.gather(1, source) & inside
    cut = (chosen < share) & shorter_mask.any(dim=1, keepdim=True)
    shorter = signal.gather(2, source[:, None, :].expand_as(signal))
    return torch.where(cut[:, :, None], shorter, signal), torch.where(
        cut, shorter_mask, sample_mask
    )


def _time_out(sample_mask: Tensor, largest: float, generator: torch.Generator) -> Tensor:
    """False in one stretch of each ECG; one that would have no sample left is not changed."""
    batch, samples = sample_mask.shape
    size, place = torch.rand((2, batch, 1), generator=generator)
    length = (size * largest * samples).long()
    start = (place * (samples - length + 1)).long()
    time = torch.arange(samples)
    left = sample_mask & ((time < start) | (time >= start + length))
    return torch.where(left.any(dim=1, keepdim=True), left, sample_mask)


def _reduce_leads(recorded: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """True for leads that stay; an ECG with no lead of the set that was drawn keeps all it has."""
    sets = torch.tensor([[lead in leads for lead in STANDARD_LEADS] for leads in LEAD_SETS])
    drawn = torch.randint(len(sets), (len(recorded),), generator=generator)
    chosen = torch.rand(recorded.shape[:1], generator=generator) < share
    reduced = recorded & sets[drawn][:, :, None]
    cut = chosen[:, None, None] & reduced.any(dim=1, keepdim=True)
    return torch.where(cut, reduced, recorded)
