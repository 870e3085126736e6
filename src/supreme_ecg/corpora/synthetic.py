"""The synthetic cohort: WFDB recordings of the simulator beside their table ``cohort.csv``.

What the reports say and what the simulator did is known, so this corpus is the sample data of
tests, demo and documentation.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import polars as pl

from supreme_ecg.corpora.corpus import Entry, require_unique
from supreme_ecg.corpora.nearby import wrong_folder
from supreme_ecg.corpora.tables import cast_column, read_columns
from supreme_ecg.errors import CorpusError
from supreme_ecg.records.record import Sex

_TABLE: Final = "cohort.csv"
_COLUMNS: Final = ("record_id", "patient_id", "age_years", "sex", "fold", "report", "codes", "file")


@dataclass(frozen=True, slots=True, kw_only=True)
class Synthetic:
    """A folder that the simulator wrote."""

    @property
    def name(self) -> str:
        """``synthetic``."""
        return "synthetic"

    @property
    def description(self) -> str:
        """What is read."""
        return "the synthetic cohort"

    def entries(self, source: Path) -> tuple[Entry, ...]:
        """List every recording of the table; codes are split at ``;``.

        Raises:
            CorpusError: There is no ``cohort.csv``, or it is damaged.
        """
        path = source / _TABLE
        if not path.is_file():
            raise wrong_folder(self.name, source, _TABLE)
        table = read_columns(path, _COLUMNS, filled=("record_id", "file"))
        ages = cast_column(table, "age_years", pl.Float64, path=path)
        folds = cast_column(table, "fold", pl.Int64, path=path)
        entries = tuple(
            Entry(
                record_id=row["record_id"],
                path=source / row["file"],
                patient_id=row["patient_id"] or row["record_id"],
                age_years=age,
                sex=_sex(row["sex"], path),
                report=row["report"],
                fold=None if fold is None else int(fold),
                codes=tuple(filter(None, (row["codes"] or "").split(";"))),
            )
            for row, age, fold in zip(table.iter_rows(named=True), ages, folds, strict=True)
        )
        require_unique(entries, source=path)
        return entries


def _sex(text: str | None, path: Path) -> Sex | None:
    if text in (None, "female", "male"):
        return cast("Sex | None", text)
    raise CorpusError(
        path,
        expected="female, male or nothing in column sex",
        found="something else",
        remedy="Make the cohort again.",
    )
