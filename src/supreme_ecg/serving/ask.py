"""One ECG and questions in words -> answers, with all that a reader should know about them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final
from weakref import WeakKeyDictionary

import numpy as np

from supreme_ecg.evaluation.exposure import Exposure, exposure_of
from supreme_ecg.models.calibration import say_meaning
from supreme_ecg.models.dual_encoder import DualEncoder
from supreme_ecg.models.loading import Model
from supreme_ecg.models.query import require_questions
from supreme_ecg.preprocessing.quality import check_quality
from supreme_ecg.preprocessing.window import Window, make_window
from supreme_ecg.records.record import Record
from supreme_ecg.serving.asked import Question
from supreme_ecg.serving.nearest import nearest_concept
from supreme_ecg.serving.question import QuestionReader
from supreme_ecg.serving.relevance import Relevance

_READERS: Final[WeakKeyDictionary[Model, QuestionReader]] = WeakKeyDictionary()
"""The reader of each model's questions, kept from one ECG to the next: it takes a second to make."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model says to one question."""

    query: str
    """The question as it was typed."""
    probability: float | None
    """From 0 to 1; None where it was not scored (a warning says why) or has a similarity instead."""
    similarity: float | None
    """Cosine, -1 to 1, of contrastive weights without a calibration; None of all others."""
    asked_as: str | None
    """Words that the model was asked; None where it was not."""
    concept: str | None
    """Id of the concept that the question means, if it is one of the table."""
    exposure: Exposure | None
    """Whether the model was trained on it (``seen``), on something above or below it (``related``) or not."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Answers about one ECG."""

    record: str
    """Id of the record."""
    answers: tuple[Answer, ...]
    """One per question, in the order asked."""
    warnings: tuple[str, ...]
    """What was done to the signal, what is wrong with it, and which questions the model never met."""

    def to_json(self) -> dict[str, Any]:
        """Plain values: ``{"record", "answers": [...], "warnings"}``, keys as the fields."""
        return asdict(self)


def ask(model: Model, record: Record, queries: Sequence[str]) -> Reply:
    """Ask a model about one ECG. The answer to a question is the same whatever else is asked.

    What denies, compares, asks several things or has nothing to do with the heart is not scored, and
    what a question was understood as is told (:mod:`supreme_ecg.serving.question`).

    Args:
        model: A trained model.
        record: The ECG, of any rate and length, with any of the standard leads.
        queries: Questions in words, such as "left bundle branch block".

    Raises:
        RecordError: The ECG has no lead or sample that can be used.
        QueryError: No question, or an empty one.
    """
    require_questions(queries)
    window = make_window(record, model.contract)
    reader = question_reader(model)
    questions = {query: reader.read(query) for query in queries}
    asked = list(dict.fromkeys(q.asked for q in questions.values() if q.asked is not None))
    probabilities, similarities = _scores(model, window, asked) if asked else ({}, {})
    answers = tuple(
        Answer(
            query=query,
            probability=probabilities.get(questions[query].asked),
            similarity=similarities.get(questions[query].asked),
            asked_as=questions[query].asked,
            concept=questions[query].concept,
            exposure=_exposure(model, questions[query]),
        )
        for query in queries
    )
    warnings = (*_about_signal(record, window), *_about_questions(model, questions.values()))
    if model.gives_similarities:
        warnings = (*warnings, say_meaning(None, similarity=True))
    return Reply(record.id, answers, tuple(dict.fromkeys(warnings)))


def _scores(
    model: Model, window: Window, asked: Sequence[str]
) -> tuple[dict[str | None, float], dict[str | None, float]]:
    """Probability of each question, or its similarity; the other is empty."""
    windows = window.signal[None], window.lead_mask[None], window.sample_mask[None]
    if isinstance(model, DualEncoder) and model.calibration is None:
        similar = model.scores(*windows, asked)[0]
        return {}, {words: round(float(s), 6) for words, s in zip(asked, similar, strict=True)}
    probable = model.predict(*windows, asked)[0]
    return {words: round(float(p), 6) for words, p in zip(asked, probable, strict=True)}, {}


def _about_signal(record: Record, window: Window) -> Iterator[str]:
    yield from window.notes
    recorded_s = np.count_nonzero(window.sample_mask) / window.contract.sampling_rate_hz
    if not window.lead_mask.all():
        missing = [
            lead
            for lead, there in zip(window.contract.leads, window.lead_mask, strict=True)
            if not there
        ]
        yield f"leads {', '.join(missing)} missing: answers rest on the other leads"
    if recorded_s < window.contract.duration_s:
        yield f"only {recorded_s:.1f} s of {window.contract.duration_s:.0f} s recorded"
    for flag in check_quality(record):
        place = f" in lead {flag.lead}" if flag.lead else ""
        yield f"signal quality: {flag.name}{place} ({flag.value:.3g}, limit {flag.threshold:.3g})"


def _about_questions(model: Model, questions: Iterable[Question]) -> Iterator[str]:
    for question in questions:
        yield from question.warnings
        if question.concept is not None:
            exposure = _exposure(model, question)
            if exposure != "seen":
                name = model.table[question.concept].name
                yield f"{question.label} ({name}) was not trained on ({exposure})"


def _exposure(model: Model, question: Question) -> Exposure | None:
    if question.kind != "finding":
        return None
    if question.concept is not None:
        return exposure_of(question.concept, model.trained_concepts, model.table)
    near = [exposure_of(concept, model.trained_concepts, model.table) for concept in question.near]
    return "related" if {"seen", "related"} & set(near) else "unseen"


def question_reader(model: Model) -> QuestionReader:
    """Return the reader that :func:`ask` reads a model's questions with.

    Args:
        model: Its text encoder tells what is about the heart, and what is nearest in meaning.
    """
    if model not in _READERS:
        relevance = Relevance(model.table, model.text_encoder)
        nearest = nearest_concept(model.table, model.text_encoder)
        _READERS[model] = QuestionReader(model.table, relevance, nearest)
    return _READERS[model]
