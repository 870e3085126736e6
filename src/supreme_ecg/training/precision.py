"""Which devices a training runs on, and which arithmetic they compute fast.

A processor without instructions for bfloat16 computes it in software: on one with AVX2 alone a step of
`supreme_ptb_xl_100hz` took ten times as long in bf16 as in float32 (docs/recipes.md).
"""

from __future__ import annotations

import logging
import platform
from typing import Literal

import torch
from lightning_fabric import Fabric

FixedPrecision = Literal["32-true", "bf16-mixed"]
Precision = Literal["auto"] | FixedPrecision


def choose_precision(wanted: Precision) -> FixedPrecision:
    """Say what ``auto`` means on this machine; anything else is what it says.

    Args:
        wanted: As the recipe has it.
    """
    if wanted != "auto":
        return wanted
    if torch.cuda.is_available():
        fast = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        fast = _fast_on_processor()
    return "bf16-mixed" if fast else "32-true"


def launch(wanted: Precision, *, devices: int | Literal["auto"] = "auto") -> Fabric:
    """Start on the devices of this machine.

    Args:
        wanted: As the recipe has it.
        devices: How many; ``auto``: all of the fastest kind.
    """
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # it announces the precision
    precision = choose_precision(wanted)
    fabric = Fabric(precision=precision, devices=devices, accelerator="auto")
    fabric.launch()
    return fabric


def _fast_on_processor() -> bool:
    """Whether this processor has instructions for bfloat16, and torch a library that uses them.

    oneDNN calls AVX-512 without them support enough, and converts; so on x86 the instructions are asked for.
    """
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    if platform.machine().lower() in {"x86_64", "amd64"}:
        return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
