"""Self-alignment of the text side: names and synonyms of one concept come together, other concepts apart.

SapBERT (Liu et al. 2021, arXiv 2010.11784) trains a whole encoder so on UMLS; here only the adapter of
`models/text_adapter.py` is trained, on the concept table alone: no ECG, no report, no label. Every step sees
every concept, so the hard negatives are always there; concepts whose names differ in a word of opposite
meaning (left and right, atrial and ventricular, first and third) must differ by a wider margin, and a
concept is pushed less from those above and below it in the hierarchy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.models.text_adapter import TextAdapter, slots_of
from supreme_ecg.models.text_encoder import TextEncoder
from supreme_ecg.training.alignment_texts import AlignmentText
from supreme_ecg.vocabulary.opposites import Opposites, Sides

_WARMUP_STEPS: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignmentConfig:
    """Size and training of an adapter. Chosen on held-out synonyms (docs/wording.md)."""

    hidden: int = 256
    """Width of the network's hidden layer."""
    pieces: int = 4096
    """Slots for pieces of words."""
    piece_width: int = 64
    """Width of a piece's vector."""
    shrinkage: float = 0.1
    """Of the whitening."""
    steps: Annotated[int, Field(ge=1)] = 400
    """Optimiser steps; each sees every concept."""
    texts_per_concept: int = 4
    """Texts of each concept in a step, beside its name."""
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    temperature: float = 0.07
    """Cosines are divided by it."""
    margin: float = 0.05
    """By how much a text must be nearer to its own concept than to any other."""
    opposite_margin: float = 0.15
    """The same, to a concept whose name differs in a word of opposite meaning."""
    relative_weight: float = 0.3
    """How much a concept above or below counts as another one, 0 to 1."""
    dropout: float = 0.1
    """Share of hidden numbers withheld."""
    withheld_share: float = 0.2
    """Share of texts whose encoder vector is withheld, so that the pieces of words learn too."""
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranks:
    """Where the true concept stands among all when concepts are ordered by their names' nearness."""

    phrases: int
    mean_rank: float
    """1 = always first."""
    first_share: float
    """Share of phrases whose own concept is nearest."""


def align(
    texts: Sequence[AlignmentText],
    *,
    table: ConceptTable,
    text_encoder: TextEncoder,
    config: AlignmentConfig,
    advance: Callable[[], None] = lambda: None,
) -> TextAdapter:
    """Train an adapter. The same texts, settings and seed give the same weights.

    Args:
        texts: To train on, names among them.
        table: For names and hierarchy of the texts' concepts.
        text_encoder: Frozen.
        config: Settings.
        advance: Called after each step.

    Returns:
        The trained adapter, its numbers rounded to half precision as its file holds them.
    """
    concepts = sorted({text.concept for text in texts})
    drawn = _Drawn(texts, concepts, table=table, encoder=text_encoder, pieces=config.pieces)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        adapter = _train(
            drawn, config=config, targets=_targets(concepts, table, config), advance=advance
        )
    return adapter.half().float().eval().requires_grad_(requires_grad=False)


def rank_of_concept(
    phrases: Sequence[tuple[str, str]], *, table: ConceptTable, text_encoder: TextEncoder
) -> Ranks:
    """Find where the true concept stands for each phrase among all concepts of the table.

    Args:
        phrases: (concept id, phrase).
        table: All concepts.
        text_encoder: With or without an adapter.
    """
    concepts = sorted(table.concepts)
    names = text_encoder.encode([table[concept].name for concept in concepts])
    asked = text_encoder.encode([phrase for _, phrase in phrases])
    cosines = asked @ names.T
    own = torch.tensor([concepts.index(concept) for concept, _ in phrases])
    ranks = (cosines > cosines.gather(1, own[:, None])).sum(dim=1) + 1
    return Ranks(
        phrases=len(phrases),
        mean_rank=float(ranks.float().mean()),
        first_share=float((ranks == 1).float().mean()),
    )


class _Drawn:
    """Texts encoded once, drawn anew for each step."""

    def __init__(
        self,
        texts: Sequence[AlignmentText],
        concepts: Sequence[str],
        *,
        table: ConceptTable,
        encoder: TextEncoder,
        pieces: int,
    ) -> None:
        words = [table[concept].name for concept in concepts] + [text.phrase for text in texts]
        by_length = sorted(range(len(words)), key=lambda i: (len(words[i]), words[i]))
        vectors = encoder.encode([words[i] for i in by_length])  # equal lengths: little padding
        self.vectors = vectors[torch.tensor(np.argsort(by_length))]
        self._slots = [np.array(slots_of(word, pieces), dtype=np.int64) for word in words]
        self.names = np.arange(len(concepts))
        index = {concept: i for i, concept in enumerate(concepts)}
        of_text = np.array([index[text.concept] for text in texts])
        self.of_row = np.concatenate([self.names, of_text])
        self._rows = [np.flatnonzero(of_text == i) + len(concepts) for i in range(len(concepts))]

    def draw(self, count: int, rng: np.random.Generator) -> Int[np.ndarray, " text"]:
        """All names, then ``count`` texts of each concept."""
        return np.concatenate([self.names, *(rng.choice(rows, count) for rows in self._rows)])

    def slots(
        self, rows: Int[np.ndarray, " text"]
    ) -> tuple[Int[Tensor, " piece"], Int[Tensor, " text"]]:
        parts = [self._slots[row] for row in rows]
        lengths = np.array([0, *(len(part) for part in parts[:-1])])
        return torch.from_numpy(np.concatenate(parts)), torch.from_numpy(lengths.cumsum())


@dataclass(frozen=True, slots=True)
class _Targets:
    margins: Float[Tensor, "concept concept"]
    """Added to the cosine with every concept but the own."""
    log_weights: Float[Tensor, "concept concept"]
    """Of each concept as another one."""


def _targets(concepts: Sequence[str], table: ConceptTable, config: AlignmentConfig) -> _Targets:
    opposite = opposite_names([table[concept].name for concept in concepts])
    relatives = torch.tensor(
        [[b in table.ancestors(a) or a in table.ancestors(b) for b in concepts] for a in concepts]
    )
    margins = torch.where(opposite, config.opposite_margin, config.margin)
    margins = margins.masked_fill(torch.eye(len(concepts), dtype=torch.bool), 0.0)
    weights = torch.where(relatives, max(config.relative_weight, 1e-6), 1.0)
    return _Targets(margins, weights.log())


def opposite_names(names: Sequence[str]) -> Bool[Tensor, "name name"]:
    """Say of each pair of names whether they differ in one term of opposite meaning and in no other.

    Args:
        names: Such as "left axis deviation" and "right axis deviation": these two do.
    """
    opposites = Opposites.load()
    signatures = [opposites.signature(name) for name in names]
    sides = [(*each.sides, *each.open_sides) for each in signatures]
    return torch.tensor([[_differ_in_one(one, other) for other in sides] for one in sides])


def _differ_in_one(one: Sequence[Sides | None], other: Sequence[Sides | None]) -> bool:
    differing = [(a, b) for a, b in zip(one, other, strict=True) if a != b]
    return len(differing) == 1 and all(differing[0])


def _train(
    drawn: _Drawn, *, config: AlignmentConfig, targets: _Targets, advance: Callable[[], None]
) -> TextAdapter:
    adapter = TextAdapter(
        drawn.vectors.shape[1],
        hidden=config.hidden,
        pieces=config.pieces,
        piece_width=config.piece_width,
    )
    adapter.fit(drawn.vectors[: len(drawn.names)], shrinkage=config.shrinkage)
    optimizer = torch.optim.AdamW(
        adapter.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    rng = np.random.default_rng(config.seed)
    for step in range(config.steps):
        share = (
            min(1.0, (step + 1) / _WARMUP_STEPS) * (1 + math.cos(math.pi * step / config.steps)) / 2
        )
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * share
        rows = drawn.draw(config.texts_per_concept, rng)
        kept = (torch.rand(len(rows), 1) >= config.withheld_share).float()
        adapted = adapter(
            drawn.vectors[rows], *drawn.slots(rows), kept=kept, dropout=config.dropout
        )
        loss = _loss(adapted, torch.from_numpy(drawn.of_row[rows]), targets=targets, config=config)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        advance()
    return adapter


def _loss(
    adapted: Float[Tensor, "text width"],
    concept: Int[Tensor, " text"],
    *,
    targets: _Targets,
    config: AlignmentConfig,
) -> Float[Tensor, ""]:
    """Each text must find its concept's name, and (half as heavy) the other texts of its concept."""
    count = len(targets.margins)
    names, texts, own = adapted[:count], adapted[count:], concept[count:]
    to_names = (texts @ names.T + targets.margins[own]) / config.temperature
    by_name = functional.cross_entropy(to_names + targets.log_weights[own], own)
    to_texts = texts @ texts.T + targets.margins[own][:, own]
    to_texts = to_texts / config.temperature + targets.log_weights[own][:, own]
    itself = torch.eye(len(own), dtype=torch.bool)
    shares = to_texts.masked_fill(itself, -1e9).log_softmax(dim=1)
    same = ((own[:, None] == own[None]) & ~itself).float()
    by_text = -((shares * same).sum(dim=1) / same.sum(dim=1).clamp(min=1)).mean()
    return by_name + 0.5 * by_text
