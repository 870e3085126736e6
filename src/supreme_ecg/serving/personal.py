"""Signs that a question holds data of a patient, which no message may repeat."""

from __future__ import annotations

import re
from typing import Final

_SIGNS: Final = (
    re.compile(r"\S+@\S+\.\w+"),  # e-mail address
    re.compile(r"(?<![\d.,])\d(?:[ \-/]?\d){6,}(?![\d.,]*\s?(?:ms|mv|hz|bpm))", re.IGNORECASE),
    re.compile(r"\b(?:19|20)\d{2}-[01]\d-[0-3]\d\b|\b[0-3]?\d[./][01]?\d[./](?:19|20)?\d{2}\b"),
    re.compile(
        r"\b(?:dob|d\.o\.b|born(?:\s+on)?|date of birth|geb\.?|geboren|geburtsdatum|född|"
        r"personnummer|mrn|patient\s*(?:id|no|number|nr)|ssn|nhs)\b\W*\w*\d",
        re.IGNORECASE,
    ),
    re.compile(r"\b(?:Mr|Mrs|Ms|Miss|Herr|Herrn|Frau|Fru|Fröken|herr|fru)\.?\s+[A-ZÄÖÅÜ]\w+"),
    re.compile(
        r"\b(?:[Pp]atient(?:in|en)?|[Nn]amed?|[Nn]amens)\s+[A-ZÄÖÅÜ][a-zäöåüéß]+\s+[A-ZÄÖÅÜ][a-zäöåüéß]+"
    ),
)
"""Address, long number, full date, birth or record number, title with a name, first and last name."""


def seems_personal(text: str) -> bool:
    """Say whether a text seems to name a patient or to hold a number or date of one."""
    return any(sign.search(text) for sign in _SIGNS)
