"""The table of findings: one row a finding, the same for stores and for tables of reports."""

from __future__ import annotations

from typing import Final

import polars as pl

FINDINGS: Final = "findings.parquet"
"""File name of the table, in a store and in the output of ``supreme extract``."""

FINDINGS_SCHEMA: Final = pl.Schema(
    {
        "record_id": pl.String,
        "statement": pl.String,
        "concept": pl.String,
        "assertion": pl.String,
        "start": pl.Int32,
        "end": pl.Int32,
        "extractor": pl.String,
    }
)
"""A row per finding; ``start`` and ``end`` (exclusive) are places in ``statement``."""
