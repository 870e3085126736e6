from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import wfdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from supreme_ecg.errors import RecordError
from supreme_ecg.records.wfdb_files import read_wfdb

pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword:DeprecationWarning")


def write_plain(
    folder: Path,
    counts: np.ndarray,
    *,
    gain: str = "1000(0)/mV",
    zero: int = 0,
    names: tuple[str, ...] = (),
    offset: int = 0,
    checksum: bool = True,
) -> Path:
    """Write counts (time, lead) in format 16 by hand; returns the header."""
    samples, leads = counts.shape
    sums = counts.sum(axis=0, dtype=np.int64) % 65536
    code = f"16+{offset}" if offset else "16"
    lines = [f"r {leads} 100 {samples}"]
    for i in range(leads):
        tail = f" {counts[0, i]} {sums[i]} 0 {(names or tuple('ABCDEF'))[i]}" if checksum else ""
        lines.append(f"r.dat {code} {gain} 16 {zero}{tail}")
    (folder / "r.dat").write_bytes(b"\0" * offset + counts.astype("<i2").tobytes())
    header = folder / "r.hea"
    header.write_text("\n".join(lines) + "\n")
    return header


def stacked(header: Path) -> np.ndarray:
    """Read and stack (time, lead)."""
    return np.stack(list(read_wfdb(header).leads.values()), axis=1)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    counts=st.tuples(st.integers(1, 40), st.integers(1, 4)).flatmap(
        lambda shape: arrays(np.int16, shape, elements=st.integers(-32768, 32767))
    ),
    gain=st.sampled_from([1.0, 200.0, 1000.0, 4880.0, 2000000.0, 0.1, 333.3, 409.6, 1e-3]),
    baseline=st.one_of(st.none(), st.integers(-40000, 40000), st.just(1 << 25)),
    zero=st.sampled_from([0, 1024, -5]),
    offset=st.sampled_from([0, 24]),
)
def test_the_direct_path_equals_wfdb_to_the_last_bit(  # noqa: PLR0917
    tmp_path: Path, counts: np.ndarray, gain: float, baseline: int | None, zero: int, offset: int
) -> None:
    """Any counts, gain, baseline and ADC zero: float64 of wfdb rounded once, and its float32."""
    field = f"{gain}({baseline})/mV" if baseline is not None else f"{gain}/mV"
    header = write_plain(tmp_path, counts, gain=field, zero=zero, offset=offset)
    ours = stacked(header)
    assert ours.dtype == np.float32
    in_64 = wfdb.rdrecord(str(header)[:-4], return_res=64).p_signal
    np.testing.assert_array_equal(ours, in_64.astype(np.float32))
    if (baseline or 0) < 1 << 23:
        in_32 = wfdb.rdrecord(str(header)[:-4], return_res=32).p_signal
        np.testing.assert_array_equal(ours, in_32)


def test_the_sentinel_is_missing_and_its_neighbour_is_not(tmp_path: Path) -> None:
    """-32768 becomes NaN; -32767 is a sample."""
    ours = stacked(write_plain(tmp_path, np.array([[-32768, -32767], [5, -32768]])))
    np.testing.assert_array_equal(ours, np.float32([[np.nan, -32.767], [0.005, np.nan]]))


@pytest.mark.parametrize(
    ("unit", "millivolts"), [("mV", 1.0), ("uV", 0.001), ("V", 1000.0), ("nV", 1e-6)]
)
def test_every_voltage_becomes_millivolts(tmp_path: Path, unit: str, millivolts: float) -> None:
    """A sample of 1000 counts at gain 1000 is one unit."""
    header = write_plain(tmp_path, np.array([[1000]]), gain=f"1000(0)/{unit}")
    np.testing.assert_allclose(stacked(header), [[millivolts]], rtol=1e-6)


def test_another_unit_is_refused(tmp_path: Path) -> None:
    """A pressure is no ECG lead."""
    header = write_plain(tmp_path, np.array([[1, 2]]), gain="100(0)/mmHg", names=("II", "ABP"))
    with pytest.raises(RecordError, match=r"lead II.*expected a voltage.*'mmHg'"):
        read_wfdb(header)


def test_the_library_path_refuses_another_unit_too(tmp_path: Path) -> None:
    """Units are checked whatever the format."""
    (tmp_path / "r.hea").write_text("r 1 100 4\nr.dat 80 100/NU 8 0 0 0 0 RESP\n")
    (tmp_path / "r.dat").write_bytes(b"\x80\x81\x82\x83")
    with pytest.raises(RecordError, match="expected a voltage"):
        read_wfdb(tmp_path / "r.hea")


@pytest.mark.parametrize("code", ["80", "212", "24", "32", "160", "61", "310", "311", "516"])
def test_every_other_format_is_read_as_wfdb_reads_it(tmp_path: Path, code: str) -> None:
    """Formats beside 16 go through the library and come out as its own float64, rounded."""
    rng = np.random.default_rng(1)
    counts = rng.integers(-100, 100, (21, 3))
    kind = "16" if code in {"61", "160", "310", "311"} else code
    wfdb.wrsamp(
        "r", fs=250, units=["mV"] * 3, sig_name=["I", "II", "V1"], d_signal=counts,
        fmt=[kind] * 3, adc_gain=[200.0] * 3, baseline=[3] * 3, write_dir=str(tmp_path),
    )  # fmt: skip
    if kind != code:
        _restore_in(tmp_path, counts, code)
    record = read_wfdb(tmp_path / "r.hea")
    expected = ((counts - 3) / 200.0).astype(np.float32)
    np.testing.assert_array_equal(np.stack(list(record.leads.values()), axis=1), expected)
    assert list(record.leads) == ["I", "II", "V1"]
    assert record.sampling_rate_hz == 250


def _restore_in(folder: Path, counts: np.ndarray, code: str) -> None:
    """Rewrite the signal file in a format that wfdb reads but does not write."""
    flat = counts.reshape(-1)
    if code == "61":
        raw = flat.astype(">i2").tobytes()
    elif code == "160":
        raw = (flat + 32768).astype("<u2").tobytes()
    else:
        a, b, c = ((flat[i::3] & 0x3FF).astype(np.uint32) for i in range(3))
        if code == "310":
            low = (a << 1) | ((c & 0x1F) << 11)
            words = low | (((b << 1) | ((c >> 5) << 11)) << 16)
        else:
            words = a | (b << 10) | (c << 20)
        raw = words.astype("<u4").tobytes()
    (folder / "r.dat").write_bytes(raw)
    header = folder / "r.hea"
    header.write_text(header.read_text().replace("r.dat 16 ", f"r.dat {code} "))


def test_signals_in_two_files_make_one_record(tmp_path: Path) -> None:
    """Each signal is read from its own file."""
    (tmp_path / "r.hea").write_text(
        "r 2 100 3\na.dat 16 1000/mV 16 0 1 6 0 I\nb.dat 16 1000/mV 16 0 4 15 0 II\n"
    )
    (tmp_path / "a.dat").write_bytes(np.array([1, 2, 3], "<i2").tobytes())
    (tmp_path / "b.dat").write_bytes(np.array([4, 5, 6], "<i2").tobytes())
    record = read_wfdb(tmp_path / "r.hea")
    np.testing.assert_array_equal(record.leads["II"], np.float32([0.004, 0.005, 0.006]))


def test_segments_are_joined(tmp_path: Path) -> None:
    """A multi-segment record is one record, NaN where a segment is null."""
    write_plain(tmp_path, np.array([[1], [2]]), names=("II",))
    (tmp_path / "m_layout.hea").write_text("m_layout 1 100 0\n~ 0 1000/mV 16 0 0 0 0 II\n")
    (tmp_path / "m.hea").write_text("m/4 1 100 6\nm_layout 0\nr 2\n~ 2\nr 2\n#Age: 40\n")
    record = read_wfdb(tmp_path / "m.hea")
    expected = np.float32([0.001, 0.002, np.nan, np.nan, 0.001, 0.002])
    np.testing.assert_array_equal(record.leads["II"], expected)
    assert (record.id, record.age_years) == ("m", 40.0)


def test_an_open_length_is_taken_from_the_file(tmp_path: Path) -> None:
    """A header may leave the number of samples out; the signal file then says it."""
    header = write_plain(tmp_path, np.array([[1], [2], [3]]), names=("II",))
    header.write_text(header.read_text().replace("r 1 100 3", "r 1 100"))
    assert read_wfdb(header).leads["II"].size == 3


@pytest.mark.parametrize("code", ["16", "212", "80", "24"])
def test_a_cut_signal_file_says_how_many_bytes_are_missing(tmp_path: Path, code: str) -> None:
    """Both paths name the bytes expected and found."""
    wfdb.wrsamp(
        "r", fs=100, units=["mV"] * 2, sig_name=["I", "II"], d_signal=np.zeros((100, 2), int),
        fmt=[code] * 2, adc_gain=[100.0] * 2, baseline=[0] * 2, write_dir=str(tmp_path),
    )  # fmt: skip
    path = tmp_path / "r.dat"
    whole = path.read_bytes()
    path.write_bytes(whole[:-7])
    with pytest.raises(RecordError, match=f"expected {len(whole)} bytes.*found {len(whole) - 7}"):
        read_wfdb(tmp_path / "r.hea")


@pytest.mark.parametrize("code", ["16", "80"])
def test_a_damaged_sample_is_noticed_by_its_checksum(tmp_path: Path, code: str) -> None:
    """One flipped bit makes the sums differ; the library would not notice."""
    counts = np.arange(200).reshape(100, 2) - 100
    wfdb.wrsamp(
        "r", fs=100, units=["mV"] * 2, sig_name=["I", "II"], d_signal=counts,
        fmt=[code] * 2, adc_gain=[100.0] * 2, baseline=[0] * 2, write_dir=str(tmp_path),
    )  # fmt: skip
    raw = bytearray((tmp_path / "r.dat").read_bytes())
    raw[len(raw) // 2] ^= 4
    (tmp_path / "r.dat").write_bytes(raw)
    with pytest.raises(RecordError, match=r"lead I.*sum to \d+ modulo 65536"):
        read_wfdb(tmp_path / "r.hea")


def test_a_file_that_is_too_long_needs_a_checksum_to_be_believed(tmp_path: Path) -> None:
    """With checksums trailing bytes are harmless; without them the header may be another's."""
    header = write_plain(tmp_path, np.array([[1, 2], [3, 4]]))
    path = tmp_path / "r.dat"
    path.write_bytes(path.read_bytes() + b"\0\0")
    assert read_wfdb(header).leads["A"].size == 2
    header = write_plain(tmp_path, np.array([[1, 2], [3, 4]]), checksum=False)
    path.write_bytes(path.read_bytes() + b"\0\0")
    with pytest.raises(RecordError, match=r"expected 8 bytes.*found 10 bytes"):
        read_wfdb(header)


def test_a_signal_file_without_samples_is_refused(tmp_path: Path) -> None:
    """Zero length is an error, not an empty record."""
    header = write_plain(tmp_path, np.array([[1]]), names=("I",))
    header.write_text(header.read_text().replace("r 1 100 1", "r 1 100 0"))
    (tmp_path / "r.dat").write_bytes(b"")
    with pytest.raises(RecordError, match="expected at least one sample, found 0 bytes"):
        read_wfdb(header)


def test_a_lead_that_comes_twice_is_refused_in_any_spelling(tmp_path: Path) -> None:
    """Spellings such as aVR and AVR are one lead."""
    header = write_plain(tmp_path, np.array([[1, 2, 3]]), names=("aVR", "II", "AVR"))
    with pytest.raises(RecordError, match="aVR more than once among aVR, II, AVR"):
        read_wfdb(header)


def test_a_header_without_its_signal_names_the_file(tmp_path: Path) -> None:
    """The message says which file is absent, on both paths."""
    header = write_plain(tmp_path, np.array([[1]]))
    (tmp_path / "r.dat").unlink()
    with pytest.raises(RecordError, match=r"expected the signal file .*r\.dat, found No such file"):
        read_wfdb(header)
    header.write_text(header.read_text().replace("r.dat 16", "r.dat 212"))
    with pytest.raises(RecordError, match=r"expected the signal file .*r\.dat, found no such file"):
        read_wfdb(header)


def test_a_header_cannot_reach_outside_its_folder(tmp_path: Path) -> None:
    """A signal file is named without a folder."""
    (tmp_path / "r.hea").write_text("r 1 100 4\n../../secret 16 1000/mV 16 0 0 0 0 I\n")
    with pytest.raises(RecordError, match="signal files in the header's own folder"):
        read_wfdb(tmp_path / "r.hea")
    (tmp_path / "m.hea").write_text("m/1 1 100 4\n../secret 4\n")
    with pytest.raises(RecordError, match="signal files in the header's own folder"):
        read_wfdb(tmp_path / "m.hea")


def test_what_the_library_cannot_read_is_one_clear_error(tmp_path: Path) -> None:
    """No exception of the library reaches the user."""
    (tmp_path / "r.hea").write_text("r 1 100 4\nr.dat 999 1000/mV 16 0 0 0 0 I\n")
    (tmp_path / "r.dat").write_bytes(b"\0" * 20)
    with pytest.raises(RecordError, match="that the wfdb library can read"):
        read_wfdb(tmp_path / "r.hea")


def test_a_binary_header_is_refused(tmp_path: Path) -> None:
    """Bytes that are no text are an unreadable header."""
    (tmp_path / "r.hea").write_bytes(bytes(range(128, 256)) * 3)
    with pytest.raises(RecordError, match="line 1"):
        read_wfdb(tmp_path / "r.hea")
