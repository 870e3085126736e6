"""Linear rows of trained names beside the answer made from text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from supreme_ecg.errors import WeightsError
from supreme_ecg.models.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from supreme_ecg.models.encoder import encode_windows, mean_token, window_tensors
from supreme_ecg.models.named_rows import NamedRows
from supreme_ecg.models.pooling import PoolingConfig
from supreme_ecg.models.resnet import ResNetConfig
from supreme_ecg.models.supreme import SuPreME, SuPreMEConfig, SuPreMEParts

NAMES = ["atrial fibrillation", "complete left bundle branch block"]
OTHER = "a finding that nobody trained"
PARTS = SuPreMEParts(
    method=SuPreMEConfig(fusion=PoolingConfig(width=32)), encoder=ResNetConfig(stem_width=8)
)


@pytest.fixture
def plain(letters) -> SuPreME:
    torch.manual_seed(0)
    return SuPreME(PARTS, text_encoder=letters).eval()


@pytest.fixture
def model(plain: SuPreME, letters) -> SuPreME:
    """The same model with rows for two names."""
    torch.manual_seed(0)
    other = SuPreME(PARTS, text_encoder=letters).eval()
    weight, bias = torch.randn(2, 64), torch.randn(2)
    other.named_rows = NamedRows(3 * letters.encode(NAMES), weight=weight, bias=bias)
    return other


def windows() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    signal = np.random.default_rng(0).normal(size=(3, 12, 1000)).astype(np.float32)
    samples = np.ones((3, 1000), bool)
    samples[1, 600:] = False
    return signal, np.ones((3, 12), bool), samples


def encoded(model: SuPreME) -> tuple[torch.Tensor, torch.Tensor | None]:
    tensors = window_tensors(*windows(), contract=model.contract, device=torch.device("cpu"))
    return encode_windows(model.encoder, *tensors)


def test_a_trained_name_is_answered_by_the_mean_of_both(model: SuPreME, plain: SuPreME) -> None:
    """Text and row count the same; a question without a row is answered from its text alone."""
    assert model.named_rows is not None
    first = plain.logits(*windows(), [NAMES[1], OTHER])
    joined = model.logits(*windows(), [NAMES[1], OTHER])
    with torch.no_grad():
        row = mean_token(*encoded(model)) @ model.named_rows.weight[1] + model.named_rows.bias[1]
    np.testing.assert_allclose(joined[:, 0], (first[:, 0] + row.numpy()) / 2, atol=1e-5)
    np.testing.assert_array_equal(joined[:, 1], first[:, 1])


def test_an_abbreviation_has_the_row_of_its_name(model: SuPreME) -> None:
    """Abbreviations are spelled out before anything is looked up."""
    name, short = (model.logits(*windows(), [query]) for query in (NAMES[1], "LBBB"))
    np.testing.assert_array_equal(name, short)


def test_what_the_tokens_add_sums_to_the_logit(model: SuPreME) -> None:
    """With rows as without; a token that saw nothing adds nothing."""
    queries = [*NAMES, OTHER]
    tokens, mask = encoded(model)
    assert mask is not None
    with torch.no_grad():
        found = model.contributions(tokens, model.asked(queries), mask)
    assert found is not None
    log_odds, bias = found
    sums = (log_odds.sum(dim=-1) + bias).numpy()
    np.testing.assert_allclose(sums, model.logits(*windows(), queries), atol=1e-4)
    assert (log_odds.transpose(1, 2)[~mask] == 0).all()


def test_rows_are_saved_and_loaded_with_the_weights(
    model: SuPreME, letters, tmp_path: Path
) -> None:
    """Answers after loading equal those before."""
    model.save(tmp_path / "m")
    loaded = SuPreME.from_pretrained(tmp_path / "m", text_encoder=letters)
    queries = [*NAMES, OTHER]
    expected = model.logits(*windows(), queries)
    np.testing.assert_array_equal(loaded.logits(*windows(), queries), expected)


def test_rows_without_their_bias_are_refused(model: SuPreME, letters, tmp_path: Path) -> None:
    """The error names the tensor: half a row is not taken for none."""
    model.save(tmp_path / "whole")
    whole = read_checkpoint(tmp_path / "whole", method="supreme")
    tensors = {key: each for key, each in whole.tensors.items() if key != "named_rows.bias"}
    write_checkpoint(tmp_path / "half", Checkpoint(whole.description, tensors))
    with pytest.raises(WeightsError, match=r"named_rows\."):
        SuPreME.from_pretrained(tmp_path / "half", text_encoder=letters)
