"""CSN (Chapman-Shaoxing-Ningbo): 45,152 12-lead ECGs of 10 s at 500 Hz, SNOMED CT codes.

Two issues are read, each a WFDB header and a MATLAB file a recording: the database's own, in
``WFDBRecords/01/010``, and that of the PhysioNet/CinC Challenge 2021, flat or in ``g1``, ``g2`` ...
The issues do not always list the same codes. Codes stand in the header (``#Dx:``). One recording a
patient, as its authors say. No reports, no folds.

Source:
    Zheng et al., A large scale 12-lead electrocardiogram database for arrhythmia study, PhysioNet
    1.0.0 (2022), CC BY 4.0; PhysioNet/CinC Challenge 2021.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from supreme_ecg.corpora.corpus import Entry
from supreme_ecg.corpora.headers import header_entries


@dataclass(frozen=True, slots=True, kw_only=True)
class Csn:
    """The database's folder, its ``WFDBRecords``, or a folder of ``JS00001.hea`` and ``JS00001.mat``."""

    @property
    def name(self) -> str:
        """``csn``."""
        return "csn"

    @property
    def description(self) -> str:
        """What is read."""
        return "CSN as issued by PhysioNet, codes from the headers"

    def entries(self, source: Path) -> tuple[Entry, ...]:
        """List every recording in the folders that hold headers.

        A signal file without a header is listed too, so that it ends in the reject list and not
        nowhere. Age, sex and classes are left to the header.

        Raises:
            CorpusError: There is no header in these folders, or two recordings share a name.
        """
        return header_entries(
            self.name,
            source,
            (
                "JS*.hea",
                "g*/JS*.hea",
                "[0-9][0-9]/[0-9][0-9][0-9]/JS*.hea",
                "WFDBRecords/[0-9][0-9]/[0-9][0-9][0-9]/JS*.hea",
            ),
        )
