"""Learning-rate curves."""

from __future__ import annotations

import pytest

from supreme_ecg.training.schedule import (
    CosineConfig,
    CyclesConfig,
    WarmRestartsConfig,
    ends_cycle,
    rate_share,
)


def test_warm_up_rises_in_a_line_to_the_highest_rate() -> None:
    """A tenth of 100 steps is warm-up: 0.1, 0.2 ... 1.0."""
    shares = [rate_share(step, schedule=CosineConfig(), total_steps=100) for step in range(10)]
    assert shares == pytest.approx([0.1 * (step + 1) for step in range(10)])


def test_the_cosine_ends_at_its_final_share() -> None:
    """The last step has the lowest rate, and the rate never rises after warm-up."""
    schedule = CosineConfig(final_share=0.02)
    shares = [rate_share(step, schedule=schedule, total_steps=100) for step in range(10, 100)]
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] == pytest.approx(0.02)


def test_the_cosine_agrees_with_torch() -> None:
    """Golden: torch.optim.lr_scheduler.CosineAnnealingLR, 50 steps, eta_min 0.1."""
    import torch

    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
    reference = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=49, eta_min=0.1)
    schedule = CosineConfig(warmup_share=0.0, final_share=0.1)
    for step in range(50):
        share = rate_share(step, schedule=schedule, total_steps=50)
        assert share == pytest.approx(reference.get_last_lr()[0], abs=1e-6)
        optimizer.step()
        reference.step()


def test_warm_restarts_agree_with_torch() -> None:
    """Golden: torch.optim.lr_scheduler.CosineAnnealingWarmRestarts, T_0 = 7, three periods."""
    import torch

    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
    reference = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=7, eta_min=0.01)
    schedule = WarmRestartsConfig(period_steps=7, final_share=0.01)
    for step in range(21):
        share = rate_share(step, schedule=schedule, total_steps=21)
        assert share == pytest.approx(reference.get_last_lr()[0], abs=1e-6)
        optimizer.step()
        reference.step()


def test_each_cycle_is_a_cosine_with_its_own_warm_up() -> None:
    """Three cycles of ten steps are three times the curve of a run of ten."""
    cycles = CyclesConfig(cycles=3, warmup_share=0.2, final_share=0.05)
    one = CosineConfig(warmup_share=0.2, final_share=0.05)
    shares = [rate_share(step, schedule=cycles, total_steps=30) for step in range(30)]
    assert shares == 3 * [rate_share(step, schedule=one, total_steps=10) for step in range(10)]
    assert shares[9] == shares[29] == pytest.approx(0.05)


def test_cycles_end_with_an_epoch() -> None:
    """Two cycles of six epochs end after the third and the sixth; a run without cycles once."""
    ends = [ends_cycle(e, schedule=CyclesConfig(cycles=2), epochs=6) for e in range(6)]
    assert ends == [False, False, True, False, False, True]
    assert [ends_cycle(e, schedule=CosineConfig(), epochs=3) for e in range(3)] == [
        False,
        False,
        True,
    ]


@pytest.mark.parametrize("warmup_share", [0.0, 0.5, 0.95])
def test_the_last_step_has_the_lowest_rate_however_long_the_warm_up(warmup_share: float) -> None:
    """Of a cycle too: it is where weights are taken into a mean."""
    schedule = CyclesConfig(cycles=2, warmup_share=warmup_share, final_share=0.05)
    ends = [rate_share(step, schedule=schedule, total_steps=20) for step in (9, 19)]
    assert ends == pytest.approx([0.05, 0.05])
