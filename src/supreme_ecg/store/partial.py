"""The folder in which a store grows until it is whole: what is done is kept, nothing is mixed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from supreme_ecg.errors import StoreError
from supreme_ecg.extraction.files import cannot_write, make_durable, sha256_of, write_whole
from supreme_ecg.store.layout import SIGNALS, partial_folder
from supreme_ecg.store.shards import Part

try:
    import fcntl
except ImportError:  # Windows has no such locks: there, two runs at once waste work, no more
    fcntl = None  # type: ignore[assignment]

_IDENTITY: Final = "ingest.json"


@dataclass(frozen=True, slots=True)
class Partial:
    """``STORE.partial``: the growing store, and a part file for each finished shard."""

    folder: Path

    @property
    def store(self) -> Path:
        """The folder that becomes the store."""
        return self.folder / "store"

    def part(self, number: int) -> Path:
        """The part file of a shard."""
        return self.folder / f"part-{number:05}.json"

    def read_part(self, number: int) -> Part | None:
        """What is known of a shard, if it is finished and its file is unharmed."""
        try:
            part = Part.read(self.part(number))
            return part if sha256_of(self.store / part.shard.name) == part.shard.sha256 else None
        except (OSError, ValueError):
            return None

    def become(self, store: Path) -> None:
        """Turn the folder into the store, in one step that happens wholly or not at all."""
        for leftover in self.store.rglob(".*"):  # of writes that were killed
            leftover.unlink()
        make_durable(self.store / SIGNALS)
        make_durable(self.store)
        try:
            self.store.replace(store)
        except OSError as error:
            raise cannot_write(store, error, 0) from None
        make_durable(store.parent)
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def partial_store(store: Path, *, identity: dict[str, str]) -> Iterator[Partial]:
    """Open the folder of an unfinished ingest, or begin one; no other run can open it meanwhile.

    Args:
        store: Where the store will be.
        identity: What the store is made of, and by which version. Shards of an earlier run count
            only if theirs was the same; else they are removed.

    Raises:
        StoreError: Another run is writing this store, or the folder cannot be written to.
    """
    partial = Partial(partial_folder(store))
    text = json.dumps(identity, sort_keys=True).encode()
    try:
        partial.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(partial.folder, error, 0) from None
    with _lock(partial.folder):
        try:
            if not _is_same(partial.folder / _IDENTITY, text):
                _clear(partial.folder)
            write_whole(partial.folder / _IDENTITY, [text])
            (partial.store / SIGNALS).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(partial.folder, error, 0) from None
        yield partial


def _is_same(path: Path, text: bytes) -> bool:
    return path.is_file() and path.read_bytes() == text


def _clear(folder: Path) -> None:
    """Remove what another run left but its identity; refuse a folder that no run has made."""
    names = {path.name for path in folder.iterdir()}
    if not names <= {"lock"} and _IDENTITY not in names:
        raise StoreError(
            folder,
            expected="no folder, or one left by an unfinished ingest",
            found="a folder of something else",
            remedy="Remove it, or give the store another name.",
        )
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name not in ("lock", _IDENTITY):
            path.unlink()


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Hold the folder; the system lets go when the process ends, however it ends."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _take(descriptor, folder)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, folder: Path) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise StoreError(
            folder,
            expected="to be the only run that writes this store",
            found="another one at work",
            remedy="Wait for it to end, or give the store another name.",
        ) from None
