"""`supreme ask`: questions in words about one ECG file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from supreme_ecg.cli.console import console, error_console, print_json
from supreme_ecg.models.pretrained import PACKAGED

if TYPE_CHECKING:
    from supreme_ecg.models.loading import Model
    from supreme_ecg.records.record import Record
    from supreme_ecg.serving.ask import Answer, Reply
    from supreme_ecg.serving.explain import Explanation


def ask_command(
    file: Annotated[Path, typer.Argument(help="ECG file (WFDB .hea, .mat).", show_default=False)],
    queries: Annotated[
        list[str],
        typer.Argument(help='Questions, such as "atrial fibrillation".', show_default=False),
    ],
    weights: Annotated[
        Path, typer.Option(help="Packaged weights, folder, or hub id owner/name[@revision].")
    ] = Path(PACKAGED),
    plot: Annotated[
        Path | None,
        typer.Option(help="Draw the ECG on paper, shaded by what each answer rests on."),
    ] = None,
    explain: Annotated[
        bool | None,
        typer.Option(
            "--explain/--no-explain",
            help="Say which leads and moments each answer rests on; on where --plot is given.",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Ask one ECG about any condition. Research use only, not for diagnosis."""
    from supreme_ecg.models.calibration import say_meaning  # noqa: PLC0415  slow to import
    from supreme_ecg.models.loading import load_answering_model  # noqa: PLC0415
    from supreme_ecg.models.supreme import SuPreME  # noqa: PLC0415
    from supreme_ecg.records.reading import read_record  # noqa: PLC0415
    from supreme_ecg.serving.ask import ask  # noqa: PLC0415

    record = read_record(file)
    model = load_answering_model(weights)
    reply = ask(model, record, queries)
    explanations = None
    if explain and not isinstance(model, SuPreME):
        raise typer.BadParameter("only answers of SuPreME can be explained", param_hint="--explain")
    if isinstance(model, SuPreME) and (explain or (explain is None and plot is not None)):
        from supreme_ecg.serving.explain import explain_reply  # noqa: PLC0415

        explanations = explain_reply(model, record, reply)
    if plot is not None:
        _draw(record, model, explanations or (), plot)
    if json:
        values = reply.to_json()
        if explanations is not None:
            values["explanations"] = [one.to_json() for one in explanations]
        print_json(values)
        return
    _print_answers(reply, model)
    for one in explanations or ():
        console.print(f"[bold]{escape(one.query)}[/] {one.describe()}", highlight=False)
    for warning in reply.warnings:
        console.print(f"[yellow]note[/] {escape(warning)}", highlight=False)
    if not model.gives_similarities:  # of those a note says it
        console.print(f"[dim]{escape(say_meaning(model.calibration))}[/]", highlight=False)
    console.print("[dim]Research use only, not for diagnosis.[/]")


def _print_answers(reply: Reply, model: Model) -> None:
    """Print a row per question, those that were not scored last."""
    similar = any(answer.similarity is not None for answer in reply.answers)
    limit = None if model.calibration is None else model.calibration.threshold_of
    table = Table(
        "query",
        "similarity" if similar else "probability",
        "yes from",
        "asked as",
        "training",
        title=f"ECG {escape(reply.record)}",
    )
    scored = [(answer, _score(answer)) for answer in reply.answers]
    for answer, score in sorted(scored, key=lambda each: 2.0 if each[1] is None else -each[1]):
        shown = "not scored" if score is None else f"{score:.3f}"
        asked_as = "" if answer.asked_as == answer.query else answer.asked_as or ""
        yes_from = (
            "" if limit is None or answer.probability is None else f"{limit(answer.concept):.3f}"
        )
        row = (escape(answer.query), shown, yes_from, escape(asked_as), answer.exposure or "")
        table.add_row(*row)
    console.print(table)


def _score(answer: Answer) -> float | None:
    return answer.similarity if answer.probability is None else answer.probability


def _draw(record: Record, model: Model, explanations: tuple[Explanation, ...], path: Path) -> None:
    """Draw a sheet per explanation, the most probable where there are too many; a plain one without any."""
    from supreme_ecg.records.paper import draw_on_paper  # noqa: PLC0415

    if not explanations:
        draw_on_paper(record, path)
        return
    from supreme_ecg.serving.explained_paper import MOST_SHEETS, draw_explained  # noqa: PLC0415

    order = sorted(range(len(explanations)), key=lambda i: -explanations[i].probability)
    chosen = [explanations[i] for i in sorted(order[:MOST_SHEETS])]
    draw_explained(record, model.contract, chosen, path)
    if len(explanations) > MOST_SHEETS:
        error_console.print(
            f"Drawn: the {MOST_SHEETS} most probable of {len(explanations)} answers.",
            highlight=False,
        )
