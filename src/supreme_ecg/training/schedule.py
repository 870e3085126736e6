"""Learning rate over steps: warm-up + cosine, and the paper's warm restarts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class CosineConfig:
    """Linear warm-up, then half a cosine down to ``final_share`` at the last step."""

    name: Literal["cosine"] = "cosine"
    warmup_share: float = 0.1
    """Share of all steps in which the rate rises, 0 to below 1."""
    final_share: float = 0.001
    """Last rate as a share of the highest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmRestartsConfig:
    """Cosine with warm restarts (Loshchilov and Hutter 2017), as SuPreME and MERL train."""

    name: Literal["warm_restarts"] = "warm_restarts"
    period_steps: int = 5000
    """Steps between restarts."""
    final_share: float = 1e-5
    """Lowest rate as a share of the highest."""


ScheduleConfig = CosineConfig | WarmRestartsConfig


def rate_share(step: int, *, schedule: ScheduleConfig, total_steps: int) -> float:
    """Learning rate of a step as a share of the highest.

    Args:
        step: Optimiser step, from 0.
        schedule: Which curve.
        total_steps: Optimiser steps of the whole run.

    Returns:
        A share from 0 to 1.
    """
    if isinstance(schedule, WarmRestartsConfig):
        progress = (step % schedule.period_steps) / schedule.period_steps
    else:
        warmup = round(schedule.warmup_share * total_steps)
        if step < warmup:
            return (step + 1) / warmup
        progress = (step - warmup) / max(1, total_steps - 1 - warmup)
    cosine = (1 + math.cos(math.pi * min(progress, 1.0))) / 2
    return schedule.final_share + (1 - schedule.final_share) * cosine
