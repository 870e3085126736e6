"""Numbers in a question -> the finding that they define: "PR over 200 ms" is a prolonged PR interval.

Limits are those of the definitions in `concepts.csv` (AHA/ACCF/HRS 2009), with room for the rounder numbers
that people write. What lies between the limits is left as it is.
"""

from __future__ import annotations

import re
from typing import Final

_MORE: Final = (
    r">=?|≥|over|above|exceed(?:s|ing)?|beyond|at least|from|(?:more|greater|longer|wider|faster|higher|"
    r"larger) than|über|oberhalb|mindestens|jenseits|(?:mehr|länger|größer|breiter|schneller|höher) als|"
    r"över|(?:mer|längre|större|bredare|snabbare|högre) än"
)
_LESS: Final = (
    r"<=?|≤|below|under|up to|(?:less|shorter|slower|lower|smaller|fewer) than|unter|unterhalb|"
    r"(?:weniger|kürzer|kleiner|langsamer|niedriger) als|(?:mindre|kortare|långsammare|lägre) än"
)
_TIME: Final = (
    r"\W?(?:intervall?s?|duration|width|time|complex(?:es)?|zeit|dauer|breite|komplexe?|tid|bredd)?"
)
_VALUE: Final = re.compile(
    rf"(?:(?P<more>{_MORE})|(?P<less>{_LESS})|of|is|=|:|von|av|at)?\s*(?P<number>\d+(?:[.,]\d+)?)\s*"
    r"(?P<unit>ms(?:ec)?|milliseconds?|millisekunden|s(?:ec|econds?)?|sekunden|bpm|(?:beats?|schläge?n?|slag)?"
    r"\s*(?:/|per|pro|a|i)\s*min(?:ute|uten|ut)?)\b\.?",
    re.IGNORECASE,
)
_QUANTITIES: Final = {
    "pr": re.compile(rf"\b(?:PR|PQ){_TIME}(?!\w)", re.IGNORECASE),
    "qrs": re.compile(rf"\bQRS{_TIME}(?!\w)", re.IGNORECASE),
    "qt": re.compile(rf"\b(?:corrected )?QTc?{_TIME}(?!\w)", re.IGNORECASE),
    "p": re.compile(rf"\bP\W(?:wave|welle|våg)?s?{_TIME}(?!\w)", re.IGNORECASE),
}
"""What is measured in milliseconds."""
_RATE: Final = re.compile(
    r"\b(?:(?:heart|ventricular|pulse) ?rate|heartbeat|rate|HR|pulse|puls|(?:herz|kammer)?frequenz|"
    r"(?:hjärt|kammar)?frekvens)\b",
    re.IGNORECASE,
)
_LIMITS: Final[dict[str, tuple[float, str, float, str]]] = {
    "pr": (130, "short pr interval", 195, "prolonged pr interval"),
    "qrs": (0, "", 110, "wide qrs complex"),
    "qt": (390, "short qt interval", 440, "prolonged qt interval"),
    "p": (0, "", 110, "prolonged p wave"),
    "rate": (60, "bradycardia", 100, "tachycardia"),
}
"""At most -> name, at least -> name; milliseconds, the rate per minute."""

_AXIS: Final = re.compile(
    r"(?P<before>\b(?:qrs|heart|frontal|electrical|mean|elektrische)?\s*\b(?:herz|hjärt|el-?)?(?:axis|achse|axel)\b)"
    r"(?P<words>[^\d+±−–-]*)(?P<one>[+±−–-]?\s?\d+)\s*(?:°|degrees?|deg|grad|grader)?"
    r"(?:\s*(?:to|and|bis|und|till|och|-|–|…|\.\.)\s*(?P<two>[+±−–-]?\s?\d+))?\s*(?:°|(?:degrees?|deg|grader|grad)\b)?",
    re.IGNORECASE,
)
_SECTORS: Final = (
    (-180, -90, "extreme axis deviation"),
    (-90, -30, "left axis deviation"),
    (30, 60, "intermediate axis"),
    (60, 90, "vertical axis"),
    (-30, 90, "normal axis"),
    (120, 180, "marked right axis deviation"),
    (90, 180, "right axis deviation"),
)
"""Degrees from, to, name; the first that holds the whole range."""


def name_numbers(text: str) -> str:
    """Replace a measured value and what was measured by the finding that they define.

    Args:
        text: Words that name a finding.

    Returns:
        The text as it came where it has no value, or one within normal limits.
    """
    axis = _AXIS.search(text)
    if axis:
        name = _sector(axis)
        around = text[: axis.start()], name, text[axis.end() :].strip(" )")
        return " ".join(part.strip(" (") for part in around if part) if name else text
    value = _VALUE.search(text)
    if value is None:
        return text
    without = f"{text[: value.start()]} {text[value.end() :]}"
    number, unit = float(value["number"].replace(",", ".")), value["unit"].lower()
    if unit == "bpm" or unit.endswith(("min", "minute", "minut", "minuten")):
        name = _beyond("rate", number, value)
        found = _RATE.sub(name, without, count=1) if _RATE.search(without) else f"{without} {name}"
        return " ".join(found.split()) if name else text
    for quantity, pattern in _QUANTITIES.items():
        if pattern.search(without):
            name = _beyond(quantity, number * (1000 if unit.startswith("s") else 1), value)
            return " ".join(pattern.sub(name, without, count=1).split()) if name else text
    return text


def _beyond(quantity: str, number: float, value: re.Match[str]) -> str:
    """Name what is beyond a limit, from the number and whether it is a bound."""
    least, short, most, long = _LIMITS[quantity]
    if not value["more"] and number <= least:
        return short
    return long if not value["less"] and number >= most else ""


def _sector(found: re.Match[str]) -> str:
    one = _degrees(found["one"])
    two = _degrees(found["two"]) if found["two"] else one
    low, high = min(one, two), max(one, two)
    if found["two"] is None and one in (-30, 90, 110, 120, -90):  # a limit that is passed
        low = high = one - 1 if one < 0 else one + 1
    if high == 180 and low == -90:
        return "extreme axis deviation"
    return next((name for a, b, name in _SECTORS if a <= low and high <= b), "")


def _degrees(written: str) -> int:
    sign = -1 if written[0] in "−–-" else 1
    return sign * int(re.sub(r"\D", "", written))
