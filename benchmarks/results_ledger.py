"""Write docs/ledger.md: each claim of the three papers, and whether it holds here.

    python benchmarks/results_ledger.py docs/results benchmarks/ledger.csv docs/ledger.md

Claims, sources and commands are rows of the table; figures come from the JSON files alone. A row's
``figures`` are ``title -> path|format`` between semicolons, a path being ``file.key[field=value].key`` (of a
list of records those whose field has the value; several are averaged) or ``=NUMBER`` for a published one.
Its ``verdict`` is either words or ``first above second by MARGIN``, which the first two figures then decide.
A claim that was tested, but one of whose figures no file has yet, says "not measured yet".
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, Final

CERTAINTY: Final = {
    "found": "",
    "secondary": " (secondary source)",
    "recalled": " (recalled, not confirmed)",
}
"""How sure it is that the paper says so -> what is written behind the claim."""
NOT_YET: Final = "not measured yet"
VERDICTS: Final = (
    "holds",
    "holds in part",
    "does not hold",
    "no difference",
    "lifted here",
    "not tested",
    "cannot be tested here",
    NOT_YET,
)
UNTESTED: Final = ("not tested", "cannot be tested here")
"""Verdicts that need no figure."""
_RULE: Final = re.compile(r"first above second by ([0-9.]+)")
_STEP: Final = re.compile(r"([^.\[\]]+)(?:\[([^=\]]+)=([^\]]*)\])?(?:\.|$)")


@dataclass(frozen=True, slots=True)
class Figure:
    """One of our figures for a claim."""

    title: str
    path: str
    form: str
    value: float | None
    """None where no file has it."""

    @classmethod
    def read(cls, text: str, results: Mapping[str, Any]) -> Figure:
        """Read ``title -> path|format``."""
        title, _, place = text.strip().partition(" -> ")
        path, _, form = place.partition("|")
        return cls(title, path, form or ".3f", look_up(results, path))

    def __str__(self) -> str:
        shown = "not there" if self.value is None else f"{self.value:{self.form}}"
        return f"{self.title} {shown}"


def main() -> None:
    """Read the table and the results, write the page."""
    folder, table, page = map(Path, sys.argv[1:4])
    results = {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}
    with table.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    page.write_text("\n".join(lines(rows, results)) + "\n")


def lines(rows: Sequence[Mapping[str, str]], results: Mapping[str, Any]) -> Iterator[str]:
    """The page."""
    yield "# Ledger of claims\n"
    yield (
        "Made by `benchmarks/results_ledger.py` from `benchmarks/ledger.csv` and `docs/results/*.json`; do "
        "not edit. What the three papers claim, and what became of it here: other pre-training data (reports "
        "of PTB-XL, folds 1-8, 100 Hz, not MIMIC-IV-ECG) and the text encoder of the package. So "
        '"does not hold" means *not in this setting*. Figures are macro-AUROC on fold 9 of PTB-XL or on '
        "CPSC2018's training records that are at hand, unless they say otherwise. A comparison is decided by "
        'the margin that its row states, "no difference" otherwise; most are of one seed. Claims '
        "that we could not read in the paper itself say so.\n"
    )
    verdicts = [verdict(row, figures(row, results)) for row in rows]
    counts = (f"{verdicts.count(one)} {one}" for one in VERDICTS if one in verdicts)
    yield f"{len(rows)} claims: {', '.join(counts)}.\n"
    for paper in dict.fromkeys(row["paper"] for row in rows):
        yield f"## {paper}\n"
        yield "| claim | here | our figures | by |\n| --- | --- | --- | --- |"
        for row, said in zip(rows, verdicts, strict=True):
            if row["paper"] == paper:
                yield _line(row, said, figures(row, results))
        yield ""


def figures(row: Mapping[str, str], results: Mapping[str, Any]) -> list[Figure]:
    """Our figures of a row."""
    return [Figure.read(text, results) for text in row["figures"].split(";") if text.strip()]


def verdict(row: Mapping[str, str], found: Sequence[Figure]) -> str:
    """Whether a claim holds, by its row's words or rule.

    Raises:
        ValueError: The row has other words than there are verdicts.
    """
    if row["verdict"] in UNTESTED:
        return row["verdict"]
    if any(one.value is None for one in found):
        return NOT_YET
    if rule := _RULE.fullmatch(row["verdict"]):
        gain = (found[0].value or 0.0) - (found[1].value or 0.0)
        margin = float(rule[1])
        if abs(gain) < margin:
            return "no difference"
        return "holds" if gain > 0 else "does not hold"
    if row["verdict"] not in VERDICTS:
        raise ValueError(f"{row['claim']!r}: no such verdict: {row['verdict']!r}")
    return row["verdict"]


def look_up(results: Mapping[str, Any], path: str) -> float | None:
    """A number in the results, or the one that is written; None where any step is absent.

    Args:
        results: Name of a file -> what is in it.
        path: As the module says.
    """
    if path.startswith("="):
        return float(path[1:])
    found: list[Any] = [results]
    for key, field, value in _STEP.findall(path):
        found = [one[key] for one in found if isinstance(one, dict) and key in one]
        if field:
            found = [one for each in found for one in each if str(one.get(field)) == value]
    numbers = [one for one in found if isinstance(one, int | float)]
    return fmean(numbers) if numbers and len(numbers) == len(found) else None


def _line(row: Mapping[str, str], said: str, found: Sequence[Figure]) -> str:
    rule = _RULE.fullmatch(row["verdict"])
    by = f" (margin {rule[1]})" if rule and said != NOT_YET else ""
    measured = [str(one) for one in found if one.value is not None]
    words = " ".join([*([f"{'; '.join(measured)}."] if measured else []), row["words"]]).strip()
    command = f"`{row['command']}`" if row["command"] else "-"
    claim = f"{row['claim']} *{row['source']}*{CERTAINTY[row['certainty']]}"
    return f"| {claim} | **{said}**{by} | {words or '-'} | {command} |"


if __name__ == "__main__":
    main()
