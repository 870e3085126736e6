"""Any readable ECG file -> Record."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from supreme_ecg.errors import RecordError
from supreme_ecg.records.record import Record
from supreme_ecg.records.wfdb_files import read_wfdb

READABLE: Final = (
    "WFDB records (.hea with .dat, or with .mat as in the PhysioNet challenges)",
    "CPSC 2018 as first issued (.mat with the structure ECG)",
    "SPH (.h5 with the dataset ecg; needs the extra hdf5)",
)
"""What :func:`read_record` reads, for people."""

_SIGNAL_SUFFIXES: Final = (".dat", ".mat")


def read_record(path: str | Path) -> Record:
    """Read one ECG file.

    Args:
        path: A WFDB header (``.hea``), one of its signal files (``.dat``, ``.mat``), the record
            name without suffix as PhysioNet writes it, a ``.mat`` of CPSC 2018 as first issued, or a
            ``.h5`` of SPH.

    Returns:
        The record: leads by name as stored, millivolts, NaN where the file says "not recorded".

    Raises:
        RecordError: There is no such file, its type is unknown, its header or signal is missing,
            or it is damaged; the message says which and what to do.
        ExtraError: It is an HDF5 file and h5py is not installed.
    """
    name = os.fspath(path)
    if name.endswith(".hea"):
        return read_wfdb(name)
    stem, suffix = os.path.splitext(name)
    if suffix in _SIGNAL_SUFFIXES:
        return _read_beside_header(name, stem, suffix)
    if suffix == ".h5":
        from supreme_ecg.records.sph_files import read_sph  # noqa: PLC0415

        return read_sph(Path(name))
    if os.path.isfile(f"{name}.hea"):
        return read_wfdb(f"{name}.hea")
    raise RecordError(
        name,
        expected=f"one of: {'; '.join(READABLE)}",
        found=_what_is_there(name, suffix),
        remedy="Give a .hea file or convert the recording to WFDB.",
    )


def _read_beside_header(name: str, stem: str, suffix: str) -> Record:
    """Read the record to which a signal file belongs."""
    header = f"{stem}.hea"
    if os.path.isfile(header):
        return read_wfdb(header)
    if suffix == ".mat" and os.path.isfile(name):
        from supreme_ecg.records.matlab_files import read_cpsc2018_original  # noqa: PLC0415

        return read_cpsc2018_original(Path(name))
    raise RecordError(
        name,
        expected=f"the header {header}",
        found="only the signal file" if os.path.isfile(name) else "neither header nor signal file",
        remedy="Put the header beside its signal file, or correct the path.",
    )


def _what_is_there(name: str, suffix: str) -> str:
    if os.path.isdir(name):
        return "a folder"
    if not os.path.exists(name):
        return "no such file"
    return f"a file of type {suffix!r}" if suffix else "a file without a type"
