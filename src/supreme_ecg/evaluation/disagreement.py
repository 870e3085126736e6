"""Where an extractor and the gold differ in one statement."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from supreme_ecg.evaluation.gold import ReadStatement, Said, Span
from supreme_ecg.reports.finding import Assertion

Kind = Literal["missed", "invented", "wrong_assertion"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """One concept of one statement on which extractor and gold differ."""

    kind: Kind
    """``missed``: the gold alone has the concept. ``invented``: the extractor alone has it.
    ``wrong_assertion``: both have it and say different things of it."""
    concept: str
    """Concept id."""
    gold: Assertion | None
    """What the gold says of it; None where it says nothing."""
    found: Assertion | None
    """What the extractor says of it; None where it says nothing."""
    spans: tuple[Span, ...]
    """Evidence of the extractor's finding; empty for a missed one."""


def disagreements(statement: ReadStatement) -> tuple[Disagreement, ...]:
    """List what differs in a statement, by concept.

    A concept may be said twice with different assertions. What is equal on both sides is set
    aside first; the rest is paired as wrong assertions while both sides have some left.
    """
    return tuple(
        each
        for concept in sorted({said.concept for said in statement.found | statement.gold.said})
        for each in _of_concept(concept, statement)
    )


def _of_concept(concept: str, statement: ReadStatement) -> Iterator[Disagreement]:
    gold, found = statement.gold.said, statement.found
    missing = sorted(said.assertion for said in gold - found if said.concept == concept)
    surplus = sorted(said.assertion for said in found - gold if said.concept == concept)
    for k in range(max(len(missing), len(surplus))):
        wanted = missing[k] if k < len(missing) else None
        given = surplus[k] if k < len(surplus) else None
        yield Disagreement(
            kind="invented" if wanted is None else "missed" if given is None else "wrong_assertion",
            concept=concept,
            gold=wanted,
            found=given,
            spans=() if given is None else statement.spans[Said(concept, given)],
        )
