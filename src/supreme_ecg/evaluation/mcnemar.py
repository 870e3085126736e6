"""McNemar's test: which of two extractors reads more statements right?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scipy.stats import binomtest


@dataclass(frozen=True, slots=True, kw_only=True)
class McNemar:
    """Two extractors on the same statements."""

    both: int
    """Statements that both read wholly right."""
    only_first: int
    """Statements that only the first reads wholly right."""
    only_second: int
    """Statements that only the second reads wholly right."""
    neither: int
    """Statements that neither reads wholly right."""
    p_value: float
    """Two-sided, of as uneven a split of the discordant statements if both were equally good."""


def mcnemar(first: Sequence[bool], second: Sequence[bool]) -> McNemar:
    """Compare two extractors, statement by statement.

    The discordant statements are tested with the exact binomial test, however many there are: it
    holds where they are few, and agrees with the chi-squared form where they are many.

    Args:
        first: Whether the first extractor is right, for each statement.
        second: The same for the second.

    Returns:
        The four counts and the p-value, 1 where no statement is discordant.

    Source:
        McNemar, Psychometrika 12, 153 (1947); exact form as in Dietterich, Neural Computation 10,
        1895 (1998), section 3.1.
    """
    pairs = list(zip(first, second, strict=True))
    only_first, only_second = pairs.count((True, False)), pairs.count((False, True))
    discordant = only_first + only_second
    return McNemar(
        both=pairs.count((True, True)),
        only_first=only_first,
        only_second=only_second,
        neither=pairs.count((False, False)),
        p_value=float(binomtest(only_first, discordant).pvalue) if discordant else 1.0,
    )
