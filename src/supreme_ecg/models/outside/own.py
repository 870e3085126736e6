"""``MODULE:FUNCTION`` and a path -> an encoder that somebody wrote outside this package."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from supreme_ecg.errors import WeightsError
from supreme_ecg.models.ecg_encoder import EcgEncoder

MEMBERS: Final = ("contract", "weights_sha256", "manifest", "seen", "embed")
"""What an encoder has."""


def load_own(name: str, path: str | Path) -> EcgEncoder:
    """Call a function of one's own with the path of its weights.

    The code of the module is run. It is looked for where Python looks, and in the working folder.

    Args:
        name: ``MODULE:FUNCTION``, such as ``my_model:load``.
        path: What the function is called with; it need not exist.

    Raises:
        WeightsError: No such module or function, or what it returns is no encoder.
    """
    made: EcgEncoder = _function(name)(path)
    missing = [member for member in MEMBERS if not hasattr(made, member)]
    if missing:
        raise WeightsError(
            name,
            expected=f"an encoder, with {', '.join(MEMBERS)}",
            found=f"{type(made).__name__} without {', '.join(missing)}",
            remedy="Give it what is missing (docs/outside_encoders.md has one in ten lines).",
        )
    return made


def _function(name: str) -> Callable[[str | Path], Any]:
    module, _, function = name.partition(":")
    sys.path.insert(0, str(Path.cwd()))
    try:
        found: Callable[[str | Path], Any] = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise WeightsError(
            name,
            expected="a function of a module that can be imported from this folder",
            found=str(error),
            remedy="Name it MODULE:FUNCTION, such as my_model:load.",
        ) from error
    finally:
        sys.path.pop(0)
    return found
