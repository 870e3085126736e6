"""PTB-XL: 21,799 clinical 12-lead ECGs of 18,869 patients, 10 s each, reports and SCP-ECG codes.

Source:
    Wagner et al., PTB-XL, a large publicly available electrocardiography dataset, Scientific Data
    7, 154 (2020), Table 2 (columns; sex: male 0, female 1); files of PhysioNet version 1.0.3,
    CC BY 4.0.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import polars as pl

from supreme_ecg.corpora.corpus import Entry, require_unique
from supreme_ecg.corpora.nearby import wrong_folder
from supreme_ecg.corpora.tables import cast_column, read_columns
from supreme_ecg.errors import CorpusError
from supreme_ecg.records.record import Sex

_TABLE: Final = "ptbxl_database.csv"
_COLUMNS: Final = (
    "ecg_id",
    "patient_id",
    "age",
    "sex",
    "report",
    "scp_codes",
    "strat_fold",
    "filename_lr",
    "filename_hr",
)
_SEX: Final[dict[int | float | None, Sex]] = {0: "male", 1: "female"}
_OVER_89_YEARS: Final = 300
"""PTB-XL's age of everyone over 89: a privacy code and no age, so the age is left unknown."""
_LOW_RATE_HZ: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class PtbXl:
    """PTB-XL as on PhysioNet: ``ptbxl_database.csv`` beside ``records100`` or ``records500``."""

    sampling_rate_hz: int = _LOW_RATE_HZ
    """Rate of the windows: up to 100 Hz the 100 Hz files are read, above it the 500 Hz files."""

    @property
    def name(self) -> str:
        """``ptb_xl``."""
        return "ptb_xl"

    @property
    def description(self) -> str:
        """Which of the two sets of files is read."""
        return f"PTB-XL, the files in {self._folder}"

    @property
    def _folder(self) -> str:
        return "records100" if self.sampling_rate_hz <= _LOW_RATE_HZ else "records500"

    def entries(self, source: Path) -> tuple[Entry, ...]:
        """List every recording of the table, whether its files are in ``source`` or not.

        Record ids are the ECG's number in five digits, as in its file name (``00001``). Codes are
        all SCP-ECG statements of the record, whatever their likelihood.

        Raises:
            CorpusError: The table or the folder of signals is not there, or the table is damaged.
        """
        path = source / _TABLE
        if not path.is_file():
            raise wrong_folder(self.name, source, _TABLE)
        self._require_signals(source)
        file_column = "filename_lr" if self._folder == "records100" else "filename_hr"
        table = read_columns(path, _COLUMNS, filled=("ecg_id", "patient_id", file_column))
        columns = zip(
            cast_column(table, "ecg_id", pl.Int64, path=path),
            cast_column(table, "patient_id", pl.Int64, path=path),
            cast_column(table, "age", pl.Float64, path=path),
            cast_column(table, "sex", pl.Int64, path=path),
            cast_column(table, "strat_fold", pl.Int64, path=path),
            table["report"].to_list(),
            table["scp_codes"].to_list(),
            table[file_column].to_list(),
            strict=True,
        )
        entries = tuple(
            Entry(
                record_id=f"{number:05}",
                path=source / f"{file}.hea",
                patient_id=str(patient),
                age_years=None if age == _OVER_89_YEARS else age,
                sex=_SEX.get(sex),
                report=report,
                fold=None if fold is None else int(fold),
                codes=_scp_codes(codes, path),
            )
            for number, patient, age, sex, fold, report, codes, file in columns
        )
        require_unique(entries, source=path)
        return entries

    def _require_signals(self, source: Path) -> None:
        if (source / self._folder).is_dir():
            return
        other = "records500" if self._folder == "records100" else "records100"
        found = (
            f"only {other}" if (source / other).is_dir() else "neither records100 nor records500"
        )
        rate = "--rate 500" if other == "records500" else "--rate 100"
        raise CorpusError(
            source,
            expected=f"the folder {self._folder} beside {_TABLE}",
            found=found,
            remedy=f"Download {self._folder}"
            + (f", or ingest {other} with {rate}." if found.startswith("only") else "."),
        )


@cache
def _scp_codes(text: str | None, path: Path) -> tuple[str, ...]:
    """Read ``{'NORM': 100.0, 'SR': 0.0}``; texts repeat a lot, hence the cache."""
    try:
        codes = ast.literal_eval(text or "")
        if isinstance(codes, dict):
            return tuple(str(code) for code in codes)
    except (ValueError, SyntaxError):
        pass
    raise CorpusError(
        path,
        expected="column scp_codes to hold dictionaries of SCP-ECG statements",
        found="something else",
        remedy="Download the file again, and leave it as it is published.",
    )
