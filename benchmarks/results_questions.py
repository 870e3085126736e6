"""The section of the results page about reading questions, from docs/results/questions.json."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def lines(values: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of the section.

    Args:
        values: What ``benchmarks/questions.py --json`` wrote.
    """
    yield "## Questions: negation and nonsense\n"
    yield "Made by `python benchmarks/questions.py --json docs/results/questions.json`.\n"
    yield "| held-out questions | share | 95 % interval | of |\n| --- | --- | --- | --- |"
    held_out, words = values["held_out"], values["held_out_by_words_alone"]
    yield _row("cardiac, not in the concept table: not refused", held_out["sensitivity"])
    yield _row("off-topic or nonsense: refused", held_out["specificity"])
    yield _row("the same without the text encoder: not refused", words["sensitivity"])
    yield _row("the same without the text encoder: refused", words["specificity"])
    reading = values["reading_held_out"]
    yield _row("asked if it is one finding, and only then", reading["asked_or_not_rightly"])
    yield _row("kind and concepts as they should be", reading["kind_and_concepts_right"])
    kinds = ", ".join(
        f"{kind.replace('_', ' ')} {count}" for kind, count in reading["kinds"].items()
    )
    yield f"\nBy kind (last row): {kinds}.\n"
    yield f"Cardiac and yet refused: {_quoted(held_out['cardiac_refused'])}. "
    yield f"Off-topic and yet asked: {_quoted(held_out['off_topic_asked'])}. "
    yield f"Read wrongly: {_quoted([each['query'] for each in reading['wrong']])}.\n"


def _row(name: str, share: dict[str, Any]) -> str:
    low, high = share["ci95"]
    return f"| {name} | **{share['share']:.3f}** | {low:.3f} to {high:.3f} | {share['of']} |"


def _quoted(queries: list[str]) -> str:
    return ", ".join(f'"{query}"' for query in queries) or "none"
