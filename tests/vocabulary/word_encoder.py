"""A text encoder for tests: near in words is near in vectors."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import torch

from supreme_ecg.models.text_encoder import TextEncoderConfig


class WordEncoder:
    """The normalised sum of a fixed random vector per word."""

    width = 64
    config = TextEncoderConfig(name="words")

    def encode(self, texts: Sequence[str]) -> torch.Tensor:
        """A unit vector per text."""
        vectors = [sum(map(self._word, text.lower().split())) for text in texts]
        return torch.nn.functional.normalize(torch.tensor(np.array(vectors)).float(), dim=-1)

    def _word(self, word: str) -> np.ndarray:
        seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big")
        return np.random.default_rng(seed).normal(size=self.width)
