"""A store, or the folder that `supreme extract TABLE` wrote -> findings and what has none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import polars as pl

from supreme_ecg.errors import TableError
from supreme_ecg.extraction.findings import FINDINGS, FINDINGS_SCHEMA
from supreme_ecg.reports.statements import split_statements
from supreme_ecg.store.layout import MANIFEST
from supreme_ecg.store.reading import Store

ENTITIES: Final = "entities.parquet"
"""Beside the findings: what an extractor found that the concept table does not have, in the form
of findings with ``new:`` and a name as concept."""

_STATEMENTS: Final = pl.Schema({"record_id": pl.String, "statement": pl.String})


def read_source(source: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read findings and the statements that have none.

    Args:
        source: A store with findings, a folder with ``findings.parquet``, or such a file;
            ``entities.parquet`` beside them is read too.

    Returns:
        Findings (``FINDINGS_SCHEMA``), and ``record_id`` and ``statement`` of what has none. A
        folder without reports lists only the commonest of the latter, in ``report.json``, without
        their records: each time that one was said then counts as a record.

    Raises:
        TableError: There are no findings, or not of this form.
        StoreError: The store is damaged or has no findings.
    """
    if (source / MANIFEST).is_file():
        store = Store.open(source)
        findings = _checked(store.findings(), source)
        said = _statements(store.records.select("record_id", "report"))
    else:
        path = source / FINDINGS if source.is_dir() else source
        findings, said = _read(path), _worklist(path.parent / "report.json")
        source = path.parent
    if (source / ENTITIES).is_file():
        findings = pl.concat([findings, _read(source / ENTITIES)])
    return findings, said.join(findings.select("statement").unique(), on="statement", how="anti")


def _read(path: Path) -> pl.DataFrame:
    try:
        return _checked(pl.read_parquet(path), path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise _wrong(path, type(error).__name__) from None


def _checked(findings: pl.DataFrame, path: Path) -> pl.DataFrame:
    try:
        return findings.select(FINDINGS_SCHEMA.names()).cast(FINDINGS_SCHEMA)
    except pl.exceptions.PolarsError:
        raise _wrong(path, f"columns {', '.join(findings.columns)}") from None


def _wrong(path: Path, found: str) -> TableError:
    return TableError(
        path,
        expected=f"findings with the columns {', '.join(FINDINGS_SCHEMA)}",
        found=found,
        remedy="Give a store or folder that `supreme extract` has written to.",
    )


def _statements(reports: pl.DataFrame) -> pl.DataFrame:
    rows = [
        (record_id, statement.text)
        for record_id, report in reports.iter_rows()
        for statement in split_statements(report or "")
        if statement.kind == "finding"
    ]
    return pl.DataFrame(rows, schema=_STATEMENTS, orient="row")


def _worklist(path: Path) -> pl.DataFrame:
    """Return the statements without a finding that a report of an extraction lists."""
    try:
        listed = json.loads(path.read_text(encoding="utf-8")).get("worklist", [])
        rows = [
            (f"worklist {line}, {k}", each["statement"])
            for line, each in enumerate(listed, start=1)
            for k in range(int(each["count"]))
        ]
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        rows = []
    return pl.DataFrame(rows, schema=_STATEMENTS, orient="row")
