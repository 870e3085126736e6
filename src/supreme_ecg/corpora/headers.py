"""Corpora of the PhysioNet/CinC challenges: all that is known of a recording stands in its header."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from supreme_ecg.corpora.corpus import Entry, require_unique
from supreme_ecg.corpora.nearby import wrong_folder


def header_entries(corpus: str, source: Path, patterns: Sequence[str]) -> tuple[Entry, ...]:
    """List every recording in the folders that hold headers.

    A signal file without a header is listed too, so that it ends in the reject list and not nowhere.
    Age, sex and codes are left to the header. Each recording is a patient of its own, for these
    corpora do not tell patients apart.

    Args:
        corpus: Name of the corpus.
        source: Its folder.
        patterns: Where its headers may be below the folder, the flat layout first.

    Raises:
        CorpusError: There is no header in these places, or two recordings share a name.
    """
    headers = {path for pattern in patterns for path in source.glob(pattern)}
    if not headers:
        raise wrong_folder(corpus, source, patterns[0])
    signals = Path(patterns[0]).with_suffix(".mat").name
    orphans = {
        signal.with_suffix(".hea")
        for folder in {header.parent for header in headers}
        for signal in folder.glob(signals)
    }
    entries = tuple(
        Entry(record_id=path.stem, path=path, patient_id=path.stem)
        for path in sorted(headers | orphans)
    )
    require_unique(entries, source=source)
    return entries
