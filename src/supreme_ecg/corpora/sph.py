"""SPH (Shandong Provincial Hospital): 25,770 12-lead ECGs of 24,666 patients, 10 to 60 s at 500 Hz.

Read are ``metadata.csv`` and, in ``records`` or beside it, an HDF5 file a recording (float16,
millivolts). Column ``AHA_Code`` holds statements of AHA/ACC/HRS, divided by ``;``, each a primary code
that modifiers may follow after ``+`` (``60+310``: frequent ventricular premature complexes). The
codes given are the primary ones; a statement with modifiers is given whole as well. No reports, no
folds.

Source:
    Liu et al., A large-scale multi-label 12-lead electrocardiogram database with standardized
    diagnostic statements, Scientific Data 9, 272 (2022), CC BY 4.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from supreme_ecg.corpora.corpus import Entry, require_unique
from supreme_ecg.corpora.nearby import wrong_folder
from supreme_ecg.corpora.tables import cast_column, read_columns
from supreme_ecg.records.wfdb_comments import parse_sex

_TABLE: Final = "metadata.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sph:
    """A folder with ``metadata.csv`` and the ``.h5`` files, these in ``records`` or beside it."""

    @property
    def name(self) -> str:
        """``sph``."""
        return "sph"

    @property
    def description(self) -> str:
        """What is read."""
        return "SPH, AHA statements from metadata.csv"

    def entries(self, source: Path) -> tuple[Entry, ...]:
        """List every recording of the table, whether its file is in ``source`` or not.

        Raises:
            CorpusError: The table is not there or damaged, or lists a recording twice.
        """
        path = source / _TABLE
        if not path.is_file():
            raise wrong_folder(self.name, source, _TABLE)
        columns = ("ECG_ID", "AHA_Code", "Patient_ID", "Age", "Sex")
        table = read_columns(path, columns, filled=("ECG_ID", "Patient_ID"))
        folder = source / "records" if (source / "records").is_dir() else source
        columns_of_rows = zip(
            (text.removesuffix(".h5") for text in table["ECG_ID"]),
            table["Patient_ID"],
            cast_column(table, "Age", pl.Float64, path=path),
            table["Sex"],
            table["AHA_Code"],
            strict=True,
        )
        entries = tuple(
            Entry(
                record_id=record_id,
                path=folder / f"{record_id}.h5",
                patient_id=patient,
                age_years=age,
                sex=parse_sex(sex or ""),
                codes=primary_codes(statements or ""),
            )
            for record_id, patient, age, sex, statements in columns_of_rows
        )
        require_unique(entries, source=path)
        return entries


def primary_codes(statements: str) -> tuple[str, ...]:
    """Read statements such as ``22;60+310``: ``22``, ``60`` and ``60+310``.

    A code after ``+`` qualifies the one before it and is never a statement of its own.
    """
    codes = []
    for statement in (part.strip() for part in statements.split(";")):
        primary = statement.partition("+")[0].strip()
        codes += [code for code in (primary, statement) if code]
    return tuple(dict.fromkeys(codes))
