"""Recordings with planted faults: each is rejected with a reason or stored with its fault marked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from supreme_ecg.corpora.synthetic import Synthetic
from supreme_ecg.preprocessing.contract import MISSING_COUNT, SignalContract
from supreme_ecg.records.leads import STANDARD_LEADS
from supreme_ecg.records.writing import write_wfdb
from supreme_ecg.store.ingest import ingest
from supreme_ecg.store.reading import Store
from tests.store.cohort_folder import (
    clean_record,
    edit_header,
    rewrite,
    row_of,
    write_cohort,
    write_table,
)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Three clean records; the middle one is for the fault."""
    return write_cohort(tmp_path / "cohort", 3)


def reasons(source: Path, store: Path) -> dict[str, str]:
    """Ingest; reason by record id."""
    ingest(Synthetic(), source, store, contract=SignalContract())
    rejected = pl.read_csv(store / "rejected.csv")
    stored = Store.open(store).records["record_id"].to_list()
    assert sorted(stored + rejected["record_id"].to_list()) == ["r0000", "r0001", "r0002"]
    return dict(rejected.select("record_id", "reason").rows())


def truncate(path: Path, size: int) -> None:
    """Cut a file short."""
    path.write_bytes(path.read_bytes()[:size])


def test_a_truncated_signal_is_rejected(source: Path, tmp_path: Path) -> None:
    """A .dat that is shorter than its header says is not stored."""
    truncate(source / "records/r0001.dat", 20_000)
    assert reasons(source, tmp_path / "store") == {"r0001": "cannot be read"}


def test_a_truncated_header_is_rejected(source: Path, tmp_path: Path) -> None:
    """A header without its last line is not stored."""
    edit_header(source, 1, lambda text: "\n".join(text.splitlines()[:-1]))
    assert reasons(source, tmp_path / "store") == {"r0001": "cannot be read"}


def test_an_empty_signal_is_rejected(source: Path, tmp_path: Path) -> None:
    """Leads of zero length are not stored."""
    truncate(source / "records/r0001.dat", 0)
    edit_header(source, 1, lambda text: text.replace(" 1000\n", " 0\n", 1))
    assert reasons(source, tmp_path / "store") == {"r0001": "cannot be read"}


def test_gain_zero_is_rejected(source: Path, tmp_path: Path) -> None:
    """A lead of unknown gain is not stored, and the detail says so."""
    header = (source / "records/r0001.hea").read_text().splitlines()
    fields = header[3].split()
    fields[2] = "0/mV"
    header[3] = " ".join(fields)
    edit_header(source, 1, lambda _: "\n".join(header))
    assert reasons(source, tmp_path / "store") == {"r0001": "cannot be read"}
    assert "gain" in pl.read_csv(tmp_path / "store/rejected.csv")["detail"][0]


def test_unknown_lead_names_are_rejected(source: Path, tmp_path: Path) -> None:
    """A record none of whose leads is a standard one is not stored."""
    (source / "records/r0001.hea").unlink()
    leads = {f"channel {i}": samples for i, samples in enumerate(clean_record(1).leads.values())}
    rewrite(source, 1, lambda old: (old.clear(), old.update(leads)))
    assert reasons(source, tmp_path / "store") == {"r0001": "no usable leads"}


def test_a_record_without_any_sample_is_rejected(source: Path, tmp_path: Path) -> None:
    """All leads not-a-number throughout: the reason is the quality check's name."""
    nothing = dict.fromkeys(STANDARD_LEADS, np.full(1000, np.nan, np.float32))
    rewrite(source, 1, lambda leads: leads.update(nothing))
    assert reasons(source, tmp_path / "store") == {"r0001": "no_signal"}


def test_a_lead_without_any_sample_is_masked(source: Path, tmp_path: Path) -> None:
    """One lead of not-a-number: the record is stored, the lead marked missing and flagged."""
    rewrite(source, 1, lambda leads: leads.update(V2=np.full(1000, np.nan, np.float32)))
    assert reasons(source, tmp_path / "store") == {}
    store = Store.open(tmp_path / "store")
    batch = store.batch(np.array([1]))
    at = STANDARD_LEADS.index("V2")
    assert batch.lead_mask[0].tolist() == [lead != "V2" for lead in STANDARD_LEADS]
    assert batch.sample_mask.all()
    assert not batch.signal[0, at].any()
    assert (store.counts(np.array([1]))[0, at] == MISSING_COUNT).all()
    assert ("r0001", "missing_samples", "V2") in store.quality().rows_by_key(
        ["record_id", "check", "lead"]
    )


def test_a_short_record_is_masked_at_its_end(source: Path, tmp_path: Path) -> None:
    """Six seconds are stored as six, and the rest is marked missing."""
    write_wfdb(clean_record(1, samples=600), source / "records")
    assert reasons(source, tmp_path / "store") == {}
    batch = Store.open(tmp_path / "store").batch(np.array([1]))
    assert batch.sample_mask[0].tolist() == [True] * 600 + [False] * 400
    assert batch.lead_mask.all()


def test_amplitudes_in_the_wrong_unit_are_rejected(source: Path, tmp_path: Path) -> None:
    """Microvolts that a header calls millivolts are not stored."""
    edit_header(
        source, 1, lambda text: text.replace("1000(0)/mV", "1(0)/mV").replace("1000/mV", "1/mV")
    )
    assert reasons(source, tmp_path / "store") == {"r0001": "wrong_unit"}


def test_a_table_without_its_files_is_all_rejects(tmp_path: Path) -> None:
    """A corpus whose files are all missing makes a store of nothing, with every record listed."""
    source = tmp_path / "cohort"
    source.mkdir()
    write_table(source, [row_of(number) for number in range(3)])
    assert set(reasons(source, tmp_path / "store").values()) == {"file not found"}
    assert len(Store.open(tmp_path / "store")) == 0


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_no_damage_of_a_header_stops_the_ingest(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever bytes of a header change, the record is stored or listed, and nothing is raised."""
    folder = tmp_path_factory.mktemp("fuzz")
    source = write_cohort(folder / "cohort", 3)
    path = source / "records/r0001.hea"
    text = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4), label="changes")):
        at = data.draw(st.integers(0, len(text) - 1), label="at")
        text[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    path.write_bytes(text)
    found = reasons(source, folder / "store")
    assert set(found) <= {"r0001"}
    assert "unexpected fault" not in found.values()
