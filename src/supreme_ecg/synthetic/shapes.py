"""Waves of the heart vector as sums of Gaussians, and their drawing into a time axis."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float

_REACH: Final = 4.0
"""A Gaussian is drawn to this many widths from its centre (3e-4 of its height)."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One wave or whole beat: Gaussians in time, each with a direction in space.

    A Gaussian dipole model in three dimensions, after McSharry et al., IEEE Trans. Biomed. Eng.
    50 (2003) 289, and Sameni et al., EURASIP J. Adv. Signal Process. (2007) 043407.
    """

    centres_s: Float[np.ndarray, " wave"]
    """Centres in seconds after the event (QRS onset for a beat, P onset for a P wave)."""
    widths_s: Float[np.ndarray, " wave"]
    """Standard deviations in seconds, above 0."""
    vectors_mv: Float[np.ndarray, "wave axis"]
    """Peak heart vector of each Gaussian in millivolts (X left, Y down, Z front)."""

    @classmethod
    def of(cls, waves: Iterable[tuple[float, ...]]) -> Shape:
        """Build from rows of (centre in ms, width in ms, X, Y, Z in mV)."""
        table = np.array([tuple(wave) for wave in waves], dtype=np.float64)
        return cls(table[:, 0] / 1000, table[:, 1] / 1000, table[:, 2:])

    def __add__(self, other: Shape) -> Shape:
        return Shape(
            np.concatenate([self.centres_s, other.centres_s]),
            np.concatenate([self.widths_s, other.widths_s]),
            np.concatenate([self.vectors_mv, other.vectors_mv]),
        )

    @property
    def area_mv_s(self) -> Float[np.ndarray, " axis"]:
        """Net area of the vector over time, in mV s."""
        area: Float[np.ndarray, " axis"] = np.sqrt(2 * np.pi) * self.widths_s @ self.vectors_mv
        return area

    @property
    def end_s(self) -> float:
        """Seconds after the event at which the last Gaussian has fallen to 4 % of its peak."""
        return float((self.centres_s + 2.5 * self.widths_s).max())

    def turned(self, matrix: Float[np.ndarray, "axis axis"]) -> Shape:
        """The same wave with every vector multiplied by a matrix."""
        return Shape(self.centres_s, self.widths_s, self.vectors_mv @ matrix.T)


def draw(
    vector: Float[np.ndarray, "time axis"],
    shape: Shape,
    events_s: Float[np.ndarray, " event"],
    *,
    sampling_rate_hz: float,
) -> None:
    """Add a shape to the heart vector at each event, in place.

    Args:
        vector: Heart vector in mV, sample 0 at 0 s; events may lie before or after it.
        shape: What is drawn.
        events_s: When, in seconds; not rounded to samples.
        sampling_rate_hz: Samples per second of ``vector``.
    """
    start_s = float((shape.centres_s - _REACH * shape.widths_s).min())
    stop_s = float((shape.centres_s + _REACH * shape.widths_s).max())
    length = int(np.ceil((stop_s - start_s) * sampling_rate_hz)) + 1
    first = np.ceil((events_s + start_s) * sampling_rate_hz).astype(np.int64)
    times = (first[:, None] + np.arange(length)) / sampling_rate_hz - events_s[:, None]
    scaled = (times[..., None] - shape.centres_s) / shape.widths_s
    drawn = np.exp(-0.5 * scaled**2) @ shape.vectors_mv
    for begin, beat in zip(first.tolist(), drawn, strict=True):
        low, high = max(begin, 0), min(begin + length, len(vector))
        if low < high:
            vector[low:high] += beat[low - begin : high - begin]
