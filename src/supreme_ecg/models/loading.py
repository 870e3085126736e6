"""A checkpoint of any method -> its model."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from supreme_ecg.errors import WeightsError
from supreme_ecg.models.barlow_twins import BarlowTwins
from supreme_ecg.models.byol import BYOL
from supreme_ecg.models.checkpoint import read_method
from supreme_ecg.models.clocs import CLOCS
from supreme_ecg.models.dual_encoder import DualEncoder
from supreme_ecg.models.etp import ETP
from supreme_ecg.models.merl import MERL
from supreme_ecg.models.moco_v3 import MoCoV3
from supreme_ecg.models.pretrained import PACKAGED, find_weights
from supreme_ecg.models.self_supervised import SelfSupervised
from supreme_ecg.models.simclr import SimCLR
from supreme_ecg.models.simsiam import SimSiam
from supreme_ecg.models.st_mem import STMEM
from supreme_ecg.models.supreme import SuPreME
from supreme_ecg.models.text_encoder import TextEncoder

Model = SuPreME | DualEncoder
"""A model that answers questions."""

METHODS: Final[dict[str, type[Model]]] = {"supreme": SuPreME, "etp": ETP, "merl": MERL}
"""Name of a method that answers questions, as in recipes and checkpoints -> its model."""

_OF_SIGNALS: Final = (SimCLR, BYOL, BarlowTwins, SimSiam, MoCoV3, CLOCS, STMEM)
SELF_SUPERVISED: Final[dict[str, type[SelfSupervised]]] = {each.name: each for each in _OF_SIGNALS}
"""Name of a method that learns from signals alone -> its model, which can be probed and not asked."""


def load_model(
    name: str | Path = PACKAGED, *, text_encoder: TextEncoder | None = None
) -> Model | SelfSupervised:
    """Load weights of whichever method they are, to embed ECGs.

    Args:
        name: Packaged weights, a checkpoint's folder, or a model on the Hugging Face hub.
        text_encoder: In place of the one that the checkpoint names, where there is one.

    Raises:
        WeightsError: As ``SuPreME.from_pretrained``, or weights of a method that this version does not know.
        ContractError: Their contract is of another version, or was edited after training.
    """
    folder = find_weights(name)
    method = read_method(folder)
    if method in SELF_SUPERVISED:
        return SELF_SUPERVISED[method].from_pretrained(folder)
    if method not in METHODS:
        raise WeightsError(
            folder,
            expected=f"weights of one of the methods {', '.join([*METHODS, *SELF_SUPERVISED])}",
            found=f"of {method!r}",
            remedy="Upgrade the package, or give weights that it wrote.",
        )
    return METHODS[method].from_pretrained(folder, text_encoder=text_encoder)


def load_answering_model(
    name: str | Path = PACKAGED, *, text_encoder: TextEncoder | None = None
) -> Model:
    """Load weights that answer questions; arguments and errors as of :func:`load_model`.

    Raises:
        WeightsError: They learned from signals alone, too.
    """
    model = load_model(name, text_encoder=text_encoder)
    if isinstance(model, SelfSupervised):
        raise WeightsError(
            name,
            expected=f"weights that answer questions, of one of the methods {', '.join(METHODS)}",
            found=f"of {model.name!r}, which learned from signals alone",
            remedy="These weights answer no questions: use `supreme probe`, or give others.",
        )
    return model
