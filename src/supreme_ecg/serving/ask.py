"""One ECG and questions in words -> probabilities, with all that a reader should know about them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from supreme_ecg.evaluation.zero_shot import exposure_of
from supreme_ecg.models.supreme import SuPreME
from supreme_ecg.preprocessing.quality import check_quality
from supreme_ecg.preprocessing.window import Window, make_window
from supreme_ecg.records.record import Record


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model says to one question."""

    query: str
    """The question as it was asked."""
    probability: float
    """From 0 to 1."""


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
        """Plain values: ``{"record", "answers": [{"query", "probability"}], "warnings"}``."""
        return asdict(self)


def ask(model: SuPreME, record: Record, queries: Sequence[str]) -> Reply:
    """Ask a model about one ECG. The answer to a question is the same whatever else is asked.

    Args:
        model: A trained model.
        record: The ECG, of any rate and length, with any of the standard leads.
        queries: Questions in words, such as "left bundle branch block".

    Raises:
        RecordError: The ECG has no lead or sample that can be used.
        QueryError: No question, or an empty one.
    """
    window = make_window(record, model.contract)
    probabilities = model.predict(
        window.signal[None], window.lead_mask[None], window.sample_mask[None], queries
    )[0]
    answers = tuple(
        Answer(query, round(float(p), 6)) for query, p in zip(queries, probabilities, strict=True)
    )
    warnings = (*_about_signal(record, window), *_about_queries(model, queries))
    return Reply(record.id, answers, warnings)


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


def _about_queries(model: SuPreME, queries: Sequence[str]) -> Iterator[str]:
    for query in dict.fromkeys(queries):
        concept = model.table.find(query)
        if concept is None:
            yield f"{query!r} is not in the concept table: answered from its words alone"
            continue
        exposure = exposure_of(concept.id, model.trained_concepts, model.table)
        if exposure != "seen":
            yield f"{query!r} ({concept.name}) was not trained on ({exposure})"
