"""A small trained layer over the frozen text encoder: other words for one concept come together.

A general-domain encoder puts left beside right bundle branch block and "Linksschenkelblock" far from
either. The adapter adds to the (whitened) vector of a text what a small network makes of it, and what the
pieces of its words say: 3 to 5 letters in a row, hashed, as fastText has them (Bojanowski et al. 2017, arXiv
1607.04606), so that a misspelt or a German word is not lost.

    y = normalise(z + B gelu(A z) + C mean(pieces)),   z = whitened vector of the text encoder

It is trained by `training/text_alignment.py` on names and synonyms alone (self-alignment, SapBERT: Liu et
al. 2021, arXiv 2010.11784), frozen in pre-training and stored with the model.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Final

import torch
from jaxtyping import Float, Int
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from supreme_ecg.concepts.phrases import normalise
from supreme_ecg.errors import WeightsError
from supreme_ecg.models.text_encoder import TextEncoder, TextEncoderConfig

NO_ADAPTER: Final = "none"
"""In a recipe: text vectors as the text encoder gives them."""
_ABOUT: Final = "about"
"""Key of the file's header: one entry, since the order of several would differ from run to run."""
_PIECE_LETTERS: Final = (3, 4, 5)
_LENGTH: Final = 4.0
"""Length of the whitened vector: what the network sees is of the order of 0.2 per number."""


class TextAdapter(nn.Module):
    """Vectors of a text encoder and the texts themselves -> adapted vectors of unit length.

    Args:
        text_width: Width of the text encoder's vectors, and of the adapted ones.
        hidden: Width of the network's hidden layer.
        pieces: Number of slots that pieces of words are hashed to.
        piece_width: Width of a piece's vector.
    """

    mean: Tensor
    whitening: Tensor

    def __init__(self, text_width: int, *, hidden: int, pieces: int, piece_width: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(text_width))
        self.register_buffer("whitening", torch.eye(text_width))
        self.inner = nn.Linear(text_width, hidden)
        self.outer = nn.Linear(hidden, text_width)
        self.pieces = nn.Parameter(torch.randn(pieces, piece_width) * 0.05)
        self.from_pieces = nn.Linear(piece_width, text_width, bias=False)
        nn.init.normal_(self.outer.weight, std=0.02)
        nn.init.zeros_(self.outer.bias)

    def forward(
        self,
        vectors: Float[Tensor, "text width"],
        pieces: Int[Tensor, " piece"],
        starts: Int[Tensor, " text"],
        *,
        kept: Float[Tensor, "text 1"] | None = None,
        dropout: float = 0.0,
    ) -> Float[Tensor, "text width"]:
        """Adapt vectors.

        Args:
            vectors: From the text encoder.
            pieces: Slots of all texts' pieces, one text after the other, as :meth:`slots` gives them.
            starts: Where each text's pieces start.
            kept: In training, 0 for a text whose encoder vector is withheld, else 1.
            dropout: Share of hidden numbers withheld, in training.

        Returns:
            Vectors of unit length, float32.
        """
        spread = (vectors - self.mean) @ self.whitening
        z = functional.normalize(spread, dim=-1) * _LENGTH
        z = z if kept is None else z * kept
        hidden = functional.gelu(self.inner(z))
        hidden = functional.dropout(hidden, p=dropout, training=dropout > 0)
        bags = functional.embedding_bag(pieces, self.pieces, starts, mode="sum")
        counts = torch.diff(starts, append=torch.tensor([len(pieces)], device=starts.device))
        bags = bags / counts.clamp(min=1).sqrt()[:, None]
        adapted = z + self.outer(hidden) + self.from_pieces(bags)
        return functional.normalize(adapted, dim=-1)

    @torch.no_grad()
    def fit(self, vectors: Float[Tensor, "name width"], *, shrinkage: float) -> None:
        """Centre and whiten all later vectors by these.

        Args:
            vectors: Of the concepts' names.
            shrinkage: Added to the spread of each direction, as a share of the widest.
        """
        mean = vectors.mean(dim=0)
        centred = vectors - mean
        values, axes = torch.linalg.eigh(centred.T @ centred / len(vectors))
        scale = (values.clamp(min=0) / values.max() + shrinkage).rsqrt()
        self.mean.copy_(mean)
        self.whitening.copy_(axes @ torch.diag(scale) @ axes.T)

    def slots(self, texts: Sequence[str]) -> tuple[Int[Tensor, " piece"], Int[Tensor, " text"]]:
        """Return the slots of the pieces of texts, and where each text's start."""
        of_texts = [slots_of(text, len(self.pieces)) for text in texts]
        lengths = torch.tensor([0, *map(len, of_texts[:-1])])
        flat = [slot for slots in of_texts for slot in slots]
        return torch.tensor(flat, dtype=torch.long), lengths.cumsum(0)

    def save(self, path: Path, *, about: Mapping[str, str]) -> None:
        """Write the weights in half precision, with what they were made from and for."""
        tensors = {
            key: value.detach().half().contiguous() for key, value in self.state_dict().items()
        }
        save_file(tensors, path, metadata={_ABOUT: json.dumps(dict(about))})

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor], *, where: object) -> TextAdapter:
        """Build the adapter that these tensors are the state of; frozen, float32.

        Raises:
            WeightsError: They are not those of an adapter.
        """
        try:
            hidden, width = tensors["inner.weight"].shape
            pieces, piece_width = tensors["pieces"].shape
            adapter = cls(width, hidden=hidden, pieces=pieces, piece_width=piece_width)
            adapter.load_state_dict(dict(tensors), strict=True)
        except (KeyError, ValueError, RuntimeError) as error:
            raise WeightsError(
                where,
                expected="the tensors of a text adapter",
                found=f"others ({type(error).__name__})",
                remedy="Train it again with `supreme align-text`.",
            ) from error
        return adapter.eval().requires_grad_(requires_grad=False)


class AdaptedTextEncoder:
    """A text encoder with an adapter over it.

    Args:
        encoder: Frozen.
        adapter: Of the encoder's width.
    """

    def __init__(self, encoder: TextEncoder, adapter: TextAdapter) -> None:
        self.encoder, self.adapter = encoder, adapter
        self.config, self.width = encoder.config, encoder.width

    @torch.no_grad()
    def encode(self, texts: Sequence[str]) -> Float[Tensor, "text width"]:
        """Encode texts (unit length, float32), each by itself."""
        device = self.adapter.mean.device
        pieces, starts = self.adapter.slots(texts)
        vectors = self.encoder.encode(texts).to(device)
        adapted: Tensor = self.adapter(vectors, pieces.to(device), starts.to(device))
        return adapted.cpu()


def load_adapter(name_or_path: str, *, text_encoder: str, width: int) -> TextAdapter:
    """Load a packaged adapter by its name, or one from a file.

    Args:
        name_or_path: Name in ``models/adapters``, or a file that `supreme align-text` wrote.
        text_encoder: Name of the encoder that it is to be put over.
        width: Width of that encoder's vectors.

    Raises:
        WeightsError: Neither, no adapter, or one that was trained over another text encoder.
    """
    packaged = Path(str(files("supreme_ecg.models") / "adapters"))
    named = packaged / f"{name_or_path}.safetensors"
    path = named if named.is_file() else Path(name_or_path)
    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads((file.metadata() or {}).get(_ABOUT, "{}"))
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  no dict
    except (OSError, SafetensorError) as error:
        names = ", ".join(sorted(each.stem for each in packaged.glob("*.safetensors")))
        raise WeightsError(
            f"text adapter {name_or_path!r}",
            expected=f"{NO_ADAPTER!r}, a file of `supreme align-text`, or one of: {names or 'none'}",
            found=f"no such adapter ({type(error).__name__})",
            remedy="Check the name or the path.",
        ) from error
    adapter = TextAdapter.from_tensors(tensors, where=path)
    found = (about.get("text_encoder"), len(adapter.mean))
    if found != (text_encoder, width):
        raise WeightsError(
            path,
            expected=f"an adapter over {text_encoder!r}, {width} wide",
            found=f"one over {found[0]!r}, {found[1]} wide",
            remedy="Train one over this text encoder with `supreme align-text`.",
        )
    return adapter


def named_adapter(config: TextEncoderConfig, frozen: TextEncoder) -> TextAdapter | None:
    """The adapter that a text encoder's configuration names; None where it names none."""
    if config.adapter == NO_ADAPTER:
        return None
    return load_adapter(config.adapter, text_encoder=frozen.config.name, width=frozen.width)


def stored_adapter(tensors: Mapping[str, Tensor], *, where: object) -> TextAdapter | None:
    """The adapter among a checkpoint's tensors, so that no other file is needed; None without one."""
    prefix = "text_adapter."
    own = {
        key.removeprefix(prefix): tensor
        for key, tensor in tensors.items()
        if key.startswith(prefix)
    }
    return TextAdapter.from_tensors(own, where=where) if own else None


def slots_of(text: str, count: int) -> list[int]:
    """Return the slots of the distinct pieces of a text and of its whole words, in rising order.

    Args:
        text: At least one letter.
        count: Number of slots.
    """
    spaced = f" {normalise(text)} "
    pieces = {f"={word}" for word in spaced.split()}
    for letters in _PIECE_LETTERS:
        pieces.update(spaced[i : i + letters] for i in range(len(spaced) - letters + 1))
    return sorted({zlib.crc32(piece.encode()) % count for piece in pieces})
