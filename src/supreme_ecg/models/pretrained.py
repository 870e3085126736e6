"""Names of weights -> a folder: those that come with the package, folders, and the Hugging Face hub."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import Final

from supreme_ecg.errors import WeightsError

PACKAGED: Final = "supreme-ptbxl-100hz"
"""Trained on the reports of PTB-XL, folds 1-8: 12 leads, 10 s, 100 Hz. Used where no other name is given."""
_FILES: Final = ("model.json", "weights.safetensors")
_HUB_ID: Final = re.compile(
    r"(?P<repo>\w[\w.-]*/\w[\w.-]*)(?:@(?P<revision>\w[\w./-]*))?", re.ASCII
)


def packaged_weights() -> tuple[str, ...]:
    """Names of the weights that this installation brings with it, sorted."""
    return tuple(sorted(path.parent.name for path in _packaged_folder().glob(f"*/{_FILES[0]}")))


def find_weights(name: str | Path) -> Path:
    """Find the folder of weights by name.

    Args:
        name: Packaged weights (:func:`packaged_weights`); a folder; or a model on the Hugging Face hub, as
            ``owner/name`` or ``owner/name@revision``. The first that applies is taken. It is no hub id
            if a folder ``owner`` is in the working directory: then it is a mistyped path.

    Returns:
        A folder; its content is not yet verified.

    Raises:
        WeightsError: The packaged weights are not in this installation, or the hub has no such model or
            cannot be reached.
    """
    packaged, text = _packaged_folder() / name, str(name)
    if text in packaged_weights():
        return packaged
    folder = Path(name)
    if folder.is_dir():
        return folder
    if text == PACKAGED:
        raise WeightsError(
            f"weights {PACKAGED!r}",
            expected="weights that come with the package",
            found=f"none in this installation ({_packaged_folder()})",
            remedy="Name other weights (--weights FOLDER), or install a release that has them.",
        )
    hub_id = _HUB_ID.fullmatch(text)
    if hub_id is None or Path(text.split("/", maxsplit=1)[0]).is_dir():
        return folder  # absent: the reader says what it should hold
    return _download(hub_id["repo"], hub_id["revision"])


def _packaged_folder() -> Path:
    return Path(str(files("supreme_ecg.models"))) / "weights"


def _download(repository: str, revision: str | None) -> Path:
    """Fetch the files of one commit into the hub's cache, or take them from there."""
    from huggingface_hub import hf_hub_download  # noqa: PLC0415  half a second to import
    from huggingface_hub.errors import EntryNotFoundError  # noqa: PLC0415

    from supreme_ecg.models.training_manifest import FILE  # noqa: PLC0415  scipy

    at = f"@{revision}" if revision else ""
    endpoint = os.environ.get("HF_ENDPOINT")
    try:
        for file in _FILES:
            path = Path(hf_hub_download(repository, file, revision=revision, endpoint=endpoint))
            revision = path.parent.name  # the commit: all files are of the same
        with suppress(EntryNotFoundError):  # weights may come without
            hf_hub_download(repository, FILE, revision=revision, endpoint=endpoint)
    except (OSError, ValueError, EntryNotFoundError) as error:
        raise WeightsError(
            f"weights {repository + at!r}",
            expected="packaged weights, a folder, or a model on the Hugging Face hub with "
            + " and ".join(_FILES),
            found=f"none of these ({type(error).__name__})",
            remedy="Correct the name or revision, connect to the network, or give a folder. "
            f"Packaged: {', '.join(packaged_weights()) or 'none'}.",
        ) from error
    return path.parent
