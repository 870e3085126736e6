"""Complete linkage with refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from supreme_ecg.vocabulary.clustering import cluster_texts, count_refused_pairs
from supreme_ecg.vocabulary.opposites import Opposites

TERMS = [
    *("left", "right", "atrial", "ventricular", "anterior", "inferior", "lateral", "septal"),
    *("first degree", "second degree", "third degree", "complete", "incomplete", "tachycardia"),
    *("bradycardia", "acute", "old", "no", "links", "rechts", "akut", "alt", "kein", "ohne"),
    *("vänster", "höger", "gammal", "ingen", "block", "infarct", "slightly", "markedly"),
]
OPPOSITES = Opposites.load()


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def near(count: int, seed: int) -> np.ndarray:
    """Vectors most of whose cosines are around 0.8."""
    random = np.random.default_rng(seed)
    return unit(np.ones(8) + random.normal(scale=0.5, size=(count, 8)))


@given(
    st.lists(st.lists(st.sampled_from(TERMS), max_size=4).map(" ".join), min_size=1, max_size=30),
    st.integers(0, 2**32 - 1),
    st.sampled_from([-0.5, 0.5, 0.8, 0.95, 1.0]),
    st.data(),
)
@settings(max_examples=150, deadline=None)
def test_no_cluster_holds_two_that_oppose(texts, seed, threshold, data) -> None:
    """Whatever the texts, vectors and known concepts; and every pair in it is near."""
    vectors = near(len(texts), seed)
    signatures = [OPPOSITES.signature(text) for text in texts]
    known = [data.draw(st.sampled_from([None, None, "a", "b"])) for _ in texts]
    kinds = [each.sides for each in signatures]
    facts = [(name, *each.open_sides) for name, each in zip(known, signatures, strict=True)]
    labels = cluster_texts(vectors, kinds, facts, threshold=threshold)
    assert set(labels) == set(range(labels.max() + 1))
    cosine = vectors @ vectors.T
    for one, other in np.argwhere(labels[:, None] == labels[None, :]):
        assert not signatures[one].opposes(signatures[other])
        assert known[one] is None or known[other] is None or known[one] == known[other]
        assert one == other or cosine[one, other] >= threshold - 1e-5


@given(st.integers(1, 40), st.integers(0, 2**32 - 1), st.sampled_from([0.6, 0.8, 0.9]))
@settings(deadline=None)
def test_without_refusals_it_is_scipys_complete_linkage(count, seed, threshold) -> None:
    """Taking connected sets one by one changes nothing."""
    vectors = near(count, seed)
    labels = cluster_texts(vectors, ["x"] * count, [()] * count, threshold=threshold)
    if count == 1:
        assert labels.tolist() == [0]
        return
    distance = 1 - vectors.astype(np.float64) @ vectors.T.astype(np.float64)
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform(distance, checks=False), method="complete")
    expected = fcluster(tree, t=1 - threshold + 1e-6, criterion="distance")
    together = labels[:, None] == labels[None, :]
    assert (together == (expected[:, None] == expected[None, :])).all()


def test_a_text_without_a_known_concept_joins_one_side_only() -> None:
    """It goes with either of two known ones, and they still stay apart."""
    vectors = unit(np.array([[1.0, 0.0], [1.0, 0.05], [1.0, 0.1]]))
    labels = cluster_texts(vectors, ["x"] * 3, [("a",), (None,), ("b",)], threshold=0.8)
    assert labels[0] != labels[2]
    assert labels[1] in (labels[0], labels[2])


def test_no_text_gives_no_cluster() -> None:
    """An empty table is no error."""
    assert cluster_texts(np.zeros((0, 4), np.float32), [], [], threshold=0.8).shape == (0,)


def test_refused_pairs_are_those_near_enough_to_merge() -> None:
    """Pairs that are far apart were never going to be merged."""
    vectors = unit(np.array([[1.0, 0.0], [1.0, 0.01], [1.0, 0.02], [0.0, 1.0]]))
    kinds, facts = ["left", "right", "left", "right"], [(None,)] * 4
    assert count_refused_pairs(vectors, kinds, facts, threshold=0.8) == 2
    facts = [("a",), (None,), ("b",), (None,)]
    assert count_refused_pairs(vectors, kinds, facts, threshold=0.8) == 3


@pytest.mark.parametrize("rows", [1, 3, 2048])
def test_blocks_of_rows_change_nothing(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The similarities are taken in blocks to spare memory."""
    vectors, kinds = near(30, 0), ["x", "y", "x"] * 10
    facts = [(None,), ("a",), ("b",)] * 10
    whole = cluster_texts(vectors, kinds, facts, threshold=0.8)
    refused = count_refused_pairs(vectors, kinds, facts, threshold=0.8)
    monkeypatch.setattr("supreme_ecg.vocabulary.clustering._ROWS", rows)
    assert (cluster_texts(vectors, kinds, facts, threshold=0.8) == whole).all()
    assert count_refused_pairs(vectors, kinds, facts, threshold=0.8) == refused
