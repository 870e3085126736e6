"""CPSC2018-Extra: 3,453 12-lead ECGs of 8 to 98 s at 500 Hz that CPSC2018 kept back, 72 statements.

As re-issued by PhysioNet/CinC: a WFDB header and a MATLAB file a recording, SNOMED CT codes in the
header (``#Dx:``), which may be empty. The corpus does not tell patients apart, so every recording
counts as a patient of its own. No reports, no folds.

Source:
    PhysioNet/CinC Challenges 2020 and 2021 (``cpsc_2018_extra``), CC BY 4.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from supreme_ecg.corpora.corpus import Entry
from supreme_ecg.corpora.headers import header_entries


@dataclass(frozen=True, slots=True, kw_only=True)
class Cpsc2018Extra:
    """A folder of ``Q0001.hea`` and ``Q0001.mat``, or of folders ``g1``, ``g2`` ... of them."""

    @property
    def name(self) -> str:
        """``cpsc2018_extra``."""
        return "cpsc2018_extra"

    @property
    def description(self) -> str:
        """What is read."""
        return "CPSC2018-Extra as re-issued by PhysioNet, codes from the headers"

    def entries(self, source: Path) -> tuple[Entry, ...]:
        """List every recording in the folders that hold headers.

        A signal file without a header is listed too, so that it ends in the reject list and not
        nowhere. Age, sex and classes are left to the header.

        Raises:
            CorpusError: There is no header in these folders, or two recordings share a name.
        """
        return header_entries(self.name, source, ("Q*.hea", "g*/Q*.hea"))
