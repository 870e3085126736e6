"""`supreme findings`: what a text says."""

from __future__ import annotations

import json

import typer
from typer.testing import CliRunner

from supreme_ecg.cli.findings import findings_command

APP = typer.Typer()
APP.command()(findings_command)


def run(*arguments: str) -> str:
    """What the command prints."""
    result = CliRunner().invoke(APP, list(arguments))
    assert result.exit_code == 0, result.output
    return result.output


def test_json_has_the_promised_fields() -> None:
    """Each finding comes with its statement, span and codes."""
    rows = json.loads(run("Atrial fibrillation. No evidence of LBBB.", "--json"))
    first = rows[0]
    assert set(first) == {"statement", "concept", "assertion", "span", "snomed_ct", "scp"}
    assert first["statement"] == "Atrial fibrillation"
    assert (first["concept"], first["assertion"]) == ("atrial_fibrillation", "present")
    assert first["span"] == [0, 19]
    assert first["scp"] == ["AFIB"]
    assert first["snomed_ct"] == ["164889003"]
    assert rows[-1]["assertion"] == "absent"


def test_leaked_codes_and_device_notes_say_nothing() -> None:
    """Text after ``Edit:`` and notes of the recorder give no finding."""
    assert json.loads(run("4.46 unbestätigter bericht Edit: AFIB 100", "--json")) == []


def test_the_table_shows_evidence_and_escapes_markup() -> None:
    """People see words, concept and assertion; brackets in a report are no markup."""
    shown = run("possible sinus rhythm [red]")
    assert "sinus rhythm" in shown
    assert "uncertain" in shown
    assert "[red]" in shown


def test_a_text_without_findings_says_so() -> None:
    """No empty table."""
    assert "No finding" in run("lorem ipsum")
