"""`supreme ingest`: what it prints and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from supreme_ecg.cli.main import app
from supreme_ecg.store.reading import Store
from tests.store.cohort_folder import write_cohort


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Four records, one without its signal."""
    folder = write_cohort(tmp_path / "cohort", 4)
    (folder / "records/r0002.dat").unlink()
    return folder


def run(*arguments: object, status: int = 0) -> str:
    """Run the command; return what it printed."""
    result = CliRunner().invoke(app, ["ingest", *map(str, arguments)])
    assert result.exit_code == status, result.output
    assert not (status and "Traceback" in result.output)
    return result.stdout if status == 0 else result.output


def test_people_are_told_what_was_stored_and_what_not(source: Path, tmp_path: Path) -> None:
    """The summary counts stored and rejected records and says where the list is."""
    printed = run("synthetic", source, tmp_path / "store")
    assert "stored" in printed
    assert "rejected: header without signal" in printed
    assert "1 rejected (header without signal 1)" in printed
    assert "rejected.csv" in printed
    assert "More than half" not in printed


def test_machines_are_told_in_json(source: Path, tmp_path: Path) -> None:
    """One JSON object on stdout, and nothing else."""
    told = json.loads(run("synthetic", source, tmp_path / "store", "--json"))
    assert told["records"] == 3
    assert told["rejected"] == {"header without signal": 1}
    assert told["flags"] == {}
    assert told["path"] == str(tmp_path / "store")
    assert told["entries_done"] == 4
    assert told["records_per_s"] > 0
    assert told["size_bytes"] > 3 * 24_000


def test_rate_folds_and_workers_reach_the_store(source: Path, tmp_path: Path) -> None:
    """The store has the rate and the folds that were asked for."""
    run("synthetic", source, tmp_path / "store", "--rate", 50, "--folds", "1-2,4", "--workers", 2)
    store = Store.open(tmp_path / "store")
    assert store.contract.sampling_rate_hz == 50
    assert store.records["fold"].to_list() == [1, 2, 4]


def test_a_second_run_says_that_there_is_nothing_to_do(source: Path, tmp_path: Path) -> None:
    """Nothing is read again, in words and in numbers."""
    run("synthetic", source, tmp_path / "store")
    assert "nothing to do" in run("synthetic", source, tmp_path / "store")
    told = json.loads(run("synthetic", source, tmp_path / "store", "--json"))
    assert told["entries_done"] == 0


def test_a_corpus_that_is_mostly_absent_is_a_hint(source: Path, tmp_path: Path) -> None:
    """Where most files are missing, the command says that a download is unfinished."""
    for path in (source / "records").glob("r000[013]*"):
        path.unlink()
    printed = run("synthetic", source, tmp_path / "store")
    assert "More than half for one cause, file not found: download the rest" in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("synthetic", "absent"), "no such folder"),
        (("ptb_xll", "absent"), "Did you mean ptb_xl"),
    ],
)
def test_an_error_is_one_message_and_status_1(
    arguments: tuple[str, str], message: str, tmp_path: Path
) -> None:
    """A wrong folder or corpus ends without a traceback."""
    printed = run(*arguments, tmp_path / "store", status=1)
    assert message in " ".join(printed.split())


@pytest.mark.parametrize("text", ["", "a", "9-1", "1-", "1;2", "-3"])
def test_other_words_for_folds_are_refused(text: str, source: Path, tmp_path: Path) -> None:
    """What is no choice of folds is a usage error that shows one."""
    assert "1-8,10" in run("synthetic", source, tmp_path / "s", f"--folds={text}", status=2)
