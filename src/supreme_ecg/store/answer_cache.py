"""Answers about the records of a store, kept in its folder, so that scoring again costs seconds.

A file is known by weights, signals, calibration and questions, and holds a row for each record of the
store, NaN where it was never asked about. Before it is believed a few of its records are asked again, so
that changed code or another text encoder behind the same weights is noticed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float, Integer

from supreme_ecg.errors import StoreError
from supreme_ecg.store.reading import Store
from supreme_ecg.store.vector_file import Origin, key_of, read_vectors, write_vectors

FOLDER: Final = "answers"
"""Where they lie within a store."""
_CHECKED: Final = 8
"""Records that are asked again before a file is believed."""
_TOLERANCE: Final = 1e-4
"""Largest difference between an answer and the same asked again, as a share of its distance to 0 or 1 (a
rare finding is ranked by small answers); rounding gives about 1e-5."""
_LEAST: Final = 1e-7
"""Difference that always counts as rounding: single precision near 1."""

Ask = Callable[
    [Integer[np.ndarray, " record"], Callable[[int], None]], Float[np.ndarray, "record query"]
]
"""Rows of a store and where to tell progress -> answers."""


def kept_answers(
    ask: Ask,
    rows: Integer[np.ndarray, " record"],
    *,
    store: Store,
    identity: str,
    advance: Callable[[int], None] = lambda _: None,
) -> tuple[Float[np.ndarray, "record query"], Origin]:
    """Answers about some records: those that no earlier call asked for are asked, the others read.

    Where the store cannot be written to, all are asked each time.

    Args:
        ask: Asks the model.
        rows: Of the store's records.
        store: Where answers are kept.
        identity: What they follow from beside the records.
        advance: Told of every record once.

    Returns:
        The answers, and ``cached`` if all were read.
    """
    path = store.path / FOLDER / f"{key_of(identity)}.safetensors"
    kept = read_vectors(path, identity=identity, records=len(store.records))
    if kept is not None and not _is_current(kept, ask):
        kept = None
    origin: Origin = "replaced" if kept is None and path.exists() else "computed"
    there = np.zeros(len(rows), dtype=bool) if kept is None else ~np.isnan(kept[rows]).any(axis=1)
    advance(int(there.sum()))
    if kept is not None and there.all():
        return kept[rows], "cached"
    asked = np.asarray(ask(rows[~there], advance), dtype=np.float32)
    if kept is None:
        kept = np.full((len(store.records), asked.shape[1]), np.nan, dtype=np.float32)
    kept[rows[~there]] = asked
    if not np.isfinite(asked).all() or not _write(path, kept, identity=identity, store=store):
        return kept[rows], "not cached"
    return kept[rows], origin


def _write(
    path: Path, answers: Float[np.ndarray, "record query"], *, identity: str, store: Store
) -> bool:
    """Keep answers, if the store can hold them: a full disk spoils no score."""
    if not os.access(store.path, os.W_OK):
        return False
    try:
        path.parent.mkdir(exist_ok=True)
        write_vectors(path, answers, identity=identity)
    except (StoreError, OSError):
        return False
    return True


def _is_current(kept: Float[np.ndarray, "record query"], ask: Ask) -> bool:
    """Whether the model still answers so, tried on a few records spread over those that are kept."""
    rows = np.flatnonzero(~np.isnan(kept).any(axis=1))
    if not len(rows):
        return False
    some = rows[np.unique(np.linspace(0, len(rows) - 1, _CHECKED).astype(int))]
    before, again = kept[some], ask(some, lambda _: None)
    if again.shape != before.shape:
        return False
    allowed = _TOLERANCE * np.minimum(before, 1 - before) + _LEAST
    return bool((np.abs(again - before) <= allowed).all())
