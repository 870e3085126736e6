from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supreme_ecg.errors import RecordError
from supreme_ecg.records.wfdb_header import Storage, parse_header

LINE = "a.dat 16 1000.0(0)/mV 16 0 -119 1508 0 I"


def test_a_full_header_is_read_field_by_field() -> None:
    """Rate, length, storage, gain, baseline, unit, checksum, name and comments arrive as written."""
    text = (
        "r.mat 1 500/1000(0) 5000 05-Feb-2020 11:39:16\n"
        "r.mat 212x2:3+24 4880(-7)/uV 16 5 1 -2 0 aVL\n"
        "#Age: 7\n"
    )
    header = parse_header(text, where="r.hea")
    (line,) = header.signals
    assert (header.sampling_rate_hz, header.samples, header.comments) == (500.0, 5000, ("Age: 7",))
    assert line.storage == Storage("212", 2, 3, 24)
    assert (line.name, line.gain, line.baseline, line.units) == ("aVL", 4880.0, -7, "uV")
    assert line.checksum == -2


def test_absent_fields_take_the_defaults_of_the_standard() -> None:
    """Baseline is the ADC zero, units are mV, the rate is 250 Hz, the length is open."""
    header = parse_header("r 1\nr.dat 16 200 12 1024\n", where="r.hea")
    (line,) = header.signals
    assert (header.sampling_rate_hz, header.samples) == (250.0, None)
    assert (line.baseline, line.units, line.checksum) == (1024, "mV", None)
    assert line.name == "record r, signal 0"


def test_a_lead_name_may_hold_blanks_and_lines_may_end_as_on_windows() -> None:
    """Everything after the eighth field is the name."""
    header = parse_header("r 1 100 10\r\nr.dat 16 200/mV 12 0 0 0 0 lead V1 new\r\n", where="r.hea")
    assert header.signals[0].name == "lead V1 new"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: expected a record line"),
        ("r one 100 10\n" + LINE, "line 1: expected 'NAME SIGNALS"),
        ("r 1 0 10\n" + LINE, "line 1: expected 'NAME SIGNALS"),
        ("# hello\nr 1 100 -5\n" + LINE, "line 2: expected 'NAME SIGNALS"),
        ("r 1 100 10\nr.dat sixteen 200/mV 16 0 0 0 0 I", "line 2: expected 'FILE FORMAT"),
        ("r 1 100 10\nr.dat 16+-4 200/mV 16 0 0 0 0 I", "line 2: expected 'FILE FORMAT"),
        ("r 1 100 10\nr.dat", "line 2: expected 'FILE FORMAT"),
        ("r 0 100 10\n", "expected 1 lines of signals, found 0, with 0 signals announced"),
        ("r 3 100 10\n" + LINE, "expected 3 lines of signals, found 1"),
        ("r 1 100 10\n" + LINE + "\n" + LINE, "expected 1 lines of signals, found 2"),
    ],
)
def test_a_faulty_header_is_refused_with_its_line(text: str, message: str) -> None:
    """The message names file, line, what belongs there and what is there."""
    with pytest.raises(RecordError) as caught:
        parse_header(text, where="r.hea")
    assert message in str(caught.value)
    assert str(caught.value).startswith("r.hea")


@pytest.mark.parametrize("gain", ["0", "0(0)/mV", "-200/mV", "nan/mV", ""])
def test_an_uncalibrated_signal_is_refused(gain: str) -> None:
    """Gain 0 or none means uncalibrated: the standard's guess of 200 is never taken."""
    tail = f" {gain} 16 0 -119 1508 0 V2" if gain else ""
    with pytest.raises(RecordError, match=r"gain above 0.*uncalibrated"):
        parse_header(f"r 1 100 10\nr.dat 16{tail}", where="r.hea")


@given(st.text(alphabet="r1 0.-/+x:()#\nmV,a", max_size=80))
def test_no_text_raises_anything_but_a_record_error(text: str) -> None:
    """Any text is a header or a RecordError."""
    try:
        header = parse_header(text, where="r.hea")
    except RecordError:
        return
    assert header.signals or header.segments
