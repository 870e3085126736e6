"""A checkpoint of any method -> its model."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from supreme_ecg.errors import WeightsError
from supreme_ecg.models.checkpoint import read_method
from supreme_ecg.models.dual_encoder import DualEncoder
from supreme_ecg.models.etp import ETP
from supreme_ecg.models.merl import MERL
from supreme_ecg.models.pretrained import PACKAGED, find_weights
from supreme_ecg.models.supreme import SuPreME
from supreme_ecg.models.text_encoder import TextEncoder

Model = SuPreME | DualEncoder

METHODS: Final[dict[str, type[Model]]] = {"supreme": SuPreME, "etp": ETP, "merl": MERL}
"""Name of a method, as in recipes and checkpoints -> its model."""


def load_model(name: str | Path = PACKAGED, *, text_encoder: TextEncoder | None = None) -> Model:
    """Load weights of whichever method they are.

    Args:
        name: Packaged weights, a checkpoint's folder, or a model on the Hugging Face hub.
        text_encoder: In place of the one that the checkpoint names.

    Raises:
        WeightsError: As ``SuPreME.from_pretrained``, or weights of a method that this version does not know.
        ContractError: Their contract is of another version, or was edited after training.
    """
    folder = find_weights(name)
    method = read_method(folder)
    if method not in METHODS:
        raise WeightsError(
            folder,
            expected=f"weights of one of the methods {', '.join(METHODS)}",
            found=f"of {method!r}",
            remedy="Upgrade the package, or give weights that it wrote.",
        )
    return METHODS[method].from_pretrained(folder, text_encoder=text_encoder)
