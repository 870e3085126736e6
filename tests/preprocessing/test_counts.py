from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from supreme_ecg.preprocessing.contract import MISSING_COUNT, SignalContract
from supreme_ecg.preprocessing.counts import from_counts, to_counts
from supreme_ecg.preprocessing.quality import check_range
from supreme_ecg.preprocessing.window import Window, make_window
from supreme_ecg.records.reading import read_record

CONTRACT = SignalContract(leads=("I", "II", "V1"), sampling_rate_hz=10, duration_s=1.0)
COUNTS = arrays(np.int16, (3, 10), elements=st.integers(-32767, 32767))
MASKS = (arrays(bool, 3), arrays(bool, 10))


def window(signal: np.ndarray, leads: np.ndarray, samples: np.ndarray) -> Window:
    """A window that keeps its promise: 0 where masked."""
    shown = np.where(leads[:, None] & samples, signal, 0).astype(np.float32)
    return Window(signal=shown, lead_mask=leads, sample_mask=samples, contract=CONTRACT)


@given(counts=COUNTS, leads=MASKS[0], samples=MASKS[1])
def test_whole_microvolts_return_bit_for_bit_with_their_masks(
    counts: np.ndarray, leads: np.ndarray, samples: np.ndarray
) -> None:
    """Window -> counts -> window is the identity wherever both masks allow a sample."""
    before = window(counts / np.float32(1000), leads, samples)
    stored = to_counts(before)
    after = from_counts(stored, CONTRACT)
    is_seen = leads[:, None] & samples
    np.testing.assert_array_equal(stored, np.where(is_seen, counts, MISSING_COUNT))
    np.testing.assert_array_equal(after.signal, before.signal)
    np.testing.assert_array_equal(after.lead_mask, is_seen.any(axis=1))
    np.testing.assert_array_equal(after.sample_mask, is_seen.any(axis=0))


@given(
    signal=arrays(np.float32, (3, 10), elements=st.floats(-32, 32, width=32)),
    microvolts=st.sampled_from([1.0, 2.5, 4.88]),
)
def test_rounding_is_to_the_nearest_count(signal: np.ndarray, microvolts: float) -> None:
    """Nothing moves by more than half a count (and float32's own step)."""
    contract = SignalContract(
        leads=CONTRACT.leads, sampling_rate_hz=10, duration_s=1.0, microvolts_per_count=microvolts
    )
    ones = np.ones(3, bool), np.ones(10, bool)
    before = Window(signal=signal, lead_mask=ones[0], sample_mask=ones[1], contract=contract)
    after = from_counts(to_counts(before), contract)
    assert np.abs(after.signal - signal).max() <= microvolts / 2000 + 1e-5


def test_what_does_not_fit_is_clipped_flagged_and_never_wraps_or_turns_missing() -> None:
    """+-40 mV at 1 uV per count becomes the largest count, and ``out_of_range`` names the lead."""
    signal = np.zeros((3, 10))
    signal[0, 2], signal[2, 4], signal[1, 1] = 40.0, -32.768, 32.767
    full = window(signal, np.ones(3, bool), np.ones(10, bool))
    counts = to_counts(full)
    assert (counts[0, 2], counts[2, 4], counts[1, 1]) == (32767, -32767, 32767)
    flags = check_range(full)
    assert [(flag.name, flag.lead) for flag in flags] == [
        ("out_of_range", "I"),
        ("out_of_range", "V1"),
    ]
    assert flags[0].value == 40.0
    assert flags[0].threshold == 32.767


def test_a_clean_window_is_within_range() -> None:
    """The largest count itself is no fault."""
    assert check_range(window(np.full((3, 10), 32.767), np.ones(3, bool), np.ones(10, bool))) == ()


@pytest.mark.shared_data
def test_ptb_xl_is_stored_without_loss(shared_data: Path) -> None:
    """Real files of 1 uV per count survive record -> window -> counts -> window unchanged."""
    contract = SignalContract(sampling_rate_hz=500)
    headers = sorted(shared_data.glob("ptb-xl-500hz/records500/*/*.hea"))
    assert headers
    for header in headers:
        before = make_window(read_record(header), contract)
        after = from_counts(to_counts(before), contract)
        np.testing.assert_array_equal(after.signal, before.signal)
        np.testing.assert_array_equal(after.lead_mask, before.lead_mask)
