"""Where a file might be, when a user points to the wrong folder."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Final

from supreme_ecg.errors import CorpusError

_LEVELS: Final = 2
_MOST_FOLDERS: Final = 500
"""Folders looked into before giving up, so that a wrong folder is answered at once."""


def find_nearby(folder: Path, pattern: str) -> Path | None:
    """Find a folder up to two levels below or above ``folder`` that holds a file.

    Args:
        folder: Where the file should have been; may be absent.
        pattern: File name, wildcards allowed.

    Returns:
        The nearest folder that holds a match, those below first; None where there is none.
    """
    below = islice(_folders_below(folder), _MOST_FOLDERS)
    above = folder.absolute().parents[:_LEVELS]
    siblings = islice(chain.from_iterable(map(_subfolders, above)), _MOST_FOLDERS)
    for candidate in chain(below, above, siblings):
        if candidate != folder and _holds(candidate, pattern):
            return candidate
    return None


def wrong_folder(corpus: str, source: Path, pattern: str) -> CorpusError:
    """Word the error for a folder that is not the corpus it should be.

    Args:
        corpus: Name of the corpus.
        source: The folder that was given.
        pattern: The file that was looked for.
    """
    if not source.exists():
        found = "no such folder"
    elif not source.is_dir():
        found = "a file"
    else:
        found = f"a folder without it ({sum(1 for _ in source.iterdir())} other files or folders)"
    nearby = find_nearby(source, pattern)
    hint = f"It is in {nearby}: give that folder." if nearby else "Give the folder that holds it."
    return CorpusError(source, expected=f"the {corpus} file {pattern}", found=found, remedy=hint)


def _folders_below(folder: Path) -> Iterator[Path]:
    children = _subfolders(folder)
    yield from children
    for child in children:
        yield from _subfolders(child)


def _subfolders(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir())
    except OSError:
        return []


def _holds(folder: Path, pattern: str) -> bool:
    try:
        return next(folder.glob(pattern), None) is not None
    except OSError:
        return False
