"""Which arithmetic `auto` means."""

from __future__ import annotations

import pytest
import torch

from supreme_ecg.training.precision import choose_precision


@pytest.mark.parametrize(("has_kernels", "chosen"), [(True, "bf16-mixed"), (False, "32-true")])
def test_auto_is_bf16_where_the_processor_has_kernels_for_it(
    monkeypatch: pytest.MonkeyPatch, chosen: str, *, has_kernels: bool
) -> None:
    """Without them a step takes ten times as long as in float32, so float32 it is."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr("supreme_ecg.training.precision._fast_on_processor", lambda: has_kernels)
    assert choose_precision("auto") == chosen


@pytest.mark.parametrize(("native", "chosen"), [(True, "bf16-mixed"), (False, "32-true")])
def test_auto_is_bf16_where_the_gpu_computes_it_itself(
    monkeypatch: pytest.MonkeyPatch, chosen: str, *, native: bool
) -> None:
    """One that only emulates it computes in float32."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: native)
    assert choose_precision("auto") == chosen


@pytest.mark.parametrize("wanted", ["32-true", "bf16-mixed"])
def test_what_a_recipe_names_is_used(wanted) -> None:
    """Whatever the machine computes fast."""
    assert choose_precision(wanted) == wanted


def test_this_processor_can_be_asked() -> None:
    """The answer is a plain yes or no, and not that of an absent library."""
    assert choose_precision("auto") in {"32-true", "bf16-mixed"}
