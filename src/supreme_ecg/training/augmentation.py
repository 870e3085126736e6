"""Changes to a window that leave its findings true."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor


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
    if config.lead_dropout:
        recorded = recorded & _kept_leads(recorded, config.lead_dropout, generator)
    return signal * recorded * sample_mask[:, None, :], sample_mask


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
