"""The section of the results page about probabilities and thresholds, from docs/results/calibration.json."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

COMMAND = """\
supreme calibrate --weights runs/ptb_xl/model --store stores/ptb_xl --score-folds 9 \\
    --json docs/results/calibration.json --plot docs/pictures/reliability.png"""
"""What makes the JSON and the picture, and writes the calibration into the weights."""


def lines(values: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of the section.

    Args:
        values: What ``supreme calibrate --json`` wrote.
    """
    calibration, source = values["calibration"], values["calibration"]["source"]
    yield "## Probabilities and thresholds\n"
    yield f"```sh\n{COMMAND}\n```\n"
    yield (
        f"A probability is the one **{calibration['meaning']}**. Fitted on the reports of "
        f"{source['records']} records of {source['patients_held_out']} patients held out of the training "
        f"folds, never on codes; scored on {values['records']} records of fold "
        f"{', '.join(map(str, values['run']['folds_scored']))}, against report labels "
        f"({len(values['concepts'])} concepts).\n"
    )
    yield from _scores(values)
    yield from _forms(values)
    yield from _operations(values)
    yield "![Reliability before and after calibration](pictures/reliability.png)\n"


def _scores(values: dict[str, Any]) -> Iterator[str]:
    before, after = values["before"], values["after"]
    yield "| | before | calibrated |\n| --- | --- | --- |"
    for name, key in (("log loss", "log_loss"), ("Brier score", "brier")):
        cells = [
            f"{one[key]:.4f} ({one[f'{key}_ci95'][0]:.4f} to {one[f'{key}_ci95'][1]:.4f})"
            for one in (before, after)
        ]
        yield f"| {name} (95 % interval) | {' | '.join(cells)} |"
    for name, key in (
        ("expected calibration error, all pairs", "ece"),
        (f"the same, mean of {after['concepts']} concepts with ten positives", "ece_by_concept"),
        ("expected / observed positives", "expected_by_observed"),
    ):
        yield f"| {name} | {_number(before[key])} | {_number(after[key])} |"
    yield ""


def _forms(values: dict[str, Any]) -> Iterator[str]:
    losses, chosen = values["cross_validated_log_loss"], values["calibration"]["method"]
    yield "Cross-validated log loss of the held-out patients, by which the form was chosen:\n"
    yield "| form | log loss |\n| --- | --- |"
    for name, loss in losses.items():
        shown = f"**{loss:.5f}**" if name == chosen else f"{loss:.5f}"
        yield f"| {name} | {shown} |"
    yield ""


def _operations(values: dict[str, Any]) -> Iterator[str]:
    calibration = values["calibration"]
    yield (
        f"Thresholds maximise {calibration['rule']} on the held-out patients; "
        f"{len(calibration['thresholds'])} concepts with {calibration['minimum_positives']} or more held-out "
        f"positives have their own, the others {calibration['threshold']:.3f}.\n"
    )
    yield "| yes from | sensitivity | specificity | precision | F1 | macro F1 |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for name, one in values["operations"].items():
        cells = [one[key] for key in ("sensitivity", "specificity", "precision", "f1")]
        shown = " | ".join(map(_number, [*cells, values["macro_f1"][name]]))
        yield f"| {name} | {shown} |"
    yield ""


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
