"""A recorded waveform played at the inputs of a simulated board, resampled to the converter's rate."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

HALF_TAPS = 24
"""Samples on each side that an interpolated value is made of (windowed sinc)."""
_KAISER_BETA = 9.0


class RecordingSupply:
    """Plays an array once, then silence."""

    def __init__(self, samples: Floats, rate_hz: float) -> None:
        """`samples`: (n, 7) volts and amperes in the converter's order of inputs."""
        self._samples = np.asarray(samples, dtype=float)
        self._rate_hz = rate_hz

    @property
    def duration_s(self) -> float:
        """How long it plays."""
        return len(self._samples) / self._rate_hz

    def sample(self, first_index: int, count: int, rate_hz: float) -> Floats:
        """See `supply.Source`. Band-limited: what the lower of the two rates cannot carry is filtered out."""
        position = (first_index + np.arange(count)) * (self._rate_hz / rate_hz)
        band_ratio = min(1.0, 0.96 * rate_hz / self._rate_hz)
        reach = math.ceil(HALF_TAPS / band_ratio)
        nearest = np.floor(position).astype(np.int64)
        taps = np.arange(1 - reach, reach + 1)
        distance = (position - nearest)[:, None] - taps
        window = np.i0(_KAISER_BETA * np.sqrt(np.maximum(0.0, 1.0 - (distance / reach) ** 2))) / np.i0(_KAISER_BETA)
        weights = band_ratio * np.sinc(band_ratio * distance) * window
        weights /= weights.sum(axis=1, keepdims=True)
        index = nearest[:, None] + taps
        there = (index >= 0) & (index < len(self._samples))
        # a recording goes on beyond its ends as a mirror image would: no step, no silence inside the filter's reach
        mirrored = np.abs(index)
        last = len(self._samples) - 1
        mirrored = np.where(mirrored > last, 2 * last - mirrored, mirrored).clip(0, last)
        values: Floats = np.einsum("ij,ijk->ik", weights, self._samples[mirrored])
        beyond = ~there.any(axis=1)
        values[beyond] = 0.0
        return values
