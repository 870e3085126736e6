"""A file of one vector a record, which vouches for what it is of and for its bytes."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float32
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from supreme_ecg.extraction.files import write_whole
from supreme_ecg.store.reading import Store

Origin = Literal["computed", "cached", "replaced", "not cached"]
"""Where vectors come from: ``computed`` and kept; ``cached``: read; ``replaced``: computed because the file
there was damaged or no longer what the model gives; ``not cached``: computed, and kept nowhere."""


def identity_of(weights_sha256: str, store: Store, **more: object) -> str:
    """What vectors follow from: weights, bytes of the signals, contract, version of the code.

    Args:
        weights_sha256: Of the model that gives them.
        store: Whose records they are of.
        more: What else they depend on; plain values.
    """
    signals = "\n".join(shard.sha256 for shard in store.manifest.shards)
    return json.dumps(
        {
            "weights_sha256": weights_sha256,
            "signals_sha256": hashlib.sha256(signals.encode()).hexdigest(),
            "contract": store.contract.to_json(),
            "package_version": version("supreme-ecg"),
            **more,
        },
        sort_keys=True,
    )


def key_of(text: str) -> str:
    """Short checksum of a text; of an identity, the name of the file of its vectors."""
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def read_vectors(
    path: Path, *, identity: str, records: int
) -> Float32[np.ndarray, "record width"] | None:
    """The vectors of a file; None where there is none, it is damaged, or it is of something else."""
    try:
        with safe_open(path, framework="numpy") as file:
            header = file.metadata() or {}
            vectors: np.ndarray = file.get_tensor("vectors")
    except (OSError, SafetensorError):
        return None
    is_whole = header.get("sha256") == hashlib.sha256(vectors.tobytes()).hexdigest()
    is_meant = header.get("identity") == identity and len(vectors) == records
    return vectors if is_whole and is_meant else None


def write_vectors(
    path: Path, vectors: Float32[np.ndarray, "record width"], *, identity: str
) -> None:
    """Write such a file, whole or not at all.

    Raises:
        StoreError: The disk is full, or the folder cannot be written to.
    """
    header = {"identity": identity, "sha256": hashlib.sha256(vectors.tobytes()).hexdigest()}
    write_whole(path, [save({"vectors": np.ascontiguousarray(vectors)}, metadata=header)])
