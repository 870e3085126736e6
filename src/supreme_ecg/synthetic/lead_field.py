"""How the heart vector is seen by the twelve leads.

Axes of the body: X to the left, Y downwards (inferior), Z to the front (anterior).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Float

from supreme_ecg.records.leads import CHEST_LEADS, STANDARD_LEADS

INDEPENDENT_LEADS: Final = ("I", "II", *CHEST_LEADS)
"""The eight leads that a recorder measures; the other four follow from I and II."""

_DOWER: Final = {
    "I": (0.632, -0.235, -0.059),
    "II": (0.235, 1.066, 0.132),
    "V1": (-0.515, 0.157, 0.917),
    "V2": (0.044, 0.164, 1.387),
    "V3": (0.882, 0.098, 1.277),
    "V4": (1.213, 0.127, 0.601),
    "V5": (1.125, 0.127, 0.086),
    "V6": (0.831, 0.076, -0.230),
}
"""Millivolts of each lead per millivolt of heart vector (X, Y, Z).

Source: Dower, Machado, Osborne, "On deriving the electrocardiogram from vectorcardiographic
leads", Clin. Cardiol. 3 (1980) 87. Its Z points to the back; here it points to the front.
"""

LEAD_FIELD: Final[Float[np.ndarray, "lead axis"]] = np.array(
    [_DOWER[lead] for lead in INDEPENDENT_LEADS]
)
"""The same numbers as a matrix with a row for each of :data:`INDEPENDENT_LEADS`."""


def vary_electrodes(rng: np.random.Generator) -> Float[np.ndarray, "lead axis"]:
    """The lead field of one sitting: chest electrodes are never twice on the same spot.

    Args:
        rng: Source of chance.

    Returns:
        :data:`LEAD_FIELD` with the chest rows turned and scaled by some 6 %; the limb rows,
        which define the frontal axis, are kept.
    """
    field = LEAD_FIELD.copy()
    chest = slice(2, None)
    scale = 1 + 0.06 * rng.standard_normal((len(CHEST_LEADS), 1))
    field[chest] = field[chest] * scale + 0.04 * rng.standard_normal(field[chest].shape)
    return field


def derive_leads(
    independent: Float[np.ndarray, "lead time"],
) -> dict[str, Float[np.ndarray, " time"]]:
    """Complete the eight measured leads to twelve.

    Args:
        independent: Millivolts, a row for each of :data:`INDEPENDENT_LEADS`.

    Returns:
        The standard leads by name, in standard order, as float32. III = II - I (Einthoven);
        aVR = -(I + II) / 2, aVL = I - II / 2, aVF = II - I / 2 (Goldberger).
    """
    measured = independent.astype(np.float32)
    leads = dict(zip(INDEPENDENT_LEADS, measured, strict=True))
    one, two = leads["I"], leads["II"]
    leads |= {
        "III": two - one,
        "aVR": -(one + two) / 2,
        "aVL": one - two / 2,
        "aVF": two - one / 2,
    }
    return {lead: leads[lead] for lead in STANDARD_LEADS}


def frontal_axis_deg(
    one: Float[np.ndarray, "*angle"], avf: Float[np.ndarray, "*angle"]
) -> Float[np.ndarray, "*angle"]:
    """Electrical axis in the frontal plane from net areas (or amplitudes) of I and aVF.

    Args:
        one: Net area of lead I.
        avf: Net area of lead aVF in the same unit.

    Returns:
        Degrees in (-180, 180]: 0 points to the left arm, 90 to the feet. aVF is stretched by
        2 / sqrt(3), the factor by which an augmented lead reads less than a bipolar one.
    """
    angle: Float[np.ndarray, "*angle"] = np.degrees(np.arctan2(2 / np.sqrt(3) * avf, one))
    return angle
