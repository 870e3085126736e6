"""The command as a whole."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from supreme_ecg import __version__
from supreme_ecg.cli.main import app

COMMANDS = ["demo", "ingest", "findings", "extract", "labels", "score-extraction", "vocabulary"]
COMMANDS += ["pretrain", "zero-shot", "ask"]


def test_help_lists_every_command() -> None:
    """And says what it is not for."""
    text = " ".join(CliRunner().invoke(app, ["--help"]).stdout.split())
    assert all(command in text for command in COMMANDS)
    assert "not for diagnosis" in text


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    """Exit status 0 and an option for machines."""
    result = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    assert "--json" in result.stdout


def test_version_is_printed() -> None:
    """The installed one."""
    assert CliRunner().invoke(app, ["--version"]).stdout.strip() == __version__


def test_a_users_mistake_is_one_message_and_exit_status_1() -> None:
    """No traceback: the kind of error, where, expected, found and what to do, on stderr."""
    result = CliRunner().invoke(app, ["pretrain", "no_such_recipe", "nowhere", "--out", "x"])
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "RecipeError" in result.stderr
    assert "Traceback" not in result.stderr
