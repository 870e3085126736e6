"""Results of `supreme probe` as tables for people and JSON for machines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.markup import escape
from rich.table import Table

from supreme_ecg.cli.console import console, print_json
from supreme_ecg.cli.scoring_options import seen_note

if TYPE_CHECKING:
    from supreme_ecg.evaluation.age_probe import AgeResult, AgeScore
    from supreme_ecg.evaluation.probe_result import ProbeResult, ProbeScore

_NAMES: Final = {
    "logistic_regression": "logistic",
    "knn": "kNN",
    "fine_tuning": "fine-tuned",
    "ridge_regression": "ridge",
}


def show_probes(
    results: Sequence[ProbeResult | AgeResult], *, json: Path | None, plot: Path | None
) -> None:
    """Print tables, or write or print one JSON object (a list where there are several results).

    Args:
        results: At least one.
        json: File to be written; ``-`` prints the JSON in place of the tables.
        plot: PNG to be drawn.
    """
    values = [result.to_json() for result in results]
    if plot is not None:
        from supreme_ecg.evaluation.label_efficiency_plot import plot_label_efficiency  # noqa: PLC0415

        plot_label_efficiency(values, plot)
    single = values[0] if len(values) == 1 else values
    if json == Path("-"):
        print_json(single)
        return
    for task in dict.fromkeys(result.task for result in results):
        of_task = [result for result in results if result.task == task]
        _print_task(of_task)
    if json is not None:
        from json import dumps  # noqa: PLC0415  the option has the module's name

        json.write_text(dumps(single, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
        console.print(f"Scores: {escape(str(json))}", highlight=False)


def _print_task(results: Sequence[ProbeResult | AgeResult]) -> None:
    """One table for all encoders of a task, and the classes of the most labels of the first."""
    from supreme_ecg.evaluation.age_probe import AgeResult  # noqa: PLC0415  slow to import
    from supreme_ecg.evaluation.probe_result import ProbeScore  # noqa: PLC0415

    first = results[0]
    table = Table(
        title=f"{first.task}: {first.records} records of {first.patients} patients "
        f"({first.run['part']}),\n{first.records_train} to learn from",
        title_justify="left",
    )
    for heading in ("encoder", "probe", "labels"):
        table.add_column(heading, no_wrap=heading != "encoder", overflow="fold")
    measures = ("years off",) if isinstance(first, AgeResult) else ("not learnt", "AUROC")
    for heading in (*measures, "sd", "95 % interval"):
        table.add_column(heading, justify="right", no_wrap=heading != "not learnt")
    for result in results:
        for score in result.scores:
            cells = _cells(score) if isinstance(score, ProbeScore) else _age_cells(score)
            table.add_row(escape(result.weights), *cells)
    console.print(table)
    probes = [result for result in results if not isinstance(result, AgeResult)]
    if len(probes) > 1:
        _print_differences(probes)
    if probes and len(probes[0].scores[0].classes) > 1:
        _print_classes(probes[0])
    for note in _notes(first):
        console.print(f"[dim]{escape(note)}[/]", highlight=False)


def _cells(score: ProbeScore) -> list[str]:
    macro, lost = score.macro, [len(draw.not_learnt) for draw in score.draws]
    many = str(lost[0]) if min(lost) == max(lost) else f"{min(lost)}-{max(lost)}"
    amount = f"{score.shots} per class" if score.fraction is None else f"{100 * score.fraction:g} %"
    return [
        _NAMES[score.method],
        amount,
        many,
        _number(macro.auroc),
        _number(macro.sd),
        _interval(macro.ci95),
    ]


def _print_differences(results: Sequence[ProbeResult]) -> None:
    """How far each further encoder is from the first, with the interval of the paired draws."""
    table = Table(title=f"less {escape(results[0].weights)}, same draws", title_justify="left")
    for heading in ("encoder", "probe", "labels"):
        table.add_column(heading, no_wrap=heading != "encoder", overflow="fold")
    for heading in ("AUROC", "95 % interval"):
        table.add_column(heading, justify="right", no_wrap=True)
    for result in results[1:]:
        for score in result.scores:
            apart = score.difference
            if apart is not None and apart.auroc is not None:
                named = (escape(result.weights), *_cells(score)[:2])
                table.add_row(*named, f"{apart.auroc:+.3f}", _interval(apart.ci95))
    console.print(table)


def _age_cells(score: AgeScore) -> list[str]:
    return [
        _NAMES[score.method],
        f"{100 * score.fraction:g} %",
        f"{score.mean_absolute_error:.2f}",
        "-" if score.sd is None else f"{score.sd:.2f}",
        "-" if score.ci95 is None else f"{score.ci95[0]:.2f}, {score.ci95[1]:.2f}",
    ]


def _print_classes(result: ProbeResult) -> None:
    """Classes of the first probe with the most labels."""
    most = max(result.scores, key=lambda score: score.fraction or 0.0)
    table = Table(title=f"{_NAMES[most.method]}, {_cells(most)[1]}", title_justify="left")
    table.add_column("class")
    for heading in ("learnt from", "scored", "AUROC", "95 % interval", "AUPRC"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in most.classes:
        learnt = sum(one.positives_learnt) / len(one.positives_learnt)
        table.add_row(
            escape(one.name),
            f"{learnt:g}",
            str(one.positives),
            _number(one.auroc),
            _interval(one.ci95),
            _number(one.auprc),
        )
    console.print(table)


def _notes(result: ProbeResult | AgeResult) -> list[str]:
    """What a reader must know beside the table."""
    run = result.run
    notes = [f"Settings chosen on {run['settings_chosen_on']} ({run['records_choice']} records)."]
    if run["in_domain"]:
        notes.append("In-domain: the weights were trained on reports of the same corpus.")
    if pairs := run.get("shared_classes"):
        words = ", ".join(
            f"{'+'.join(one['learnt_from'])} -> {'+'.join(one['scored_as'])}" for one in pairs
        )
        notes.append(f"Classes matched by concept: {words}.")
    if hasattr(result, "median_error"):
        notes.append(f"The median age said of everybody: {result.median_error:.2f} years.")
    else:
        notes.append(
            "AUROC: macro; not learnt: classes without a positive in the draw count as 0.5."
        )
    if note := seen_note(run):
        notes.append(note)
    return notes


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _interval(ends: tuple[float, float] | None) -> str:
    return "-" if ends is None else f"{ends[0]:.3f}, {ends[1]:.3f}"
