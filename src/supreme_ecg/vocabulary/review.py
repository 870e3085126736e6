"""The review file: what a cardiologist is asked, decides, and feeds back."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from supreme_ecg.concepts.phrases import normalise
from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.errors import ConceptError, TableError
from supreme_ecg.vocabulary.mapping import Placement

COLUMNS: Final = (
    "decision",
    "map_to",
    "name",
    "proposed_concept",
    "proposed_by",
    "score",
    "records",
    "entities",
    "statements",
    "comment",
)
DECISIONS: Final = ("", "accept", "reject", "map")
BETWEEN: Final = " | "
"""Between the entities of a cell."""


@dataclass(frozen=True, slots=True)
class Review:
    """What a person has decided about entities."""

    places: Mapping[str, Placement] = field(default_factory=dict)
    """Entity -> its concept, or the name of the new entry that it belongs to."""
    rejected: frozenset[str] = frozenset()
    """Entities that are no part of any vocabulary."""
    rows: tuple[Mapping[str, str], ...] = ()
    """The rows with a decision, as the file has them."""

    @property
    def entities(self) -> frozenset[str]:
        """All that something was decided about."""
        return self.rejected | self.places.keys()

    def place(self, entity: str) -> Placement | None:
        """Return where a person has put an entity."""
        return self.places.get(entity)


def read_review(path: Path, table: ConceptTable) -> Review:
    """Read a review file that a person has edited, with commas, semicolons or tabs.

    Args:
        path: The file.
        table: Concepts that rows may be mapped to.

    Returns:
        The decisions. A row without one decides nothing.

    Raises:
        TableError: The file cannot be read, has not the columns, has an unknown decision, or
            decides twice about an entity; the message names file and row.
        ConceptError: A row is mapped to a concept that the table does not have.
    """
    places: dict[str, Placement] = {}
    rejected: set[str] = set()
    rows = []
    for number, row in _read_rows(path):
        where = f"{path}, row {number}"
        place = _decided(where, row, table)
        if row["decision"] == "":
            continue
        rows.append(row)
        for entity in filter(None, map(str.strip, row["entities"].split(BETWEEN.strip()))):
            if entity in places or entity in rejected:
                raise TableError(
                    where,
                    expected="entities that no row above decides about",
                    found="one that stands there too",
                    remedy="Leave it in one of the two rows.",
                )
            if place:
                places[entity] = place
            else:
                rejected.add(entity)
    return Review(places, frozenset(rejected), tuple(rows))


def has_decisions(path: Path) -> bool:
    """Say whether a file has a row with a decision, or something that cannot be read as one."""
    try:
        return path.exists() and any(row["decision"] for _, row in _read_rows(path))
    except TableError:
        return True


def as_csv(rows: Sequence[Mapping[str, object]]) -> bytes:
    """Write the rows of a review file, with the mark that spreadsheets know UTF-8 by."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def _decided(where: str, row: Mapping[str, str], table: ConceptTable) -> Placement | None:
    """Return where a row puts its entities; None where it rejects them or leaves it open."""
    decision = row["decision"]
    if decision not in DECISIONS or (row["map_to"] and decision in ("", "reject", "accept")):
        raise TableError(
            where,
            expected="as decision accept, reject, map (with map_to) or nothing",
            found="map_to without map" if decision in DECISIONS else "something else",
            remedy="Mend the decision.",
        )
    if decision == "map":
        return Placement(_concept(where, row["map_to"], table), "review", 1.0)
    if decision != "accept":
        return None
    if row["proposed_concept"]:
        return Placement(_concept(where, row["proposed_concept"], table), "review", 1.0)
    concept, name = table.find(row["name"]), normalise(row["name"])
    if not name:
        raise TableError(
            where,
            expected="a name for the new entry",
            found="none",
            remedy="Fill in the column `name`.",
        )
    return Placement(concept.id, "review", 1.0) if concept else Placement(None, "review", 1.0, name)


def _concept(where: str, text: str, table: ConceptTable) -> str:
    """Return the concept that an id, name or synonym stands for."""
    concept = table.concepts.get(text) or table.find(text)
    if concept is None:
        near = get_close_matches(text, table.concepts, n=3) or ["none is near"]
        raise ConceptError(
            where,
            expected="the id or a name of a concept",
            found=repr(text),
            remedy=f"Choose one of concepts.csv (nearest: {', '.join(near)}).",
        )
    return concept.id


def _read_rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the number of each row, the header being 1, and its cells."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, type(error).__name__) from None
    header = text.partition("\n")[0]
    delimiter = max(",;\t", key=header.count)
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        missing = set(COLUMNS[:4]) | {"entities"}
        missing -= set(reader.fieldnames or ())
        if missing:
            raise _unreadable(path, f"no column {', '.join(sorted(missing))}")
        for number, row in enumerate(reader, start=2):
            cells = {name: (row.get(name) or "").strip() for name in COLUMNS}
            yield number, cells | {"decision": cells["decision"].lower()}
    except csv.Error as error:
        raise _unreadable(path, type(error).__name__) from None


def _unreadable(path: Path, found: str) -> TableError:
    return TableError(
        path,
        expected="a review file as `supreme vocabulary` writes it, in UTF-8",
        found=found,
        remedy="Save the edited file as CSV in UTF-8 with its first row unchanged.",
    )
