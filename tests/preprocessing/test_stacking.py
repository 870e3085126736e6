from __future__ import annotations

import numpy as np
import pytest

from supreme_ecg.errors import RecordError
from supreme_ecg.preprocessing.stacking import stack_standard_leads
from supreme_ecg.records.record import Record

ZEROS = np.zeros(5, np.float32)


def record(leads: dict[str, np.ndarray], *, rate_hz: float = 100.0) -> Record:
    """A record of these leads."""
    return Record(id="r7", leads=leads, sampling_rate_hz=rate_hz)


def test_leads_are_found_by_name_in_any_case_and_others_are_named() -> None:
    """Spelling is standardised; the file's order stays; other leads are listed, not stacked."""
    stacked = stack_standard_leads(record({"avf": ZEROS, "Vz": ZEROS + 9, "v1": ZEROS + 1}))
    assert (stacked.names, stacked.others) == (("aVF", "V1"), ("Vz",))
    np.testing.assert_array_equal(stacked.signal, [ZEROS, ZEROS + 1])


def test_the_stack_does_not_share_memory_with_the_record() -> None:
    """Later steps may write into it."""
    samples = np.zeros(5, np.float32)
    stack_standard_leads(record({"I": samples})).signal[:] = 7
    assert not samples.any()


@pytest.mark.parametrize(
    ("leads", "rate_hz", "found"),
    [
        ({"ECG1": ZEROS, "ABP": ZEROS}, 100.0, "found leads ECG1, ABP"),
        ({}, 100.0, r"found leads \(none\)"),
        ({"aVR": ZEROS, "AVR": ZEROS}, 100.0, "found aVR more than once"),
        ({"I": ZEROS, "II": ZEROS[:3]}, 100.0, "found lengths of 3, 5 samples"),
        ({"I": ZEROS[:0]}, 100.0, "found lengths of 0 samples"),
        ({"I": ZEROS}, 0.0, "found a sampling rate of 0.0 Hz"),
        ({"I": ZEROS}, float("nan"), "found a sampling rate of nan Hz"),
    ],
)
def test_what_cannot_be_stacked_is_refused(
    leads: dict[str, np.ndarray], rate_hz: float, found: str
) -> None:
    """The message names the record and what was found."""
    with pytest.raises(RecordError, match=f"r7: .*{found}"):
        stack_standard_leads(record(leads, rate_hz=rate_hz))
