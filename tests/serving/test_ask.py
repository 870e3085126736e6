"""Questions about one ECG."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from supreme_ecg.errors import QueryError, RecordError
from supreme_ecg.models.pooling import PoolingConfig
from supreme_ecg.models.resnet import ResNetConfig
from supreme_ecg.models.supreme import SuPreME, SuPreMEConfig, SuPreMEParts
from supreme_ecg.records.leads import STANDARD_LEADS
from supreme_ecg.records.record import Record
from supreme_ecg.serving.ask import ask


@pytest.fixture
def model(letters) -> SuPreME:
    torch.manual_seed(0)
    parts = SuPreMEParts(
        method=SuPreMEConfig(fusion=PoolingConfig(width=32)), encoder=ResNetConfig(stem_width=8)
    )
    return SuPreME(parts, trained_concepts=["atrial_fibrillation"], text_encoder=letters)


def record(*, sampling_rate_hz: float = 100, duration_s: float = 10) -> Record:
    """An ECG-like record that obeys Einthoven and Goldberger."""
    generator = np.random.default_rng(0)
    samples = round(sampling_rate_hz * duration_s)
    one, two = generator.normal(scale=0.2, size=(2, samples)).astype(np.float32)
    leads = {"I": one, "II": two, "III": two - one, "aVR": -(one + two) / 2}
    leads |= {"aVL": one - two / 2, "aVF": two - one / 2}
    for chest in STANDARD_LEADS[6:]:
        leads[chest] = generator.normal(scale=0.2, size=samples).astype(np.float32)
    return Record(id="r1", leads=leads, sampling_rate_hz=sampling_rate_hz)


def test_a_reply_has_an_answer_for_each_question_in_their_order(model: SuPreME) -> None:
    """The JSON has the documented keys and nothing else."""
    reply = ask(model, record(), ["atrial fibrillation", "AFIB"]).to_json()
    assert reply.keys() == {"record", "answers", "warnings"}
    assert [answer["query"] for answer in reply["answers"]] == ["atrial fibrillation", "AFIB"]
    assert reply["answers"][0]["probability"] == reply["answers"][1]["probability"]
    assert {key: reply["answers"][1][key] for key in ("asked_as", "concept", "exposure")} == {
        "asked_as": "atrial fibrillation",
        "concept": "atrial_fibrillation",
        "exposure": "seen",
    }


def test_an_answer_is_the_same_whatever_else_is_asked(model: SuPreME) -> None:
    """Alone, among others and in another order."""
    others = [
        "left bundle branch block",
        "atrial fibrillation",
        "normal ECG",
        "epsilon wave",
        "no AF",
    ]
    among = {a.query: a.probability for a in ask(model, record(), others).answers}
    alone = ask(model, record(), ["atrial fibrillation"]).answers[0].probability
    assert alone == pytest.approx(among["atrial fibrillation"], abs=2e-6)


def test_a_sound_ecg_and_a_known_question_give_no_warning(model: SuPreME) -> None:
    """Silence means that nothing was done to the signal and the concept was trained on."""
    assert ask(model, record(), ["atrial fibrillation"]).warnings == ()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (record(sampling_rate_hz=500), "500"),
        (record(duration_s=4), "only 4.0 s of 10 s recorded"),
        (record(duration_s=20), "cropped to 0-10 s"),
        (
            replace(record(), leads={"I": record().leads["I"], "II": record().leads["II"]}),
            "leads V1, V2, V3, V4, V5, V6 missing",
        ),
        (
            replace(record(), leads={**record().leads, "V3": np.zeros(1000, np.float32)}),
            "flat in lead V3",
        ),
    ],
)
def test_what_is_unusual_about_the_signal_is_said(
    model: SuPreME, changed: Record, words: str
) -> None:
    """Another rate or length, missing leads and poor quality all work, and all are told."""
    reply = ask(model, changed, ["atrial fibrillation"])
    assert any(words in warning for warning in reply.warnings), reply.warnings


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("sinus tachycardia", "was not trained on (unseen)"),
        ("supraventricular arrhythmia", "was not trained on (related)"),
        ("epsilon wave", "is not in the concept table"),
    ],
)
def test_a_question_that_the_model_never_met_is_said(
    model: SuPreME, query: str, words: str
) -> None:
    """Zero-shot is allowed, and named."""
    assert any(words in warning for warning in ask(model, record(), [query]).warnings)


@pytest.mark.parametrize(
    "query", ["no atrial fibrillation", "AF and LBBB", "purple elephant", "troponin", "???"]
)
def test_what_is_no_finding_has_no_probability(model: SuPreME, query: str) -> None:
    """It is null, a warning says why, and the other questions are answered."""
    reply = ask(model, record(), [query, "atrial fibrillation"]).to_json()
    refused, answered = reply["answers"]
    assert refused == {
        "query": query,
        "probability": None,
        "similarity": None,
        "asked_as": None,
        "concept": None,
        "exposure": None,
    }
    assert 0 < answered["probability"] < 1
    assert any("was not scored" in warning for warning in reply["warnings"])
    assert ask(model, record(), [query]).answers[0].probability is None


def test_data_of_a_patient_stay_in_the_question(model: SuPreME) -> None:
    """No warning repeats them."""
    reply = ask(model, record(), ["Does Mr Smith (born 12.03.1954) have AF?"])
    assert reply.answers[0].asked_as == "atrial fibrillation"
    assert not any("Smith" in warning or "1954" in warning for warning in reply.warnings)


def test_a_question_of_words_near_a_trained_concept_is_related(model: SuPreME) -> None:
    """It is wider or narrower than what was trained; words that name nothing known are unseen."""
    near, far = ask(model, record(), ["AF in lead V1", "epsilon wave"]).answers
    assert (near.exposure, far.exposure) == ("related", "unseen")


def test_no_question_is_refused(model: SuPreME) -> None:
    """As the model does."""
    with pytest.raises(QueryError, match="at least one question"):
        ask(model, record(), [])


def test_an_ecg_without_a_usable_lead_is_refused(model: SuPreME) -> None:
    """The record id is named."""
    with pytest.raises(RecordError, match="r1"):
        ask(model, replace(record(), leads={"X": np.ones(1000, np.float32)}), ["normal ECG"])
