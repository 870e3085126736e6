"""`supreme calibrate`: probabilities that are as often right as they say, and thresholds, for weights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from supreme_ecg.cli.console import console, print_json, progress_bar
from supreme_ecg.cli.folds import parse_folds
from supreme_ecg.cli.scoring_options import require_writable, seen_note, warn_without_manifest

if TYPE_CHECKING:
    from supreme_ecg.evaluation.calibration_result import CalibrationResult


def calibrate_command(
    weights: Annotated[
        Path, typer.Option(help="Folder of the model; its model.json is rewritten.", exists=True)
    ],
    store: Annotated[Path, typer.Option(help="The store that it was trained on, with findings.")],
    score_folds: Annotated[
        str, typer.Option(help="Folds that took no part in training, to score before and after.")
    ] = "9",
    youden: Annotated[
        bool,
        typer.Option("--youden", help="Thresholds maximise sensitivity + specificity, not F1."),
    ] = False,
    allow_seen: Annotated[
        bool,
        typer.Option("--allow-seen", help="Score records known to have been seen too, marked."),
    ] = False,
    json: Annotated[
        Path | None, typer.Option(help="Write the scores to this file; - prints them instead.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the reliability to this PNG.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the bootstrap.")] = 0,
) -> None:
    """Calibrate a model on reports of the patients held out of its training; never on codes."""
    from supreme_ecg.evaluation.calibration_run import run_calibration  # noqa: PLC0415
    from supreme_ecg.evaluation.reliability_plot import plot_reliability  # noqa: PLC0415
    from supreme_ecg.models.loading import load_answering_model  # noqa: PLC0415
    from supreme_ecg.store.reading import Store  # noqa: PLC0415

    folds = parse_folds(score_folds)
    require_writable(json)
    require_writable(plot, option="--plot")
    opened, model = Store.open(store), load_answering_model(weights)
    warn_without_manifest(model)
    with progress_bar() as bar:
        task = bar.add_task("asking", total=None)
        result = run_calibration(
            model,
            opened,
            folder=weights,
            folds=folds,
            rule="youden" if youden else "f1",
            allow_seen=allow_seen,
            seed=seed,
            on_start=lambda records: bar.update(task, total=records),
            advance=lambda records: bar.advance(task, records),
        )
    if plot is not None:
        plot_reliability(result, plot)
    values = result.to_json()
    if json == Path("-"):
        print_json(values)
        return
    _print(result)
    if json is not None:
        from json import dumps  # noqa: PLC0415  the option has the module's name

        json.write_text(dumps(values, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
        console.print(f"Scores: {escape(str(json))}", highlight=False)


def _print(result: CalibrationResult) -> None:
    calibration = result.calibration
    table = Table(
        title=f"{result.records} records that took no part, report labels", title_justify="left"
    )
    table.add_column("")
    table.add_column("before", justify="right")
    table.add_column("calibrated", justify="right")
    for name, first, second in (
        ("log loss", result.before.log_loss, result.after.log_loss),
        ("Brier score", result.before.brier, result.after.brier),
        ("calibration error, all pairs", result.before.ece, result.after.ece),
        (
            "calibration error, by concept",
            result.before.ece_by_concept,
            result.after.ece_by_concept,
        ),
        (
            "expected / observed",
            result.before.expected_by_observed,
            result.after.expected_by_observed,
        ),
    ):
        table.add_row(name, _number(first), _number(second))
    console.print(table)
    if note := seen_note(result.run):
        console.print(f"[dim]{note}[/]", highlight=False)
    table = Table("yes from", title="Yes and no", title_justify="left")
    for heading in ("sensitivity", "specificity", "precision", "F1", "macro F1"):
        table.add_column(heading, justify="right")
    for name, one in result.operations.items():
        cells: list[Any] = [one.sensitivity, one.specificity, one.precision, one.f1]
        table.add_row(name, *map(_number, [*cells, result.macro_f1[name]]))
    console.print(table)
    console.print(
        f"Probability: {escape(calibration.meaning)}.\nCurves: {escape(calibration.method)}. Thresholds: "
        f"highest {calibration.rule}, own for {len(calibration.thresholds)} of {len(result.concepts)} "
        f"concepts ({calibration.minimum_positives} held-out positives or more), else "
        f"{calibration.threshold:.3f}.\nStored in {escape(result.weights)}.",
        highlight=False,
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
