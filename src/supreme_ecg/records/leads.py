"""The only place where leads have an order."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

STANDARD_LEADS: Final = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
"""The standard 12 leads in the order of every window, store and model of this package."""

LIMB_LEADS: Final = STANDARD_LEADS[:6]
CHEST_LEADS: Final = STANDARD_LEADS[6:]

_BY_CASEFOLDED: Final = {name.casefold(): name for name in STANDARD_LEADS}


@lru_cache(maxsize=1024)
def standard_lead_name(name: str) -> str | None:
    """Spell a lead name as the standard does (``AVR``, ``avr``, ``aVR`` are one lead).

    Args:
        name: Lead name as a file stores it, any case, blanks around it allowed.

    Returns:
        The standard spelling, or None where the name is none of the standard 12 leads.
    """
    return _BY_CASEFOLDED.get(name.strip().casefold())
