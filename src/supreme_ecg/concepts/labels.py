"""Findings of reports -> a label per record and concept, closed over the hierarchy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, get_args

import numpy as np
import polars as pl
from jaxtyping import Int8

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.errors import ConceptError
from supreme_ecg.reports.finding import Assertion

Uncertain = Literal["masked", "positive", "negative"]

MASKED: Final = -1
"""Label that takes no part in a loss or count: the reports leave it open."""

_STRENGTH: Final[dict[Assertion, int]] = {"absent": 1, "uncertain": 2, "present": 3}
"""What is said twice counts as the stronger of the two; 0 stands for "not mentioned"."""

_UNCERTAIN_LABEL: Final[dict[Uncertain, int]] = {"masked": MASKED, "positive": 1, "negative": 0}


def label_matrix(
    findings: pl.DataFrame,
    *,
    record_ids: Sequence[str],
    concepts: Sequence[str],
    table: ConceptTable,
    uncertain: Uncertain = "masked",
    hierarchy: bool = True,
) -> Int8[np.ndarray, "record concept"]:
    """Make labels of findings.

    A present concept makes its ancestors present; an uncertain one makes them uncertain unless
    they are present; an absent one says nothing of them. Present beats uncertain, and uncertain
    beats absent, within a record.

    Args:
        findings: Rows with the columns ``record_id``, ``concept`` and ``assertion``; records that
            are not asked for are left out.
        record_ids: Records in the order of the rows.
        concepts: Concept ids in the order of the columns.
        table: For the hierarchy.
        uncertain: What a concept that is possibly there becomes: -1, 1 or 0.
        hierarchy: Close over parents; False = only what is said itself.

    Returns:
        1 present, 0 absent or not mentioned, -1 masked.

    Raises:
        ConceptError: A concept is not in the table, or an assertion or ``uncertain`` is unknown.
    """
    if uncertain not in _UNCERTAIN_LABEL:
        raise _unknown("uncertain", uncertain, expected=get_args(Uncertain))
    wanted = {table[concept].id for concept in concepts}
    wanted = wanted.union(*(table.descendants(concept) for concept in wanted))
    columns = {concept: index for index, concept in enumerate(_children_first(wanted, table))}
    strength = _strongest(findings, record_ids=record_ids, columns=columns, table=table)
    for concept, column in columns.items():
        said = strength[:, column]
        upwards = np.where(said > _STRENGTH["absent"], said, 0)
        for parent in table[concept].parents if hierarchy else ():
            if parent in columns:
                np.maximum(strength[:, columns[parent]], upwards, out=strength[:, columns[parent]])
    label_of = np.array([0, 0, _UNCERTAIN_LABEL[uncertain], 1], dtype=np.int8)
    chosen = [columns[concept] for concept in concepts]
    labels: Int8[np.ndarray, "record concept"] = label_of[strength[:, chosen]]
    return labels


def label_counts(
    labels: Int8[np.ndarray, "record concept"], *, concepts: Sequence[str]
) -> dict[str, int]:
    """Count the records in which each concept is present.

    Args:
        labels: As :func:`label_matrix` returns them.
        concepts: Ids of the columns.
    """
    return dict(zip(concepts, (labels == 1).sum(axis=0).tolist(), strict=True))


def concepts_with_at_least(
    count: int, *, labels: Int8[np.ndarray, "record concept"], concepts: Sequence[str]
) -> tuple[str, ...]:
    """Return the concepts that are present in at least so many records.

    Args:
        count: Smallest number of records.
        labels: As :func:`label_matrix` returns them.
        concepts: Ids of the columns.

    Returns:
        Concept ids in the order of the columns.
    """
    counts = label_counts(labels, concepts=concepts)
    return tuple(concept for concept in concepts if counts[concept] >= count)


def _strongest(
    findings: pl.DataFrame,
    *,
    record_ids: Sequence[str],
    columns: dict[str, int],
    table: ConceptTable,
) -> Int8[np.ndarray, "record concept"]:
    """How strongly each record says each concept itself, before any closure."""
    for concept in findings["concept"].unique():
        table[concept]
    unknown = set(findings["assertion"].unique()) - set(_STRENGTH)
    if unknown:
        raise _unknown("findings", ", ".join(sorted(map(str, unknown))), expected=tuple(_STRENGTH))
    strength = np.zeros((len(record_ids), len(columns)), dtype=np.int8)
    rows = pl.DataFrame({"record_id": record_ids}, schema={"record_id": pl.String})
    said = (
        findings.select("record_id", "concept", "assertion")
        .filter(pl.col("concept").is_in(list(columns)))
        .join(rows.with_row_index("row"), on="record_id")
        .select(
            "row",
            pl.col("concept").replace_strict(columns, return_dtype=pl.Int64),
            pl.col("assertion").replace_strict(_STRENGTH, return_dtype=pl.Int8),
        )
    )
    where = (said["row"].to_numpy(), said["concept"].to_numpy())
    np.maximum.at(strength, where, said["assertion"].to_numpy())
    return strength


def _children_first(concepts: set[str], table: ConceptTable) -> list[str]:
    """Order concepts so that each stands before its ancestors."""
    return sorted(concepts, key=lambda concept: (-len(table.ancestors(concept)), concept))


def _unknown(where: str, found: str, *, expected: tuple[str, ...]) -> ConceptError:
    return ConceptError(
        where,
        expected=f"one of {', '.join(expected)}",
        found=repr(found),
        remedy="Use one of these.",
    )
