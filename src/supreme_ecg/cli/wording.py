"""`supreme wording`: how much the wording of a question matters."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from supreme_ecg.cli.console import console, print_json, progress_bar
from supreme_ecg.cli.folds import parse_folds
from supreme_ecg.cli.scoring_options import require_writable, seen_note, warn_without_manifest

if TYPE_CHECKING:
    from collections.abc import Callable

    from supreme_ecg.evaluation.wording import WordingResult, WordingSummary
    from supreme_ecg.evaluation.wording_run import Wording
    from supreme_ecg.models.loading import Model


def wording_command(
    weights: Annotated[str, typer.Option(help="Folder or name of the model.", show_default=False)],
    store: Annotated[Path, typer.Option(help="Store with findings.", show_default=False)],
    folds: Annotated[
        str | None, typer.Option(help="Folds to score, as 9 or 1-3,5; every record if left out.")
    ] = None,
    paraphrases: Annotated[
        Path | None,
        typer.Option(help="CSV (concept, kind, phrase); the package's own if left out."),
    ] = None,
    resolve: Annotated[
        bool,
        typer.Option(
            "--resolve", help="Ask what `supreme ask` asks: the name of the concept that was read."
        ),
    ] = False,
    json: Annotated[
        Path | None, typer.Option(help="Write the result to this file; - prints it instead.")
    ] = None,
    allow_seen: Annotated[
        bool, typer.Option("--allow-seen", help="Score records seen in pre-training too, marked.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the bootstrap.")] = 0,
    threads: Annotated[int, typer.Option(min=0, help="Processor threads; 0 = all.")] = 0,
) -> None:
    """Ask every concept in its name and in paraphrases, and compare how well each ranks the records."""
    import torch  # noqa: PLC0415  slow to import

    from supreme_ecg.concepts.table import ConceptTable  # noqa: PLC0415
    from supreme_ecg.evaluation.paraphrase import read_paraphrases  # noqa: PLC0415
    from supreme_ecg.evaluation.wording_run import run_wording  # noqa: PLC0415
    from supreme_ecg.models.loading import load_answering_model  # noqa: PLC0415
    from supreme_ecg.store.reading import Store  # noqa: PLC0415

    require_writable(json)
    if threads:
        torch.set_num_threads(threads)
    asked = read_paraphrases(paraphrases, table=ConceptTable.load())
    chosen = None if folds is None else parse_folds(folds)
    model = load_answering_model(weights)
    warn_without_manifest(model)
    with progress_bar() as bar:
        row = bar.add_task("asking", total=None)
        wording = run_wording(
            model,
            Store.open(store),
            asked,
            folds=chosen,
            allow_seen=allow_seen,
            resolve=_resolver(model) if resolve else None,
            seed=seed,
            advance=lambda records: bar.advance(row, records),
        )
    _show(wording, weights=weights, json=json)


def _resolver(model: Model) -> Callable[[str], str | None]:
    """Question -> what `supreme ask` would ask; None where it would refuse."""
    from supreme_ecg.serving.ask import question_reader  # noqa: PLC0415

    reader = question_reader(model)
    return lambda text: reader.read(text).asked


def _show(wording: Wording, *, weights: str, json: Path | None) -> None:
    values = {"weights": weights, **wording.to_json()}
    if json == Path("-"):
        print_json(values)
        return
    for result in (wording.reports, wording.scp):
        if result is not None:
            _print_result(result)
    if note := seen_note(wording.run):
        console.print(f"[dim]{note}[/]", highlight=False)
    if json is not None:
        from json import dumps  # noqa: PLC0415  the option has the module's name

        json.write_text(dumps(values, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
        console.print(f"Result: {escape(str(json))}", highlight=False)


def _print_result(result: WordingResult) -> None:
    table = Table(title=f"Truth: {result.truth}", title_justify="left")
    table.add_column("kind")
    for heading in ("paraphrases", "concepts", "within 0.02", "95 % interval", "not worse", "mean"):
        table.add_column(heading, justify="right", no_wrap=True)
    for kind, summary in result.by_kind.items():
        table.add_row(kind, *_cells(summary))
    table.add_section()
    for half, summary in result.by_half.items():
        table.add_row(f"{half} half", *_cells(summary))
    if result.overall:
        table.add_row("all", *_cells(result.overall))
    console.print(table)
    if result.excluded_concepts:
        console.print(
            f"[dim]Left out, fewer than {result.least_positives} positives: "
            f"{len(result.excluded_concepts)} concepts, {result.excluded_paraphrases} paraphrases.[/]",
            highlight=False,
        )


def _cells(one: WordingSummary) -> tuple[str, ...]:
    low, high = one.within_ci95
    return (
        str(one.paraphrases),
        str(one.concepts),
        f"{one.within:.1%}",
        f"{low:.1%}, {high:.1%}",
        f"{one.not_worse:.1%}",
        f"{one.mean_difference:+.4f}",
    )
