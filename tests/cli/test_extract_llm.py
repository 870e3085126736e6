"""`supreme extract --extractor llm`: the whole way, against a server of recorded answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import typer
from typer.testing import CliRunner

from supreme_ecg.cli.extract import extract_command
from supreme_ecg.cli.main import app
from tests.extraction.llm.replay import Replay, Reply, statement_of

APP = typer.Typer()
APP.command()(extract_command)

ENDPOINT = ("--extractor", "llm", "--llm-url", "http://127.0.0.1:1", "--llm-model", "m")


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three reports, two of them alike but for a name; answers are kept in this folder."""
    monkeypatch.chdir(tmp_path)
    for variable in ("SUPREME_LLM_URL", "SUPREME_LLM_MODEL", "SUPREME_LLM_KEY"):
        monkeypatch.delenv(variable, raising=False)
    path = tmp_path / "reports.csv"
    path.write_text("id,report\na,Dr. Ng: flutter\nb,Dr. Oz: flutter\nc,strange\n")
    return path


def answer(body: dict[str, Any], _: int) -> Reply:
    if "flutter" not in statement_of(body):
        return Reply("no")
    return Reply(
        '{"findings": [{"evidence": "flutter", "concept": "atrial_flutter", "assertion": "Abnormal"}]}'
    )


def arguments(table: Path, url: str, *more: str) -> list[str]:
    given = [str(table), "--text", "report", "--id", "id", "--out", "out", "--extractor", "llm"]
    return [*given, "--llm-url", url, "--llm-model", "replayed", *more]


def run(*words: str) -> str:
    result = CliRunner().invoke(APP, list(words))
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_table_is_extracted_and_nothing_asked_twice(table: Path, tmp_path: Path) -> None:
    """Findings, provenance and rejections are written; a second run asks nothing."""
    with Replay(answer) as server:
        first = json.loads(run(*arguments(table, server.url, "--offline", "--json")))
        asked = len(server.requests)
        second = json.loads(run(*arguments(table, server.url, "--json")))
        assert len(server.requests) == asked == 3
    assert first["findings"] == second["findings"] == 2
    llm = {"answers_of_this_run": 3, "rejected_statements": 1, "new_entities": 0}
    assert llm.items() <= first["llm"].items()
    assert second["llm"]["answers_of_this_run"] == 0
    findings = pl.read_parquet(tmp_path / "out" / "findings.parquet")
    assert findings["record_id"].to_list() == ["a", "b"]
    assert findings["extractor"][0].startswith("llm/full-1+")
    assert pl.read_csv(tmp_path / "out" / "llm_rejected.csv")["statement"].to_list() == ["strange"]


def test_people_see_what_was_asked_and_rejected(table: Path) -> None:
    """The summary names the extractor and the files."""
    with Replay(answer) as server:
        shown = run(*arguments(table, server.url))
    assert "3 answers asked for" in shown
    assert "1 statements with something rejected (llm_rejected.csv)" in shown


def test_a_dry_run_asks_and_writes_nothing(table: Path, tmp_path: Path) -> None:
    """It shows statements, tokens, cost and time."""
    before = sorted(tmp_path.iterdir())
    url = "http://127.0.0.1:1/v1"
    shown = run(*arguments(table, url, "--dry-run", "--llm-prices", "1,2"))
    assert "3 distinct statements, 2 after masking (2 held identifiers)" in shown
    assert "Nothing was asked." in shown
    made = json.loads(run(*arguments(table, url, "--dry-run", "--llm-prices", "1,2", "--json")))
    assert made["to_ask"] == 2
    assert made["cost"] == pytest.approx(
        (made["prompt_tokens"] + 2 * made["completion_tokens"]) / 1e6
    )
    assert sorted(tmp_path.iterdir()) == before


def test_offline_refuses_another_machine_in_one_message(table: Path, tmp_path: Path) -> None:
    """Exit status 1 before anything is sent or written."""
    words = arguments(table, "https://api.example.com/v1", "--offline")
    result = CliRunner().invoke(app, ["extract", *words])
    assert result.exit_code == 1
    assert "--offline" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--extractor", "llm", "--llm-url", "http://127.0.0.1:1"], "--llm-model is needed"),
        (["--extractor", "llm", "--llm-model", "m"], "--llm-url is needed"),
        (["--dry-run"], "rules cost nothing"),
        (
            [*ENDPOINT, "--llm-prices", "cheap", "--dry-run"],
            "two numbers",
        ),
        (
            [*ENDPOINT, "--llm-names", "absent.txt"],
            "FileNotFoundError",
        ),
    ],
)
def test_options_that_miss_something_are_refused(
    words: list[str], message: str, table: Path
) -> None:
    """The message says which option is needed or wrong."""
    given = [str(table), "--text", "report", "--out", "out", *words]
    result = CliRunner().invoke(APP, given, env={"COLUMNS": "200"})
    assert result.exit_code == 2
    assert message in result.output


def test_rules_remove_what_a_model_left(table: Path, tmp_path: Path) -> None:
    """The files of an earlier model do not stand beside the findings of rules."""
    with Replay(answer) as server:
        run(*arguments(table, server.url))
    run(str(table), "--text", "report", "--id", "id", "--out", "out")
    assert not [path.name for path in (tmp_path / "out").iterdir() if "llm" in path.name]
