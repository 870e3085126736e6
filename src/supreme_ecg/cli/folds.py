"""Folds as people write them."""

from __future__ import annotations

import re
from typing import Final

import typer

_SPAN: Final = re.compile(r"(\d+)(?:-(\d+))?")


def parse_folds(text: str) -> list[int]:
    """Read a choice of folds.

    Args:
        text: Numbers and ranges between commas, such as ``1-8,10``.

    Returns:
        The folds in rising order, each once.

    Raises:
        typer.BadParameter: It is something else, or a range that runs backwards.
    """
    folds: set[int] = set()
    for item in text.split(","):
        match = _SPAN.fullmatch(item.strip())
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if first > last:
            raise typer.BadParameter(f"{text!r} is no choice of folds such as 1-8,10")
        folds.update(range(first, last + 1))
    return sorted(folds)
