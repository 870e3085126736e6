"""MATLAB files that hold a whole record: CPSC 2018 as first issued."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy.io import loadmat

from supreme_ecg.errors import RecordError
from supreme_ecg.records.leads import STANDARD_LEADS
from supreme_ecg.records.record import Record
from supreme_ecg.records.wfdb_comments import parse_age, parse_sex

CPSC2018_RATE_HZ: Final = 500.0
"""Not in the files: Liu et al. 2018, "An Open Access Database for Evaluating the Algorithms of
ECG Rhythm and Morphology Abnormality Detection", section 2."""


def read_cpsc2018_original(path: Path) -> Record:
    """Read ``ECG.sex``, ``ECG.age`` and ``ECG.data`` (12 x samples, millivolts, standard order).

    Args:
        path: A ``.mat`` file without a WFDB header beside it.

    Returns:
        The record at 500 Hz, the rate of that challenge.

    Raises:
        RecordError: The file is no MATLAB file, or holds something else (a bare ``val`` matrix
            needs its ``.hea``: gain, rate and lead names are written there).
    """
    try:
        content = loadmat(path, squeeze_me=True, struct_as_record=False)
        ecg = content.get("ECG")
        data = np.asarray(ecg.data, np.float32) if ecg is not None else None
    except Exception as error:  # scipy raises whatever its parts raise
        raise _unreadable(path, f"{type(error).__name__}: {error}") from None
    if data is None:
        names = ", ".join(name for name in content if not name.startswith("__"))
        raise _unreadable(path, f"the variables {names or '(none)'} and no header")
    if data.ndim != 2 or data.shape[0] != len(STANDARD_LEADS) or not data.shape[1]:
        raise _unreadable(path, f"ECG.data of shape {data.shape}")
    return Record(
        id=path.stem,
        leads=dict(zip(STANDARD_LEADS, np.ascontiguousarray(data), strict=True)),
        sampling_rate_hz=CPSC2018_RATE_HZ,
        age_years=parse_age(_text(ecg, "age")),
        sex=parse_sex(_text(ecg, "sex")),
        source=path,
    )


def _text(ecg: Any, name: str) -> str:
    return str(getattr(ecg, name, ""))


def _unreadable(path: Path, found: str) -> RecordError:
    return RecordError(
        path,
        expected="a WFDB header (.hea) beside it, or the structure ECG.data (12 leads x samples)"
        " of CPSC 2018 as first issued",
        found=found,
        remedy=f"Put {path.stem}.hea beside it: gain, rate and lead names are written there.",
    )
