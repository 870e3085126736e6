"""What a training tells while it runs: a progress bar listens, and so may a notebook or a tracker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final


def _silent(*_: object) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Callbacks:
    """Who is told of what; each is silent unless given."""

    on_start: Callable[[int], None] = _silent
    """Called with the number of batches that the run has left."""
    on_batch: Callable[[], None] = _silent
    """Called after each batch."""
    on_epoch: Callable[[dict[str, Any]], None] = _silent
    """Called with each epoch's metrics, after they and the state are written: what it raises ends a run
    that can go on from there."""
    on_reports: Callable[[int, int], None] = _silent
    """Called with how many of how many distinct reports are encoded (contrastive methods)."""
    on_windows: Callable[[int, int], None] = _silent
    """Called with how many of how many windows are embedded (rows of trained names)."""


SILENT: Final = Callbacks()
"""Tells nobody anything."""
