"""What is left of a store's window is what a file with fewer leads or seconds would have given."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from supreme_ecg.evaluation.reduced_windows import LEAD_SETS, REDUCTIONS, Reduction, reduce_windows
from supreme_ecg.preprocessing.contract import SignalContract
from supreme_ecg.preprocessing.counts import from_counts, to_counts
from supreme_ecg.preprocessing.window import Window, make_window
from supreme_ecg.records.leads import STANDARD_LEADS
from supreme_ecg.records.reading import read_record
from supreme_ecg.records.writing import write_wfdb
from supreme_ecg.store.reading import Batch, Store

CONTRACT = SignalContract()


def _one(window: Window) -> Batch:
    return Batch(
        signal=window.signal[None],
        lead_mask=window.lead_mask[None],
        sample_mask=window.sample_mask[None],
    )


@pytest.mark.parametrize("reduction", REDUCTIONS, ids=lambda reduction: reduction.name)
def test_reducing_a_window_of_the_store_equals_reading_a_file_with_less_in_it(
    cohort: Path, cohort_store: Path, tmp_path: Path, reduction: Reduction
) -> None:
    """Written with those leads and seconds, read and brought to the contract.

    Same masks and, to a microvolt of rounding in derived leads, the same samples.
    """
    store = Store.open(cohort_store)
    whole = read_record(cohort / "records" / f"{store.records['record_id'][0]}.hea")
    size = round((reduction.duration_s or 10) * 100)
    leads = {
        lead: samples[:size] for lead, samples in whole.leads.items() if lead in reduction.leads
    }
    file = write_wfdb(replace(whole, leads=leads), tmp_path)
    expected = make_window(read_record(file), CONTRACT)
    expected = from_counts(to_counts(expected), CONTRACT)
    reduced, left = reduce_windows(store.batch(np.array([0])), reduction, contract=CONTRACT)
    assert left.all()
    np.testing.assert_array_equal(reduced.lead_mask[0], expected.lead_mask)
    np.testing.assert_array_equal(reduced.sample_mask[0], expected.sample_mask)
    np.testing.assert_allclose(reduced.signal[0], expected.signal, atol=1.1e-3)


def test_two_limb_leads_give_all_six_and_one_gives_itself(cohort_store: Path) -> None:
    """I and II complete to the limb leads of the whole window; lead I stays alone."""
    store = Store.open(cohort_store)
    whole = store.batch(np.arange(4))
    both, _ = reduce_windows(
        whole, Reduction(name="two", leads=LEAD_SETS["I and II"]), contract=CONTRACT
    )
    assert both.lead_mask.tolist() == [[True] * 6 + [False] * 6] * 4
    np.testing.assert_allclose(both.signal[:, :6], whole.signal[:, :6], atol=2e-3)
    alone, _ = reduce_windows(whole, Reduction(name="one", leads=("I",)), contract=CONTRACT)
    assert alone.lead_mask.sum(axis=1).tolist() == [1] * 4
    np.testing.assert_array_equal(alone.signal[:, 0], whole.signal[:, 0])
    assert not alone.signal[:, 1:].any()


def test_the_first_reduction_is_the_window_itself(cohort_store: Path) -> None:
    """Bit for bit, so the table's first row is the zero-shot score."""
    whole = Store.open(cohort_store).batch(np.arange(4))
    same, left = reduce_windows(whole, REDUCTIONS[0], contract=CONTRACT)
    assert left.all()
    for name in ("signal", "lead_mask", "sample_mask"):
        np.testing.assert_array_equal(getattr(same, name), getattr(whole, name))


def test_a_window_with_nothing_left_is_told() -> None:
    """One without lead I, and one whose first 2.5 s are missing, are empty and masked."""
    signal = np.ones((2, 12, 1000), np.float32)
    lead_mask, sample_mask = np.ones((2, 12), bool), np.ones((2, 1000), bool)
    lead_mask[0, STANDARD_LEADS.index("I")], sample_mask[1, :400] = False, False
    whole = Batch(signal=signal, lead_mask=lead_mask, sample_mask=sample_mask)
    alone, left = reduce_windows(whole, Reduction(name="", leads=("I",)), contract=CONTRACT)
    assert left.tolist() == [False, True]
    assert not alone.signal[0].any()
    assert alone.sample_mask[1].sum() == 600
    _, left = reduce_windows(whole, Reduction(name="", duration_s=2.5), contract=CONTRACT)
    assert left.tolist() == [True, False]
    assert REDUCTIONS[0].duration_s is None


def test_a_filter_of_the_contract_is_not_applied_twice(cohort: Path) -> None:
    """A store's windows are filtered already."""
    contract = SignalContract(highpass_hz=0.5)
    record = read_record(next((cohort / "records").glob("*.hea")))
    whole = _one(make_window(record, contract))
    same, _ = reduce_windows(whole, REDUCTIONS[0], contract=contract)
    np.testing.assert_array_equal(same.signal, whole.signal)
