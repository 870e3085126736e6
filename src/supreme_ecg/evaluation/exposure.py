"""How far a class was trained, so that "zero-shot" is never said of a trained one."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, Literal

from supreme_ecg.concepts.table import ConceptTable

Exposure = Literal["seen", "related", "unseen"]

EXPOSURES: Final[tuple[Exposure, ...]] = ("seen", "related", "unseen")


def exposure_of(concept: str, trained: Collection[str], table: ConceptTable) -> Exposure:
    """How far a concept was trained.

    Args:
        concept: Concept id.
        trained: Ids of the concepts that had a label column in pre-training.
        table: For the ancestors and descendants.

    Returns:
        ``seen``: the concept itself was trained. ``related``: one above or below it was.
        ``unseen``: neither.

    Raises:
        ConceptError: The table has no such concept.
    """
    known = table[concept].id
    if known in trained:
        return "seen"
    relatives = table.ancestors(known) | table.descendants(known)
    return "unseen" if relatives.isdisjoint(trained) else "related"
