"""A BERT in a few megabytes."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.errors import WeightsError
from supreme_ecg.models.packed_text_encoder import (
    packed_folder,
    quantise,
    read_packed,
    read_remembered,
)
from supreme_ecg.models.text_encoder import (
    MINILM,
    PACKAGED,
    TextEncoderConfig,
    TransformerTextEncoder,
)


@pytest.fixture(scope="module")
def packed() -> TransformerTextEncoder:
    return TransformerTextEncoder(TextEncoderConfig(name=PACKAGED))


@pytest.fixture(scope="module")
def published() -> TransformerTextEncoder:
    return TransformerTextEncoder(TextEncoderConfig(name=MINILM))


NAMES = [concept.name for concept in ConceptTable.load().concepts.values()][::5]


def test_vectors_are_near_those_of_the_published_encoder(
    packed: TransformerTextEncoder, published: TransformerTextEncoder
) -> None:
    """Cosine 0.97 or more for words that are not kept; the right one of all is the nearest."""
    texts = [f"{name}, new" for name in NAMES]
    cosines = (packed.encode(texts) @ published.encode(texts).T).numpy()
    assert np.diag(cosines).min() > 0.97
    assert (cosines.argmax(axis=1) == np.arange(len(texts))).all()


def test_names_have_the_vectors_of_the_published_encoder(
    packed: TransformerTextEncoder, published: TransformerTextEncoder
) -> None:
    """To the digits of float16."""
    difference = (packed.encode(NAMES) - published.encode(NAMES)).abs().max()
    assert float(difference) < 2e-4


def test_kept_vectors_are_of_the_mean_over_tokens() -> None:
    """Another pooling computes all of them."""
    first = TransformerTextEncoder(TextEncoderConfig(pooling="first"))
    mean = TransformerTextEncoder(TextEncoderConfig())
    assert float((first.encode(NAMES[:1]) @ mean.encode(NAMES[:1]).T).item()) < 0.99


def test_a_word_that_was_left_out_is_spelled_by_shorter_pieces() -> None:
    """No Latin word becomes an unknown one."""
    folder = packed_folder(PACKAGED)
    assert folder is not None
    tokenizer, _ = read_packed(folder)
    pieces = tokenizer.tokenize("Schenkelblock thromboembolectomy Zzyzx")
    assert "[UNK]" not in pieces
    assert "".join(p.removeprefix("##") for p in pieces) == "schenkelblockthromboembolectomyzzyzx"


def test_it_takes_a_few_megabytes() -> None:
    """With its tokenizer less than twelve."""
    folder = packed_folder(PACKAGED)
    assert folder is not None
    assert sum(path.stat().st_size for path in folder.iterdir()) < 12e6


def test_a_name_that_is_not_packed_has_no_folder() -> None:
    """Such as that of the published encoder."""
    assert packed_folder(MINILM) is None


def test_damaged_vectors_are_an_error(tmp_path: Path) -> None:
    """With the path of their file."""
    with pytest.raises(WeightsError, match=r"remembered\.npz"):
        read_remembered(tmp_path)
    (tmp_path / "remembered.npz").write_bytes(b"PK\x03\x04")
    with pytest.raises(WeightsError, match=r"remembered\.npz"):
        read_remembered(tmp_path)


@pytest.mark.parametrize("damaged", ["config.json", "tokenizer.json", "weights.npz"])
def test_a_damaged_file_is_an_error_with_the_folder(tmp_path: Path, damaged: str) -> None:
    """Whichever of the three it is."""
    folder = packed_folder(PACKAGED)
    assert folder is not None
    for path in folder.iterdir():
        shutil.copy(path, tmp_path)
    (tmp_path / damaged).write_bytes((folder / damaged).read_bytes()[:40])
    with pytest.raises(WeightsError, match="Install the package again") as caught:
        read_packed(tmp_path)
    assert str(tmp_path) in str(caught.value)


@given(
    arrays(np.float32, (3, 8), elements=st.floats(-4, 4, width=32)),
    st.sampled_from([4, 6, 8]),
)
def test_rounding_is_no_worse_than_to_the_nearest_step(matrix: np.ndarray, bits: int) -> None:
    """The squared error of a row is at most that of plain rounding to steps of its largest value."""
    matrix[:, 0] = 0.1  # no row of nothing but tiny numbers
    whole, scale = quantise(matrix, bits=bits)
    step = np.abs(matrix).max(axis=1, keepdims=True) / (2 ** (bits - 1) - 1)
    error = ((whole * scale.astype(np.float32) - matrix) ** 2).sum(axis=1)
    assert (error <= matrix.shape[1] * (0.51 * step[:, 0]) ** 2 + 1e-9).all()
    assert np.abs(whole).max() <= 2 ** (bits - 1) - 1
