"""Which records are trained on, with which labels, asked in which words."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from supreme_ecg.concepts.conclusions import add_conclusions, left_open
from supreme_ecg.concepts.labels import MASKED, label_matrix
from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.errors import RecipeError, StoreError
from supreme_ecg.models.text_encoder import TextEncoder
from supreme_ecg.reports.statements import is_unconfirmed
from supreme_ecg.store.reading import Store
from supreme_ecg.training.recipe import DataConfig, LabelConfig

_DOUBT: Final = {"masked": np.nan, "half": 0.5, "positive": 1.0, "negative": 0.0}
"""What a finding in doubt is as a label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSet:
    """Rows of a store with their labels, split by patient."""

    store: Store
    """Where the windows are."""
    concepts: tuple[str, ...]
    """Concept of each label column."""
    labels: Float[np.ndarray, "row concept"]
    """1 present, 0 absent or unmentioned, NaN left out; one row per record of the store, float32."""
    confirmed: Bool[np.ndarray, " row"]
    """False where a report says that no reader confirmed it; one for each record of the store."""
    training_rows: Int[np.ndarray, " training_row"]
    """Rows of the store to learn from."""
    validation_rows: Int[np.ndarray, " validation_row"]
    """Rows held out, of other patients, to decide when to stop."""

    def only_confirmed(self, rows: Int[np.ndarray, " row"]) -> Int[np.ndarray, " confirmed_row"]:
        """Those of some rows whose report does not say that no reader confirmed it."""
        return np.asarray(rows[self.confirmed[rows]])

    def manifest(self) -> dict[str, Any]:
        """What was trained on, for the checkpoint: nothing that names a person."""
        used = np.concatenate([self.training_rows, self.validation_rows])
        records = self.store.records[used]
        counts = (self.labels[self.training_rows] == 1).sum(axis=0)
        return {
            "corpus": self.store.corpus,
            "folds": sorted(records["fold"].drop_nulls().unique().to_list()),
            "records_trained": len(self.training_rows),
            "records_validation": len(self.validation_rows),
            "patients": records["patient_id"].n_unique(),
            "records_sha256": records_sha256(self.store, used),
            "label_counts": dict(zip(self.concepts, counts.tolist(), strict=True)),
        }


def records_sha256(store: Store, rows: Int[np.ndarray, " row"]) -> str:
    """Checksum of the ids of these records, in this order."""
    return hashlib.sha256("\n".join(store.records[rows]["record_id"]).encode()).hexdigest()


def make_training_set(
    store: Store, *, data: DataConfig, labels: LabelConfig, table: ConceptTable
) -> TrainingSet:
    """Choose rows and make labels from the store's findings; no code column is read.

    Args:
        store: A store with findings.
        data: Corpus, folds and validation share.
        labels: Minimum count, what doubt means, and what is left out. Where an ancestor holds only because
            an excluded concept was said, it is left out of the loss too.
        table: For the closure over parents.

    Raises:
        ConceptError: An excluded concept is not in the table.
        RecipeError: The store holds another corpus, or no concept is frequent enough.
        StoreError: The store has no findings, or none in these folds.
    """
    _require_corpus(store, data)
    findings = store.findings()
    training_rows, validation_rows = split_rows(store, findings, data=data)
    excluded = {c for e in labels.exclude for c in (table[e].id, *table.descendants(e))}
    everything = tuple(sorted(table.concepts.keys() - excluded))

    def labels_of(said: pl.DataFrame) -> Float[np.ndarray, "record concept"]:
        return report_labels(
            said,
            record_ids=store.records["record_id"].to_list(),
            concepts=everything,
            table=table,
            rules=labels,
        )

    matrix = labels_of(findings)
    if excluded:
        without = labels_of(findings.filter(~pl.col("concept").is_in(sorted(excluded))))
        matrix[matrix != without] = np.nan
    counts = np.nansum(matrix[training_rows], axis=0)
    kept = np.flatnonzero(counts >= labels.minimum_count)
    if not len(kept):
        raise RecipeError(
            "labels.minimum_count",
            expected=f"at most {counts.max(initial=0)}, the count of the commonest concept",
            found=str(labels.minimum_count),
            remedy="Lower it, or train on more records.",
        )
    return TrainingSet(
        store=store,
        concepts=tuple(everything[index] for index in kept),
        labels=np.ascontiguousarray(matrix[:, kept]),
        confirmed=_confirmed(store),
        training_rows=training_rows,
        validation_rows=validation_rows,
    )


def make_unlabelled_set(store: Store, *, data: DataConfig) -> TrainingSet:
    """Choose the very rows of :func:`make_training_set`, without labels.

    Args:
        store: A store with findings: records without any take no part, as for the other methods.
        data: Corpus, folds and validation share.

    Raises:
        RecipeError: The store holds another corpus.
        StoreError: The store has no findings, or none in these folds.
    """
    _require_corpus(store, data)
    training_rows, validation_rows = split_rows(store, store.findings(), data=data)
    return TrainingSet(
        store=store,
        concepts=(),
        labels=np.zeros((len(store.records), 0), np.float32),
        confirmed=_confirmed(store),
        training_rows=training_rows,
        validation_rows=validation_rows,
    )


def _require_corpus(store: Store, data: DataConfig) -> None:
    if store.corpus != data.corpus:
        raise RecipeError(
            "data.corpus",
            expected=f"the corpus of the store {store.path}: {store.corpus!r}",
            found=repr(data.corpus),
            remedy="Give the store that the recipe was written for, or change the recipe.",
        )


def report_labels(
    findings: pl.DataFrame,
    *,
    record_ids: Sequence[str],
    concepts: Sequence[str],
    table: ConceptTable,
    rules: LabelConfig,
) -> Float[np.ndarray, "record concept"]:
    """Labels as they are trained on.

    Args:
        findings: Of a store.
        record_ids: Records in the order of the rows.
        concepts: Concept ids in the order of the columns.
        table: For the closure over parents.
        rules: What is concluded, closed over and made of doubt; counts and exclusions play no part.

    Returns:
        1 present, 0 absent or unmentioned, NaN left out (or 0.5, for doubt as one half); float32.
    """
    open_doubts = left_open(findings) if rules.conclusions else set()
    if rules.conclusions:
        findings = add_conclusions(findings, table=table)
    known = label_matrix(
        findings,
        record_ids=record_ids,
        concepts=concepts,
        table=table,
        hierarchy=rules.hierarchy,
    )
    labels = np.where(known == MASKED, _DOUBT[rules.uncertain], known).astype(np.float32)
    row_of = {record: row for row, record in enumerate(record_ids)}
    column_of = {concept: column for column, concept in enumerate(concepts)}
    for record, concept in open_doubts:
        if record in row_of and concept in column_of:
            labels[row_of[record], column_of[concept]] = np.nan
    return labels


def _confirmed(store: Store) -> Bool[np.ndarray, " row"]:
    reports = store.records["report"].fill_null("")
    return np.array([not is_unconfirmed(report) for report in reports], dtype=bool)


def split_rows(
    store: Store, findings: pl.DataFrame, *, data: DataConfig
) -> tuple[Int[np.ndarray, " training_row"], Int[np.ndarray, " validation_row"]]:
    """Rows to learn from and rows held out, of different patients, among those with findings.

    Args:
        store: Where the records are.
        findings: Its findings.
        data: Folds and share of the patients held out.

    Raises:
        StoreError: No record of these folds has a finding.
    """
    rows = _rows_with_findings(store, findings, folds=data.folds)
    patients = store.records["patient_id"][rows]
    held_out = np.array([_in_validation(patient, data.validation_share) for patient in patients])
    return rows[~held_out], rows[held_out]


def _rows_with_findings(
    store: Store, findings: pl.DataFrame, *, folds: Sequence[int] | None
) -> Int[np.ndarray, " row"]:
    """Rows of the folds whose report said anything."""
    chosen = store.records["record_id"].is_in(findings["record_id"].unique().to_list())
    if folds is not None:
        chosen = chosen & store.records["fold"].is_in(list(folds))
    rows = np.flatnonzero(chosen.to_numpy())
    if not len(rows):
        raise StoreError(
            store.path,
            expected=f"records with findings in folds {folds or 'any'}",
            found="none",
            remedy="Run `supreme extract` on the store, or choose folds that it has.",
        )
    return rows


def _in_validation(patient: str, share: float) -> bool:
    """Decide by a hash of the patient, so that the split never depends on order or on a seed."""
    digest = hashlib.sha256(patient.encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


class Phrasing:
    """Vectors of the concepts' names, synonyms and definitions, drawn anew for each batch.

    Args:
        concepts: Concept ids in the order of the label columns.
        table: Names, English synonyms that are no abbreviations, and definitions.
        text_encoder: Frozen.
    """

    def __init__(
        self, concepts: Sequence[str], *, table: ConceptTable, text_encoder: TextEncoder
    ) -> None:
        phrases = [table[concept].phrases for concept in concepts]
        self._counts = torch.tensor([len(of_one) for of_one in phrases])
        self._starts = self._counts.cumsum(0) - self._counts
        self._vectors = text_encoder.encode([phrase for of_one in phrases for phrase in of_one])
        self._definitions = text_encoder.encode([table[concept].definition for concept in concepts])

    @property
    def names(self) -> Float[Tensor, "concept width"]:
        """Vector of each concept's preferred name."""
        return self._vectors[self._starts]

    def draw(
        self,
        *,
        synonym_share: float,
        definition_share: float = 0.0,
        generator: torch.Generator,
    ) -> Float[Tensor, "concept width"]:
        """A vector per concept: of its name, its definition or any phrase.

        Args:
            synonym_share: Probability of any name or synonym in place of the preferred name.
            definition_share: Probability of the definition in place of both.
            generator: Source of the draws.
        """
        shape = self._counts.shape
        chosen = (torch.rand(shape, generator=generator) * self._counts).long()
        by_name = torch.rand(shape, generator=generator) >= synonym_share
        phrases = self._vectors[self._starts + chosen.masked_fill(by_name, 0)]
        if not definition_share:
            return phrases
        defined = torch.rand(shape, generator=generator) < definition_share
        return torch.where(defined[:, None], self._definitions, phrases)
