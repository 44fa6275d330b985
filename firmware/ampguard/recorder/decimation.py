"""Fewer samples of a recording made faster than the signal processing is made for.

A whole number of samples becomes one, behind a linear-phase low-pass (windowed sinc, Kaiser, 90 dB) that leaves every
harmonic that is measured as it is, and keeps all channels together in time.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ampguard.recorder.recording import Samples
    from ampguard.recorder.stream import Block

HALF_TAPS = 24
"""On each side, for a factor of one; the filter grows with the factor."""
KAISER_BETA = 9.0
"""Side lobes 90 dB down."""
CUT_RATIO = 0.35
"""Middle of the transition, of the new sample rate."""


def factor_for(sample_rate_hz: float, highest_hz: float) -> int:
    """The smallest whole factor that brings the rate to `highest_hz` or below."""
    return max(1, math.ceil(sample_rate_hz / highest_hz - 1e-9))


def decimated(blocks: Iterable[Block], factor: int) -> Iterator[Block]:
    """The blocks with every `factor`-th sample; a gap ends the filter's memory and is counted in new samples."""
    if factor == 1:
        yield from blocks
        return
    decimator = Decimator(factor)
    lost, last = 0, None
    for block in blocks:
        if block.lost_samples:
            if last is not None and len(rest := decimator.finish()):
                yield replace(last, samples=rest, lost_samples=lost)
                lost = 0
            lost += round(block.lost_samples / factor)
        last = block
        if len(outputs := decimator.push(block.samples)):
            yield replace(block, samples=outputs, lost_samples=lost)
            lost = 0
    if last is not None and len(rest := decimator.finish()):
        yield replace(last, samples=rest, lost_samples=lost)


class Decimator:
    """Takes every n-th sample of consecutive blocks, filtered; the first output is at the first input."""

    def __init__(self, factor: int) -> None:
        self._factor = factor
        half = HALF_TAPS * factor
        position = np.arange(-half, half + 1)
        taps = np.sinc(2 * CUT_RATIO * position / factor) * np.kaiser(len(position), KAISER_BETA)
        self._taps = np.asarray(taps / taps.sum(), dtype=np.float64)
        self._half = half
        self._held: Samples | None = None
        self._skip = 0

    def push(self, samples: Samples) -> Samples:
        """The outputs whose filter is filled by now."""
        if not len(samples):
            return samples
        if self._held is None:
            # the signal is continued backwards point-symmetrically: no step, no kink
            reach = min(self._half, len(samples) - 1)
            mirrored = 2 * samples[0] - samples[reach:0:-1]
            start = np.repeat(mirrored[:1] if reach else samples[:1], self._half - reach, axis=0)
            samples = np.vstack([start, mirrored, samples])
        else:
            samples = np.vstack([self._held, samples])
        return self._filtered(samples)

    def finish(self) -> Samples:
        """The last outputs; the next push begins anew."""
        if self._held is None:
            return np.empty((0, 0))
        held, self._held = self._held, None
        reach = min(self._half, len(held) - 1)
        end = 2 * held[-1] - held[-2 : -2 - reach : -1]
        padded = np.vstack([held, end, np.repeat(end[-1:], self._half - reach, axis=0)])
        outputs = self._filtered(padded)
        self._held, self._skip = None, 0
        return outputs

    def _filtered(self, samples: Samples) -> Samples:
        """Apply the filter where it is filled; keep what the next outputs need."""
        count = max(0, (len(samples) - self._skip - len(self._taps)) // self._factor + 1)
        end = self._skip + count * self._factor
        if not count:
            self._held = samples
            return np.empty((0, samples.shape[1]))
        windows = sliding_window_view(samples, len(self._taps), axis=0)[self._skip : end : self._factor]
        outputs = windows @ self._taps
        drop = min(end, len(samples))
        self._held, self._skip = samples[drop:], end - drop
        return np.asarray(outputs, dtype=np.float64)
