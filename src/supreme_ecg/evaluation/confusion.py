"""Which concept stands where the gold has another, in the same statement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from scipy.optimize import linear_sum_assignment

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.evaluation.gold import ReadStatement

Relation = Literal["broader", "narrower", "sibling", "same_group", "unrelated"]
_NEARNESS: Final[dict[Relation, int]] = {
    "broader": 0,
    "narrower": 0,
    "sibling": 1,
    "same_group": 2,
    "unrelated": 3,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """A concept of the gold, the one that stands there instead, and how often."""

    gold: str
    """Concept id of the gold."""
    found: str
    """Concept id that the extractor has instead."""
    relation: Relation
    """What the found concept is to that of the gold."""
    count: int
    """Statements."""


def confusions(statements: Iterable[ReadStatement], table: ConceptTable) -> tuple[Confusion, ...]:
    """Count the confusions, commonest first.

    In each statement the concepts that only the gold has and those that only the extractor has are
    paired one to one, the nearest in the table first: one above or below the other, then those
    with a common ancestor, then those of one group. Assertions do not matter here.

    Args:
        statements: Gold statements with what was found in them.
        table: The concepts of the gold; a found concept outside it is unrelated to all.
    """
    counts = Counter(pair for statement in statements for pair in _pairs(statement, table))
    return tuple(
        Confusion(gold=gold, found=found, relation=relation(gold, found, table), count=count)
        for (gold, found), count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    )


def relation(gold: str, found: str, table: ConceptTable) -> Relation:
    """Say what a found concept is to one of the gold."""
    if found not in table:
        return "unrelated"
    if found in table.ancestors(gold):
        return "broader"
    if gold in table.ancestors(found):
        return "narrower"
    if table.ancestors(gold) & table.ancestors(found):
        return "sibling"
    return "same_group" if table[gold].group == table[found].group else "unrelated"


def _pairs(statement: ReadStatement, table: ConceptTable) -> list[tuple[str, str]]:
    wanted = {said.concept for said in statement.gold.said}
    given = {said.concept for said in statement.found}
    missed, invented = sorted(wanted - given), sorted(given - wanted)
    if not missed or not invented:
        return []
    cost = np.array(
        [[_NEARNESS[relation(gold, found, table)] for found in invented] for gold in missed]
    )
    rows, columns = linear_sum_assignment(cost)
    return [(missed[row], invented[column]) for row, column in zip(rows, columns, strict=True)]
