"""The review file."""

from __future__ import annotations

from pathlib import Path

import pytest

from supreme_ecg.errors import ConceptError, TableError
from supreme_ecg.vocabulary.review import COLUMNS, Review, as_csv, has_decisions, read_review


def write(path: Path, *rows: dict[str, str], delimiter: str = ",") -> Path:
    content = as_csv([dict.fromkeys(COLUMNS, "") | row for row in rows])
    path.write_bytes(content.replace(b",", delimiter.encode()))
    return path


ACCEPT = {"decision": "accept", "name": "Shy P wave", "entities": "p is shy | shy p"}
NEAR = {"decision": "Accept", "proposed_concept": "atrial_flutter", "entities": "fluttering"}
REJECT = {"decision": "reject", "name": "grades", "entities": "grades"}
MAP = {"decision": "map", "map_to": "Vorhofflimmern", "entities": "wild atria"}
OPEN = {"name": "holter", "entities": "holter"}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_each_decision_is_understood(tmp_path: Path, table, delimiter: str) -> None:
    """Whatever a spreadsheet made of the commas and capitals; an open row decides nothing."""
    path = write(tmp_path / "r.csv", ACCEPT, NEAR, REJECT, MAP, OPEN, delimiter=delimiter)
    review = read_review(path, table)
    assert review.rejected == {"grades"}
    named = {entity: (p.concept, p.name, p.way) for entity, p in review.places.items()}
    assert named == {
        "p is shy": (None, "shy p wave", "review"),
        "shy p": (None, "shy p wave", "review"),
        "fluttering": ("atrial_flutter", None, "review"),
        "wild atria": ("atrial_fibrillation", None, "review"),
    }
    assert len(review.rows) == 4
    assert review.place("holter") is None


def test_accepting_under_a_name_of_the_table_maps(tmp_path: Path, table) -> None:
    """A new entry that is no new concept."""
    path = write(tmp_path / "r.csv", ACCEPT | {"name": "AF"})
    assert read_review(path, table).places["shy p"].concept == "atrial_fibrillation"


@pytest.mark.parametrize(
    ("row", "error", "words"),
    [
        (ACCEPT | {"decision": "yes"}, TableError, "row 3.*accept, reject, map"),
        (ACCEPT | {"map_to": "atrial_flutter"}, TableError, "row 3.*map_to without map"),
        (OPEN | {"map_to": "atrial_flutter"}, TableError, "row 3.*map_to without map"),
        (ACCEPT | {"name": ""}, TableError, "row 3.*a name for the new entry"),
        (MAP | {"map_to": "atrial_fluter"}, ConceptError, "row 3.*nearest: atrial_flutter"),
        (MAP | {"map_to": ""}, ConceptError, "row 3"),
        (REJECT, TableError, "row 3.*one that stands there too"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, table, row, error, words: str) -> None:
    """By its number in the file, the header being row 1; its words are not shown."""
    path = write(tmp_path / "r.csv", REJECT, row)
    with pytest.raises(error, match=words) as caught:
        read_review(path, table)
    assert "grades" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\xff\xfe,\n", b'"decision\n'])
def test_a_file_that_is_no_review_is_named(tmp_path: Path, table, content: bytes) -> None:
    """With what to do about it."""
    path = tmp_path / "r.csv"
    path.write_bytes(content)
    with pytest.raises(TableError, match=r"r\.csv.*Save the edited file as CSV"):
        read_review(path, table)


def test_a_missing_file_is_named(tmp_path: Path, table) -> None:
    """No traceback of the operating system's error."""
    with pytest.raises(TableError, match=r"none\.csv"):
        read_review(tmp_path / "none.csv", table)


def test_decisions_in_a_file_are_noticed(tmp_path: Path) -> None:
    """So that they are never written over; a file that cannot be read counts as one."""
    assert not has_decisions(tmp_path / "none.csv")
    assert not has_decisions(write(tmp_path / "open.csv", OPEN))
    assert has_decisions(write(tmp_path / "done.csv", OPEN, REJECT))
    (tmp_path / "odd.csv").write_text("my notes\n")
    assert has_decisions(tmp_path / "odd.csv")


def test_rows_with_decisions_come_back_as_they_were(tmp_path: Path, table) -> None:
    """Reading what was written from a review gives the same review."""
    first = read_review(write(tmp_path / "r.csv", ACCEPT, NEAR, REJECT, MAP, OPEN), table)
    (tmp_path / "again.csv").write_bytes(as_csv(first.rows))
    assert read_review(tmp_path / "again.csv", table) == first


def test_no_review_decides_nothing() -> None:
    """The default."""
    assert Review().entities == frozenset()
