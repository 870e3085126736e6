"""Answers about the records of a store, kept in its folder, so that scoring again costs seconds.

A file is known by weights, signals, calibration, records and questions. Before it is believed a few records
are asked again, so that changed code or another text encoder behind the same weights is noticed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal

import numpy as np
from jaxtyping import Float, Integer

from supreme_ecg.errors import StoreError
from supreme_ecg.store.vector_file import key_of, read_vectors, write_vectors

FOLDER: Final = "answers"
"""Where they lie within a store."""
_CHECKED: Final = 8
"""Records that are asked again before a file is believed."""
_TOLERANCE: Final = 1e-4
"""Largest difference between an answer and the same asked again, as a share of its distance to 0 or 1 (a
rare finding is ranked by small answers); rounding gives about 1e-5."""
_LEAST: Final = 1e-7
"""Difference that always counts as rounding: single precision near 1."""

Origin = Literal["computed", "kept", "replaced"]
"""``computed`` now; ``kept``: read; ``replaced``: computed because the file there was no longer what the
model answers."""
Ask = Callable[
    [Integer[np.ndarray, " record"], Callable[[int], None]], Float[np.ndarray, "record query"]
]
"""Rows of a store and where to tell progress -> answers."""


def kept_answers(
    ask: Ask,
    rows: Integer[np.ndarray, " record"],
    *,
    identity: str,
    store: Path,
    advance: Callable[[int], None] = lambda _: None,
) -> tuple[Float[np.ndarray, "record query"], Origin]:
    """Answers about some records, asked or read.

    Where the store cannot be written to they are asked each time.

    Args:
        ask: Asks the model.
        rows: Of the store.
        identity: What the answers follow from.
        store: Folder of the store.
        advance: Told of every record once.
    """
    path = store / FOLDER / f"{key_of(identity)}.safetensors"
    kept = read_vectors(path, identity=identity, records=len(rows))
    if kept is not None and _is_current(kept, ask, rows):
        advance(len(rows))
        return kept, "kept"
    answers = np.asarray(ask(rows, advance), dtype=np.float32)
    if np.isfinite(answers).all() and os.access(store, os.W_OK):
        with suppress(StoreError, OSError):  # a full disk spoils no score
            path.parent.mkdir(exist_ok=True)
            write_vectors(path, answers, identity=identity)
    return answers, "computed" if kept is None else "replaced"


def _is_current(
    kept: Float[np.ndarray, "record query"], ask: Ask, rows: Integer[np.ndarray, " record"]
) -> bool:
    """Whether the model still answers so, tried on a few records spread over them."""
    places = np.unique(np.linspace(0, len(rows) - 1, _CHECKED).astype(int))
    again = ask(rows[places], lambda _: None)
    if again.shape[1] != kept.shape[1]:
        return False
    before = kept[places]
    allowed = _TOLERANCE * np.minimum(before, 1 - before) + _LEAST
    return bool((np.abs(again - before) <= allowed).all())
