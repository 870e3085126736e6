"""What an LLM extraction leaves beside its findings: new entities, provenance, rejections."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any, Final

import polars as pl

from supreme_ecg.extraction.files import write_whole
from supreme_ecg.extraction.findings import FINDINGS_SCHEMA
from supreme_ecg.extraction.llm.extractor import LlmExtractor, Provenance, Rejection
from supreme_ecg.extraction.run import split_text

ENTITIES: Final = "entities.parquet"
"""New entities in the form of findings, ``new:`` and the name as concept; for the vocabulary."""
PROVENANCE: Final = "llm_provenance.csv"
"""A row per finding or new entity of a distinct statement."""
REJECTED: Final = "llm_rejected.csv"
"""Distinct statements of whose answers something could not be used, and why."""


def write_listings(
    folder: Path,
    extractor: LlmExtractor,
    ids: Sequence[str] | pl.Series,
    reports: Sequence[str | None] | pl.Series,
) -> None:
    """Write the three files beside the findings of a run that has ended.

    Args:
        folder: A store, or the folder that a table was extracted to.
        extractor: What ran.
        ids: Record id of each text, as the run had them.
        reports: The texts.

    Raises:
        StoreError: The folder cannot be written.
    """
    entities = io.BytesIO()
    _entities(extractor.provenance, ids, reports).write_parquet(entities)
    write_whole(folder / ENTITIES, [entities.getvalue()])
    write_whole(folder / PROVENANCE, [_csv(Provenance, extractor.provenance)])
    write_whole(folder / REJECTED, [_csv(Rejection, extractor.rejections)])


def remove_listings(folder: Path) -> None:
    """Remove the files of an earlier run, whose findings are there no longer."""
    for name in (ENTITIES, PROVENANCE, REJECTED):
        (folder / name).unlink(missing_ok=True)


def _entities(
    provenance: Iterable[Provenance],
    ids: Sequence[str] | pl.Series,
    reports: Sequence[str | None] | pl.Series,
) -> pl.DataFrame:
    new: dict[str, list[Provenance]] = {}
    for each in provenance:
        if each.entity is not None:
            new.setdefault(each.statement, []).append(each)
    rows = [
        (
            record_id,
            text,
            f"new:{each.entity}",
            each.assertion,
            each.start,
            each.end,
            each.extractor,
        )
        for record_id, report in (zip(ids, reports, strict=True) if new else ())
        for text in split_text(report or "")[0]
        for each in new.get(text, ())
    ]
    return pl.DataFrame(rows, schema=FINDINGS_SCHEMA, orient="row")


def _csv(kind: type[Any], rows: Iterable[Any]) -> bytes:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([field.name for field in fields(kind)])
    writer.writerows(astuple(row) for row in rows)
    return file.getvalue().encode("utf-8", "replace")
