"""What a model is asked in place of a concept that it was never trained on.

The words of such a question are a guess at what they mean, and the concept table knows more. Half of the
answer is the mean logit of the concept's name and of its definition; the other half is the mean logit of the
nearest trained concepts above it, which are present whenever it is. Where nothing above it was trained,
name and definition are all. Any other question is asked as it stands.

Chosen on the reports of held-out patients, over concepts left out of training (docs/log.md).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from supreme_ecg.concepts.concept import Concept
from supreme_ecg.concepts.table import ConceptTable


@dataclass(frozen=True, slots=True)
class Asked:
    """Questions as vectors: of one text each, or of several that are answered together."""

    vectors: Float[Tensor, "text text_width"]
    """Of every text."""
    mix: Float[Tensor, "text question"] | None = None
    """Weight of each text's logit in each question's; None where every text is a question."""

    def __len__(self) -> int:
        return len(self.vectors) if self.mix is None else self.mix.shape[1]

    def to(self, device: torch.device) -> Asked:
        """The same on another device."""
        return Asked(self.vectors.to(device), None if self.mix is None else self.mix.to(device))


def asked_texts(
    queries: Sequence[str], *, table: ConceptTable, trained: Collection[str]
) -> tuple[list[str], Float[Tensor, "text question"] | None]:
    """Texts to ask for some questions, and how their logits make those of the questions.

    Args:
        queries: Questions in words.
        table: Names, definitions and hierarchy.
        trained: Ids of the concepts trained on; none, and every question is asked as it stands.

    Returns:
        Distinct texts and the weights of their logits; the questions themselves and None where each is
        asked as it stands.
    """
    shares = [dict(_shares(query, table, trained)) for query in queries]
    if all(len(of_one) == 1 for of_one in shares):
        return list(queries), None
    texts = list(dict.fromkeys(text for of_one in shares for text in of_one))
    mix = torch.tensor([[of_one.get(text, 0.0) for of_one in shares] for text in texts])
    return texts, mix


def _shares(
    query: str, table: ConceptTable, trained: Collection[str]
) -> Iterator[tuple[str, float]]:
    """Texts that one question is answered by, and their weights."""
    concept = table.find(query)
    if concept is None or not trained or concept.id in trained:
        yield query, 1.0
        return
    above = _nearest_trained(concept, table, trained)
    of_own = 0.25 if above else 0.5
    yield query, of_own
    yield concept.definition, of_own
    for each in above:
        yield table[each].name, 0.5 / len(above)


def _nearest_trained(concept: Concept, table: ConceptTable, trained: Collection[str]) -> list[str]:
    """Trained concepts above it that are above no other of these."""
    above = sorted(table.ancestors(concept.id) & set(trained))
    return [one for one in above if not any(one in table.ancestors(other) for other in above)]
