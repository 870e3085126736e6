"""Do the limb leads of a record obey Einthoven and Goldberger, and if not, what explains it?"""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations
from typing import Final

import numpy as np
from jaxtyping import Float

from supreme_ecg.preprocessing.limb_leads import FROM_I_AND_II
from supreme_ecg.preprocessing.quality_flag import Check, QualityFlag
from supreme_ecg.records.leads import LIMB_LEADS

LIMB_RESIDUAL_MV: Final = 0.003
"""Largest lawful residual. Each lead is rounded by itself, which leaves up to 2 uV at 1 uV per count
(PTB-XL folds 1-9: 99.7 % of 19,601 records stay within); 3 uV is one count more."""

LIMB_RESIDUAL_COUNTS: Final = 3
"""The same in counts, for files of coarser resolution (MIMIC-IV-ECG: 5 uV per count)."""

UNIT_ERROR: Final = 1000.0
"""uV taken for mV, or mV for V: the unit errors that occur."""

_LAWS: Final[dict[str, dict[str, float]]] = {
    "einthoven": {"II": 1.0, "I": -1.0, "III": -1.0},
    "aVR": {"aVR": 1.0, "I": 0.5, "II": 0.5},
    "aVL": {"aVL": 1.0, "I": -0.5, "III": 0.5},
    "aVF": {"aVF": 1.0, "II": -0.5, "III": -0.5},
    "goldberger": {"aVR": 1.0, "aVL": 1.0, "aVF": 1.0},
}
"""Sums that are 0: II = I + III, aVR = -(I + II) / 2, aVL = (I - III) / 2, aVF = (II + III) / 2,
aVR + aVL + aVF = 0."""


def check_limb_laws(
    names: tuple[str, ...], signal: Float[np.ndarray, "lead time"]
) -> tuple[QualityFlag, ...]:
    """Check every law whose leads were recorded, and name the likely cause of a break.

    Args:
        names: Leads, standard spelling.
        signal: Their samples in millivolts; times with NaN are left out.

    Returns:
        ``einthoven`` and ``goldberger`` with the largest residual (mV) and the one lead whose
        absence would mend it, if there is one; ``limb_lead_swap`` where exchanging two leads
        (``aVL/aVF``) or the sign of one (``-III``) mends it; ``wrong_unit`` where a factor of 1000
        in one lead does. A reversal of electrodes (right and left arm) obeys both laws and is
        not seen here.
    """
    rows, laws, matrix = _laws_of(names)
    if not laws:
        return ()
    limb = signal[rows]
    # rounding to 10 nV takes out what float32 adds
    residuals = [round(value, 5) for value in _largest(matrix @ limb).tolist()]
    if max(residuals) <= LIMB_RESIDUAL_MV:
        return ()
    threshold = max(LIMB_RESIDUAL_MV, round(LIMB_RESIDUAL_COUNTS * _resolution_mv(limb), 5))
    broken = {law: x for law, x in zip(laws, residuals, strict=True) if x > threshold}
    if not broken:
        return ()
    recorded = tuple([names[row] for row in rows])
    cause = _cause(recorded, limb, threshold)
    culprit = None if cause else _culprit(recorded, limb, threshold)
    einthoven = broken.pop("einthoven", 0.0)
    found: list[tuple[Check, float]] = [("einthoven", einthoven)] if einthoven else []
    found += [("goldberger", max(broken.values()))] if broken else []
    flags = [
        QualityFlag(name=name, lead=culprit, value=value, threshold=threshold, rejects=False)
        for name, value in found
    ]
    return (*flags, cause) if cause else tuple(flags)


def _largest(residuals: Float[np.ndarray, "law time"]) -> Float[np.ndarray, " law"]:
    """Largest absolute value of each row, NaN ignored."""
    largest: Float[np.ndarray, " law"] = np.fmax(
        np.fmax.reduce(residuals, axis=1), -np.fmin.reduce(residuals, axis=1)
    )
    return largest


@lru_cache(maxsize=64)
def _laws_of(
    names: tuple[str, ...],
) -> tuple[list[int], tuple[str, ...], Float[np.ndarray, "law lead"]]:
    """Rows of the limb leads, the laws that hold among them, and the laws as a matrix."""
    recorded = [name for name in names if name in LIMB_LEADS]
    laws = tuple(law for law, parts in _LAWS.items() if set(parts) <= set(recorded))
    matrix = [[_LAWS[law].get(name, 0.0) for name in recorded] for law in laws]
    rows = [names.index(name) for name in recorded]
    return rows, laws, np.array(matrix, np.float32).reshape(len(laws), len(rows))


def _resolution_mv(signal: Float[np.ndarray, "lead time"]) -> float:
    """Smallest step between neighbouring samples: the resolution of the file."""
    steps = np.abs(np.diff(signal, axis=1))
    return float(np.min(steps, where=steps > 1e-6, initial=LIMB_RESIDUAL_MV * 10))


@lru_cache(maxsize=64)
def _rejector(names: tuple[str, ...]) -> Float[np.ndarray, "lead lead"]:
    """Projection onto everything that lawful limb leads cannot contain."""
    lawful = np.array([FROM_I_AND_II[name] for name in names])
    rejector: Float[np.ndarray, "lead lead"] = np.eye(len(names)) - lawful @ np.linalg.pinv(lawful)
    return rejector.astype(np.float32)


def _misfit(names: tuple[str, ...], limb: Float[np.ndarray, "lead time"]) -> float:
    return float(_largest(_rejector(names) @ limb).max())


def _culprit(
    names: tuple[str, ...], limb: Float[np.ndarray, "lead time"], threshold: float
) -> str | None:
    """Find the one lead without which all the others agree."""
    if len(names) < 4:
        return None
    rest = {
        name: _misfit(names[:i] + names[i + 1 :], np.delete(limb, i, axis=0))
        for i, name in enumerate(names)
    }
    best = min(rest, key=rest.__getitem__)
    return best if rest[best] <= threshold else None


def _cause(
    names: tuple[str, ...], limb: Float[np.ndarray, "lead time"], threshold: float
) -> QualityFlag | None:
    """Find the exchange, sign or unit that makes all limb leads agree, the best if several do."""
    before = _misfit(names, limb)
    size = len(names)
    trials: list[tuple[float, str, str]] = []
    for i, k in combinations(range(size), 2):
        order = list(range(size))
        order[i], order[k] = k, i
        trials.append((_misfit(names, limb[order]), "swap", f"{names[i]}/{names[k]}"))
    for i, name in enumerate(names):
        for factor in (-1.0, UNIT_ERROR, 1 / UNIT_ERROR):
            weights = np.ones((size, 1), np.float32)
            weights[i] = factor
            kind, label = ("swap", f"-{name}") if factor < 0 else ("unit", name)
            trials.append((_misfit(names, limb * weights), kind, label))
    after, kind, label = min(trials)
    if after > threshold or after >= before:
        return None
    is_unit = kind == "unit"
    return QualityFlag(
        name="wrong_unit" if is_unit else "limb_lead_swap",
        lead=label,
        value=round(before, 5),
        threshold=threshold,
        rejects=is_unit,
    )
