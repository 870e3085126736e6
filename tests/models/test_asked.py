"""A concept that was not trained on is asked by all that the table knows of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.models.asked import asked_texts
from supreme_ecg.models.encoder import encode_windows
from supreme_ecg.models.fusion import DecoderConfig
from supreme_ecg.models.linear_head import LinearHeadConfig
from supreme_ecg.models.pooling import PoolingConfig
from supreme_ecg.models.resnet import ResNetConfig
from supreme_ecg.models.supreme import SuPreME, SuPreMEConfig, SuPreMEParts

TABLE = ConceptTable.load()
TRAINED = ("supraventricular_tachycardia", "tachycardia", "arrhythmia", "sinus_rhythm")
PSVT = TABLE["paroxysmal_supraventricular_tachycardia"]
SVT = TABLE["supraventricular_tachycardia"].name


def weights(query: str, trained: tuple[str, ...] = TRAINED) -> dict[str, float]:
    texts, mix = asked_texts([query], table=TABLE, trained=trained)
    if mix is None:
        return dict.fromkeys(texts, 1.0)
    return dict(zip(texts, mix[:, 0].tolist(), strict=True))


@pytest.mark.parametrize("query", ["sinus rhythm", "SVT", "epsilon wave", "column 7"])
def test_what_was_trained_on_or_is_no_concept_is_asked_as_it_stands(query: str) -> None:
    """One text, the question itself."""
    assert weights(query) == {query: 1.0}


def test_an_untrained_concept_is_asked_by_name_definition_and_the_nearest_above() -> None:
    """What is further up (tachycardia) says nothing that the nearest does not."""
    assert weights("PSVT") == {"PSVT": 0.25, PSVT.definition: 0.25, SVT: 0.5}


def test_concepts_above_share_their_half() -> None:
    """Two walls of an infarct of both."""
    concept = TABLE["anteroseptal_myocardial_infarction"]
    walls = ("anterior_myocardial_infarction", "septal_myocardial_infarction")
    found = weights(concept.name, (*walls, "myocardial_infarction"))
    assert [found[TABLE[wall].name] for wall in walls] == [0.25, 0.25]
    assert sum(found.values()) == 1.0
    assert len(found) == 4


def test_with_nothing_above_name_and_definition_are_all() -> None:
    """Early repolarisation has no parent."""
    concept = TABLE["early_repolarisation"]
    assert weights(concept.name) == {concept.name: 0.5, concept.definition: 0.5}


def test_an_untrained_model_asks_every_question_as_it_stands() -> None:
    """It has no trained concept to lean on."""
    assert weights("PSVT", ()) == {"PSVT": 1.0}


@pytest.fixture(params=[PoolingConfig(width=16), DecoderConfig(width=16), LinearHeadConfig(rows=4)])
def model(request, letters) -> SuPreME:
    torch.manual_seed(0)
    made = SuPreME(
        SuPreMEParts(
            method=SuPreMEConfig(fusion=request.param), encoder=ResNetConfig(stem_width=8)
        ),
        trained_concepts=TRAINED,
        text_encoder=letters,
    )
    made.fusion.fit_text(made.query_vectors([TABLE[one].name for one in TRAINED]))
    return made.eval()


@pytest.fixture
def windows(model: SuPreME) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    leads, samples = len(model.contract.leads), model.contract.samples
    signal = np.random.default_rng(0).standard_normal((3, leads, samples)).astype(np.float32)
    return signal, np.ones((3, leads), bool), np.ones((3, samples), bool)


def test_its_logit_is_the_weighted_sum_of_theirs(model: SuPreME, windows) -> None:
    """And the questions beside it are answered as if it were not there."""
    alone = model.logits(*windows, ["sinus rhythm", "epsilon wave"])
    found = model.logits(*windows, ["sinus rhythm", "PSVT", "epsilon wave"])
    np.testing.assert_allclose(found[:, [0, 2]], alone, rtol=1e-5, atol=1e-6)
    model.trained_concepts = ()  # each text as it stands
    texts = model.logits(*windows, ["PSVT", PSVT.definition, SVT])
    np.testing.assert_allclose(found[:, 1], texts @ [0.25, 0.25, 0.5], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("model", [PoolingConfig(width=16)], indirect=True)
def test_what_was_kept_of_a_question_goes_when_its_concept_is_trained_on(
    model: SuPreME, windows
) -> None:
    """The same question again, to a model that has learnt it meanwhile."""
    before = model.logits(*windows, ["PSVT"])
    model.trained_concepts = (*TRAINED, PSVT.id)
    assert not np.allclose(model.logits(*windows, ["PSVT"]), before)


@pytest.mark.parametrize("model", [PoolingConfig(width=16)], indirect=True)
def test_contributions_add_up_to_its_logit(model: SuPreME, windows) -> None:
    """Pooling alone makes its logit by a sum over tokens."""
    signal, _, mask = (torch.from_numpy(each) for each in windows)
    with torch.no_grad():
        tokens, seen = encode_windows(model.encoder, signal, mask)
        found = model.contributions(tokens, model.asked(["PSVT", "sinus rhythm"]), seen)
    assert found is not None
    log_odds, bias = found
    np.testing.assert_allclose(
        log_odds.sum(-1) + bias, model.logits(*windows, ["PSVT", "sinus rhythm"]), atol=1e-4
    )
