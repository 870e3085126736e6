"""What a command cost."""

from __future__ import annotations

import resource
import sys


def peak_memory_mb() -> float:
    """Largest resident memory of this process or of any one of its finished workers, megabytes."""
    own, workers = (
        resource.getrusage(whose).ru_maxrss
        for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    bytes_per_unit = 1 if sys.platform == "darwin" else 1024
    return round(max(own, workers) * bytes_per_unit / 1e6, 1)
