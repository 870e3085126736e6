"""How the scoring commands write numbers, and what they say beside a table of scores."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from supreme_ecg.evaluation.zero_shot_result import Comparison, ZeroShotResult

_NAMED = 8
"""Classes that a note names before it only counts."""


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
    note = f"F1, accuracy: thresholds of highest F1 from {thresholds['from']}"
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
