"""Golden: 250 pairs of texts of PTB-XL that clustering merged or refused, judged one by one.

``benchmarks/vocabulary_ptb_xl.py --draw`` drew them at a threshold of 0.8 with seed 1; the authors
judged them, no cardiologist. ``same``: both are one entry of a vocabulary; ``different``: they are
not; ``arguable``: readers would differ. Doubt, grade and the date of a comparison are no part of
an entity; site, age, degree and whether a wave is or may be inverted are.
"""

from __future__ import annotations

import csv
from collections import Counter
from math import sqrt
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from supreme_ecg.models.text_encoder import MINILM, TextEncoderConfig, TransformerTextEncoder

HERE = Path(__file__).parent
PAGE = (HERE.parent.parent / "docs" / "vocabulary.md").read_text()
with (HERE / "golden_merges.csv").open(encoding="utf-8", newline="") as file:
    PAIRS = list(csv.DictReader(file))
MERGED = [pair for pair in PAIRS if pair["outcome"] == "merged"]
REFUSED = [pair for pair in PAIRS if pair["outcome"] == "refused"]


def wilson(right: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share."""
    z, share = 1.96, right / total
    middle = share + z * z / (2 * total)
    half = z * sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return (middle - half) / (1 + z * z / total), (middle + half) / (1 + z * z / total)


def by_cluster(verdicts: set[str]) -> tuple[float, float]:
    """The 95 % interval when clusters of pairs that share texts are drawn again, not pairs."""
    texts = sorted({text for pair in MERGED for text in (pair["one"], pair["other"])})
    place = {text: number for number, text in enumerate(texts)}
    edges = [(place[pair["one"]], place[pair["other"]]) for pair in MERGED]
    graph = coo_array((np.ones(len(edges)), tuple(zip(*edges, strict=True))), (len(texts),) * 2)
    count, group = connected_components(graph, directed=False)
    right, total = np.zeros(count), np.zeros(count)
    for pair, (one, _) in zip(MERGED, edges, strict=True):
        right[group[one]] += pair["same"] in verdicts
        total[group[one]] += 1
    drawn = np.random.default_rng(0).integers(count, size=(2000, count))
    low, high = np.quantile(right[drawn].sum(1) / total[drawn].sum(1), [0.025, 0.975])
    return float(low), float(high)


def test_every_pair_has_a_verdict_and_a_reason() -> None:
    """Two hundred merged, fifty refused, none twice."""
    assert (len(MERGED), len(REFUSED)) == (200, 50)
    assert len({frozenset((pair["one"], pair["other"])) for pair in PAIRS}) == 250
    assert {pair["same"] for pair in PAIRS} == {"same", "arguable", "different"}
    assert all(pair["reason"] for pair in PAIRS)


@pytest.mark.parametrize(
    ("row", "verdicts"),
    [
        ("the same beyond dispute", {"same"}),
        ("the same or arguable", {"same", "arguable"}),
    ],
)
def test_the_page_states_the_precision_that_the_verdicts_give(row: str, verdicts: set[str]) -> None:
    """With the interval over pairs and the wider one over clusters."""
    right = sum(pair["same"] in verdicts for pair in MERGED)
    intervals = [
        f"{low:.2f} to {high:.2f}" for low, high in (wilson(right, 200), by_cluster(verdicts))
    ]
    expected = f"| {row} | {right} of 200 | {right / 200:.2f} | {intervals[0]} | {intervals[1]} |"
    assert expected in PAGE, expected


def test_the_page_states_how_many_refusals_were_right() -> None:
    """And how many were not."""
    found = Counter(pair["same"] for pair in REFUSED)
    expected = (
        f"Of 50 refused pairs {found['different']} are different, "
        f"{found['arguable']} arguable, {found['same']} the same."
    )
    assert expected in PAGE, expected


@pytest.mark.parametrize("pair", REFUSED, ids=lambda pair: f"{pair['one']} / {pair['other']}")
def test_what_was_refused_is_still_refused(opposites, pair: dict[str, str]) -> None:
    """For the groups that the file names."""
    assert "; ".join(opposites.differing(pair["one"], pair["other"])) == pair["refused_for"]


def test_what_was_merged_is_still_allowed(opposites) -> None:
    """A new group of terms that parts a judged pair asks for a new draw."""
    opposed = [
        (pair["one"], pair["other"])
        for pair in MERGED
        if opposites.signature(pair["one"]).opposes(opposites.signature(pair["other"]))
    ]
    assert opposed == []


def test_the_cosines_are_those_of_the_published_encoder() -> None:
    """Golden values of the drawing, to the fourth decimal."""
    encoder = TransformerTextEncoder(TextEncoderConfig(name=MINILM))
    ones, others = ([pair[side] for pair in PAIRS] for side in ("one", "other"))
    cosine = (encoder.encode(ones) * encoder.encode(others)).sum(dim=1).numpy()
    np.testing.assert_allclose(cosine, [float(pair["cosine"]) for pair in PAIRS], atol=2e-4)
