"""Gold files, and findings set beside them."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.errors import TableError
from supreme_ecg.evaluation.gold import Said, pair, read_found, read_gold
from tests.evaluation.gold_files import write_findings, write_gold

TABLE = ConceptTable.load()
SINUS = Said("sinus_rhythm", "present")


def test_a_gold_file_has_statements_languages_and_findings(tmp_path: Path) -> None:
    """Blanks around findings do not matter, and an empty cell is no finding."""
    path = write_gold(
        tmp_path / "g.csv",
        (
            "Sinus rhythm, no LBBB",
            "en",
            "sinus_rhythm:present; complete_left_bundle_branch_block:absent",
        ),
        ("Utan anmärkning", "sv", ""),
    )
    first, second = read_gold(path, TABLE)
    assert first.said == {SINUS, Said("complete_left_bundle_branch_block", "absent")}
    assert (second.language, second.said) == ("sv", frozenset())


def test_the_language_may_be_left_out(tmp_path: Path) -> None:
    """Two columns are enough, with a byte order mark too."""
    path = tmp_path / "g.csv"
    path.write_text(
        "\ufeffstatement,findings\nSinus rhythm,sinus_rhythm:present\n", encoding="utf-8"
    )
    assert read_gold(path, TABLE)[0].language == ""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("statement,language\na,en\n", "no column findings"),
        ("statement,findings\n", "expected statements"),
        ("statement,findings\nsecret,sinus_rhythm\n", "row 2.*another form"),
        ("statement,findings\nsecret,sinus_rhythm:yes\n", "row 2.*another form"),
        ("statement,findings\nsecret,sinus_rythm:present\n", "row 2.*nearest: sinus_rhythm"),
        ("statement,findings\nsecret,\nother,\nsecret.,\n", "row 4.*row 2 again"),
    ],
)
def test_a_faulty_gold_file_is_refused_by_its_row(
    tmp_path: Path, content: str, message: str
) -> None:
    """The message names the fault and never the statement."""
    path = tmp_path / "g.csv"
    path.write_text(content)
    with pytest.raises(TableError, match=message) as caught:
        read_gold(path, TABLE)
    assert "secret" not in str(caught.value)


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    """Absent, not UTF-8, not parquet, or parquet of something else."""
    with pytest.raises(TableError, match="no such file"):
        read_gold(tmp_path / "absent.csv", TABLE)
    (tmp_path / "latin.csv").write_bytes("statement,findings\nfür,\n".encode("latin-1"))
    with pytest.raises(TableError, match="UTF-8"):
        read_gold(tmp_path / "latin.csv", TABLE)
    with pytest.raises(TableError, match="no such file"):
        read_found(tmp_path)
    (tmp_path / "a.parquet").write_text("no parquet")
    with pytest.raises(TableError, match="parquet"):
        read_found(tmp_path / "a.parquet")
    pl.DataFrame({"x": [1]}).write_parquet(tmp_path / "b.parquet")
    with pytest.raises(TableError, match="parquet with the columns"):
        read_found(tmp_path / "b.parquet")


def test_findings_of_a_folder_are_matched_whatever_surrounds_the_statement(tmp_path: Path) -> None:
    """Full stops, blanks and upper-case umlauts inside words are as the extractor leaves them."""
    write_findings(
        tmp_path / "findings.parquet", ("für sinus rhythm", "sinus_rhythm", "present", 4, 16)
    )
    gold = read_gold(
        write_gold(tmp_path / "g.csv", ("  fÜr  sinus rhythm. ", "de", "sinus_rhythm:present")),
        TABLE,
    )
    (read,) = pair(gold, read_found(tmp_path))
    assert read.right
    assert read.seen


def test_a_statement_that_is_cut_has_the_findings_of_its_parts(tmp_path: Path) -> None:
    """The evidence stands at its place in the whole."""
    path = write_findings(
        tmp_path / "findings.parquet",
        ("Sinus rhythm", "sinus_rhythm", "present", 0, 12),
        ("Normal axis", "normal_axis", "present", 0, 11),
    )
    text = "Sinus rhythm. Normal axis"
    gold = read_gold(
        write_gold(tmp_path / "g.csv", (text, "en", "sinus_rhythm:present;normal_axis:present")),
        TABLE,
    )
    (read,) = pair(gold, read_found(path))
    assert read.right
    ((start, end),) = read.spans[Said("normal_axis", "present")]
    assert text[start:end] == "Normal axis"


def test_a_statement_that_the_table_lacks_is_not_seen(tmp_path: Path) -> None:
    """A CSV lists statements without a finding, so there it is seen."""
    gold = read_gold(
        write_gold(tmp_path / "g.csv", ("Sinus rhythm", "en", "sinus_rhythm:present")), TABLE
    )
    parquet = read_found(write_findings(tmp_path / "f.parquet"))
    table = read_found(write_gold(tmp_path / "f.csv", ("Sinus rhythm", "en", "")))
    assert [pair(gold, found)[0].seen for found in (parquet, table)] == [False, True]
    assert [found.lists_empty for found in (parquet, table)] == [False, True]
