"""The concept that is nearest in meaning."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.models.text_adapter import AdaptedTextEncoder
from supreme_ecg.models.text_encoder import TextEncoderConfig, TransformerTextEncoder
from supreme_ecg.serving.contradiction import Contradiction
from supreme_ecg.serving.nearest import (
    Nearest,
    NearestConcept,
    NearestLimits,
    nearest_concept,
)
from supreme_ecg.serving.question import QuestionReader
from supreme_ecg.serving.relevance import Relevance

TABLE = ConceptTable.load()
IDS = sorted(TABLE.concepts)
LIMITS = NearestLimits(cosine=0.7, lead=0.2)


class Directions:
    """A text encoder for tests: each name has a direction of its own, some texts lie between two of them."""

    width = len(IDS) + 1
    config = TextEncoderConfig(name="directions")

    def __init__(self, **texts: dict[str, float]) -> None:
        self._texts = {text.replace("_", " "): towards for text, towards in texts.items()}

    def encode(self, texts: Sequence[str]) -> torch.Tensor:
        vectors = torch.zeros(len(texts), self.width)
        names = {TABLE[concept].name: {concept: 1.0} for concept in IDS}
        for row, text in zip(vectors, texts, strict=True):
            for concept, part in (self._texts | names).get(text, {}).items():
                row[IDS.index(concept)] = part
            row[-1] = (1 - row.square().sum()).clamp(min=0).sqrt()
        return vectors


def finder(**texts: dict[str, float]) -> NearestConcept:
    return NearestConcept(TABLE, Directions(**texts), limits=LIMITS)


@pytest.mark.parametrize(
    ("towards", "found"),
    [
        ({"atrial_flutter": 0.8}, "atrial_flutter"),
        ({"atrial_flutter": 0.6}, None),
        ({"atrial_flutter": 0.75, "asystole": 0.6}, None),
        ({"sinus_bradycardia": 0.75, "bradycardia": 0.65}, "sinus_bradycardia"),
    ],
    ids=["near", "far", "between two", "beside its own parent"],
)
def test_it_must_be_near_and_clearly_nearer_than_the_next(
    towards: dict[str, float], found: str | None
) -> None:
    """A concept above or below it is no rival."""
    nearest = finder(some_words=towards).find("some words")
    assert (nearest.concept if nearest else None) == found


def test_what_is_measured_is_cosine_and_lead() -> None:
    """Also where no limit is met, and with concepts left out."""
    finds = finder(words={"asystole": 0.5, "atrial_flutter": 0.4})
    first = finds.measure("words")
    assert first == Nearest(
        concept="asystole", cosine=pytest.approx(0.5), lead=pytest.approx(0.1, abs=1e-5)
    )
    second = finds.measure("words", without={"asystole"})
    assert second is not None
    assert (second.concept, second.lead) == ("atrial_flutter", pytest.approx(0.4, abs=1e-5))
    assert finds.measure("words", without=IDS) is None


@pytest.mark.parametrize(
    ("text", "concept", "opposed"),
    [
        ("axis turned to the left", "right_axis_deviation", True),
        ("axis turned to the left", "left_axis_deviation", False),
        ("flutter of the atria", "ventricular_flutter", True),
        ("AV-Block vom Grad 1", "second_degree_av_block", True),
        ("AV-Block vom Grad 1", "first_degree_av_block", False),
        ("partial block of the right bundle", "complete_right_bundle_branch_block", True),
        ("no P waves at all", "no_p_waves", False),
        ("slow heart", "tachycardia", True),
        ("infarct of the front wall", "myocardial_infarction", False),
        ("P waves", "no_p_waves", True),
        ("a rhythm of fibrillating atria", "atrial_fibrillation", False),
    ],
)
def test_opposite_sides_are_not_confused(text: str, concept: str, opposed: bool) -> None:
    """Left and right, atrial and ventricular, degrees, completeness, rate; in English and German."""
    assert Contradiction(TABLE).between(text, concept) is opposed


def test_a_name_on_the_other_side_is_passed_over() -> None:
    """However near it is; the side that was meant still has to be nearer than others by itself."""
    both = {"right_axis_deviation": 0.65, "left_axis_deviation": 0.75}
    asked = "axis to the right"
    assert finder(**{asked: both}).find(asked) is None
    nearest = finder(**{asked: both}).measure(asked)
    assert nearest is not None
    assert nearest.concept == "right_axis_deviation"
    assert nearest.lead < 0


def reader(**texts: dict[str, float]) -> QuestionReader:
    return QuestionReader(TABLE, Relevance(TABLE), finder(**texts))


def test_a_question_is_asked_by_the_nearest_name_and_that_is_said() -> None:
    """The concept is told too, so that its exposure is that of the concept."""
    question = reader(whirling_heart_rhythm={"atrial_flutter": 0.8}).read(
        "signs of whirling heart rhythm?"
    )
    assert (question.asked, question.concept, question.how) == (
        "atrial flutter",
        "atrial_flutter",
        "nearest",
    )
    assert question.warnings == (
        "'signs of whirling heart rhythm?' was read as 'atrial flutter', "
        "the nearest in meaning (0.80)",
    )


def test_what_has_nothing_to_do_with_the_heart_must_be_very_near() -> None:
    """Nearer than what is about the heart by its words."""
    for cosine, asked in ((0.72, None), (0.9, "atrial flutter")):
        texts = {"purple_elephant": {"atrial_flutter": cosine}}
        assert reader(**texts).read("purple elephant").asked == asked


def test_a_denial_of_the_nearest_is_a_denial() -> None:
    """It names what to ask instead."""
    question = reader(whirling_heart_rhythm={"atrial_flutter": 0.8}).read(
        "no whirling heart rhythm"
    )
    assert question.kind == "negated"
    assert question.near == ("atrial_flutter",)
    assert "ask 'atrial flutter'" in question.warnings[0]


def test_a_question_that_names_several_is_not_read_as_one_that_leaves_some_out() -> None:
    """A single concept in it may be a part of another name; several are all meant."""
    finds = finder(words={"sinus_bradycardia": 0.9})
    assert finds.find("words", naming=["bradycardia"]) is not None
    assert finds.find("words", naming=["asystole"]) is not None
    assert finds.find("words", naming=["bradycardia", "sinus_bradycardia"]) is not None
    assert finds.find("words", naming=["bradycardia", "asystole"]) is None


def test_data_of_a_patient_are_not_compared() -> None:
    """A question that may hold a name is asked only by what it names."""
    words = "whirling heart rhythm of john@example.org"
    question = reader(**{words: {"atrial_flutter": 1.0}}).read(words)
    assert question.kind == "unreadable"


def test_another_text_encoder_has_no_nearest_concept() -> None:
    """Limits and adapter belong to one text encoder."""
    assert nearest_concept(TABLE, Directions()) is None


@pytest.mark.slow
def test_the_packaged_adapter_finds_what_a_person_means() -> None:
    """Words that the table has not; and nothing for what is not in the table: some ten seconds."""
    plain = TransformerTextEncoder(TextEncoderConfig())
    finds = nearest_concept(TABLE, plain)
    assert finds is not None
    assert isinstance(finds._encoder, AdaptedTextEncoder)
    for words, concept in (
        ("marked broadening of QRS complexes", "wide_qrs"),
        ("Verbreiterung der QRS-Komplexe", "wide_qrs"),
    ):
        nearest = finds.find(words)
        assert nearest is not None, words
        assert nearest.concept == concept
    assert finds.find("epsilon wave") is None
