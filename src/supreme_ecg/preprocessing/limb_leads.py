"""Einthoven's and Goldberger's laws: six limb leads, two degrees of freedom.

Three electrodes (RA, LA, LL) give two independent voltages; all six limb leads follow from any two.

Source:
    Malmivuo and Plonsey, Bioelectromagnetism, 1995, chapter 15: III = II - I, aVR = -(I + II) / 2,
    aVL = I - II / 2, aVF = II - I / 2.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from jaxtyping import Float

from supreme_ecg.records.leads import LIMB_LEADS

FROM_I_AND_II: Final[dict[str, tuple[float, float]]] = {
    "I": (1.0, 0.0),
    "II": (0.0, 1.0),
    "III": (-1.0, 1.0),
    "aVR": (-0.5, -0.5),
    "aVL": (1.0, -0.5),
    "aVF": (-0.5, 1.0),
}
"""Each limb lead as (share of I, share of II)."""


@lru_cache(maxsize=64)
def derivation(
    recorded: tuple[str, ...], wanted: tuple[str, ...]
) -> Float[np.ndarray, "wanted recorded"]:
    """Weights that give limb leads from recorded ones.

    Args:
        recorded: At least two limb leads. Of more than two the least-squares fit is used, which is
            exact where they obey Einthoven's law.
        wanted: Limb leads to derive.

    Returns:
        ``wanted = weights @ recorded``.
    """
    known = np.array([FROM_I_AND_II[name] for name in recorded])
    weights = np.array([FROM_I_AND_II[name] for name in wanted]) @ np.linalg.pinv(known)
    return weights.round(15)


def derivable(recorded: tuple[str, ...]) -> tuple[str, ...]:
    """Limb leads absent from ``recorded`` that follow from those in it: all, given any two."""
    missing = tuple([name for name in LIMB_LEADS if name not in recorded])
    return missing if len(LIMB_LEADS) - len(missing) >= 2 else ()
