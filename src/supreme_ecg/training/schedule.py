"""Learning rate over steps: warm-up + cosine, the paper's warm restarts, and cycles to average over."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field


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


@dataclass(frozen=True, slots=True, kw_only=True)
class CyclesConfig:
    """The run in equal cycles, each a linear warm-up and half a cosine (``training.keep = "mean"``)."""

    name: Literal["cycles"] = "cycles"
    cycles: Annotated[int, Field(ge=1)] = 4
    """How many; the epochs must be a multiple of it."""
    warmup_share: Annotated[float, Field(ge=0, lt=1)] = 0.2
    """Share of a cycle in which the rate rises."""
    final_share: float = 0.01
    """Lowest rate as a share of the highest."""


ScheduleConfig = CosineConfig | WarmRestartsConfig | CyclesConfig


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
        if isinstance(schedule, CyclesConfig):
            total_steps //= schedule.cycles
            step %= total_steps
        longest = max(0, total_steps - 2)  # the last step has the lowest rate
        warmup = min(round(schedule.warmup_share * total_steps), longest)
        if step < warmup:
            return (step + 1) / warmup
        progress = (step - warmup) / max(1, total_steps - 1 - warmup)
    cosine = (1 + math.cos(math.pi * min(progress, 1.0))) / 2
    return schedule.final_share + (1 - schedule.final_share) * cosine


def ends_cycle(epoch: int, *, schedule: ScheduleConfig, epochs: int) -> bool:
    """Whether an epoch is the last of a cycle, or of a run without cycles.

    Args:
        epoch: From 0.
        schedule: Which curve.
        epochs: Of the whole run.
    """
    cycles = schedule.cycles if isinstance(schedule, CyclesConfig) else 1
    return (epoch + 1) % (epochs // cycles) == 0
