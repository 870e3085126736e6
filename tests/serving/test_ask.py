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


def test_an_answer_is_the_same_whatever_else_is_asked(model: SuPreME) -> None:
    """Alone, among others and in another order."""
    others = ["left bundle branch block", "atrial fibrillation", "normal ECG", "something else"]
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
        ("fluttering of the heart's upper chambers", "is not in the concept table"),
    ],
)
def test_a_question_that_the_model_never_met_is_said(
    model: SuPreME, query: str, words: str
) -> None:
    """Zero-shot is allowed, and named."""
    assert any(words in warning for warning in ask(model, record(), [query]).warnings)


def test_no_question_is_refused(model: SuPreME) -> None:
    """As the model does."""
    with pytest.raises(QueryError, match="at least one question"):
        ask(model, record(), [])


def test_an_ecg_without_a_usable_lead_is_refused(model: SuPreME) -> None:
    """The record id is named."""
    with pytest.raises(RecordError, match="r1"):
        ask(model, replace(record(), leads={"X": np.ones(1000, np.float32)}), ["normal ECG"])
