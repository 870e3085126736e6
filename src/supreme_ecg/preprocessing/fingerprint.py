"""What a recording can be known by again: the rhythm of its beats and the shape they have in common.

A fingerprint survives another gain (of all leads, or of each), another order or polarity of the leads,
another sampling rate, a cut of some seconds, a usual filter and light noise. It does not survive another
speed, or the loss of most leads. How, and how well: ``docs/guard.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int8, Shaped, UInt8, UInt16
from scipy.ndimage import gaussian_filter1d, maximum_filter1d

from supreme_ecg.preprocessing.resampling import resample

VERSION: Final = 1
"""Of what is computed here; fingerprints of different versions cannot be compared."""
RATE_HZ: Final = 100
"""Every signal is brought to this rate first."""
FEWEST_BEATS: Final = 3
"""A recording with fewer has no fingerprint."""
MOST_INTERVALS: Final = 60
"""Intervals kept: 10 s at 360 beats a minute."""
_FINE_S: Final = 0.010
"""Width (standard deviation) of the Gaussian that takes away what is faster than a beat."""
_WAVES_S: Final = 0.080
"""Of the one that takes away what is slower than a T wave, where shapes are measured."""
_COMPLEX_S: Final = 0.030
"""Of the one that leaves little but QRS complexes, where beats are sought."""
_BLOCK_S: Final = 0.5
"""Leads are weighed by their middle strength over blocks of this length, which an artefact does not move."""
_APART_S: Final = 0.24
"""No two beats are nearer."""
_EDGE_S: Final = 0.15
"""A beat nearer to an end than this may be cut, and its peak be elsewhere: it is left out."""
_LEAST_HEIGHT: Final = 0.45
"""Of a beat, as a share of the middle one."""
_BEFORE_S, _AFTER_S = 0.28, 0.48
"""What of a beat is looked at."""
_CENTRES_S: Final = (-0.18, -0.05, -0.0175, 0.0175, 0.05, 0.13, 0.24, 0.36)
_WIDTHS_S: Final = (0.05, 0.016, 0.014, 0.014, 0.016, 0.04, 0.05, 0.06)
"""Bumps that a beat is described by: one for P, four for QRS, one for ST, two for T."""
SHAPE_VALUES: Final = len(_CENTRES_S) * (len(_CENTRES_S) + 1) // 2
"""Numbers that describe the shape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprints:
    """Fingerprints of some recordings, about 60 bytes each."""

    shapes: Int8[np.ndarray, "record value"]
    """Inner products of the bumps over the leads of the middle beat; signed square roots, 127 = 1."""
    counts: UInt8[np.ndarray, " record"]
    """Intervals of each recording; 0 = it has no fingerprint."""
    intervals_ms: UInt16[np.ndarray, " interval"]
    """Times between beats, milliseconds, recording after recording."""

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def vectors(self) -> Float[np.ndarray, "record value"]:
        """Shapes as numbers whose Euclidean distance counts; float32."""
        roots = self.shapes / np.float32(127)
        return np.sign(roots) * roots**2

    @property
    def interval_table(self) -> Float[np.ndarray, "record interval"]:
        """Intervals in seconds, one row a recording, NaN after its last; float32."""
        table = np.full((len(self), int(self.counts.max(initial=1))), np.nan, np.float32)
        table[np.arange(table.shape[1]) < self.counts[:, None]] = self.intervals_ms / np.float32(
            1000
        )
        return table

    def each(self) -> Iterator[Fingerprints]:
        """One after another."""
        ends = np.cumsum(self.counts, dtype=np.int64)
        for place, (count, end) in enumerate(zip(self.counts, ends, strict=True)):
            yield Fingerprints(
                shapes=self.shapes[place : place + 1],
                counts=self.counts[place : place + 1],
                intervals_ms=self.intervals_ms[end - count : end],
            )

    @classmethod
    def join(cls, parts: Iterable[Fingerprints]) -> Fingerprints:
        """Those of several, one after another."""
        empty = cls(
            shapes=np.zeros((0, SHAPE_VALUES), np.int8),
            counts=np.zeros(0, np.uint8),
            intervals_ms=np.zeros(0, np.uint16),
        )
        every = [empty, *parts]
        return cls(
            shapes=np.concatenate([part.shapes for part in every]),
            counts=np.concatenate([part.counts for part in every]),
            intervals_ms=np.concatenate([part.intervals_ms for part in every]),
        )


def fingerprint(
    signal: Shaped[np.ndarray, "lead time"],
    *,
    rate_hz: float,
    sample_mask: Bool[np.ndarray, " time"] | None = None,
) -> Fingerprints:
    """Take the fingerprint of one recording.

    Args:
        signal: Leads in any order and any unit; a lead that was not recorded is constant.
        rate_hz: Its sampling rate.
        sample_mask: True where it was recorded; the longest stretch without a gap is used.

    Returns:
        One fingerprint, with a count of 0 where fewer than three beats are found: never an error.
    """
    kept = slice(None) if sample_mask is None else _longest_run(sample_mask)
    leads = np.nan_to_num(np.asarray(signal[:, kept], np.float32))
    if not leads.shape[1] or not leads.any():
        return _none()
    leads = resample(leads, rate_hz=rate_hz, target_hz=RATE_HZ).astype(np.float64)
    strengths = leads.std(axis=1)
    leads = leads[strengths > 1e-4 * strengths.max()]
    if not len(leads) or leads.shape[1] < 2 * RATE_HZ:
        return _none()
    beats_s = _beats(leads)
    shape = _shape(leads, beats_s)
    if shape is None or len(beats_s) < FEWEST_BEATS:
        return _none()
    intervals = np.rint(np.diff(beats_s) * 1000).astype(np.uint16)[:MOST_INTERVALS]
    return Fingerprints(
        shapes=np.rint(127 * np.sign(shape) * np.sqrt(np.abs(shape))).astype(np.int8)[None],
        counts=np.array([len(intervals)], np.uint8),
        intervals_ms=intervals,
    )


def _beats(leads: Float[np.ndarray, "lead time"]) -> Float[np.ndarray, " beat"]:
    """Times of the peaks of the leads' common strength, seconds, finer than a sample."""
    band = _band(leads, _COMPLEX_S)
    size = round(_BLOCK_S * RATE_HZ)
    blocks = band[:, : band.shape[1] // size * size].reshape(len(band), -1, size)
    middle = np.sqrt(np.mean(np.mean(blocks**2, axis=2), axis=1))
    strength = np.sqrt(np.mean((band / np.maximum(middle, 1e-12)[:, None]) ** 2, axis=0))
    strength = gaussian_filter1d(strength, 0.025 * RATE_HZ, mode="nearest")
    usual = np.median(maximum_filter1d(strength, round(0.6 * RATE_HZ) + 1))
    is_peak = strength == maximum_filter1d(strength, 2 * round(_APART_S * RATE_HZ) + 1)
    edge = round(_EDGE_S * RATE_HZ)
    is_peak[:edge] = is_peak[-edge:] = False
    (at,) = np.nonzero(is_peak & (strength > _LEAST_HEIGHT * usual))
    before, top, after = strength[at - 1], strength[at], strength[at + 1]
    bend = np.minimum(before - 2 * top + after, -1e-12)
    times_s: Float[np.ndarray, " beat"] = (
        at + np.clip((before - after) / (2 * bend), -0.5, 0.5)
    ) / RATE_HZ
    return times_s


def _shape(
    leads: Float[np.ndarray, "lead time"], beats_s: Float[np.ndarray, " beat"]
) -> Float[np.ndarray, " value"] | None:
    """Inner products of the bumps over the leads of the middle beat, whole beats alone."""
    band = _band(leads, _WAVES_S)
    offsets = np.arange(-round(_BEFORE_S * RATE_HZ), round(_AFTER_S * RATE_HZ) + 1)
    first = np.floor(beats_s * RATE_HZ).astype(int)
    whole = (first + offsets[0] >= 0) & (first + offsets[-1] + 1 < band.shape[1])
    if not whole.any():
        return None
    share = (beats_s * RATE_HZ - first)[whole, None]
    at = first[whole, None] + offsets
    beat = np.median(band[:, at] * (1 - share) + band[:, at + 1] * share, axis=1)
    beat /= np.maximum(np.linalg.norm(beat, axis=1), 1e-12)[:, None]
    bumps = beat @ _bumps()
    products = bumps.T @ bumps / len(bumps)
    rows, columns = np.triu_indices(len(products))
    values: Float[np.ndarray, " value"] = products[rows, columns]
    return values * np.where(rows == columns, 1, np.sqrt(2))  # distances are those of the matrices


@lru_cache(maxsize=1)
def _bumps() -> Float[np.ndarray, "time bump"]:
    """Gaussian bumps made orthonormal, one after another."""
    times = np.arange(-round(_BEFORE_S * RATE_HZ), round(_AFTER_S * RATE_HZ) + 1) / RATE_HZ
    raw = np.exp(-0.5 * ((times[:, None] - np.array(_CENTRES_S)) / np.array(_WIDTHS_S)) ** 2)
    orthonormal, triangle = np.linalg.qr(raw)
    bumps: Float[np.ndarray, "time bump"] = orthonormal * np.sign(np.diag(triangle))
    return bumps


def _band(leads: Float[np.ndarray, "lead time"], slow_s: float) -> Float[np.ndarray, "lead time"]:
    """A difference of Gaussians: no delay, and no reach beyond three widths."""
    fine, slow = (
        gaussian_filter1d(leads, width_s * RATE_HZ, axis=1, mode="nearest")
        for width_s in (_FINE_S, slow_s)
    )
    band: Float[np.ndarray, "lead time"] = fine - slow
    return band


def _longest_run(mask: Bool[np.ndarray, " time"]) -> slice:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    if not len(edges):
        return slice(0, 0)
    longest = int(np.argmax(edges[1::2] - edges[::2]))
    return slice(int(edges[2 * longest]), int(edges[2 * longest + 1]))


def _none() -> Fingerprints:
    return Fingerprints(
        shapes=np.zeros((1, SHAPE_VALUES), np.int8),
        counts=np.zeros(1, np.uint8),
        intervals_ms=np.zeros(0, np.uint16),
    )
