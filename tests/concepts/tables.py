"""Small concept tables, written as the package's own is."""

from __future__ import annotations

from pathlib import Path

CONCEPTS = (
    "id,name,group,definition,parents,scp,snomed_ct",
    "arrhythmia,arrhythmia,rhythm,Not regular.,,,698247007",
    "atrial_fibrillation,atrial fibrillation,rhythm,No P waves.,arrhythmia,AFIB,164889003",
    "fast_fibrillation,rapid atrial fibrillation,rhythm,Above 100.,atrial_fibrillation,,",
    "infarction,myocardial infarction,infarction,Necrosis.,,,164865005",
)
SYNONYMS = (
    "concept,language,kind,phrase",
    "atrial_fibrillation,en,term,auricular fibrillation",
    "atrial_fibrillation,de,term,Vorhofflimmern",
    "atrial_fibrillation,en,abbreviation,AFIB",
    "atrial_fibrillation,en,abbreviation,AF",
    "infarction,en,abbreviation,MI",
)


def write_table(
    folder: Path, *, concepts: tuple[str, ...] = CONCEPTS, synonyms: tuple[str, ...] = SYNONYMS
) -> Path:
    """Write both files and return their folder."""
    (folder / "concepts.csv").write_text("\n".join(concepts) + "\n", encoding="utf-8")
    (folder / "synonyms.csv").write_text("\n".join(synonyms) + "\n", encoding="utf-8")
    return folder
