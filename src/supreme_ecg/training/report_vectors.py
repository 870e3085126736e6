"""Vectors of reports, from a frozen text encoder: each distinct text once, kept in the folder of the run.

The file holds hashes of texts and vectors, never a text.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Int
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from supreme_ecg.models.text_encoder import TextEncoder

FILE: Final = "report_vectors.safetensors"
_BATCH: Final = 64
_ENCODER: Final = "text_encoder"
"""Key of the header: the encoder that made the vectors."""


def encode_reports(
    texts: Sequence[str],
    *,
    text_encoder: TextEncoder,
    folder: Path,
    write: bool = True,
    advance: Callable[[int, int], None] = lambda _done, _total: None,
) -> tuple[Float[Tensor, "text width"], Int[Tensor, " report"]]:
    """Encode reports.

    Args:
        texts: Of each report; equal texts are encoded once.
        text_encoder: Frozen.
        folder: Where the vectors of an earlier start of this run are looked for.
        write: Put them there, if any is new.
        advance: Called with how many of how many distinct texts are encoded, after each batch.

    Returns:
        Vectors of the distinct texts, and which of them each report has.
    """
    order = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    keys = {text: hashlib.sha256(text.encode()).hexdigest() for text in order}
    identity = json.dumps(asdict(text_encoder.config), sort_keys=True)
    known = _read(folder / FILE, identity=identity)
    # texts of a length together: a batch is as long as its longest
    new = sorted((text for text in order if keys[text] not in known), key=lambda t: (len(t), t))
    for start in range(0, len(new), _BATCH):
        batch = new[start : start + _BATCH]
        vectors = text_encoder.encode(batch)
        known.update((keys[text], vector) for text, vector in zip(batch, vectors, strict=True))
        advance(min(start + _BATCH, len(new)), len(new))
    stacked = torch.stack([known[keys[text]] for text in order])
    if new and write:
        _write(
            folder / FILE, hashes=[keys[text] for text in order], vectors=stacked, identity=identity
        )
    return stacked, torch.tensor([order[text] for text in texts])


def _read(path: Path, *, identity: str) -> dict[str, Tensor]:
    """Hash -> vector; empty where there is no file, a damaged one, or one of another text encoder."""
    try:
        with safe_open(path, framework="pt") as file:
            if (file.metadata() or {}).get(_ENCODER) != identity:
                return {}
            hashes, vectors = file.get_tensor("hashes"), file.get_tensor("vectors")
    except (OSError, SafetensorError):
        return {}
    return {bytes(row).hex(): vector for row, vector in zip(hashes.numpy(), vectors, strict=True)}


def _write(path: Path, *, hashes: Sequence[str], vectors: Tensor, identity: str) -> None:
    rows = np.array([list(bytes.fromhex(each)) for each in hashes], dtype=np.uint8)
    partial = path.with_name(f".{path.name}")
    tensors = {"hashes": torch.from_numpy(rows), "vectors": vectors.contiguous()}
    save_file(tensors, partial, metadata={_ENCODER: identity})
    os.replace(partial, path)
