"""Record -> Window: the standard 12 leads, one rate, one length, masks for what is missing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from supreme_ecg.preprocessing.contract import SignalContract


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Ten seconds of ECG, ready to be stored or shown to a model."""

    signal: Float[np.ndarray, "lead time"]
    """Millivolts, float32, rows in the contract's lead order; 0 where a mask says missing."""
    lead_mask: Bool[np.ndarray, " lead"]
    """True where the lead was recorded or exactly derivable."""
    sample_mask: Bool[np.ndarray, " time"]
    """True where the recording covers the sample."""
    contract: SignalContract
    """The contract this window fulfils."""
    notes: tuple[str, ...] = ()
    """What was done to get here, for people: resampled, cropped, masked, leads derived."""
