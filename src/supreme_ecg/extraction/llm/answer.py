"""An answer of a language model: its form, and what of it can be believed.

The paper (SuPreME, section on entity recognition) has a model call each entity Normal, Abnormal or
Uncertain. Here:

========== ============================ ====================================================
said       concept                      becomes
========== ============================ ====================================================
Abnormal   any but the five below       present: the statement says that it is there
Uncertain  any                          uncertain
Normal     any but the five below       absent: the statement denies it
Normal     one of the five below        present: the statement says that all is well there
Abnormal   one of the five below        absent: "not a normal ECG", "no sinus rhythm"
========== ============================ ====================================================

The five: normal ECG, otherwise normal ECG, no definite pathology, sinus rhythm, normal axis. Everything
else that is harmless (an intermediate axis, early repolarisation) is Abnormal when it is there, as the
prompts say.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.extraction.llm.masking import Masked
from supreme_ecg.reports.finding import Assertion
from supreme_ecg.reports.lexicon import Lexicon
from supreme_ecg.reports.tokens import tokenize

Said = Literal["Normal", "Abnormal", "Uncertain"]
NamedBy = Literal["model", "evidence"]

NORMAL_CONCEPTS: Final = frozenset(
    {
        "normal_ecg",
        "otherwise_normal_ecg",
        "no_definite_pathology",
        "sinus_rhythm",
        "normal_axis",
    }
)
"""Concepts that are there when a statement calls them normal."""

_LONGEST_ENTITY: Final = 120
"""Letters of a new entity's name; more is a sentence."""
_SHORTEST_PART: Final = 4
"""Letters that part of a word must have to be evidence: "infarkt" of "Vorderwandinfarkt"."""


class SaidFinding(BaseModel):
    """A finding in the words of the model."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    evidence: str
    concept: str | None = None
    new_entity: str | None = None
    assertion: Said


class SaidFindings(BaseModel):
    """A whole answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    findings: tuple[SaidFinding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A finding that stood every check."""

    concept: str | None
    """Concept id; None for a new entity."""
    entity: str | None
    """What the table lacks, in the model's words; None for a concept."""
    said: Said
    assertion: Assertion
    span: tuple[int, int]
    """Place of the evidence in the masked statement."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What of an answer can be believed."""

    accepted: tuple[Accepted, ...]
    faults: tuple[str, ...]
    """What is wrong with the rest, in words that the model can mend it by."""


def answer_schema(
    *, only: Sequence[str] = (), new_entities: bool, named_by: NamedBy = "model"
) -> dict[str, Any]:
    """Return the JSON schema of an answer.

    Args:
        named_by: Who names the concept; if the evidence does, an answer has no field for it.
        only: Concept ids that may be chosen; empty for any text.
        new_entities: Whether a finding may name what the table lacks.
    """
    fields: dict[str, Any] = {"evidence": {"type": "string"}}
    concept: dict[str, Any] = {"type": "string"} | ({"enum": list(only)} if only else {})
    if named_by == "model" and new_entities:
        fields["concept"] = {"anyOf": [concept, {"type": "null"}]}
        fields["new_entity"] = {"anyOf": [{"type": "string"}, {"type": "null"}]}
    elif named_by == "model":
        fields["concept"] = concept
    fields["assertion"] = {"type": "string", "enum": ["Normal", "Abnormal", "Uncertain"]}
    finding = _object(fields)
    return _object({"findings": {"type": "array", "items": finding}})


def _object(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(fields),
        "required": list(fields),
        "additionalProperties": False,
    }


def check_answer(
    text: str,
    masked: Masked,
    table: ConceptTable,
    *,
    new_entities: bool,
    named_by: NamedBy = "model",
) -> Checked:
    """Take from an answer what stands in the statement and in the table.

    Args:
        text: What the model wrote.
        masked: The statement as the model saw it.
        table: The concepts that may be named, by id, name or synonym.
        new_entities: Whether a finding may name what the table lacks.
        named_by: ``model``: the answer says which concept it is. ``evidence``: the words quoted
            do, by the table; words that name none are a new entity.

    Returns:
        The findings that stood the checks, in the order of their evidence and without repeats,
        and what is wrong with the others. Any text gives an answer, never an error.
    """
    try:
        answer = SaidFindings.model_validate(json.loads(_without_fence(text)))
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        return Checked((), (f"not of the form asked for: {place}: {first['msg']}",))
    except (ValueError, RecursionError):
        return Checked((), ("not JSON",))
    accepted: dict[Accepted, None] = {}
    faults = []
    for number, finding in enumerate(answer.findings, start=1):
        if named_by == "evidence":
            finding = _named_by_evidence(finding, table)  # noqa: PLW2901
        checked = _check_finding(finding, masked, table, new_entities=new_entities)
        if isinstance(checked, str):
            faults.append(f"finding {number}: {checked}")
        else:
            accepted.setdefault(checked)
    for each in _contradictory(accepted):
        del accepted[each]
        faults.append("the same words are given two assertions for the same concept")
    ordered = sorted(accepted, key=lambda each: (each.span, each.concept or "", each.entity or ""))
    return Checked(tuple(ordered), tuple(dict.fromkeys(faults)))


def assertion_of(said: Said, concept: str | None) -> Assertion:
    """Map the paper's assertion to ours (see the table at the top of this file).

    Args:
        said: What the model said.
        concept: Concept id; None for a new entity.
    """
    if said == "Uncertain":
        return "uncertain"
    is_there = (said == "Normal") == (concept in NORMAL_CONCEPTS)
    return "present" if is_there else "absent"


def find_evidence(evidence: str, statement: str) -> tuple[int, int] | None:
    """Return where words stand in a statement, whatever the case and the width of blanks.

    Args:
        evidence: The words quoted.
        statement: What they should be quoted from.

    Returns:
        Start and end of the first place; None if they stand nowhere, or hold no letter.
    """
    words = evidence.strip(" \t\n\r.,;:\"'").split()
    if not any(letter.isalpha() for word in words for letter in word):
        return None
    pattern = r"\s+".join(map(re.escape, words))
    match = re.search(rf"(?<!\w){pattern}(?!\w)", statement, re.IGNORECASE)
    if match is None and len("".join(words)) >= _SHORTEST_PART:
        match = re.search(pattern, statement, re.IGNORECASE)
    return match.span() if match else None


def _check_finding(
    finding: SaidFinding, masked: Masked, table: ConceptTable, *, new_entities: bool
) -> Accepted | str:
    span = find_evidence(finding.evidence, masked.text)
    if span is None or masked.is_hidden(*span):
        return "the evidence does not stand in the statement"
    named = (finding.concept or finding.new_entity or "").strip()
    concept = table.concepts.get(named) or (table.find(named) if named else None)
    if concept is not None:
        return Accepted(
            concept=concept.id,
            entity=None,
            said=finding.assertion,
            assertion=assertion_of(finding.assertion, concept.id),
            span=span,
        )
    if finding.concept or not new_entities:
        return "there is no such concept"
    if not any(letter.isalpha() for letter in named) or len(named) > _LONGEST_ENTITY:
        return "neither a concept nor a short name of a new entity"
    return Accepted(
        concept=None,
        entity=" ".join(named.split()),
        said=finding.assertion,
        assertion=assertion_of(finding.assertion, None),
        span=span,
    )


def _named_by_evidence(finding: SaidFinding, table: ConceptTable) -> SaidFinding:
    """Return the finding with the one concept that its evidence names, else as a new entity."""
    words = finding.evidence
    whole = table.find(words)
    named = {whole.id} if whole else set()
    if not named:
        named = {match.concept for match in _lexicon(table).matches(tokenize(words))}
    concept = named.pop() if len(named) == 1 else None
    entity = None if concept else words
    return finding.model_copy(update={"concept": concept, "new_entity": entity})


@cache
def _lexicon(table: ConceptTable) -> Lexicon:
    return table.lexicon()


def _contradictory(accepted: Collection[Accepted]) -> list[Accepted]:
    said = Counter((each.span, each.concept, each.entity) for each in accepted)
    return [each for each in accepted if said[each.span, each.concept, each.entity] > 1]


def _without_fence(text: str) -> str:
    """Return the text inside a Markdown fence, if that is all there is."""
    fenced = re.fullmatch(r"\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*", text, re.DOTALL)
    return fenced.group(1) if fenced else text
