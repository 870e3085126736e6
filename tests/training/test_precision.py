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


@pytest.mark.parametrize(
    ("instructions", "chosen"),
    [(("avx512_bf16",), "bf16-mixed"), (("amx_tile",), "bf16-mixed"), ((), "32-true")],
)
def test_an_x86_processor_needs_instructions_for_bfloat16(
    monkeypatch: pytest.MonkeyPatch, instructions: tuple[str, ...], chosen: str
) -> None:
    """AVX-512 without them is not enough, whatever oneDNN supports."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: True)
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    for name in ("avx512_bf16", "amx_tile"):
        monkeypatch.setattr(torch.cpu, f"_is_{name}_supported", lambda n=name: n in instructions)
    assert choose_precision("auto") == chosen


def test_without_the_library_nothing_is_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """A torch that was built without oneDNN computes bfloat16 in software on any processor."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    assert choose_precision("auto") == "32-true"
