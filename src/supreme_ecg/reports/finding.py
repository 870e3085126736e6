"""What a report says: statements, and the findings in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Assertion = Literal["present", "uncertain", "absent"]


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing said in a report, in the report's own words."""

    text: str
    kind: Literal["finding", "device_note"] = "finding"
    """``device_note``: about the tracing or its status ("unconfirmed report"), kept but not extracted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A concept with what the statement says about it."""

    concept: str
    """Concept id of the table."""
    assertion: Assertion
    """Said to be there, to be possibly there, or not to be there."""
    span: tuple[int, int]
    """Start and end (exclusive) of the evidence in the statement's text."""
    extractor: str
    """Name and version of what found it, as ``rules/1``."""
