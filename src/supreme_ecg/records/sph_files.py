"""HDF5 files of the SPH corpus: one dataset ``ecg``, 12 leads x samples, millivolts in float16."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from supreme_ecg.errors import ExtraError, RecordError
from supreme_ecg.records.leads import STANDARD_LEADS
from supreme_ecg.records.record import Record

SPH_RATE_HZ: Final = 500.0
"""Not in the files: Liu et al. 2022, "A large-scale multi-label 12-lead electrocardiogram database
with standardized diagnostic statements", Scientific Data 9:272, and column ``fs`` of its table."""


def read_sph(path: Path) -> Record:
    """Read one SPH file.

    Args:
        path: A ``.h5`` file.

    Returns:
        The record at 500 Hz, float32 millivolts, leads in the standard order of that corpus.

    Raises:
        ExtraError: h5py is not installed.
        RecordError: There is no such file, it is no HDF5 file, or it does not hold ``ecg`` with 12 leads.
    """
    try:
        import h5py  # noqa: PLC0415  an extra
    except ModuleNotFoundError:
        raise ExtraError(
            "reading HDF5",
            expected="the package h5py",
            found="none",
            remedy="Install it: pip install 'supreme-ecg[hdf5]'.",
        ) from None
    if not path.is_file():
        raise _unreadable(path, "no such file")
    try:
        with h5py.File(path, "r") as file:
            data = np.asarray(file["ecg"][()], np.float32)
    except KeyError:
        raise _unreadable(path, "no dataset of that name") from None
    except Exception as error:  # h5py raises whatever its parts raise
        raise _unreadable(path, f"{type(error).__name__}: {error}") from None
    if data.ndim != 2 or data.shape[0] != len(STANDARD_LEADS) or not data.shape[1]:
        raise _unreadable(path, f"shape {data.shape}")
    return Record(
        id=path.stem,
        leads=dict(zip(STANDARD_LEADS, np.ascontiguousarray(data), strict=True)),
        sampling_rate_hz=SPH_RATE_HZ,
        source=path,
    )


def _unreadable(path: Path, found: str) -> RecordError:
    return RecordError(
        path,
        expected="the HDF5 dataset ecg (12 leads x samples, millivolts) of the SPH corpus",
        found=found,
        remedy="Download the file again, or convert the recording to WFDB.",
    )
