"""Where commands print: results on stdout, progress and errors on stderr."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

console = Console()
"""Results for people."""
error_console = Console(stderr=True)
"""Progress, notes and errors."""


def print_json(value: Any) -> None:
    """Print one JSON value on stdout for machines, unwrapped and without colour."""
    print(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False))  # noqa: T201


def progress_bar() -> Progress:
    """A bar on stderr with counts, elapsed and remaining time; hidden where there is no terminal."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=error_console,
        disable=not error_console.is_terminal,
    )
