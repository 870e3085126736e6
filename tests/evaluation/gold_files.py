"""Gold and findings files for tests."""

from __future__ import annotations

import csv
from pathlib import Path

import polars as pl

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.evaluation.gold import ReadStatement, pair, read_found, read_gold
from supreme_ecg.extraction.findings import FINDINGS_SCHEMA


def write_gold(path: Path, *rows: tuple[str, str, str]) -> Path:
    """Write statement, language and findings."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("statement", "language", "findings"), *rows])
    return path


def write_findings(path: Path, *rows: tuple[str, str, str, int, int], name: str = "x/1") -> Path:
    """Write statement, concept, assertion, start and end of each finding."""
    full = [("r", *row, name) for row in rows]
    pl.DataFrame(full, schema=FINDINGS_SCHEMA, orient="row").write_parquet(path)
    return path


def read_both(folder: Path, gold: dict[str, str], found: dict[str, str]) -> list[ReadStatement]:
    """Statements of two CSV files, given as statement -> findings."""
    wanted = write_gold(folder / "g.csv", *((text, "en", said) for text, said in gold.items()))
    given = write_gold(folder / "f.csv", *((text, "en", said) for text, said in found.items()))
    return list(pair(read_gold(wanted, ConceptTable.load()), read_found(given)))
