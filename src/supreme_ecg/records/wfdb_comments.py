"""What the comment lines of a WFDB header say about the patient (PhysioNet challenge, MIMIC-IV-ECG)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Final

from supreme_ecg.records.record import Sex

_SEXES: Final[dict[str, Sex]] = {"female": "female", "f": "female", "male": "male", "m": "male"}


def parse_age(text: str) -> float | None:
    """Age in years; None for ``NaN``, negative numbers, ``Unknown`` and the empty string."""
    try:
        age = float(text)
    except ValueError:
        return None
    return age if 0 <= age < math.inf else None


def parse_sex(text: str) -> Sex | None:
    """Sex in any of the spellings in use (``Male``, ``female``, ``M``, ``F``), else None."""
    return _SEXES.get(text.strip().casefold())


def parse_comments(comments: Iterable[str]) -> dict[str, Any]:
    """Read ``Age: 74``, ``Sex: Male``, ``Dx: AF,RBBB`` and ``<subject_id>: 10000032``.

    Args:
        comments: Comment lines without their ``#``.

    Returns:
        The fields of a :class:`Record` that the lines give: ``age_years``, ``sex``, ``codes``,
        ``patient_id``. What they do not give is absent.
    """
    fields: dict[str, Any] = {}
    for comment in comments:
        key, _, value = comment.partition(":")
        match key.strip(" <>").casefold():
            case "age":
                fields["age_years"] = parse_age(value)
            case "sex":
                fields["sex"] = parse_sex(value)
            case "dx":
                codes = tuple([code.strip() for code in value.split(",") if code.strip()])
                fields["codes"] = fields.get("codes", ()) + codes
            case "subject_id":
                fields["patient_id"] = value.strip() or None
            case _:
                pass
    return fields
