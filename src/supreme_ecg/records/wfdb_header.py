"""The WFDB header (``.hea``): text -> typed lines, by hand because the library's parser is slow.

Source:
    WFDB Applications Guide, header(5).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from supreme_ecg.errors import RecordError

MILLIVOLTS_PER_UNIT: Final = {
    "mv": 1.0,
    "uv": 1e-3,
    "µv": 1e-3,  # micro sign
    "μv": 1e-3,  # Greek mu
    "nv": 1e-6,
    "v": 1e3,
}
"""Units that are voltages, any case. Every other unit is refused: it cannot be an ECG lead."""

_DEFAULT_RATE_HZ: Final = 250.0  # header(5), "sampling frequency"
_DEFAULT_UNITS: Final = "mV"  # header(5), "ADC units"
_FULL_SIGNAL_LINE: Final = 9
_LARGEST_ADC_VALUE: Final = 1 << 32  # no format has more than 32 bits


class Storage(NamedTuple):
    """How a signal lies in its file: ``16x2:3+24`` is 2 a frame, skewed by 3, from byte 24."""

    format: str
    samples_per_frame: int = 1
    skew: int = 0
    byte_offset: int = 0


class SignalLine(NamedTuple):
    """One signal as the header describes it (a tuple, not a dataclass: it is made 12 x 20,000 times)."""

    name: str
    file_name: str
    storage: Storage
    gain: float
    """ADC units per physical unit, above 0."""
    baseline: int
    """ADC value that means 0 physical units."""
    units: str
    checksum: int | None
    """Sum of all samples modulo 65536; None where the header has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a header says."""

    sampling_rate_hz: float
    samples: int | None
    """Samples per signal; None where the header leaves it open (0 or absent)."""
    signals: tuple[SignalLine, ...]
    segments: tuple[str, ...]
    """Names of the segments of a multi-segment record; empty for an ordinary one."""
    comments: tuple[str, ...]
    """Comment lines without their ``#``."""


def parse_header(text: str, *, where: object) -> Header:
    """Read a WFDB header.

    Args:
        text: The whole header file.
        where: What error messages call it: its path.

    Returns:
        The header; a multi-segment header has segments and no signals of its own.

    Raises:
        RecordError: A line does not fit header(5) (the message has its number), the number of
            signals differs from what the first line says or is 0, or a signal is uncalibrated.
    """
    comments: list[str] = []
    lines: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped.startswith("#"):
            comments.append(stripped[1:].strip())
        elif stripped:
            lines.append((number, stripped))
    if not lines:
        raise _unreadable(where, 1, "a record line such as '00001 12 500 5000'", "nothing")
    (first, record_line), *others = lines
    name, segment_count, count, rate_hz, samples = _record_line(record_line, where, first)
    expected = segment_count or count
    if expected != len(others) or not count:
        raise RecordError(
            where,
            expected=f"{max(expected, 1)} lines of {'segments' if segment_count else 'signals'}",
            found=f"{len(others)}, with {count} signals announced in line {first}",
            remedy="Fetch the header again: it was cut, or its first line is wrong.",
        )
    return Header(
        sampling_rate_hz=rate_hz,
        samples=samples or None,
        signals=()
        if segment_count
        else tuple([_signal_line(n, line, i, name, where) for i, (n, line) in enumerate(others)]),
        segments=tuple([line.split()[0] for _, line in others]) if segment_count else (),
        comments=tuple(comments),
    )


def _record_line(line: str, where: object, number: int) -> tuple[str, int, int, float, int]:
    """Split ``NAME[/SEGMENTS] SIGNALS [RATE[/COUNTER]] [SAMPLES] ...`` (Georgia's NAME ends in .mat)."""
    try:
        name, signals, *rest = line.split()
        name, _, segments = name.partition("/")
        rate_hz = float(rest[0].partition("/")[0]) if rest else _DEFAULT_RATE_HZ
        samples = int(rest[1]) if len(rest) > 1 else 0
        values = name, int(segments or 0), int(signals), rate_hz, samples
    except ValueError:
        values = "", 0, 0, math.nan, 0
    if not 0 < values[3] < math.inf or min(values[1], values[2], values[4]) < 0:
        raise _unreadable(where, number, "'NAME SIGNALS RATE SAMPLES', a rate above 0", repr(line))
    return values


def _signal_line(number: int, line: str, index: int, record: str, where: object) -> SignalLine:
    """Split ``FILE FORMAT [GAIN[(BASELINE)][/UNITS] [RES [ZERO [INIT [CHECKSUM [BLOCK [NAME]]]]]]]``."""
    fields = line.split(None, _FULL_SIGNAL_LINE - 1)
    size = len(fields)
    try:
        storage = _storage(fields[1])
        gain, baseline, units = _calibration(fields[2]) if size > 2 else (0.0, None, "")
        if baseline is None:
            baseline = _adc_value(fields[4]) if size > 4 else 0
        checksum = int(fields[6]) if size > 6 else None
    except (ValueError, IndexError):
        raise _unreadable(
            where,
            number,
            "'FILE FORMAT GAIN(BASELINE)/UNITS BITS ZERO FIRST CHECKSUM BLOCK NAME'",
            repr(line),
        ) from None
    # header(5): a signal without a description is called so
    name = fields[8] if size == _FULL_SIGNAL_LINE else f"record {record}, signal {index}"
    if not 0 < gain < math.inf:
        raise RecordError(
            f"{where}, line {number}, lead {name}",
            expected="a gain above 0 (ADC units per millivolt)",
            found=f"gain {gain:g}, which in WFDB means uncalibrated",
            remedy="Write the recorder's true gain into the header, or leave this record out.",
        )
    return SignalLine(name, fields[0], storage, gain, baseline, units, checksum)


@lru_cache(maxsize=256)
def _storage(field: str) -> Storage:
    """Split ``FORMAT[xSAMPLES_PER_FRAME][:SKEW][+BYTE_OFFSET]``."""
    rest, _, offset = field.partition("+")
    rest, _, skew = rest.partition(":")
    code, _, per_frame = rest.partition("x")
    storage = Storage(str(int(code)), int(per_frame or 1), int(skew or 0), int(offset or 0))
    if min(storage[1:]) < 0 or not storage.samples_per_frame:
        raise ValueError(field)
    return storage


@lru_cache(maxsize=256)
def _calibration(field: str) -> tuple[float, int | None, str]:
    """Split ``GAIN[(BASELINE)][/UNITS]``; a missing baseline is the ADC zero, hence None."""
    rest, _, units = field.partition("/")
    gain, _, baseline = rest.partition("(")
    value = _adc_value(baseline.removesuffix(")")) if baseline else None
    return float(gain), value, units or _DEFAULT_UNITS


def _adc_value(text: str) -> int:
    value = int(text)
    if abs(value) >= _LARGEST_ADC_VALUE:
        raise ValueError(text)
    return value


def _unreadable(where: object, number: int, expected: str, found: str) -> RecordError:
    return RecordError(
        f"{where}, line {number}",
        expected=expected,
        found=found,
        remedy="Check that this is a WFDB header, or fetch it again.",
    )
