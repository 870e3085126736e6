"""SuPreME: answers, loss, and weights on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from supreme_ecg.errors import ContractError, QueryError
from supreme_ecg.models.checkpoint import Checkpoint, write_checkpoint
from supreme_ecg.models.fusion import DecoderConfig
from supreme_ecg.models.pooling import PoolingConfig
from supreme_ecg.models.resnet import ResNetConfig
from supreme_ecg.models.supreme import (
    SuPreME,
    SuPreMEConfig,
    SuPreMEParts,
)
from supreme_ecg.models.text_adapter import TextAdapter
from supreme_ecg.models.vit import ViTConfig

SMALL = SuPreMEParts(
    method=SuPreMEConfig(fusion=PoolingConfig(width=32)), encoder=ResNetConfig(stem_width=8)
)
QUERIES = ["atrial fibrillation", "left bundle branch block", "normal ECG"]


@pytest.fixture
def model(letters) -> SuPreME:
    torch.manual_seed(0)
    return SuPreME(
        SMALL,
        trained_concepts=["atrial_fibrillation"],
        manifest={"corpus": "x"},
        text_encoder=letters,
    )


def windows(count: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    signal = np.random.default_rng(0).normal(size=(count, 12, 1000)).astype(np.float32)
    return signal, np.ones((count, 12), bool), np.ones((count, 1000), bool)


def test_probabilities_come_one_per_window_and_query(model: SuPreME) -> None:
    """They are float32 between 0 and 1, and the same in any company."""
    together = model.predict(*windows(), QUERIES)
    assert together.shape == (4, 3)
    assert together.dtype == np.float32
    assert ((together > 0) & (together < 1)).all()
    alone = model.predict(*(array[2:3] for array in windows()), QUERIES[1:2])
    np.testing.assert_allclose(alone[0, 0], together[2, 1], atol=1e-6)


def test_predicting_moves_no_weight_and_no_running_statistic(model: SuPreME) -> None:
    """Traps 8: the model is in evaluation mode while it answers, even if it was training."""
    before = {key: value.clone() for key, value in model.train().state_dict().items()}
    model.predict(*windows(), QUERIES)
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())


def test_a_part_left_in_training_is_in_evaluation_mode_while_it_answers(model: SuPreME) -> None:
    """Dropout or batch statistics of one window would spoil the answer."""
    expected = model.eval().predict(*windows(), QUERIES)
    model.encoder.stages[1].train()
    np.testing.assert_array_equal(model.predict(*windows(), QUERIES), expected)


def test_what_a_mask_calls_missing_is_not_looked_at(model: SuPreME) -> None:
    """Values under a masked lead or sample change no answer."""
    signal, leads, samples = windows()
    leads[:, 3] = False
    samples[:, 600:] = False
    expected = model.predict(signal, leads, samples, QUERIES)
    signal[:, 3] = 7.0
    signal[:, :, 600:] = -7.0
    np.testing.assert_array_equal(model.predict(signal, leads, samples, QUERIES), expected)


@pytest.mark.parametrize("fusion", [PoolingConfig(width=32), DecoderConfig(width=32)])
def test_queries_kept_from_the_last_call_answer_as_fresh_ones(letters, fusion) -> None:
    """Asked again, asked otherwise, and asked of other weights, however those were changed."""
    parts = SuPreMEParts(method=SuPreMEConfig(fusion=fusion), encoder=SMALL.encoder)
    model = SuPreME(parts, text_encoder=letters).eval()
    signal, leads, samples = windows()

    def check(queries: list[str]) -> None:
        kept = model.predict(signal, leads, samples, queries)
        with torch.inference_mode():
            vectors = model.query_vectors(queries)
            fresh = model(torch.from_numpy(signal), torch.from_numpy(samples), vectors)
        np.testing.assert_allclose(kept, torch.sigmoid(fresh).numpy(), atol=1e-6)

    check(QUERIES)
    check(QUERIES)
    check(QUERIES[::-1])
    weight = model.fusion.from_text.layers[0].weight
    weight.data.normal_()  # neither the version nor the address of the tensor tells of this
    check(QUERIES[::-1])
    with torch.no_grad():
        weight[-1, -1] += 5.0  # one number of many
    check(QUERIES[::-1])
    model.load_state_dict({k: v * 0.5 for k, v in model.state_dict().items()})
    check(QUERIES[::-1])
    model.text_adapter = TextAdapter(letters.width, hidden=8, pieces=64, piece_width=4).eval()
    check(QUERIES[::-1])
    model.text_adapter.outer.weight.data.normal_()
    check(QUERIES[::-1])


@pytest.mark.parametrize("shape", [(4, 12, 5000), (4, 8, 1000)])
def test_windows_of_another_contract_are_refused(model: SuPreME, shape) -> None:
    """Another rate, length or set of leads has another number of samples or rows."""
    masks = np.ones(shape[:2], bool), np.ones((shape[0], shape[2]), bool)
    with pytest.raises(ContractError, match=f"{shape[1]} and {shape[2]}"):
        model.predict(np.zeros(shape, np.float32), *masks, QUERIES)


def test_an_abbreviation_is_asked_by_its_full_name(model: SuPreME) -> None:
    """LBBB and left bundle branch block are one question."""
    short = model.predict(*windows(), ["LBBB"])
    np.testing.assert_array_equal(short, model.predict(*windows(), ["left bundle branch block"]))


@pytest.mark.parametrize("queries", [[], ["  "], ["atrial fibrillation", ""]])
def test_no_question_or_an_empty_one_is_refused(model: SuPreME, queries: list[str]) -> None:
    """The error says what to ask."""
    with pytest.raises(QueryError, match="at least one question"):
        model.predict(*windows(), queries)


@pytest.mark.parametrize("encoder", [ResNetConfig(stem_width=8), ViTConfig()])
def test_saved_and_loaded_weights_give_equal_answers(letters, tmp_path: Path, encoder) -> None:
    """The folder alone rebuilds the model, its contract, vocabulary and manifest."""
    parts = SuPreMEParts(method=SMALL.method, encoder=encoder)
    saved = SuPreME(parts, trained_concepts=["a"], manifest={"folds": [1]}, text_encoder=letters)
    saved.save(tmp_path / "model", metrics={"loss": 0.5})
    loaded = SuPreME.from_pretrained(tmp_path / "model", text_encoder=letters)
    assert (loaded.parts, loaded.trained_concepts, loaded.manifest) == (
        parts,
        ("a",),
        {"folds": [1]},
    )
    np.testing.assert_array_equal(
        loaded.predict(*windows(), QUERIES), saved.predict(*windows(), QUERIES)
    )


def test_saving_twice_leaves_one_whole_model(model: SuPreME, letters, tmp_path: Path) -> None:
    """The second save replaces the first and leaves nothing beside it."""
    model.save(tmp_path / "model")
    model.save(tmp_path / "model")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    SuPreME.from_pretrained(tmp_path / "model", text_encoder=letters)


def test_a_random_encoder_keeps_all_but_the_encoder(model: SuPreME) -> None:
    """The baseline row differs from the model in the encoder's weights only."""
    model.weights_sha256 = "of the trained ones"
    other = model.with_random_encoder(seed=1)
    assert other.weights_sha256 is None
    ours, theirs = model.state_dict(), other.state_dict()
    changed = {key.split(".")[0] for key in ours if not torch.equal(ours[key], theirs[key])}
    assert changed == {"encoder"}
    again = model.with_random_encoder(seed=1).state_dict()
    assert all(torch.equal(theirs[key], again[key]) for key in theirs)


def test_a_contract_of_another_version_is_refused(model: SuPreME, letters, tmp_path: Path) -> None:
    """A contract key that this version does not know is named."""
    parts = model.parts.to_json()
    parts["contract"]["notch_hz"] = 50
    description = {"method": "supreme", "parts": parts, "trained_concepts": [], "manifest": {}}
    write_checkpoint(tmp_path / "model", Checkpoint(description, model.state_dict()))
    with pytest.raises(ContractError, match="notch_hz"):
        SuPreME.from_pretrained(tmp_path / "model", text_encoder=letters)
