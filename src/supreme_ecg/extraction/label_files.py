"""Labels read from and written to files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, astuple, fields
from pathlib import Path
from typing import Any, Final

import polars as pl

from supreme_ecg.concepts.label_sets import Comparison, LabelSet, Prevalence, SharedLabel
from supreme_ecg.errors import TableError
from supreme_ecg.extraction.files import require_free, write_folder
from supreme_ecg.extraction.findings import FINDINGS, FINDINGS_SCHEMA
from supreme_ecg.extraction.output import RECORDS, csv_bytes, json_bytes, parquet_bytes

LABELS: Final = "labels.parquet"
PREVALENCE: Final = "prevalence.csv"
COMPARISON: Final = "comparison.csv"
REPORT: Final = "labels.json"

_PREVALENCE: Final = tuple(each.name for each in fields(Prevalence))
_SIDE: Final = ("codes", "present", "own", "uncertain", "share")
_COMPARISON: Final = (
    *("concept", "name", "group", "same"),
    *(f"{place}_{name}" for place in ("first", "second") for name in _SIDE),
)


def read_findings(source: Path) -> tuple[pl.Series, pl.DataFrame]:
    """Read findings and the ids of the records that could have some.

    Args:
        source: The folder that ``supreme extract TABLE`` wrote, or a ``findings.parquet``.

    Returns:
        Ids of the records with a report (where ``records.parquet`` does not stand beside the
        findings: of those with a finding), and the findings.

    Raises:
        TableError: There is no such table, or it is damaged.
    """
    path = source / FINDINGS if source.is_dir() else source
    findings = _read(path)
    absent = [name for name in FINDINGS_SCHEMA if name not in findings.columns]
    if absent:
        raise TableError(
            path,
            expected="a table of findings",
            found=f"one without the column {', '.join(absent)}",
            remedy="Give what `supreme extract` wrote.",
        )
    records = path.with_name(RECORDS)
    if not records.exists():
        return findings["record_id"].unique(maintain_order=True), findings
    return _read(records).filter("has_report")["record_id"], findings


def write_labels(folder: Path, sets: Sequence[LabelSet], comparison: Comparison | None) -> None:
    """Write labels into a folder, which appears whole or not at all.

    Args:
        folder: Becomes ``labels.parquet``, ``prevalence.csv`` and ``labels.json`` of the first
            set, and ``comparison.csv`` where there is one; replaces earlier labels only.
        sets: One label set, or the two that are compared.
        comparison: Of the two.

    Raises:
        TableError: The folder holds something else.
        StoreError: The folder cannot be written.
    """
    require_free(folder, mark=REPORT)
    first = sets[0]
    files = {
        LABELS: lambda: parquet_bytes(first.as_table()),
        PREVALENCE: lambda: csv_bytes(_PREVALENCE, map(astuple, first.prevalences)),
        REPORT: lambda: json_bytes(as_json(sets, comparison)),
    }
    if comparison is not None:
        files[COMPARISON] = lambda: csv_bytes(_COMPARISON, map(_flat, comparison.shared))
    write_folder(folder, files)


def as_json(sets: Sequence[LabelSet], comparison: Comparison | None) -> dict[str, Any]:
    """Labels, or the comparison of two sets, as one JSON object."""
    described = [
        {
            "name": each.name,
            "records": len(each.record_ids),
            "concepts": len(each.concepts),
            "unmapped_codes": dict(each.unmapped),
        }
        for each in sets
    ]
    if comparison is None:
        return described[0] | {"prevalence": [asdict(each) for each in sets[0].prevalences]}
    return {
        "sets": described,
        "shared": _shared(comparison),
        "only_first": [each.concept for each in comparison.only_first],
        "only_second": [each.concept for each in comparison.only_second],
    }


def _shared(comparison: Comparison) -> list[dict[str, Any]]:
    return [
        {"concept": each.concept, "name": each.name, "group": each.group, "same": each.is_same}
        | {
            place: dict(zip(_SIDE, (list(codes), *_counts(one)), strict=True))
            for place, codes, one in (
                ("first", each.first_codes, each.first),
                ("second", each.second_codes, each.second),
            )
        }
        for each in comparison.shared
    ]


def _flat(each: SharedLabel) -> tuple[Any, ...]:
    first = (";".join(each.first_codes), *_counts(each.first))
    second = (";".join(each.second_codes), *_counts(each.second))
    return (each.concept, each.name, each.group, each.is_same, *first, *second)


def _counts(each: Prevalence) -> tuple[int, int, int, float]:
    return each.present, each.own, each.uncertain, each.share


def _read(path: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(path)
    except FileNotFoundError:
        found = "no such file"
    except (pl.exceptions.PolarsError, OSError):
        found = "a file that is not one"
    raise TableError(
        path,
        expected="a store, or what `supreme extract` wrote",
        found=found,
        remedy="Correct the path, or run `supreme extract` first.",
    )
