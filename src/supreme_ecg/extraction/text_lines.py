"""Text of unknown encoding, line by line: UTF-8 and UTF-16, with Windows-1252 to fall back on."""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final, Self

from supreme_ecg.errors import TableError

AS_WINDOWS_1252: Final = "not UTF-8: read as Windows-1252"
UNDECODABLE: Final = "characters that cannot be decoded: replaced"

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OTHER_FILES: Final = (
    (b"\x1f\x8b", "a gzip archive", "Unpack it first."),
    (b"PK\x03\x04", "a zip archive or an Excel workbook", "Unpack it, or save it as CSV."),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "Save it as CSV."),
)
_SAMPLE_BYTES: Final = 4096


def encoding_of(head: bytes, *, where: object) -> str:
    """Tell the encoding of a text by its first bytes.

    Args:
        head: The first bytes; a few thousand will do.
        where: File, for the message.

    Returns:
        ``utf-8-sig``, ``utf-16``, ``utf-16-le`` or ``utf-16-be``.

    Raises:
        TableError: These are not the bytes of a text.
    """
    for magic, found, remedy in _OTHER_FILES:
        if head.startswith(magic):
            raise TableError(where, expected="a text file", found=found, remedy=remedy)
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            return encoding
    zeros = head[0::2].count(0), head[1::2].count(0)
    if max(zeros) > len(head) // 4 and min(zeros) < max(zeros) // 4:
        return "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"
    if max(zeros):
        raise TableError(
            where,
            expected="a text file",
            found="bytes that are not text",
            remedy="Give a CSV, JSON lines or parquet file, or a folder of .txt files.",
        )
    return "utf-8-sig"


def decode(data: bytes, *, where: object) -> tuple[str, str | None]:
    """Decode a whole text.

    Args:
        data: All its bytes.
        where: File, for the message.

    Returns:
        The text, and what was wrong with its encoding, if anything.

    Raises:
        TableError: These are not the bytes of a text.
    """
    encoding = encoding_of(data[:_SAMPLE_BYTES], where=where)
    if encoding != "utf-8-sig":
        text = data.decode(encoding, errors="replace").removeprefix("\ufeff")
        return text, UNDECODABLE if "\ufffd" in text else None
    try:
        return data.decode(encoding), None
    except UnicodeDecodeError:
        return _windows_1252(data), AS_WINDOWS_1252


class TextLines:
    """The lines of a file with their numbers; lines since a mark can be given again.

    Args:
        file: The open file, at its beginning.
        where: File, for messages.
        on_problem: Called with line number and problem for each line that is wrongly encoded.

    Raises:
        TableError: The file is not text.
    """

    def __init__(
        self, file: BinaryIO, *, where: Path, on_problem: Callable[[int, str], None]
    ) -> None:
        encoding = encoding_of(file.read(_SAMPLE_BYTES), where=where)
        file.seek(0)
        errors = "surrogateescape" if encoding == "utf-8-sig" else "replace"
        self._text = io.TextIOWrapper(file, encoding=encoding, errors=errors, newline="")
        self._on_problem = on_problem
        self._marked: list[str] = []
        self._again: list[str] = []
        self._read = 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else self._next_new()
        self._marked.append(line)
        return line

    @property
    def number(self) -> int:
        """Number of the line given last, from 1."""
        return self._read - len(self._again)

    @property
    def since_mark(self) -> list[str]:
        """The lines given since the mark."""
        return self._marked

    def mark(self) -> None:
        """Forget the lines before this place."""
        self._marked = []

    def rewind_to_second(self) -> None:
        """Go back to the second line after the mark."""
        self._again += self._marked[:0:-1]
        del self._marked[1:]

    def _next_new(self) -> str:
        line = next(self._text)
        self._read += 1
        if line.isascii():
            return line
        try:
            data = line.encode()
        except UnicodeEncodeError:
            self._on_problem(self._read, AS_WINDOWS_1252)
            return _windows_1252(line.encode(errors="surrogateescape"))
        if b"\xef\xbf\xbd" in data:
            self._on_problem(self._read, UNDECODABLE)
        return line


def _windows_1252(data: bytes) -> str:
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:  # five bytes mean nothing there
        return data.decode("latin-1")
