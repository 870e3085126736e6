"""Transformer blocks of ST-MEM's code, which MERL's code took over: pre-norm, heads of 64, GELU.

They are torch's own layers; only the names of their tensors differ from those published.
"""

from __future__ import annotations

import re
from typing import Final

from torch import nn

_NAMES: Final = {
    "norm1.": "attn.norm.",
    "self_attn.in_proj_": "attn.fn.to_qkv.",
    "self_attn.out_proj.": "attn.fn.to_out.0.",
    "norm2.": "ff.norm.",
    "linear1.": "ff.fn.net.0.",
    "linear2.": "ff.fn.net.3.",
}
"""Part of torch's layer -> of the published block."""


def transformer_blocks(width: int, *, layers: int) -> nn.Sequential:
    """Make the blocks; a module keeps them as its ``blocks``."""
    return nn.Sequential(
        *(
            nn.TransformerEncoderLayer(
                width, width // 64, 4 * width, activation="gelu", batch_first=True, norm_first=True
            )
            for _ in range(layers)
        )
    )


def published_name(name: str) -> str:
    """What the published weights call a tensor of a module that has :func:`transformer_blocks`."""
    match = re.match(r"blocks\.(\d+)\.(.*)", name)
    if match is None:
        return name
    number, rest = match.groups()
    part = next(part for part in _NAMES if rest.startswith(part))
    return f"block{number}.{_NAMES[part]}{rest.removeprefix(part)}"
