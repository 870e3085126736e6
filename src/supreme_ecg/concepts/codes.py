"""Codes of corpora -> findings, so that they make labels as reports do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from supreme_ecg.concepts.concept import Concept
from supreme_ecg.concepts.table import ConceptTable

_CLASS_WORDS: Final = {"Normal": "normal_ecg"}
"""Class names that are no phrase of the table: CPSC2018 as first issued (Liu et al. 2018)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodedFindings:
    """What codes say."""

    findings: pl.DataFrame
    """Rows with ``record_id``, ``concept``, ``assertion`` (always present) and ``code``."""
    unmapped: dict[str, int]
    """Codes without a concept -> records, the commonest first."""


def concept_of_code(code: str, table: ConceptTable) -> Concept | None:
    """Return the concept of a code as corpora write it.

    Args:
        code: An SCP-ECG statement (PTB-XL), a SNOMED CT code (PhysioNet/CinC, CSN), or the name of
            a class (``RBBB``, ``Normal``: CPSC2018 as first issued).
        table: The concepts.
    """
    if code in _CLASS_WORDS:
        return table[_CLASS_WORDS[code]]
    return table.by_scp(code) or table.by_snomed_ct(code) or table.find(code)


def findings_of_codes(
    record_ids: Sequence[str] | pl.Series,
    codes: Sequence[Sequence[str]] | pl.Series,
    table: ConceptTable,
) -> CodedFindings:
    """Read the codes of records as findings that are present.

    Args:
        record_ids: Records.
        codes: The codes of each, as many lists as records.
        table: The concepts.
    """
    ids_given = pl.Series("record_id", record_ids, dtype=pl.String)
    rows = pl.DataFrame([ids_given, pl.Series("code", codes, dtype=pl.List(pl.String))])
    rows = rows.explode("code").drop_nulls().unique(maintain_order=True)
    concepts = {code: concept_of_code(code, table) for code in rows["code"].unique().sort()}
    ids = {code: concept.id for code, concept in concepts.items() if concept}
    known = rows.filter(pl.col("code").is_in(list(ids)))
    unmapped = Counter(rows.filter(~pl.col("code").is_in(list(ids)))["code"].sort().to_list())
    return CodedFindings(
        findings=known.select(
            "record_id",
            pl.col("code").replace_strict(ids, return_dtype=pl.String).alias("concept"),
            pl.lit("present").alias("assertion"),
            "code",
        ),
        unmapped=dict(unmapped.most_common()),
    )
