"""Embeddings of a whole store, computed once for each weights and store and kept in a file.

They lie in the store's own folder unless told otherwise: vectors of patients' ECGs belong where the ECGs
are, and go when these go. A file vouches for what it is (weights, signals, contract) and for its bytes.
Beyond that a few windows are embedded again at each reuse, so that code which has changed since is
noticed as well.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float, Float32, Integer

from supreme_ecg.errors import WeightsError
from supreme_ecg.evaluation.frozen import frozen
from supreme_ecg.extraction.files import cannot_write
from supreme_ecg.models.ecg_encoder import EcgEncoder
from supreme_ecg.store.reading import Store
from supreme_ecg.store.vector_file import (
    Origin,
    identity_of,
    key_of,
    read_vectors,
    write_vectors,
)

FOLDER: Final = "embeddings"
"""Where they lie within a store."""
_BATCH: Final = 128
"""Windows that the encoder sees at once."""
_PART: Final = 1024
"""Windows whose embeddings are written together: what a killed run loses at most."""
_CHECKED: Final = 8
"""Windows that are embedded again before a file is believed."""
_TOLERANCE: Final = 1e-3
"""Largest distance to a vector computed again, as a share of its length; rounding gives about 1e-6."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Embeddings:
    """A vector for each record of a store."""

    vectors: Float32[np.ndarray, "record width"]
    """In the order of the store's rows."""
    origin: Origin
    """``not cached`` where the encoder has no file of weights to know it by."""
    path: Path | None
    """The file; None where nothing was kept."""


def embed_store(
    encoder: EcgEncoder,
    store: Store,
    *,
    cache: Path | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> Embeddings:
    """Embed every record of a store, or read what an earlier call with these weights gave.

    A call that was killed goes on where it stopped.

    Args:
        encoder: Frozen: it is checked that none of its numbers moves.
        store: Of the encoder's contract.
        cache: Folder of the files; the store's own (:data:`FOLDER`) where None.
        advance: Called with the number of records after each batch, and with those found already done.

    Raises:
        ContractError: The store was made under another contract. StoreError: The store is damaged, or
        the folder cannot be written to. WeightsError: The encoder moves, is in training mode, or gives
        something else than a finite vector a window.
    """
    encoder.contract.require_equal(store.contract, where=store.path)
    if encoder.weights_sha256 is None:
        with frozen(encoder):
            vectors = _embed(encoder, store, np.arange(len(store)), advance)
        return Embeddings(vectors=vectors, origin="not cached", path=None)
    identity = identity_of(encoder.weights_sha256, store)
    key = key_of(identity)
    folder = _writable(store.path / FOLDER if cache is None else cache)
    path = folder / f"{key}.safetensors"
    kept = read_vectors(path, identity=identity, records=len(store))
    if kept is not None and _is_current(kept, encoder, store):
        advance(len(store))
        return Embeddings(vectors=kept, origin="cached", path=path)
    origin: Origin = "replaced" if path.exists() else "computed"
    parts = folder / f"{key}.partial"
    with frozen(encoder):
        vectors = _embed_in_parts(encoder, store, parts, identity=identity, advance=advance)
    write_vectors(path, vectors, identity=identity)
    shutil.rmtree(parts, ignore_errors=True)
    return Embeddings(vectors=vectors, origin=origin, path=path)


def _embed(
    encoder: EcgEncoder,
    store: Store,
    rows: Integer[np.ndarray, " record"],
    advance: Callable[[int], None],
) -> Float32[np.ndarray, "record width"]:
    vectors: list[np.ndarray] = []
    for start in range(0, len(rows), _BATCH):
        batch = store.batch(rows[start : start + _BATCH])
        given = encoder.embed(batch.signal, batch.lead_mask, batch.sample_mask)
        vectors.append(_require_vectors(given, encoder, windows=len(batch.signal)))
        advance(len(batch.signal))
    return np.concatenate(vectors)


def _embed_in_parts(
    encoder: EcgEncoder,
    store: Store,
    folder: Path,
    *,
    identity: str,
    advance: Callable[[int], None],
) -> Float32[np.ndarray, "record width"]:
    """Embed part by part; parts of an earlier run are taken over if they are still what the encoder gives."""
    parts: list[np.ndarray] = []
    is_trusted: bool | None = None
    for number, start in enumerate(range(0, len(store), _PART)):
        rows = np.arange(start, min(start + _PART, len(store)))
        path = folder / f"{number:05}.safetensors"
        part = read_vectors(path, identity=identity, records=len(rows))
        if part is not None and is_trusted is None:
            is_trusted = _is_current(part, encoder, store, first=start)
        if part is None or not is_trusted:
            part = _embed(encoder, store, rows, advance)
            write_vectors(_writable(folder) / path.name, part, identity=identity)
        else:
            advance(len(rows))
        parts.append(part)
    return np.concatenate(parts)


def _is_current(
    vectors: Float[np.ndarray, "record width"], encoder: EcgEncoder, store: Store, *, first: int = 0
) -> bool:
    """Whether the encoder still gives these vectors of a stretch of rows, tried on a few spread over it."""
    places = np.unique(np.linspace(0, len(vectors) - 1, _CHECKED).astype(int))
    with frozen(encoder):
        again = _embed(encoder, store, places + first, lambda _: None)
    if again.shape[1] != vectors.shape[1]:
        return False
    distance = np.linalg.norm(again - vectors[places], axis=1)
    return bool((distance <= _TOLERANCE * np.linalg.norm(again, axis=1) + 1e-12).all())


def _require_vectors(
    given: np.ndarray, encoder: EcgEncoder, *, windows: int
) -> Float32[np.ndarray, "record width"]:
    vectors = np.asarray(given, dtype=np.float32)
    if vectors.ndim == 2 and len(vectors) == windows and np.isfinite(vectors).all():
        return vectors
    is_shape = vectors.ndim != 2 or len(vectors) != windows
    raise WeightsError(
        type(encoder).__name__,
        expected=f"a finite vector for each of {windows} windows",
        found=f"an array of shape {vectors.shape}" if is_shape else "NaN or infinity",
        remedy="Mend its embed(); weights that give NaN are damaged or diverged.",
    )


def _writable(folder: Path) -> Path:
    """The folder, made if absent; found out before the long work."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
        raise PermissionError(13, "Permission denied")
    except OSError as error:
        raise cannot_write(folder, error, 0) from None
