"""Questions about the heart and questions about anything else."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.models.text_encoder import TextEncoderConfig, TransformerTextEncoder
from supreme_ecg.serving.question import QuestionReader
from supreme_ecg.serving.relevance import Limits, Relevance, read_words

LISTS = Path(__file__).parent
TABLE = ConceptTable.load()
REFUSED = {"not_cardiac", "outside_ecg", "unreadable"}


def queries(name: str, half: str) -> list[str]:
    with (LISTS / f"{name}_queries.csv").open(encoding="utf-8") as file:
        return [row["query"] for row in csv.DictReader(file) if row["half"] == half]


@pytest.mark.parametrize("half", ["development", "held-out"])
def test_the_lists_are_what_they_are_said_to_be(half: str) -> None:
    """150 and more of each in both halves together, none twice, no cardiac one in the table."""
    cardiac, other = queries("cardiac", half), queries("off_topic", half)
    assert min(len(cardiac), len(other)) >= 75
    assert len({*cardiac, *other}) == len(cardiac) + len(other)
    assert not any(TABLE.find(query) for query in cardiac)


@pytest.mark.parametrize(
    "query",
    [
        "epsilon waves",
        "Takutsubo",
        "Kammertachykardie",
        "hjärtmuskelinflammation",
        "QRS over 120 ms",
    ],
)
def test_a_term_of_the_heart_settles_it(query: str) -> None:
    """Whole, misspelt, or as a part of a German or Swedish word."""
    assert read_words(query).strong


def test_words_that_the_heart_shares_are_counted() -> None:
    """They settle nothing by themselves."""
    words = read_words("a wave hit the block, another wave")
    assert (words.strong, words.weak) == (False, 2)


class Compass:
    """A text encoder for tests: cardiac phrases point north, others east, "between" in the middle."""

    width = 2

    def __init__(self, name: str = "compass") -> None:
        self.config = TextEncoderConfig(name=name)

    def encode(self, texts: Sequence[str]) -> torch.Tensor:
        places = {"north": (1.0, 0.0), "east": (0.0, 1.0), "between": (0.8, 0.6)}
        cardiac = {concept.name for concept in TABLE.concepts.values()}
        return torch.tensor(
            [
                places.get(text.split()[-1], (1.0, 0.0) if text in cardiac else (0.0, 1.0))
                for text in texts
            ]
        )


@pytest.mark.parametrize(
    ("text", "cardiac"),
    [("north", True), ("east", False), ("between", False), ("wave between", True)],
)
def test_without_a_term_the_nearer_topic_decides(text: str, cardiac: bool) -> None:
    """A shared word lowers the margin that is asked for."""
    relevance = Relevance(TABLE, Compass(), limits=Limits(margin=0.3, relief=0.2))
    assert relevance.is_cardiac(text) is cardiac


def test_with_an_unknown_text_encoder_words_decide() -> None:
    """Limits of one encoder say nothing about another one's similarities."""
    relevance = Relevance(TABLE, Compass("unknown"))
    assert relevance.limits is None
    assert relevance.is_cardiac("wave east")
    assert not relevance.is_cardiac("north")


@pytest.mark.slow
def test_held_out_questions_are_told_apart() -> None:
    """The packaged text encoder reads 800 phrases and 230 questions once: some ten seconds."""
    reader = QuestionReader(TABLE, Relevance(TABLE, TransformerTextEncoder(TextEncoderConfig())))
    shares = {
        name: sum(reader.read(query).kind in REFUSED for query in queries(name, "held-out"))
        / len(queries(name, "held-out"))
        for name in ("cardiac", "off_topic")
    }
    assert shares["cardiac"] <= 0.08
    assert shares["off_topic"] >= 0.95
    assert reader.read("heart of gold").kind == "not_cardiac"
    assert reader.read("pace of life").kind == "not_cardiac"
