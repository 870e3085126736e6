"""How well findings agree with the codes that people gave to the same records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.evaluation.scp_coding import CODING_STEPS, CodingStep, code_findings

PRESENT: Final = frozenset({"present"})
PRESENT_OR_UNCERTAIN: Final = frozenset({"present", "uncertain"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeScore:
    """Agreement on one code, or on several together."""

    code: str
    """SCP-ECG statement; ``micro`` for all together."""
    concept: str | None
    """Concept id of the code; None for ``micro``."""
    coded: int
    """Records with the code."""
    said: int
    """Records whose findings say it."""
    both: int
    """Records with both."""

    @property
    def precision(self) -> float:
        """Share of the said that are coded; 0 where nothing is said."""
        return self.both / self.said if self.said else 0.0

    @property
    def recall(self) -> float:
        """Share of the coded that are said; 0 where nothing is coded."""
        return self.both / self.coded if self.coded else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        total = self.said + self.coded
        return 2 * self.both / total if total else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractionScores:
    """Agreement of findings with codes over some records."""

    records: int
    """Records scored."""
    micro: CodeScore
    """All codes together, where a doubtful finding counts as said. The headline, because the
    codes list doubtful diagnoses too (PTB-XL gives them likelihoods down to 15 %)."""
    micro_present: CodeScore
    """The same where only findings asserted without doubt count."""
    codes: tuple[CodeScore, ...]
    """Each code, commonest first, doubtful findings counted as said."""


def score_findings(
    findings: pl.DataFrame,
    codes: Mapping[str, Collection[str]],
    table: ConceptTable,
    *,
    commonest: int = 40,
    steps: Sequence[CodingStep] = CODING_STEPS,
) -> ExtractionScores | None:
    """Compare findings with SCP-ECG codes.

    A finding says the codes of its concept, or else of its nearest ancestors that have codes. It
    says no code of a concept beyond those: nobody codes "inferior" beside "inferolateral"
    infarction, so a finding of the latter gets neither credit nor blame for the former. What the
    findings of a whole report say as SCP-ECG statements, the steps of
    :mod:`supreme_ecg.evaluation.scp_coding` tell.

    Args:
        findings: Rows of ``findings.parquet``, of any records.
        codes: Codes of each record to score, by record id.
        table: The concepts that the findings name.
        commonest: How many codes to score, the commonest among these records first.
        steps: What is known of the codes beyond those of each concept; none for those alone.

    Returns:
        The scores; None if no record has a code of the table.
    """
    counts = Counter(code for each in codes.values() for code in set(each))
    known = [(code, concept) for code in counts if (concept := table.by_scp(code))]
    known.sort(key=lambda pair: (-counts[pair[0]], pair[0]))
    known = known[:commonest]
    if not known:
        return None
    likely = said_codes(findings, table, assertions=PRESENT_OR_UNCERTAIN, steps=steps)
    sure = said_codes(findings, table, assertions=PRESENT, steps=steps)
    each = [_score(code, concept.id, codes, likely) for code, concept in known]
    each_sure = [_score(code, concept.id, codes, sure) for code, concept in known]
    return ExtractionScores(
        records=len(codes),
        micro=_together(each),
        micro_present=_together(each_sure),
        codes=tuple(each),
    )


def said_codes(
    findings: pl.DataFrame,
    table: ConceptTable,
    *,
    assertions: Collection[str],
    steps: Sequence[CodingStep] = CODING_STEPS,
) -> dict[str, frozenset[str]]:
    """Return the SCP-ECG codes that the findings of each record say.

    Args:
        findings: Rows of ``findings.parquet``.
        table: The concepts that the findings name.
        assertions: The assertions that count as said.
        steps: What is known of the codes beyond those of each concept.
    """
    named: dict[str, dict[str, set[str]]] = {}
    rows = findings.select("record_id", "concept", "assertion").unique()
    for record_id, concept, assertion in rows.iter_rows():
        if concept in table.concepts:
            named.setdefault(record_id, {}).setdefault(assertion, set()).add(concept)
    return {
        record_id: codes
        for record_id, each in named.items()
        if (
            codes := code_findings(
                each.get("present", ()),
                each.get("uncertain", ()),
                table,
                sure="uncertain" not in assertions,
                steps=steps,
            )
        )
    }


def _score(
    code: str,
    concept: str,
    codes: Mapping[str, Collection[str]],
    said: Mapping[str, Collection[str]],
) -> CodeScore:
    coded = {record_id for record_id, each in codes.items() if code in each}
    found = {record_id for record_id in codes if code in said.get(record_id, ())}
    return CodeScore(
        code=code, concept=concept, coded=len(coded), said=len(found), both=len(coded & found)
    )


def _together(scores: Iterable[CodeScore]) -> CodeScore:
    scores = tuple(scores)
    return CodeScore(
        code="micro",
        concept=None,
        coded=sum(each.coded for each in scores),
        said=sum(each.said for each in scores),
        both=sum(each.both for each in scores),
    )
