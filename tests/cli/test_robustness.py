"""`supreme robustness` from its options to its tables and its JSON."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from supreme_ecg.cli import robustness as command
from supreme_ecg.evaluation import robustness
from supreme_ecg.models import loading
from supreme_ecg.store.reading import Store
from tests.evaluation.test_robustness import EveryLeadStore, LeadModel, scripted_store


@pytest.fixture(autouse=True)
def _scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    records = scripted_store(missing=["STE"]).records
    people = [pl.lit("female").alias("sex"), pl.lit(50.0).alias("age_years")]
    store = EveryLeadStore(records.with_columns(people))
    monkeypatch.setattr(Store, "open", lambda path: store)
    monkeypatch.setattr(loading, "load_answering_model", lambda folder: LeadModel(store))
    monkeypatch.setitem(robustness.run_robustness.__kwdefaults__, "draws", 20)


def _run(*options: str):
    app = typer.Typer()
    app.command()(command.robustness_command)
    return CliRunner().invoke(app, ["--weights", "W", "--store", "S", *options])


def test_tables_json_and_plot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person reads reductions and groups in 80 columns; the file and the picture are written."""
    monkeypatch.setattr(command, "console", Console(width=80, color_system=None, record=True))
    out, plot = tmp_path / "r.json", tmp_path / "r.png"
    result = _run("--task", "cpsc2018,cpsc2018", "--json", str(out), "--plot", str(plot))
    assert result.exit_code == 0, result.output
    printed = command.console.export_text()
    for words in ("64 records, 8 classes", "above chance", "lead I, 2.5 s", "female", "40-59"):
        assert words in printed
    assert "…" not in printed
    (values,) = json.loads(out.read_text())
    assert (values["task"], values["reductions"][0]["above_chance"]) == ("cpsc2018", 1.0)
    assert plot.is_file()


def test_dash_prints_json_alone() -> None:
    """`--json -` leaves nothing but JSON on stdout, for pipes."""
    assert json.loads(_run("--task", "all", "--json", "-").stdout)[0]["task"] == "cpsc2018"


def test_unwritable_plot_is_refused_before_the_work(tmp_path: Path) -> None:
    """The message names the option."""
    result = _run("--task", "all", "--plot", str(tmp_path / "absent" / "r.png"))
    assert result.exit_code == 2
    assert "--plot" in result.output
