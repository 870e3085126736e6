"""How the scoring commands show results: tables or JSON, numbers, and notes beside a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from rich.console import Console
from rich.markup import escape

from supreme_ecg.cli.console import print_json

if TYPE_CHECKING:
    from supreme_ecg.evaluation.zero_shot_result import Comparison, ZeroShotResult

_NAMED = 8
"""Classes that a note names before it only counts."""


class _Result(Protocol):
    def to_json(self) -> dict[str, Any]: ...


_R = TypeVar("_R", bound=_Result)


def show_results(
    results: Sequence[_R],
    print_one: Callable[[_R, Console], None],
    *,
    console: Console,
    json: Path | None,
) -> None:
    """Print tables, or write or print one JSON object (a list where there are several tasks).

    Args:
        results: One a task.
        print_one: Prints the table of a result.
        console: Where to.
        json: File to write too; ``-`` prints JSON alone.
    """
    values = [result.to_json() for result in results]
    single = values[0] if len(values) == 1 else values
    if json == Path("-"):
        print_json(single)
        return
    for result in results:
        print_one(result, console)
    if json is not None:
        from json import dumps  # noqa: PLC0415  the option has the module's name

        json.write_text(dumps(single, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
        console.print(f"Scores: {escape(str(json))}", highlight=False)


def number(value: float | None) -> str:
    """Three digits; a dash where there is none."""
    return "-" if value is None else f"{value:.3f}"


def signed(value: float | None) -> str:
    """The same with its sign."""
    return "-" if value is None else f"{value:+.3f}"


def interval(ends: tuple[float, float] | None) -> str:
    """Both ends; a dash where there are none."""
    return "-" if ends is None else f"{ends[0]:.3f}, {ends[1]:.3f}"


def measure_notes(result: ZeroShotResult) -> Iterator[str]:
    """Where thresholds are from, how far probabilities are right, and averages by exposure.

    Args:
        result: Of one task.
    """
    thresholds = result.run["thresholds"]
    source = f"{thresholds['from']} ({thresholds['records']} records)"
    note = f"F1, accuracy: thresholds of highest F1 from {source}"
    if without := thresholds["classes_without"]:
        note += f"; none for {_names(without)}"
    yield f"{note}."
    if result.macro.ece is not None:
        yield (
            f"Mean over classes of calibration error {number(result.macro.ece)}, Brier score "
            f"{number(result.macro.brier)} ({result.run['answers']})."
        )
    else:
        yield f"Answers: {result.run['answers']}."
    kinds = [
        f"{kind} {number(one.auroc)} ({one.classes} classes)"
        for kind, one in result.macro_by_exposure.items()
    ]
    if len(kinds) > 1:
        yield f"Macro AUROC by exposure: {', '.join(kinds)}."
    if result.run.get("answers_origin") == "cached":
        yield "Answers are those of an earlier run, kept in the store."


def comparison_notes(comparison: Comparison) -> Iterator[str]:
    """What the first model gains, on average and by class.

    Args:
        comparison: With a second model.
    """
    if comparison.gain is not None:
        gain, ends = signed(comparison.gain), interval(comparison.gain_ci95)
        yield f"Macro gain over the {comparison.name}: {gain} ({ends})."
    yield (
        f"Decided, of {comparison.decidable} classes with ten or more positives and negatives: better in "
        f"{_names(comparison.better)}; worse in {_names(comparison.worse)}. By chance alone about "
        f"{comparison.decidable / 20:.1f} would be."
    )


def _names(names: tuple[str, ...] | list[str]) -> str:
    if len(names) > _NAMED:
        return f"{len(names)}"
    return ", ".join(names) or "none"
