"""CPSC2018: 6,877 12-lead ECGs of 6 to 60 s at 500 Hz from 11 hospitals, nine classes.

The PhysioNet/CinC re-issue is read: a WFDB header and a MATLAB file a recording, in one folder or
in ``g1`` ... ``g7``. Its classes stand in the header (``#Dx:``), as words (``RBBB``) in the first
re-issue and as SNOMED CT codes (``59118001``) since 2020; they are kept as written. The corpus does
not tell patients apart, so every recording counts as a patient of its own. No reports, no folds.

Source:
    Liu et al., An open access database for evaluating the algorithms of electrocardiogram rhythm
    and morphology abnormality detection, J. Med. Imaging Health Inform. 8 (2018); PhysioNet/CinC
    Challenges 2020 and 2021, CC BY 4.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from supreme_ecg.corpora.corpus import Entry
from supreme_ecg.corpora.headers import header_entries


@dataclass(frozen=True, slots=True, kw_only=True)
class Cpsc2018:
    """A folder of ``A0001.hea`` and ``A0001.mat``, or of folders ``g1``, ``g2`` ... of them."""

    @property
    def name(self) -> str:
        """``cpsc2018``."""
        return "cpsc2018"

    @property
    def description(self) -> str:
        """What is read."""
        return "CPSC2018 as re-issued by PhysioNet, classes from the headers"

    def entries(self, source: Path) -> tuple[Entry, ...]:
        """List every recording in the folders that hold headers.

        A signal file without a header is listed too, so that it ends in the reject list and not
        nowhere. Age, sex and classes are left to the header.

        Raises:
            CorpusError: There is no header in these folders, or two recordings share a name.
        """
        return header_entries(self.name, source, ("A*.hea", "g*/A*.hea"))
