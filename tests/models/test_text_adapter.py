"""The adapter over the text encoder, and how it travels with the weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from supreme_ecg.errors import WeightsError
from supreme_ecg.models.supreme import SuPreME, SuPreMEParts
from supreme_ecg.models.text_adapter import (
    AdaptedTextEncoder,
    TextAdapter,
    load_adapter,
    slots_of,
)
from supreme_ecg.models.text_encoder import TextEncoderConfig
from tests.conftest import LetterEncoder

ABOUT = {"text_encoder": "letters"}


def small(seed: int = 0) -> TextAdapter:
    torch.manual_seed(seed)
    adapter = TextAdapter(16, hidden=8, pieces=64, piece_width=4)
    adapter.fit(torch.randn(30, 16), shrinkage=0.1)
    return adapter.half().float().eval().requires_grad_(False)


def test_vectors_are_unit_and_each_text_is_by_itself() -> None:
    """A text's vector does not depend on its neighbours in the call."""
    encoder = AdaptedTextEncoder(LetterEncoder(), small())
    texts = ["long QT", "x", "QS complex"]
    together = encoder.encode(texts)
    assert torch.allclose(together.norm(dim=-1), torch.ones(3), atol=1e-5)
    apart = torch.cat([encoder.encode([text]) for text in texts])
    assert torch.allclose(together, apart, atol=1e-6)


def test_pieces_forgive_case_and_a_letter() -> None:
    """A misspelt word shares most pieces, another word few; case and hyphens do not matter."""
    right, wrong, other = (
        set(slots_of(word, 4096)) for word in ("fibrillation", "fibrilation", "flutter")
    )
    assert len(right & wrong) > len(right) / 2
    assert len(right & other) < len(right) / 8
    assert slots_of("AV-Block", 4096) == slots_of("av block", 4096)


def test_file_holds_the_same_adapter_and_is_small(tmp_path: Path) -> None:
    """What is loaded gives the same vectors to the last bit."""
    adapter, file = small(), tmp_path / "a.safetensors"
    adapter.save(file, about=ABOUT)
    again = load_adapter(str(file), text_encoder="letters", width=16)
    texts = ["one", "two"]
    letters = LetterEncoder()
    before, after = (AdaptedTextEncoder(letters, each).encode(texts) for each in (adapter, again))
    assert torch.equal(before, after)
    assert not any(parameter.requires_grad for parameter in again.parameters())


def test_wrong_files_are_refused(tmp_path: Path) -> None:
    """No file, other tensors, another text encoder: each says what to do."""
    with pytest.raises(WeightsError, match="no such adapter"):
        load_adapter("nothing-here", text_encoder="letters", width=16)
    file = tmp_path / "a.safetensors"
    save_file({"a": torch.zeros(2)}, file)
    with pytest.raises(WeightsError, match="the tensors of a text adapter"):
        load_adapter(str(file), text_encoder="letters", width=16)
    small().save(file, about={"text_encoder": "other"})
    with pytest.raises(WeightsError, match="one over 'other'"):
        load_adapter(str(file), text_encoder="letters", width=16)


def test_adapter_travels_with_the_weights(tmp_path: Path) -> None:
    """A saved model gives the same query vectors when the adapter's own file is gone."""
    file = tmp_path / "a.safetensors"
    small().save(file, about=ABOUT)
    parts = SuPreMEParts(text_encoder=TextEncoderConfig(name="letters", adapter=str(file)))
    model = SuPreME(parts, text_encoder=LetterEncoder())
    plain = SuPreME(replace(parts, text_encoder=TextEncoderConfig()), text_encoder=LetterEncoder())
    expected = model.query_vectors(["atrial flutter"])
    assert not torch.allclose(expected, plain.query_vectors(["atrial flutter"]))
    model.save(tmp_path / "model")
    file.unlink()
    again = SuPreME.from_pretrained(tmp_path / "model", text_encoder=LetterEncoder())
    assert torch.equal(again.query_vectors(["atrial flutter"]), expected)


def test_weights_without_their_adapter_are_refused(tmp_path: Path) -> None:
    """A description that names an adapter needs its tensors."""
    file = tmp_path / "a.safetensors"
    small().save(file, about=ABOUT)
    parts = SuPreMEParts(text_encoder=TextEncoderConfig(name="letters", adapter=str(file)))
    model = SuPreME(parts, text_encoder=LetterEncoder())
    model.text_adapter = None
    model.save(tmp_path / "model")
    with pytest.raises(WeightsError):
        SuPreME.from_pretrained(tmp_path / "model", text_encoder=LetterEncoder())
