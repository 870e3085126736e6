"""Reports about simulated tracings, in three languages, with what they say known exactly."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np

from supreme_ecg.concepts.concept import Language
from supreme_ecg.reports.finding import Assertion
from supreme_ecg.synthetic.conditions import (
    ATRIOVENTRICULAR,
    CONDITIONS,
    CONDUCTION,
    HIDES_MORPHOLOGY,
    STRUCTURE,
    Condition,
    concepts_of,
)

_INFARCTIONS: Final[frozenset[Condition]] = frozenset(
    c for c in CONDITIONS if c.endswith("_infarction")
)
_ACUTE: Final[frozenset[Condition]] = frozenset(c for c in _INFARCTIONS if c.startswith("acute_"))
_ISCHAEMIC: Final[frozenset[Condition]] = frozenset(
    c for c in CONDITIONS if c.endswith("_ischaemia")
)

_SHOWS: Final[Mapping[str, frozenset[Condition]]] = {
    "left_axis_deviation": frozenset({"left_anterior_fascicular_block"}),
    "right_axis_deviation": frozenset(
        {"left_posterior_fascicular_block", "right_ventricular_hypertrophy"}
    ),
    "st_elevation": _ACUTE,
    "pathological_q_wave": _INFARCTIONS - _ACUTE,
    "t_wave_inversion": (_INFARCTIONS - _ACUTE) | _ISCHAEMIC,
}
"""Concepts that a tracing shows because of a condition."""

_DENIED_BY: Final[Mapping[str, frozenset[Condition | None]]] = {
    "acute_myocardial_ischaemia": frozenset(STRUCTURE) | HIDES_MORPHOLOGY,
    "myocardial_ischaemia": frozenset(STRUCTURE) | HIDES_MORPHOLOGY,
    "myocardial_infarction": _INFARCTIONS | HIDES_MORPHOLOGY,
    "atrial_fibrillation": frozenset({"atrial_fibrillation", "atrial_flutter"}),
    "av_block": frozenset(ATRIOVENTRICULAR) | {"ventricular_paced_rhythm"},
    "bundle_branch_block": frozenset(CONDUCTION) | HIDES_MORPHOLOGY,
    "left_ventricular_hypertrophy": HIDES_MORPHOLOGY | {"left_ventricular_hypertrophy"},
    "premature_ventricular_complex": frozenset(
        {"premature_ventricular_complex", "ventricular_bigeminy"}
    ),
    "st_elevation": frozenset(STRUCTURE) | HIDES_MORPHOLOGY,
}
"""Concepts a report may deny -> conditions with which it must not."""

_DOUBTED: Final = frozenset(STRUCTURE) | {"left_atrial_enlargement", "right_atrial_enlargement"}
"""Conditions that reports hedge; a rhythm is stated plainly."""

_SEPARATORS: Final = (". ", ".\n", "; ")


@dataclass(frozen=True, slots=True)
class WrittenReport:
    """A report and its truth."""

    text: str
    """The report."""
    language: Language
    """What it is written in."""
    findings: tuple[tuple[str, Assertion], ...]
    """(concept id, assertion) for everything that the report says, in its order."""


def shown_concepts(conditions: Collection[Condition]) -> tuple[str, ...]:
    """Concept ids that are true of a tracing: its conditions and what they bring about.

    Returns:
        Rhythm first, then the other conditions, then what follows from them; no closure over
        the concept table.
    """
    named = [concept for c in CONDITIONS if c in conditions for concept in concepts_of(c)]
    return (*named, *_follows(conditions))


def write_report(
    conditions: Collection[Condition], *, language: Language, rng: np.random.Generator
) -> WrittenReport:
    """Describe a tracing as an ECG report would.

    Every condition is mentioned, some with doubt; what follows from them is mentioned half the
    time; some reports deny what is not there or end with a note of the device.

    Args:
        conditions: What the tracing shows, a rhythm among it.
        language: ``en``, ``de`` or ``sv``.
        rng: Source of chance.

    Returns:
        Text and truth. Nothing is denied that the tracing shows.
    """
    statements: list[str] = []
    findings: list[tuple[str, Assertion]] = []
    for condition in (c for c in CONDITIONS if c in conditions):
        text, assertion = _state(condition, language, rng)
        statements.append(text)
        findings += [(concept, assertion) for concept in concepts_of(condition)]
    for concept in _follows(conditions):
        if concept == "normal_ecg" or rng.uniform() < 0.5:
            statements.append(_state(concept, language, rng)[0])
            findings.append((concept, "present"))
    for concept in _deniable(conditions, rng):
        statements.append(_pick(_phrases()["absent"][concept][language], rng))
        findings.append((concept, "absent"))
    if rng.uniform() < 0.2:
        statements.append(_pick(_phrases()["device_note"][language], rng))
    text = _pick(_SEPARATORS, rng).join(statements)
    if rng.uniform() < 0.4:
        text = text.lower()
    return WrittenReport(text, language, tuple(findings))


def written_concepts() -> frozenset[str]:
    """Every concept id that a report can mention."""
    named = {concept for condition in CONDITIONS for concept in concepts_of(condition)}
    return frozenset(named) | {*_SHOWS, "normal_ecg", *_DENIED_BY}


def _follows(conditions: Collection[Condition]) -> list[str]:
    """Concepts that a tracing shows because of its conditions; sinus rhythm alone is normal."""
    brought = [
        concept
        for concept, causes in _SHOWS.items()
        if causes & set(conditions) and concept not in conditions
    ]
    return [*brought, *(["normal_ecg"] if set(conditions) == {"sinus_rhythm"} else [])]


def _state(concept: str, language: Language, rng: np.random.Generator) -> tuple[str, Assertion]:
    """One statement that a concept is there, or may be."""
    phrase = _pick(_phrases()["present"][concept][language], rng)
    if concept in _DOUBTED and rng.uniform() < 0.2:
        return _pick(_phrases()["uncertain"][language], rng).format(phrase), "uncertain"
    return phrase, "present"


def _deniable(conditions: Collection[Condition], rng: np.random.Generator) -> list[str]:
    """None, one or two concepts that may be denied of this tracing."""
    count = int(rng.choice([0, 1, 2], p=[0.6, 0.28, 0.12]))
    allowed = [name for name, barred in _DENIED_BY.items() if not barred & set(conditions)]
    return [str(name) for name in rng.permutation(allowed)[:count]]


def _pick(choices: list[str] | tuple[str, ...], rng: np.random.Generator) -> str:
    """One of them, all as likely."""
    return choices[int(rng.integers(len(choices)))]


@cache
def _phrases() -> dict[str, Any]:
    """The wording table of the package."""
    text = files(__package__).joinpath("phrases.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
