"""Any table of reports can be read, and what is wrong with it is listed."""

from __future__ import annotations

import codecs
import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from supreme_ecg.errors import TableError
from supreme_ecg.extraction.csv_rows import BAD_QUOTES, BAD_QUOTES_READ, EMPTY_LINE, RAGGED
from supreme_ecg.extraction.report_sources import NOT_A_TEXT_FILE, NOT_JSON, NOT_TEXT, UNREADABLE
from supreme_ecg.extraction.report_table import (
    DUPLICATE_ID,
    NO_ID,
    NO_TEXT,
    Problem,
    ReportTable,
    read_reports,
)
from supreme_ecg.extraction.text_lines import AS_WINDOWS_1252, UNDECODABLE

REPORTS = [("1", "Sinusrhythmus, Verspätung"), ("2", "förmaksflimmer")]


def pairs(table: ReportTable) -> list[tuple[str, str | None]]:
    """Record ids with their texts."""
    return list(zip(table.ids, table.reports, strict=True))


def read_csv(folder: Path, content: bytes | str, text: str = "report") -> ReportTable:
    """Read a CSV file with this content."""
    path = folder / "table.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_reports(path, text=text.split(","), id_column="id")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_the_delimiter_is_found(delimiter: str, line_end: str, tmp_path: Path) -> None:
    """Also where the header has more of another one in its names."""
    rows = [("id", "report", "a,b,c,d" if delimiter != "," else "a;b;c;d")]
    rows += [(key, f'"{text}"', "x") for key, text in REPORTS]
    table = read_csv(tmp_path, line_end.join(delimiter.join(row) for row in rows))
    assert pairs(table) == REPORTS
    assert not table.problems


@pytest.mark.parametrize(
    ("encoding", "bom"),
    [
        ("utf-8", b""),
        ("utf-8", codecs.BOM_UTF8),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
        ("utf-16-le", b""),
        ("utf-16-be", b""),
    ],
)
def test_unicode_is_read_with_and_without_mark(encoding: str, bom: bytes, tmp_path: Path) -> None:
    """UTF-8 and UTF-16 give the same table and no problem."""
    lines = ["id,report", *(f'{key},"{text}"' for key, text in REPORTS)]
    table = read_csv(tmp_path, bom + "\n".join(lines).encode(encoding))
    assert pairs(table) == REPORTS
    assert not table.problems


def test_lines_that_are_not_utf_8_are_read_as_windows_1252_and_listed(tmp_path: Path) -> None:
    """One by one: the others stay UTF-8. Bytes that mean nothing there are kept as Latin-1."""
    content = (
        "id,report\n1,Verspätung\n".encode() + "2,förmak – x\n".encode("cp1252") + b"3,a\x81\n"
    )
    table = read_csv(tmp_path, content)
    assert pairs(table) == [("1", "Verspätung"), ("2", "förmak – x"), ("3", "a\x81")]
    assert table.problems == (Problem(3, "", AS_WINDOWS_1252), Problem(4, "", AS_WINDOWS_1252))


def test_undecodable_characters_are_listed(tmp_path: Path) -> None:
    """In UTF-16, and where an earlier program has put replacement characters."""
    table = read_csv(
        tmp_path, codecs.BOM_UTF16_LE + "id,report\n1,a".encode("utf-16-le") + b"\x00\xd8"
    )
    assert table.problem_counts == {UNDECODABLE: 1}
    assert read_csv(tmp_path, "id,report\n1,a\ufffd").problem_counts == {UNDECODABLE: 1}


def test_each_column_is_a_text_of_its_own_and_empty_ones_are_none(tmp_path: Path) -> None:
    """A record stands once for each of its texts; quotes, commas and line breaks are kept."""
    content = 'id,r_0,r_1\n1,sinus rhythm,"old, ""inferior""\ninfarct"\n2, ,x\n'
    table = read_csv(tmp_path, content, "r_*")
    assert pairs(table) == [("1", "sinus rhythm"), ("1", 'old, "inferior"\ninfarct'), ("2", "x")]


def test_wrong_rows_are_listed_by_line_and_the_others_read(tmp_path: Path) -> None:
    """Empty rows, absent and repeated ids, lines with too few or too many fields."""
    content = "id,report\n1,a\n,b\n1,c\n\n2,\n3,d,e\n4\n5,f\n"
    table = read_csv(tmp_path, content)
    assert pairs(table) == [("1", "a"), ("2", None), ("5", "f")]
    assert table.problems == (
        Problem(3, "", NO_ID),
        Problem(4, "1", DUPLICATE_ID),
        Problem(5, "", EMPTY_LINE),
        Problem(6, "2", NO_TEXT),
        Problem(7, "", RAGGED),
        Problem(8, "", RAGGED),
    )


def test_a_quote_that_never_ends_costs_its_own_line_only(tmp_path: Path) -> None:
    """The lines that it swallowed are read again."""
    content = 'id,report,x\n1,"a,\n2,b,\n3,c "quoted" d,\n4,"e "f" g",\n5,h,\n'
    table = read_csv(tmp_path, content)
    assert [key for key, _ in pairs(table)] == ["2", "3", "4", "5"]
    assert table.problems == (Problem(2, "", BAD_QUOTES), Problem(5, "", BAD_QUOTES_READ))
    table = read_csv(tmp_path, 'id,report\n1,"a\n' + "".join(f"{k},b\n" for k in range(2, 30_000)))
    assert len(table.ids) == 29_999
    assert table.problems == (Problem(2, "", BAD_QUOTES_READ),)


def test_a_column_alone_may_hold_delimiters(tmp_path: Path) -> None:
    """One report a line needs no quotes; the rows are counted where there is no id."""
    path = tmp_path / "table.csv"
    path.write_text("report\nsinus rhythm, old infarct\nnormal; regular\n")
    table = read_reports(path, text=["report"], id_column=None)
    assert pairs(table) == [("1", "sinus rhythm, old infarct"), ("2", "normal; regular")]


def test_parquet_is_read_whatever_the_types(tmp_path: Path) -> None:
    """Numbers as ids, lists of statements, categories and nulls."""
    path = tmp_path / "table.bin"
    pl.DataFrame(
        {
            "id": [1, 2, None, 4],
            "said": [["a", "b"], [], ["c"], None],
            "kind": pl.Series(["x", None, "y", "z"], dtype=pl.Categorical),
        }
    ).write_parquet(path)
    table = read_reports(path, text=["said", "kind"], id_column="id")
    assert pairs(table) == [("1", "a"), ("1", "b"), ("1", "x"), ("2", None), ("4", "z")]
    assert table.problems == (Problem(2, "2", NO_TEXT), Problem(3, "", NO_ID))


def test_parquet_that_is_damaged_or_without_text_is_an_error(tmp_path: Path) -> None:
    """Neither is a traceback."""
    path = tmp_path / "table.parquet"
    pl.DataFrame({"id": [1], "image": [b"x"]}).write_parquet(path)
    with pytest.raises(TableError, match="values of type Binary"):
        read_reports(path, text=["image"], id_column="id")
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(TableError, match="a damaged one"):
        read_reports(path, text=["image"], id_column="id")


def test_json_lines_are_read_and_bad_ones_listed(tmp_path: Path) -> None:
    """Numbers become text, lists several texts; objects are passed over; keys may be absent."""
    lines = [
        json.dumps({"id": 1, "report": "a"}),
        '{"id": 2, "report": ["b", "c", null]}',
        "{oops",
        "[1]",
        "",
        '{"id": 3}',
        '{"id": "4", "report": {"x": 1}, "more": "d"}',
        '{"id": "5", "report": "half \\ud83d"}',
    ]
    path = tmp_path / "table.jsonl"
    path.write_text("\n".join(lines))
    table = read_reports(path, text=["report", "more"], id_column="id")
    assert pairs(table) == [
        *(("1", "a"), ("2", "b"), ("2", "c"), ("3", None), ("4", "d"), ("5", "half ?")),
    ]
    assert table.problems == (
        Problem(3, "", NOT_JSON),
        Problem(4, "", NOT_JSON),
        Problem(5, "", EMPTY_LINE),
        Problem(6, "3", NO_TEXT),
        Problem(7, "", NOT_TEXT),
        Problem(8, "", UNDECODABLE),
    )
    path.write_text('[{"id": 1}]')
    with pytest.raises(TableError, match="a JSON object on each line"):
        read_reports(path, text=["report"], id_column="id")


def test_a_folder_of_text_files_is_read_by_name(tmp_path: Path) -> None:
    """The name is the id; what is not text is listed, other files are passed over."""
    (tmp_path / "b.txt").write_bytes(codecs.BOM_UTF8 + b"sinus rhythm")
    (tmp_path / "a.TXT").write_bytes("förmak".encode("cp1252"))
    (tmp_path / "c.txt").write_bytes(b"\x00\x01\x02\x00\x03")
    (tmp_path / "d.txt").mkdir()
    (tmp_path / "e.txt").write_text(" \n")
    (tmp_path / "other.pdf").write_text("x")
    table = read_reports(tmp_path, text=[], id_column=None)
    assert pairs(table) == [("a", "förmak"), ("b", "sinus rhythm"), ("e", None)]
    assert table.problems == (
        Problem(1, "a", AS_WINDOWS_1252),
        Problem(3, "c", NOT_A_TEXT_FILE),
        Problem(4, "d", UNREADABLE),
        Problem(5, "e", NO_TEXT),
    )
    with pytest.raises(TableError, match="has no columns"):
        read_reports(tmp_path, text=["report"], id_column=None)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no column"),
        (b"id,report\n", "no row"),
        (b"id,report\n,x\n", "1 rows left out"),
        (b"id,text\n1,x\n", "Did you mean|Name one"),
        (b"PK\x03\x04....", "Excel workbook"),
        (b"\x1f\x8b.....", "gzip"),
        (b"a\x00\x00\x01b\x00", "not text"),
    ],
)
def test_what_is_no_table_of_reports_is_one_clear_error(
    content: bytes, message: str, tmp_path: Path
) -> None:
    """It names the file and what to do."""
    with pytest.raises(TableError, match=message) as caught:
        read_csv(tmp_path, content)
    assert "table.csv" in str(caught.value)


def test_absent_files_and_empty_folders_are_errors(tmp_path: Path) -> None:
    """With what was found there."""
    with pytest.raises(TableError, match="no such file"):
        read_reports(tmp_path / "x.csv", text=["a"], id_column=None)
    with pytest.raises(TableError, match="a folder without either"):
        read_reports(tmp_path, text=[], id_column=None)


def test_no_text_of_a_report_is_in_problems_or_errors(tmp_path: Path) -> None:
    """Whatever is wrong with the rows."""
    rows = [
        "1,secret,x,y",
        '2,"secret',
        "2,secret",
        ",secret",
        "1,sec\xff".encode("latin-1").decode("latin-1"),
    ]
    table = read_csv(tmp_path, ("id,report\n" + "\n".join(rows)).encode("latin-1"))
    assert table.problems
    assert not any("sec" in each.problem for each in table.problems)


@given(st.binary(max_size=300), st.sampled_from(["csv", "jsonl", "parquet", "txt"]))
def test_any_bytes_give_a_table_or_a_clear_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, kind: str
) -> None:
    """Never another exception."""
    path = tmp_path_factory.mktemp("bytes") / f"table.{kind}"
    for begin in (b"", b"id,report\n", b'{"id": 1, "report": "x"}\n', b"PAR1"):
        path.write_bytes(begin + content)
        try:
            table = read_reports(path, text=["report"], id_column="id")
        except TableError:
            continue
        assert len(table.ids) == len(table.reports) > 0


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")).map(
            lambda text: f"x{text}"
        ),
        min_size=1,
    )
)
def test_what_a_csv_writer_wrote_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    """Any text, whatever its quotes, delimiters and line breaks."""
    path = tmp_path_factory.mktemp("csv") / "table.csv"
    ids = [str(number) for number in range(len(texts))]
    pl.DataFrame({"id": ids, "report": texts}).write_csv(path, quote_style="always")
    table = read_reports(path, text=["report"], id_column="id")
    assert pairs(table) == list(zip(ids, texts, strict=True))
