"""A small text encoder in a few megabytes: a BERT with fewer word pieces and coarser weights.

Matrices are whole numbers of few bits with one scale a row (absolute-maximum quantisation with the clip of
the least squared error), deflated by `numpy.savez_compressed`; vectors are float16. Word pieces that are
left out are spelled by shorter ones. Nothing is trained. Vectors of chosen texts (names and definitions of
the concept table) are kept as the published encoder gives them. ``benchmarks/pack_text_encoder.py`` makes the
folder that the package carries and compares it with the encoder that it was made from.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import Float, Int8

from supreme_ecg.errors import WeightsError

CONFIG: Final = "config.json"
TOKENIZER: Final = "tokenizer.json"
WEIGHTS: Final = "weights.npz"
REMEMBERED: Final = "remembered.npz"
_EMBEDDING: Final = "embeddings.word_embeddings.weight"
_POSITIONS: Final = "embeddings.position_embeddings.weight"
_SCALE: Final = ".scale"
"""What is added to the name of a matrix for the scales of its rows."""
_CLIPS: Final = np.linspace(1.0, 0.5, 11)
"""Shares of a row's largest value that are tried as its largest whole number."""
_SPECIAL: Final = {
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}


def packed_folder(name: str) -> Path | None:
    """Folder of a packed encoder that the package carries, or None.

    Args:
        name: As in ``text_encoder.name`` of a recipe.
    """
    folder = Path(str(files("supreme_ecg.models") / "text_encoders")) / name
    return folder if (folder / WEIGHTS).is_file() else None


def read_packed(folder: Path) -> tuple[Any, Any]:
    """Unpack a text encoder.

    Args:
        folder: What :func:`write_packed` wrote.

    Returns:
        A Hugging Face tokenizer and a frozen ``BertModel`` in float32, without pooler.

    Raises:
        WeightsError: A file is absent or damaged.
    """
    import torch  # noqa: PLC0415
    import transformers  # noqa: PLC0415  a second to import

    library: Any = transformers
    try:
        sizes, _ = (
            json.loads((folder / name).read_text(encoding="utf-8")) for name in (CONFIG, TOKENIZER)
        )
        tokenizer = library.PreTrainedTokenizerFast(
            tokenizer_file=str(folder / TOKENIZER), **_SPECIAL
        )
        with (folder / WEIGHTS).open("rb") as file, np.load(file, allow_pickle=False) as stored:
            state = {key: torch.from_numpy(value) for key, value in _unpacked(stored)}
        model = library.BertModel(library.BertConfig(**sizes), add_pooling_layer=False)
        model.load_state_dict(state)
    except (OSError, ValueError, KeyError, RuntimeError, zipfile.BadZipFile) as error:
        raise WeightsError(
            folder,
            expected=f"a packed text encoder: {CONFIG}, {TOKENIZER}, {WEIGHTS}",
            found=f"a damaged or absent one ({type(error).__name__})",
            remedy="Install the package again.",
        ) from error
    return tokenizer, model.eval().requires_grad_(False)


def read_remembered(folder: Path) -> dict[str, Float[np.ndarray, " width"]]:
    """Read the vectors that were kept as the published encoder gives them.

    Args:
        folder: Of a packed encoder.

    Returns:
        Text -> unit vector, float32.

    Raises:
        WeightsError: The file is absent or damaged.
    """
    path = folder / REMEMBERED
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            vectors = stored["vectors"].astype(np.float32)
            texts = json.loads(stored["texts"].tobytes())
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise WeightsError(
            path,
            expected="texts and their vectors",
            found=f"a damaged or absent file ({type(error).__name__})",
            remedy="Install the package again.",
        ) from error
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return dict(zip(texts, vectors, strict=True))


def write_remembered(folder: Path, vectors: Mapping[str, Float[np.ndarray, " width"]]) -> None:
    """Keep vectors of texts, as float16.

    Args:
        folder: Of a packed encoder.
        vectors: Text -> vector.
    """
    texts = np.frombuffer(json.dumps(list(vectors)).encode(), dtype=np.uint8)
    stacked = np.stack(list(vectors.values())).astype(np.float16)
    np.savez_compressed(folder / REMEMBERED, allow_pickle=False, texts=texts, vectors=stacked)


def _unpacked(stored: Mapping[str, np.ndarray]) -> Iterable[tuple[str, np.ndarray]]:
    for key in stored:
        if key.endswith(_SCALE):
            continue
        value = stored[key].astype(np.float32)
        if key + _SCALE in stored:
            value *= stored[key + _SCALE].astype(np.float32)
        yield key, value


def write_packed(
    folder: Path,
    *,
    tokenizer: Any,
    model: Any,
    pieces: Iterable[int],
    bits: int = 6,
    piece_bits: int = 4,
    positions: int = 64,
) -> None:
    """Pack a BERT.

    Args:
        folder: Made if absent.
        tokenizer: Its fast Hugging Face tokenizer, of word pieces.
        model: A ``BertModel``.
        pieces: Ids of the word pieces that are kept.
        bits: Of a number in a layer's matrices, 2 to 8.
        piece_bits: Of a number in the vectors of word pieces, 2 to 8.
        positions: Longest text in word pieces.
    """
    kept = sorted(set(pieces))
    arrays: dict[str, np.ndarray] = {}
    for key, tensor in model.state_dict().items():
        value = tensor.numpy()
        if key.startswith("pooler.") or not np.issubdtype(value.dtype, np.floating):
            continue
        rows = {_EMBEDDING: kept, _POSITIONS: range(positions)}.get(key)
        value = value if rows is None else value[list(rows)]
        if value.ndim == 2:
            whole, scale = quantise(value, bits=piece_bits if key == _EMBEDDING else bits)
            arrays |= {key: whole, key + _SCALE: scale}
        else:
            arrays[key] = value.astype(np.float16)
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(folder / WEIGHTS, allow_pickle=False, **arrays)
    known = set(model.config.to_diff_dict()) - {"architectures", "dtype", "transformers_version"}
    sizes = {key: getattr(model.config, key) for key in sorted(known)}
    sizes |= {"vocab_size": len(kept), "max_position_embeddings": positions, "model_type": "bert"}
    (folder / CONFIG).write_text(json.dumps(sizes, indent=1) + "\n", encoding="utf-8")
    text = json.dumps(_fewer_pieces(tokenizer, kept), ensure_ascii=False, separators=(",", ":"))
    (folder / TOKENIZER).write_text(text + "\n", encoding="utf-8")


def quantise(
    matrix: Float[np.ndarray, "row column"], *, bits: int
) -> tuple[Int8[np.ndarray, "row column"], Float[np.ndarray, "row 1"]]:
    """Round each row to whole numbers times a scale of its own.

    Args:
        matrix: Rows whose largest number is 0 or between 0.01 and 60,000, so that scales fit into float16.
        bits: Of a whole number, sign included, 2 to 8.

    Returns:
        Whole numbers and scales (float16); their product is near the matrix.
    """
    most = 2 ** (bits - 1) - 1
    largest = np.maximum(np.abs(matrix).max(axis=1, keepdims=True), np.finfo(np.float16).tiny)
    best = np.zeros(matrix.shape, dtype=np.int8)
    scales = (largest / most).astype(np.float16)
    least = np.full((len(matrix), 1), np.inf)
    for clip in _CLIPS:
        scale = (largest * clip / most).astype(np.float16)
        whole = np.clip(np.rint(matrix / scale), -most, most)
        error = ((whole * scale - matrix) ** 2).sum(axis=1, keepdims=True)
        better = error < least
        best = np.where(better, whole, best).astype(np.int8)
        scales, least = np.where(better, scale, scales), np.minimum(error, least)
    return best, scales


def _fewer_pieces(tokenizer: Any, kept: list[int]) -> dict[str, Any]:
    """The tokenizer's own description, its word pieces numbered anew."""
    described: dict[str, Any] = json.loads(tokenizer.backend_tokenizer.to_str())
    by_id = {index: piece for piece, index in described["model"]["vocab"].items()}
    numbers = {by_id[index]: number for number, index in enumerate(kept)}
    described["model"]["vocab"] = numbers
    for token in described["added_tokens"]:
        token["id"] = numbers[token["content"]]
    for name, token in described["post_processor"].get("special_tokens", {}).items():
        token["ids"] = [numbers[name]]
    described["padding"] = described["truncation"] = None
    return described
