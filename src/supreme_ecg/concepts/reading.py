"""Read the two CSV files of a concept table and check every row of them."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final, Literal, NoReturn, cast, get_args

from supreme_ecg.concepts.concept import Concept, Language, Synonym
from supreme_ecg.concepts.phrases import normalise
from supreme_ecg.errors import ConceptError

Group = Literal[
    "overall",
    "rhythm",
    "ectopy",
    "conduction",
    "infarction",
    "ischaemia",
    "hypertrophy",
    "repolarisation",
    "p_wave",
    "axis",
    "qrs",
    "pacing",
    "quality",
    "clinical",
]
"""What a concept is about. ``overall``: a judgement on the whole tracing; ``clinical``: a
condition that reports name although the tracing alone does not show it."""

Kind = Literal["term", "abbreviation"]

GROUPS: Final[tuple[str, ...]] = get_args(Group)
LANGUAGES: Final[tuple[str, ...]] = get_args(Language)
KINDS: Final[tuple[str, ...]] = get_args(Kind)
CONCEPT_COLUMNS: Final = ("id", "name", "group", "definition", "parents", "scp", "snomed_ct")
SYNONYM_COLUMNS: Final = ("concept", "language", "kind", "phrase")

_ID: Final = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_CODE: Final = re.compile(r"[0-9]{6,18}")

Places = Mapping[str, str]
"""Concept id -> file, line and id, for messages."""


def read_concepts(folder: Path | Traversable) -> dict[str, Concept]:
    """Read ``concepts.csv`` and ``synonyms.csv``.

    Args:
        folder: Where both files are.

    Returns:
        The concepts by id, in the order of the file; every parent is among them, and no chain of
        parents comes back to where it started.

    Raises:
        ConceptError: A file cannot be read, or a row is wrong; the message names file, line and
            concept id.
    """
    rows: dict[str, dict[str, str]] = {}
    places: dict[str, str] = {}
    for line, row in _rows(folder / "concepts.csv", CONCEPT_COLUMNS):
        place = f"{line}, {row['id']!r}"
        _check_concept(place, row, known=rows)
        rows[row["id"]], places[row["id"]] = row, place
    _check_codes(rows, places=places)
    _check_parents(rows, places=places)
    synonyms = _read_synonyms(folder / "synonyms.csv", rows, places=places)
    return {
        concept_id: Concept(
            id=concept_id,
            name=row["name"],
            group=row["group"],
            definition=row["definition"],
            parents=_several(row["parents"]),
            scp=_several(row["scp"]),
            snomed_ct=_several(row["snomed_ct"]),
            synonyms=tuple(synonyms[concept_id]),
        )
        for concept_id, row in rows.items()
    }


def _rows(
    file: Path | Traversable, columns: tuple[str, ...]
) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield (file and line, row) for each row of a CSV file."""
    try:
        with file.open("r", encoding="utf-8") as opened:
            lines = csv.reader(opened, strict=True)
            header = tuple(next(lines, ()))
            if header != columns:
                _refuse(f"{file.name}:1", f"the columns {','.join(columns)}", ",".join(header))
            for values in lines:
                place = f"{file.name}:{lines.line_num}"
                if len(values) != len(columns):
                    _refuse(place, f"{len(columns)} values", f"{len(values)}")
                yield place, dict(zip(columns, values, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        _refuse(file, "a readable CSV file in UTF-8", str(error))


def _check_concept(place: str, row: dict[str, str], *, known: Mapping[str, object]) -> None:
    if not _ID.fullmatch(row["id"]):
        _refuse(place, "an id in snake_case", repr(row["id"]))
    if row["id"] in known:
        _refuse(place, "an id that no other row has", "the same id above")
    if row["group"] not in GROUPS:
        _refuse(place, f"a group among {', '.join(GROUPS)}", repr(row["group"]))
    for column in ("name", "definition"):
        if not row[column].strip():
            _refuse(place, f"a {column}", "none")


def _check_codes(rows: Mapping[str, dict[str, str]], *, places: Places) -> None:
    for column in ("scp", "snomed_ct"):
        owners: dict[str, str] = {}
        for concept_id, row in rows.items():
            for code in _several(row[column]):
                if column == "snomed_ct" and not _CODE.fullmatch(code):
                    _refuse(places[concept_id], "SNOMED CT codes of 6 to 18 digits", repr(code))
                if code in owners:
                    _refuse(
                        places[concept_id],
                        f"{column} codes that no other concept has",
                        f"{code} of {owners[code]!r}",
                    )
                owners[code] = concept_id


def _check_parents(rows: Mapping[str, dict[str, str]], *, places: Places) -> None:
    settled: set[str] = set()

    def follow(concept_id: str, path: tuple[str, ...]) -> None:
        if concept_id in path:
            cycle = " -> ".join((*path[path.index(concept_id) :], concept_id))
            _refuse(places[concept_id], "parents without a cycle", cycle)
        if concept_id in settled:
            return
        for parent in _several(rows[concept_id]["parents"]):
            if parent not in rows:
                _refuse(places[concept_id], "parents that are concepts", repr(parent))
            follow(parent, (*path, concept_id))
        settled.add(concept_id)

    for concept_id in rows:
        follow(concept_id, ())


def _read_synonyms(
    file: Path | Traversable, rows: Mapping[str, dict[str, str]], *, places: Places
) -> defaultdict[str, list[Synonym]]:
    owners: dict[str, str] = {}
    for concept_id, row in rows.items():
        _own(places[concept_id], row["name"], concept_id, owners=owners)
    synonyms: defaultdict[str, list[Synonym]] = defaultdict(list)
    for line, row in _rows(file, SYNONYM_COLUMNS):
        concept_id, language, kind, phrase = row.values()
        place = f"{line}, {concept_id!r}"
        if concept_id not in rows:
            _refuse(place, "a concept of concepts.csv", repr(concept_id))
        if language not in LANGUAGES:
            _refuse(place, f"a language among {', '.join(LANGUAGES)}", repr(language))
        if kind not in KINDS:
            _refuse(place, f"a kind among {', '.join(KINDS)}", repr(kind))
        _own(place, phrase, concept_id, owners=owners)
        synonyms[concept_id].append(
            Synonym(
                phrase=phrase,
                language=cast(Language, language),
                kind=cast(Kind, kind),
            )
        )
    return synonyms


def _own(place: str, phrase: str, concept_id: str, *, owners: dict[str, str]) -> None:
    """Note whose phrase this is, or refuse it."""
    key = normalise(phrase)
    if not key:
        _refuse(place, "a phrase", "none")
    owner = owners.setdefault(key, concept_id)
    if owner != concept_id:
        _refuse(place, "a phrase of one concept only", f"{phrase!r}, which {owner!r} has too")


def _several(joined: str) -> tuple[str, ...]:
    return tuple(joined.split(";")) if joined else ()


def _refuse(where: object, expected: str, found: str) -> NoReturn:
    raise ConceptError(
        where, expected=expected, found=found, remedy="Mend that row of the concept table."
    )
