"""Worker processes that begin clean and end with their parent."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from typing import Final, Literal

METHOD: Final[Literal["forkserver", "spawn"]] = (
    "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
)
"""Never fork: locks of other threads (polars, BLAS) would be copied as they are, and hang."""


def begin_worker() -> None:
    """Leave Ctrl-C to the parent, and end when the parent ends, even by ``kill -9``."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
