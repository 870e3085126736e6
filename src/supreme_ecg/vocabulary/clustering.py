"""Texts of one meaning: complete linkage on the cosine, with pairs that are never put together.

Complete linkage merges two clusters only where every member of the one is near every member of
the other, so a refused pair, set farther apart than any cosine, keeps its clusters apart for good.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import squareform

_REFUSED: Final = 4.0
"""Farther than any cosine distance, which is at most 2."""
_ROWS: Final = 2048
"""Texts whose similarities to all others are held at once."""
_ROUNDING: Final = 1e-6
"""A cosine this much below the threshold still reaches it: float32."""


def cluster_texts(
    vectors: Float[np.ndarray, "text width"],
    kinds: Sequence[Hashable],
    facts: Sequence[Sequence[Hashable]],
    *,
    threshold: float,
) -> Int[np.ndarray, " text"]:
    """Cluster texts so that no cluster holds two that oppose each other.

    Args:
        vectors: One vector of unit length per text.
        kinds: Texts of different kinds oppose each other.
        facts: As many per text; texts with different ones oppose each other, None goes with any.
        threshold: Least cosine between any two members of a cluster, above -1 and at most 1.

    Returns:
        A cluster number per text, from 0, in the order in which clusters first occur.
    """
    known = _columns(facts)
    labels = np.empty(len(vectors), dtype=np.int64)
    number = 0
    for part in _parts(kinds):
        for group in _neighbourhoods(vectors[part], known[part], threshold):
            here = part[group]
            found = _complete_linkage(vectors[here], known[here], threshold)
            labels[here] = found + number
            number += int(found.max()) + 1
    return _in_order(labels)


def count_refused_pairs(
    vectors: Float[np.ndarray, "text width"],
    kinds: Sequence[Hashable],
    facts: Sequence[Sequence[Hashable]],
    *,
    threshold: float,
) -> int:
    """Count the pairs that are near enough to be merged but oppose each other.

    Arguments as in :func:`cluster_texts`.
    """
    kind, known = _numbers(kinds), _columns(facts)
    count = 0
    for start in range(0, len(vectors), _ROWS):
        rows = slice(start, start + _ROWS)
        near = vectors[rows] @ vectors.T >= threshold - _ROUNDING
        opposed = _opposed(known[rows], known) | (kind[rows, None] != kind[None, :])
        count += int((near & opposed).sum())
    return count // 2


def _complete_linkage(
    vectors: Float[np.ndarray, "text width"], known: Int[np.ndarray, "text fact"], threshold: float
) -> Int[np.ndarray, " text"]:
    """Return cluster numbers from 0, each number used."""
    if len(vectors) == 1:
        return np.zeros(1, dtype=np.int64)
    distance = np.clip(1 - vectors.astype(np.float64) @ vectors.T.astype(np.float64), 0, 2)
    distance[_opposed(known, known)] = _REFUSED
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform(distance, checks=False), method="complete")
    found = fcluster(tree, t=1 - threshold + _ROUNDING, criterion="distance")
    return np.asarray(np.unique(found, return_inverse=True)[1], dtype=np.int64)


def _neighbourhoods(
    vectors: Float[np.ndarray, "text width"], known: Int[np.ndarray, "text fact"], threshold: float
) -> Iterator[Int[np.ndarray, " member"]]:
    """Yield the sets of texts that chains of near pairs connect: no cluster reaches beyond one.

    Only such a set needs all its distances in memory.
    """
    rows, columns = [], []
    for start in range(0, len(vectors), _ROWS):
        near = vectors[start : start + _ROWS] @ vectors.T >= threshold - 2 * _ROUNDING
        near &= ~_opposed(known[start : start + _ROWS], known)
        row, column = np.nonzero(near)
        rows.append(row + start)
        columns.append(column)
    row, column = np.concatenate(rows), np.concatenate(columns)
    graph = coo_array((np.ones(len(row), bool), (row, column)), shape=(len(vectors),) * 2)
    count, label = connected_components(graph, directed=False)
    order = np.argsort(label, kind="stable")
    yield from np.split(order, np.searchsorted(label[order], np.arange(1, count)))


def _opposed(
    one: Int[np.ndarray, "row fact"], other: Int[np.ndarray, "column fact"]
) -> Bool[np.ndarray, "row column"]:
    found = np.zeros((len(one), len(other)), dtype=bool)
    for left, right in zip(one.T, other.T, strict=True):
        both_known = (left >= 0)[:, None] & (right >= 0)[None, :]
        found |= both_known & (left[:, None] != right[None, :])
    return found


def _parts(kinds: Sequence[Hashable]) -> Iterator[Int[np.ndarray, " member"]]:
    parts: defaultdict[Hashable, list[int]] = defaultdict(list)
    for index, kind in enumerate(kinds):
        parts[kind].append(index)
    for part in parts.values():
        yield np.array(part, dtype=np.int64)


def _columns(facts: Sequence[Sequence[Hashable]]) -> Int[np.ndarray, "text fact"]:
    """Return a column of numbers per fact."""
    columns = [_numbers(column) for column in zip(*facts, strict=True)]
    return np.stack(columns, axis=1) if columns else np.zeros((len(facts), 0), dtype=np.int64)


def _numbers(values: Sequence[Hashable]) -> Int[np.ndarray, " text"]:
    """Return a number per value, equal for equal values; -1 for None."""
    numbers: dict[Hashable, int] = {}
    return np.array(
        [-1 if v is None else numbers.setdefault(v, len(numbers)) for v in values], dtype=np.int64
    )


def _in_order(labels: Int[np.ndarray, " text"]) -> Int[np.ndarray, " text"]:
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return np.asarray(rank[inverse], dtype=np.int64)
