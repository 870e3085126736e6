"""`supreme ask`: questions in words about one ECG file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from supreme_ecg.cli.console import console, print_json


def ask_command(
    file: Annotated[Path, typer.Argument(help="ECG file (WFDB .hea, .mat).", show_default=False)],
    queries: Annotated[
        list[str],
        typer.Argument(help='Questions, such as "atrial fibrillation".', show_default=False),
    ],
    weights: Annotated[Path, typer.Option(help="Folder of the model.")],
    plot: Annotated[Path | None, typer.Option(help="Draw the ECG on paper to this PNG.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Ask one ECG about any condition. Research use only, not for diagnosis."""
    from supreme_ecg.models.supreme import SuPreME  # noqa: PLC0415  slow to import
    from supreme_ecg.records.paper import draw_on_paper  # noqa: PLC0415
    from supreme_ecg.records.reading import read_record  # noqa: PLC0415
    from supreme_ecg.serving.ask import ask  # noqa: PLC0415

    record = read_record(file)
    reply = ask(SuPreME.from_pretrained(weights), record, queries)
    if plot is not None:
        draw_on_paper(record, plot)
    if json:
        print_json(reply.to_json())
        return
    table = Table("query", "probability", title=f"ECG {escape(reply.record)}")
    for answer in sorted(reply.answers, key=lambda a: -a.probability):
        table.add_row(escape(answer.query), f"{answer.probability:.3f}")
    console.print(table)
    for warning in reply.warnings:
        console.print(f"[yellow]note[/] {escape(warning)}", highlight=False)
    console.print("[dim]Research use only, not for diagnosis.[/]")
