"""The name of an outside model and the path of its weights -> an encoder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from supreme_ecg.errors import WeightsError
from supreme_ecg.models.ecg_encoder import EcgEncoder
from supreme_ecg.models.loading import Model, load_model
from supreme_ecg.models.outside.ecg_fm import load_ecg_fm
from supreme_ecg.models.outside.encoding import OutsideEncoder
from supreme_ecg.models.outside.hubert_ecg import load_hubert_ecg
from supreme_ecg.models.outside.merl_encoder import load_merl
from supreme_ecg.models.outside.own import load_own
from supreme_ecg.models.outside.st_mem_encoder import load_st_mem
from supreme_ecg.models.self_supervised import SelfSupervised

AnyEncoder = Model | SelfSupervised | OutsideEncoder | EcgEncoder
"""Whatever can be probed."""

OUTSIDE: Final[dict[str, Callable[[str | Path], OutsideEncoder]]] = {
    "merl": load_merl,
    "ecg_fm": load_ecg_fm,
    "st_mem": load_st_mem,
    "hubert_ecg": load_hubert_ecg,
}
"""Name -> how its weights are loaded."""


def load_outside(name: str, path: str | Path) -> OutsideEncoder:
    """Load weights that others trained.

    Args:
        name: One of :data:`OUTSIDE`.
        path: The file of weights as its authors publish it; nothing is downloaded.

    Raises:
        WeightsError: No such model, no such file, or a file that is not exactly of this model.
    """
    if name not in OUTSIDE:
        raise WeightsError(
            name,
            expected=f"one of {', '.join(OUTSIDE)}, or MODULE:FUNCTION",
            found="another name",
            remedy="Name one of these, or wrap a model of your own (docs/outside_encoders.md).",
        )
    return OUTSIDE[name](path)


def load_encoder(weights: str | Path, *, name: str | None = None) -> AnyEncoder:
    """Load weights of this package, of an outside model, or by a function of one's own.

    Args:
        weights: As of ``load_model``; with a name, as of :func:`load_outside` or :func:`load_own`.
        name: One of :data:`OUTSIDE`, or ``MODULE:FUNCTION``; None for weights of this package.

    Raises:
        WeightsError: As of each.
        ContractError: As of ``load_model``.
    """
    if name is None:
        return load_model(weights)
    return load_own(name, weights) if ":" in name else load_outside(name, weights)
