"""Which fingerprints are of the same recording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float, Int

from supreme_ecg.preprocessing.fingerprint import Fingerprints

LARGEST_SHAPE_DISTANCE: Final = 0.064
"""At equal rhythm. Copies of PTB-XL's recordings lie at 0.02, those of different people at 0.35."""
LARGEST_INTERVAL_ERROR_S: Final = 0.0064
"""Root mean square at equal shape. A copy's is about a millisecond."""
_CAPPED_S: Final = 0.1
"""A single interval's error counts no more than this."""
_QUERIES: Final = 256
"""Queries compared at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """Pairs that are of the same recording, by query, the nearest first."""

    queries: Int[np.ndarray, " pair"]
    """Positions among the queries."""
    known: Int[np.ndarray, " pair"]
    """Positions among the known."""
    distances: Float[np.ndarray, " pair"]
    """0 = nothing differs, 1 = at the limit."""


def find_same(queries: Fingerprints, known: Fingerprints, *, limit: float = 1.0) -> Matches:
    """Compare every query with every known fingerprint.

    Two are the same if the square of (distance of shapes / its limit) and that of (error of the
    intervals / its limit) sum to less than ``limit`` squared. Intervals are laid beside each other at every
    shift that makes half of the shorter sequence meet, and at least two; the best shift counts.

    Args:
        queries: What may be a copy.
        known: What it may be a copy of.
        limit: Up to which distance pairs are given; the decision is at 1.

    Returns:
        The pairs.
    """
    vectors, rhythm = known.vectors, known.interval_table
    norms = (vectors**2).sum(axis=1)
    found = []
    own_vectors, own_rhythm = queries.vectors, queries.interval_table
    for start in range(0, len(queries), _QUERIES):
        here = own_vectors[start : start + _QUERIES]
        squares = (here**2).sum(axis=1)[:, None] + norms - 2 * here @ vectors.T
        near = squares < (limit * LARGEST_SHAPE_DISTANCE) ** 2
        near &= (queries.counts[start : start + _QUERIES, None] > 0) & (known.counts > 0)
        query, other = np.nonzero(near)
        shape = np.maximum(squares[query, other], 0) / LARGEST_SHAPE_DISTANCE**2
        query += start
        error = _interval_errors(own_rhythm[query], rhythm[other]) / LARGEST_INTERVAL_ERROR_S
        distance = np.sqrt(shape + error**2)
        kept = distance < limit
        order = np.lexsort((distance[kept], query[kept]))
        found.append(
            np.stack([query[kept], other[kept], distance[kept]], axis=1).reshape(-1, 3)[order]
        )
    pairs = np.concatenate([np.zeros((0, 3)), *found])
    return Matches(
        queries=pairs[:, 0].astype(np.int64),
        known=pairs[:, 1].astype(np.int64),
        distances=pairs[:, 2],
    )


def _interval_errors(
    first: Float[np.ndarray, "pair interval"], second: Float[np.ndarray, "pair other"]
) -> Float[np.ndarray, " pair"]:
    """Root mean square difference in seconds at the best shift of each pair."""
    lengths = [np.isfinite(table).sum(axis=1) for table in (first, second)]
    needed = np.maximum(np.ceil(np.minimum(*lengths) / 2), 2)
    best = np.full(len(first), _CAPPED_S)
    for shift in range(2 - first.shape[1], second.shape[1] - 1):
        left, right = first[:, max(0, -shift) :], second[:, max(0, shift) :]
        size = min(left.shape[1], right.shape[1])
        difference = left[:, :size] - right[:, :size]
        met = np.isfinite(difference)
        squares = np.where(met, np.minimum(np.abs(difference), _CAPPED_S), 0) ** 2
        count = met.sum(axis=1)
        error = np.sqrt(squares.sum(axis=1) / np.maximum(count, 1))
        best = np.where(count >= needed, np.minimum(best, error), best)
    return best
