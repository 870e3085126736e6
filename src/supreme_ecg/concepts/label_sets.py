"""Label sets of corpora: how common each concept is in one, and what two of them share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from jaxtyping import Int8

from supreme_ecg.concepts.labels import MASKED, label_matrix
from supreme_ecg.concepts.table import ConceptTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Prevalence:
    """How common a concept is."""

    concept: str
    """Concept id."""
    name: str
    """Preferred name."""
    group: str
    """Group of the concept table."""
    present: int
    """Records in which it, or anything below it, is present."""
    uncertain: int
    """Records in which it is possible and no more: their label is masked."""
    own: int
    """Records that say the concept itself, present; the rest of ``present`` say one below it."""
    share: float
    """``present`` over the records that are not masked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSet:
    """The labels of one corpus."""

    name: str
    """What people know it by."""
    record_ids: tuple[str, ...]
    """Records, the rows of the labels."""
    concepts: tuple[str, ...]
    """Concept ids, the columns: those present often enough, by group and then the commonest."""
    labels: Int8[np.ndarray, "record concept"] = field(repr=False)
    """1 present, 0 not, -1 masked."""
    prevalences: tuple[Prevalence, ...]
    """One a concept, in the order of the columns."""
    codes: Mapping[str, tuple[str, ...]]
    """Concept id -> the corpus's codes for that very concept; empty where labels are from reports."""
    unmapped: Mapping[str, int]
    """Codes without a concept -> records."""

    def as_table(self) -> pl.DataFrame:
        """A row a record: ``record_id`` and a column a concept."""
        ids = pl.Series("record_id", self.record_ids, dtype=pl.String)
        columns = {name: self.labels[:, k] for k, name in enumerate(self.concepts)}
        return pl.DataFrame([ids, *(pl.Series(n, v, dtype=pl.Int8) for n, v in columns.items())])


def make_label_set(
    name: str,
    findings: pl.DataFrame,
    *,
    record_ids: Sequence[str],
    table: ConceptTable,
    minimum_count: int = 1,
    unmapped: Mapping[str, int] | None = None,
) -> LabelSet:
    """Make the labels of a corpus, closed over parents, uncertain ones masked.

    Args:
        name: What people know the corpus by.
        findings: Of reports, or of codes (then with the column ``code``).
        record_ids: All records that could say something, also those that say nothing.
        table: The concepts.
        minimum_count: A concept with fewer records in which it is present gets no column.
        unmapped: Codes without a concept, to be kept with the set.

    Raises:
        ConceptError: The findings name a concept or assertion that is not known.
    """
    every = tuple(table.concepts)
    labels = label_matrix(findings, record_ids=record_ids, concepts=every, table=table)
    own = _own(findings, record_ids)
    known = [
        _prevalence(table, concept, labels[:, column], own.get(concept, 0))
        for column, concept in enumerate(every)
    ]
    group_order = {each.group: k for k, each in reversed([*enumerate(table.concepts.values())])}
    kept = [each for each in known if each.present >= max(1, minimum_count)]
    kept.sort(key=lambda each: (group_order[each.group], -each.present, each.concept))
    places = {concept: column for column, concept in enumerate(every)}
    return LabelSet(
        name=name,
        record_ids=tuple(record_ids),
        concepts=tuple(each.concept for each in kept),
        labels=labels[:, [places[each.concept] for each in kept]],
        prevalences=tuple(kept),
        codes=_codes(findings),
        unmapped=dict(unmapped or {}),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedLabel:
    """A concept that both corpora have."""

    concept: str
    name: str
    group: str
    first: Prevalence
    second: Prevalence
    first_codes: tuple[str, ...]
    """Codes of the first corpus for the concept itself; empty where only narrower ones imply it."""
    second_codes: tuple[str, ...]

    @property
    def is_same(self) -> bool:
        """Whether both say the concept itself; else one of them says only narrower ones."""
        return bool(self.first.own and self.second.own)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What two label sets have in common."""

    shared: tuple[SharedLabel, ...]
    """Concepts of both that at least one of them says itself, in the order of the first."""
    only_first: tuple[Prevalence, ...]
    """Concepts that the first says itself and the second has not."""
    only_second: tuple[Prevalence, ...]


def compare(first: LabelSet, second: LabelSet) -> Comparison:
    """Compare the label sets of two corpora over the hierarchy of concepts.

    Args:
        first: One, after its minimum count.
        second: The other, after its own.

    Returns:
        Concepts that only stand above what a corpus says, in both, are left out: "arrhythmia" is
        shared by all corpora.
    """
    others = {each.concept: each for each in second.prevalences}
    shared = [
        SharedLabel(
            concept=each.concept,
            name=each.name,
            group=each.group,
            first=each,
            second=others[each.concept],
            first_codes=first.codes.get(each.concept, ()),
            second_codes=second.codes.get(each.concept, ()),
        )
        for each in first.prevalences
        if each.concept in others and (each.own or others[each.concept].own)
    ]
    return Comparison(
        shared=tuple(shared),
        only_first=_only(first, second),
        only_second=_only(second, first),
    )


def _only(one: LabelSet, other: LabelSet) -> tuple[Prevalence, ...]:
    return tuple(p for p in one.prevalences if p.own and p.concept not in other.concepts)


def _prevalence(
    table: ConceptTable, concept: str, labels: Int8[np.ndarray, " record"], own: int
) -> Prevalence:
    present, uncertain = int((labels == 1).sum()), int((labels == MASKED).sum())
    return Prevalence(
        concept=concept,
        name=table[concept].name,
        group=table[concept].group,
        present=present,
        uncertain=uncertain,
        own=own,
        share=present / max(1, len(labels) - uncertain),
    )


def _own(findings: pl.DataFrame, record_ids: Sequence[str]) -> dict[str, int]:
    """Concept -> records that say it themselves."""
    ids = pl.DataFrame({"record_id": record_ids}, schema={"record_id": pl.String})
    said = findings.filter(pl.col("assertion") == "present").select("record_id", "concept")
    counts = said.unique().join(ids, on="record_id", how="semi").group_by("concept").len()
    return dict(counts.iter_rows())


def _codes(findings: pl.DataFrame) -> dict[str, tuple[str, ...]]:
    if "code" not in findings.columns:
        return {}
    grouped = findings.group_by("concept").agg(pl.col("code").unique().sort())
    return {concept: tuple(codes) for concept, codes in grouped.iter_rows()}
