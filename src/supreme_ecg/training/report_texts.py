"""What stands for a report in contrastive training: a text, and the set of findings that it states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
import polars as pl
from jaxtyping import Float, Integer
from scipy.sparse import csr_array

from supreme_ecg.concepts.conclusions import add_conclusions
from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.errors import RecipeError
from supreme_ecg.reports.finding import Assertion
from supreme_ecg.reports.statements import split_statements
from supreme_ecg.store.reading import Store
from supreme_ecg.training.recipe import LabelConfig

_STRENGTH: Final[dict[Assertion, int]] = {"absent": 0, "uncertain": 1, "present": 2}
_WORD: Final[dict[Assertion, str]] = {"absent": "no ", "uncertain": "possible ", "present": ""}


def stated_findings(
    findings: pl.DataFrame, *, labels: LabelConfig, table: ConceptTable
) -> pl.DataFrame:
    """What each report states: each concept once, with the strongest that is said of it.

    Args:
        findings: Of a store.
        labels: Whether conclusions are drawn, and what is excluded. Ancestors are not stated.
        table: Of the concepts.

    Returns:
        Columns ``record_id``, ``concept`` and ``assertion``, each report's in the order of its first mention.
    """
    said = add_conclusions(findings, table=table) if labels.conclusions else findings
    excluded = {c for e in labels.exclude for c in (table[e].id, *table.descendants(e))}
    return (
        said.filter(~pl.col("concept").is_in(sorted(excluded)))
        .with_columns(
            pl.col("assertion").replace_strict(_STRENGTH, return_dtype=pl.Int8).alias("s")
        )
        .group_by("record_id", "concept", maintain_order=True)
        .agg(pl.col("assertion").sort_by("s").last())
    )


def report_texts(
    store: Store,
    rows: Integer[np.ndarray, " row"],
    *,
    stated: pl.DataFrame,
    text: Literal["findings", "report"],
    labels: LabelConfig,
    table: ConceptTable,
) -> list[str]:
    """The text of each row's report.

    Args:
        store: Where the reports are.
        rows: Of the store.
        stated: From :func:`stated_findings`.
        text: ``findings``: preferred names of the findings, "possible" or "no" before those in doubt or
            denied. ``report``: its statements in its own language; leaked codes and device notes left out.
        labels: For the check that nothing is excluded from what cannot be taken out.
        table: Names of the concepts.

    Raises:
        RecipeError: Concepts are to be excluded from whole reports.
    """
    records = store.records[rows]
    if text == "findings":
        names = {concept.id: concept.name for concept in table.concepts.values()}
        words = pl.col("assertion").replace_strict(_WORD) + pl.col("concept").replace_strict(names)
        joined = stated.group_by("record_id").agg(words.str.join(". ").alias("text"))
        of_record = dict(joined.select("record_id", "text").iter_rows())
        return [of_record.get(record_id, "") for record_id in records["record_id"]]
    if labels.exclude:
        raise RecipeError(
            "labels.exclude",
            expected='nothing, where method.text = "report"',
            found=f"{len(labels.exclude)} concepts, which cannot be taken out of a written report",
            remedy='Train with method.text = "findings".',
        )
    return [_statements(report or "") for report in records["report"]]


def finding_sets(
    stated: pl.DataFrame, *, record_ids: Sequence[str]
) -> csr_array[np.dtype[np.float32]]:
    """1 where a record's report states a finding: a concept with its assertion.

    Args:
        stated: From :func:`stated_findings`.
        record_ids: Records in the order of the rows.
    """
    row_of = {record_id: row for row, record_id in enumerate(record_ids)}
    kept = stated.filter(pl.col("record_id").is_in(list(row_of)))
    kinds = kept.select(pl.concat_str("concept", "assertion", separator="/").alias("kind"))["kind"]
    column_of = {kind: column for column, kind in enumerate(sorted(kinds.unique()))}
    places = ([row_of[r] for r in kept["record_id"]], [column_of[kind] for kind in kinds])
    ones: Float[np.ndarray, " finding"] = np.ones(len(kept), dtype=np.float32)
    return csr_array((ones, places), shape=(len(record_ids), max(1, len(column_of))))


def _statements(report: str) -> str:
    statements = split_statements(report)
    return ". ".join(one.text for one in statements if one.kind == "finding")
