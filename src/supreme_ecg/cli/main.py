"""The `supreme` command and its help."""

from __future__ import annotations

from typing import Any

import typer
from rich.markup import escape
from typer.core import TyperGroup

from supreme_ecg import __version__
from supreme_ecg.cli.align_text import align_text_command
from supreme_ecg.cli.ask import ask_command
from supreme_ecg.cli.average import average_command
from supreme_ecg.cli.benchmark import benchmark_command
from supreme_ecg.cli.calibrate import calibrate_command
from supreme_ecg.cli.console import console, error_console
from supreme_ecg.cli.demo import demo_command
from supreme_ecg.cli.embed import embed_command
from supreme_ecg.cli.extract import extract_command
from supreme_ecg.cli.findings import findings_command
from supreme_ecg.cli.ingest import ingest_command
from supreme_ecg.cli.labels import labels_command
from supreme_ecg.cli.manifest import manifest_command
from supreme_ecg.cli.pretrain import pretrain_command
from supreme_ecg.cli.probe import probe_command
from supreme_ecg.cli.robustness import robustness_command
from supreme_ecg.cli.score_extraction import score_extraction_command
from supreme_ecg.cli.vocabulary import vocabulary_command
from supreme_ecg.cli.wording import wording_command
from supreme_ecg.cli.zero_shot import zero_shot_command
from supreme_ecg.errors import SupremeError


class _Commands(TyperGroup):
    """Turns an error that the user can act on into one message and exit status 1."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except SupremeError as error:
            error_console.print(f"[bold red]{type(error).__name__}[/] {escape(str(error))}")
            raise typer.Exit(1) from error


app = typer.Typer(
    cls=_Commands,
    name="supreme",
    help="Ask an ECG, in words, about any cardiac condition. Research use only, not for diagnosis.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        console.print(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Options before the command."""


for name, command in (
    ("demo", demo_command),
    ("ingest", ingest_command),
    ("findings", findings_command),
    ("extract", extract_command),
    ("labels", labels_command),
    ("score-extraction", score_extraction_command),
    ("vocabulary", vocabulary_command),
    ("align-text", align_text_command),
    ("pretrain", pretrain_command),
    ("average", average_command),
    ("manifest", manifest_command),
    ("calibrate", calibrate_command),
    ("zero-shot", zero_shot_command),
    ("benchmark", benchmark_command),
    ("probe", probe_command),
    ("embed", embed_command),
    ("wording", wording_command),
    ("robustness", robustness_command),
    ("ask", ask_command),
):
    app.command(name)(command)
