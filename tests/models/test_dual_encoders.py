"""ETP and MERL: answers, embeddings, loss and weights on disk; one loader for all methods."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from supreme_ecg.errors import ContractError, QueryError, WeightsError
from supreme_ecg.models.calibration import Calibration, Curve
from supreme_ecg.models.contrastive import ContrastConfig, info_nce
from supreme_ecg.models.dual_encoder import DualEncoder, DualEncoderConfig, DualEncoderParts
from supreme_ecg.models.etp import ETP, ETPConfig
from supreme_ecg.models.loading import METHODS, load_model
from supreme_ecg.models.merl import MERL, MERLConfig
from supreme_ecg.models.resnet import ResNetConfig
from supreme_ecg.models.vit import ViTConfig
from tests.models.small_model import small_model

QUERIES = ["atrial fibrillation", "left bundle branch block", "normal ECG"]
SMALL = ResNetConfig(stem_width=8)


def windows(batch: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    signal = np.random.default_rng(0).normal(size=(batch, 12, 1000)).astype(np.float32)
    return signal, np.ones((batch, 12), bool), np.ones((batch, 1000), bool)


def build(letters, method: DualEncoderConfig, *, encoder=SMALL) -> DualEncoder:
    torch.manual_seed(0)
    made = METHODS[method.name]  # type: ignore[attr-defined]
    parts = DualEncoderParts(method=method, encoder=encoder)
    return made(parts, trained_concepts=["x"], manifest={"folds": [1]}, text_encoder=letters).eval()


@pytest.fixture(params=[ETPConfig(width=16), MERLConfig(width=16)], ids=["etp", "merl"])
def model(request, letters) -> DualEncoder:
    return build(letters, request.param)


def test_scores_are_cosines_and_do_not_depend_on_what_else_is_asked(model: DualEncoder) -> None:
    """A question alone has the score that it has among others, and 1 with itself."""
    scores = model.scores(*windows(), QUERIES)
    assert scores.shape == (4, 3)
    assert np.abs(scores).max() <= 1 + 1e-6
    np.testing.assert_allclose(model.scores(*windows(), QUERIES[1:2]), scores[:, 1:2], atol=1e-6)
    vectors = model.query_vectors(QUERIES)
    assert torch.allclose(vectors.norm(dim=1), torch.ones(3))


def test_uncalibrated_answers_rank_as_the_cosines_and_calibrated_ones_are_probabilities(
    model: DualEncoder,
) -> None:
    """(1 + cosine) / 2 without a calibration; with one, its curve over the scaled cosine."""
    cosines = model.scores(*windows(), QUERIES)
    np.testing.assert_allclose(model.predict(*windows(), QUERIES), (1 + cosines) / 2, rtol=1e-6)
    np.testing.assert_allclose(model.logits(*windows(), QUERIES), cosines / 0.07, rtol=1e-5)
    model.calibration = Calibration(
        meaning="m",
        method="m",
        overall=Curve(scale=2.0, shift=-1.0),
        rule="f1",
        minimum_positives=1,
        threshold=0.5,
    )
    expected = 1 / (1 + np.exp(-(2 * cosines / 0.07 - 1)))
    np.testing.assert_allclose(model.predict(*windows(), QUERIES), expected, rtol=1e-3, atol=1e-6)


def test_several_prompts_are_asked_as_the_mean_of_their_unit_vectors(letters) -> None:
    """An explicit group, and with prompts = synonyms the name and the English terms of a concept."""
    model = build(letters, ETPConfig(width=16))
    alone = model.query_vectors(["sinus rhythm", "sinus tachycardia"])
    group = model.query_vectors([("sinus rhythm", "sinus tachycardia")])[0]
    expected = torch.nn.functional.normalize(alone.mean(dim=0), dim=0)
    assert torch.allclose(group, expected, atol=1e-6)
    ensemble = build(letters, MERLConfig(width=16))
    phrases = ensemble.table["atrial_fibrillation"].phrases
    assert len(phrases) > 1
    assert ensemble.prompts_of("AFIB") == phrases
    assert ensemble.prompts_of("purple elephant") == ("purple elephant",)
    assert model.prompts_of("AFIB") == ("atrial fibrillation",)


@pytest.mark.parametrize("queries", [[], ["  "], ["a", ""], ["a", ()]])
def test_no_question_or_an_empty_one_is_refused(model: DualEncoder, queries) -> None:
    """As of SuPreME."""
    with pytest.raises(QueryError, match="at least one question"):
        model.scores(*windows(), queries)


def test_windows_of_another_contract_are_refused(model: DualEncoder) -> None:
    """500 Hz windows are named."""
    with pytest.raises(ContractError, match="5000"):
        model.scores(
            np.zeros((1, 12, 5000), np.float32),
            np.ones((1, 12), bool),
            np.ones((1, 5000), bool),
            ["a"],
        )


def test_what_a_mask_calls_missing_is_not_looked_at(model: DualEncoder) -> None:
    """Values under a masked lead or sample change no score and no embedding."""
    signal, leads, samples = windows()
    leads[:, 3] = False
    samples[:, 600:] = False
    expected = model.scores(signal, leads, samples, QUERIES), model.embed(signal, leads, samples)
    signal[:, 3] = 7.0
    signal[:, :, 600:] = -7.0
    np.testing.assert_array_equal(model.scores(signal, leads, samples, QUERIES), expected[0])
    np.testing.assert_array_equal(model.embed(signal, leads, samples), expected[1])


def test_all_methods_embed_by_the_mean_token_in_evaluation_mode(letters) -> None:
    """Same width for the same encoder; no weight and no running statistic moves."""
    models = [
        small_model(letters),
        build(letters, ETPConfig(width=16)),
        build(letters, MERLConfig(width=16)),
    ]
    for each in models:
        each.train()
        before = {key: value.clone() for key, value in each.state_dict().items()}
        embedding = each.embed(*windows())
        assert (embedding.shape, embedding.dtype) == ((4, 64), np.float32)
        assert not each.training
        assert all(torch.equal(before[k], v) for k, v in each.state_dict().items())
        with torch.no_grad():
            tokens = each.encoder(torch.from_numpy(windows()[0]))
        np.testing.assert_allclose(embedding, tokens.mean(dim=1).numpy(), atol=1e-6)


def test_merls_views_differ_in_training_and_agree_in_evaluation(letters) -> None:
    """Two passes with dropout give other views; without it the same; CMA has no dropout of its own."""
    model = build(letters, MERLConfig(width=16), encoder=ViTConfig(dropout=0.0))
    model.second.load_state_dict(model.first.state_dict())
    signal, mask = torch.from_numpy(windows()[0]), torch.ones(4, 1000, dtype=torch.bool)
    vectors = letters.encode(["a", "b", "c", "d"])
    _, _, first, second, _ = model.eval()(signal, mask, vectors)
    assert torch.equal(first, second)
    ecg, _, first, second, _ = model.train()(signal, mask, vectors)
    assert not torch.allclose(first, second, atol=1e-3)
    again = model(signal, mask, vectors)
    assert not torch.allclose(again[2], first, atol=1e-3)
    assert torch.allclose(again[0], ecg, atol=1e-6)


def test_merls_loss_is_cma_plus_uma_and_etps_the_mean_of_two_directions(letters) -> None:
    """Sums of both directions, added 1 : 1; the views' positives are their own, whatever reports say."""
    sides = [
        torch.nn.functional.normalize(
            torch.randn(5, 16, generator=torch.Generator().manual_seed(i))
        )
        for i in range(4)
    ]
    positives, scale = torch.ones(5, 5) * 0.5 + torch.eye(5), torch.tensor(1 / 0.07)
    sharpness = torch.stack([scale, torch.tensor(0.0)])
    cma = info_nce(sides[0], sides[1], scale=scale, positives=positives)
    uma = info_nce(sides[2], sides[3], scale=scale, positives=torch.eye(5))
    merl = build(letters, MERLConfig(width=16))
    found = merl.training_loss(sides, sharpness=sharpness, positives=positives)
    assert found.item() == pytest.approx((cma + uma).item(), rel=1e-6)
    etp = build(letters, ETPConfig(width=16))
    found = etp.training_loss(sides[:2], sharpness=sharpness, positives=positives)
    assert found.item() == pytest.approx(cma.item() / 2, rel=1e-6)


@pytest.mark.parametrize(
    "method",
    [
        ETPConfig(width=16, contrast=ContrastConfig(loss="sigmoid", temperature=0.1)),
        MERLConfig(width=16, heads=2, text="report", whiten_text=False),
    ],
    ids=["etp", "merl"],
)
@pytest.mark.parametrize("encoder", [SMALL, ViTConfig()], ids=["resnet", "vit"])
def test_saved_and_loaded_weights_give_equal_answers(
    letters, tmp_path: Path, method: DualEncoderConfig, encoder
) -> None:
    """The folder alone rebuilds the model, and the one loader finds its method."""
    saved = build(letters, method, encoder=encoder)
    saved.save(tmp_path / "model", metrics={"loss": 0.5})
    for loaded in (
        type(saved).from_pretrained(tmp_path / "model", text_encoder=letters),
        load_model(tmp_path / "model", text_encoder=letters),
    ):
        assert type(loaded) is type(saved)
        assert (loaded.parts, loaded.trained_concepts) == (saved.parts, ("x",))
        assert loaded.weights_sha256
        np.testing.assert_array_equal(
            loaded.scores(*windows(), QUERIES), saved.scores(*windows(), QUERIES)
        )


def test_the_loader_loads_every_method_and_refuses_an_unknown_one(letters, tmp_path: Path) -> None:
    """SuPreME's weights too; a method of the future is named with what is known."""
    small_model(letters).save(tmp_path / "model")
    assert type(load_model(tmp_path / "model", text_encoder=letters)).__name__ == "SuPreME"
    path = tmp_path / "model" / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"method": "clip"}))
    with pytest.raises(WeightsError, match=r"supreme, etp, merl, simclr, .*, found of 'clip'"):
        load_model(tmp_path / "model", text_encoder=letters)


def test_weights_of_one_method_are_not_loaded_as_another(letters, tmp_path: Path) -> None:
    """ETP's weights are no MERL."""
    build(letters, ETPConfig(width=16)).save(tmp_path / "model")
    with pytest.raises(WeightsError, match="method 'merl'"):
        MERL.from_pretrained(tmp_path / "model", text_encoder=letters)


def test_a_random_encoder_changes_scores_and_nothing_else(model: DualEncoder) -> None:
    """The text side and the projections stay."""
    model.weights_sha256 = "of the trained ones"
    other = model.with_random_encoder(3)
    assert other.weights_sha256 is None
    assert not np.allclose(other.scores(*windows(), QUERIES), model.scores(*windows(), QUERIES))
    for key, value in model.state_dict().items():
        if not key.startswith("encoder."):
            assert torch.equal(other.state_dict()[key], value), key


def test_a_learned_temperature_is_part_of_the_weights(letters, tmp_path: Path) -> None:
    """It comes back from disk."""
    model = build(letters, ETPConfig(width=16, contrast=ContrastConfig(learn_temperature=True)))
    with torch.no_grad():
        model.sharpness.values[0] = 1.0
    model.save(tmp_path / "model")
    loaded = ETP.from_pretrained(tmp_path / "model", text_encoder=letters)
    assert loaded.sharpness()[0].item() == pytest.approx(np.e, rel=1e-6)
