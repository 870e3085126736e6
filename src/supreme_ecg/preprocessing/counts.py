"""Window <-> int16 counts, as a store keeps them."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int16

from supreme_ecg.preprocessing.contract import MISSING_COUNT, SignalContract
from supreme_ecg.preprocessing.window import Window

LARGEST_COUNT = 32767
"""Counts run from -32767 to 32767; -32768 is :data:`MISSING_COUNT`."""


def to_counts(window: Window) -> Int16[np.ndarray, "lead time"]:
    """Quantise a window to the contract's microvolts per count.

    Args:
        window: The window, millivolts.

    Returns:
        The nearest count of each sample. Amplitudes beyond +-32767 counts are clipped, which
        ``check_range`` flags; every missing sample (a masked lead, a masked time) is
        ``MISSING_COUNT``.
    """
    counts_per_mv = np.float32(1000 / window.contract.microvolts_per_count)
    scaled = np.rint(window.signal * counts_per_mv)
    np.clip(scaled, -LARGEST_COUNT, LARGEST_COUNT, out=scaled)
    counts = scaled.astype(np.int16)
    if not window.lead_mask.all():
        counts[~window.lead_mask] = MISSING_COUNT
    if not window.sample_mask.all():
        counts[:, ~window.sample_mask] = MISSING_COUNT
    return counts


def from_counts(counts: Int16[np.ndarray, "lead time"], contract: SignalContract) -> Window:
    """Rebuild the window that :func:`to_counts` stored.

    Args:
        counts: Stored counts, rows in the contract's lead order.
        contract: The store's contract.

    Returns:
        The window: equal to the stored one to half a count, bit for bit where its samples were
        whole counts; masks rebuilt from ``MISSING_COUNT``; no notes.
    """
    is_recorded = counts != MISSING_COUNT
    signal = counts / np.float32(1000 / contract.microvolts_per_count)
    signal[~is_recorded] = 0
    return Window(
        signal=signal,
        lead_mask=is_recorded.any(axis=1),
        sample_mask=is_recorded.any(axis=0),
        contract=contract,
    )
