"""Georgia: 10,344 12-lead ECGs of 5 or 10 s at 500 Hz from the south-east of the USA, 67 statements.

As issued by PhysioNet/CinC: a WFDB header and a MATLAB file a recording, SNOMED CT codes in the
header (``#Dx:``), which may be empty; an unknown age is ``NaN``. The gain is not 1000 but 4880 counts
a millivolt in part of the headers: it is read, never assumed. The corpus does not tell patients
apart, so every recording counts as a patient of its own. No reports, no folds.

Source:
    PhysioNet/CinC Challenges 2020 and 2021 (``georgia``), CC BY 4.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from supreme_ecg.corpora.corpus import Entry
from supreme_ecg.corpora.headers import header_entries


@dataclass(frozen=True, slots=True, kw_only=True)
class Georgia:
    """A folder of ``E00001.hea`` and ``E00001.mat``, or of folders ``g1``, ``g2`` ... of them."""

    @property
    def name(self) -> str:
        """``georgia``."""
        return "georgia"

    @property
    def description(self) -> str:
        """What is read."""
        return "Georgia as issued by PhysioNet, codes from the headers"

    def entries(self, source: Path) -> tuple[Entry, ...]:
        """List every recording in the folders that hold headers.

        A signal file without a header is listed too, so that it ends in the reject list and not
        nowhere. Age, sex and classes are left to the header.

        Raises:
            CorpusError: There is no header in these folders, or two recordings share a name.
        """
        return header_entries(self.name, source, ("E*.hea", "g*/E*.hea"))
