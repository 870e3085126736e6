"""Fixtures that every test folder may use."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real recordings, or a skip that says where it was looked for."""
    folder = Path(os.environ.get("SUPREME_SHARED", REPOSITORY.parent / "shared" / "data"))
    if not (folder / "README.md").is_file():
        pytest.skip(f"no real recordings in {folder}; set SUPREME_SHARED to their folder")
    return folder.resolve()


class LetterEncoder:
    """A text encoder for tests: a fixed random vector per text, without any download or weights."""

    def __init__(self, width: int = 16) -> None:
        from supreme_ecg.models.text_encoder import TextEncoderConfig

        self.width, self.config = width, TextEncoderConfig(name="letters")

    def encode(self, texts: Sequence[str]) -> object:
        """A unit vector per text, equal for equal texts."""
        import torch

        vectors = []
        for text in texts:
            seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
            vectors.append(np.random.default_rng(seed).normal(size=self.width))
        return torch.nn.functional.normalize(torch.tensor(np.array(vectors)).float(), dim=-1)


@pytest.fixture(scope="session")
def letters() -> LetterEncoder:
    """The text encoder for tests."""
    return LetterEncoder()
