"""Files and folders that are whole or absent: write beside, make durable, rename."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from supreme_ecg.errors import StoreError, TableError

_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


def write_whole(path: Path, chunks: Sequence[bytes | memoryview]) -> str:
    """Write a file so that it is never seen half-written, even after a power cut.

    Args:
        path: The file; its folder exists.
        chunks: Its bytes, in order.

    Returns:
        The SHA-256 checksum of the bytes, hexadecimal.

    Raises:
        StoreError: The disk is full (the message says how many bytes are needed and free), or the
            folder cannot be written to. Nothing is left behind.
    """
    checksum = hashlib.sha256()
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            for chunk in chunks:
                file.write(chunk)
                checksum.update(chunk)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise cannot_write(path, error, sum(map(_size, chunks))) from None
    return checksum.hexdigest()


def require_free(folder: Path, *, mark: str) -> None:
    """Stop unless a folder is absent, empty, or an earlier output.

    Args:
        folder: Where output shall go.
        mark: The file by which an earlier output is known.

    Raises:
        TableError: It holds something else, or is a file.
    """
    if folder.is_dir():
        if (folder / mark).is_file() or not any(folder.iterdir()):
            return
        found = f"a folder without {mark}, which is something else"
    elif not folder.exists():
        return
    else:
        found = "a file"
    raise TableError(
        folder,
        expected="a new folder, or an earlier output",
        found=found,
        remedy="Give another folder.",
    )


def write_folder(folder: Path, files: Mapping[str, Callable[[], bytes]]) -> None:
    """Write files beside a folder, then put them in its place: it is whole or absent.

    Args:
        folder: Is replaced if it exists; its parents are made.
        files: Name -> what makes the bytes, called one after the other.

    Raises:
        StoreError: The disk is full, or the place cannot be written to.
    """
    folder = folder.absolute()
    partial, old = (folder.with_name(f".{folder.name}.{end}") for end in ("partial", "old"))
    try:
        for leftover in (partial, old):  # of a run that was killed
            shutil.rmtree(leftover, ignore_errors=True)
        partial.mkdir(parents=True)
        for name, content in files.items():
            write_whole(partial / name, [content()])
        make_durable(partial)
        if folder.exists():
            folder.replace(old)
        partial.replace(folder)
        make_durable(folder.parent)
    except OSError as error:
        if old.exists() and not folder.exists():
            old.replace(folder)
        raise cannot_write(folder, error, 0) from None
    finally:
        for leftover in (partial, old):
            shutil.rmtree(leftover, ignore_errors=True)


def cannot_write(path: Path, error: OSError, needed_bytes: int) -> StoreError:
    """Word the error for a file that cannot be written.

    Args:
        path: The file or folder.
        error: What the operating system said.
        needed_bytes: How many bytes were to be written.
    """
    if error.errno in _FULL:
        return disk_full(path, needed_bytes)
    return StoreError(
        path,
        expected="a folder that can be written to",
        found=error.strerror or type(error).__name__,
        remedy="Mend the folder's permissions, or store elsewhere.",
    )


def disk_full(path: Path, needed_bytes: int) -> StoreError:
    """Word the error for a full disk."""
    return StoreError(
        path,
        expected=f"{needed_bytes:,} bytes of free disk space",
        found=f"{free_bytes(path):,} bytes",
        remedy="Free some space and run the same command again: what is done is kept.",
    )


def free_bytes(path: Path) -> int:
    """Free space on the disk that holds, or would hold, ``path``."""
    existing = next(
        folder for folder in (path.absolute(), *path.absolute().parents) if folder.exists()
    )
    return shutil.disk_usage(existing).free


def sha256_of(path: Path) -> str:
    """Checksum of a file, hexadecimal, read in chunks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def make_durable(folder: Path) -> None:
    """Ask the disk to keep the names in a folder, where the system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _size(chunk: bytes | memoryview) -> int:
    return chunk.nbytes if isinstance(chunk, memoryview) else len(chunk)
