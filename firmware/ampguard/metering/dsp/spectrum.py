"""Harmonics and the noise floor of a window, from one Hann-weighted FFT of a length with small prime factors.

A harmonic's energy sits in the three bins around it; how much of it they hold is known for every position between bins
(the kernel's energy there), so the window need not hold whole cycles.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

HIGHEST_HARMONIC = 50
HIGHEST_IN_THD = 40
RESOLVED_CYCLES = 8.0
"""A Hann window of fewer cycles wastes too much of them; then the plain Fourier sum (`fourier`) is worth its time."""
_USABLE_RATIO = 0.96
"""Of the Nyquist frequency: above it the neighbouring bins fold back."""
_AROUND = np.array([[-1], [0], [1]])
_MEDIAN_OF_EXPONENTIAL = math.log(2.0)
_FIRST_NOISE_BIN, _NOISE_STRIDE = 3, 8
"""The noise is judged on every eighth bin from the third on: a hundred of them are enough for a median."""


@lru_cache(maxsize=64)
def smooth_length(most: int) -> int:
    """The largest even number up to `most` whose prime factors are 2, 3 and 5: fast to transform."""
    best = 2
    power5 = 1
    while power5 <= most:
        power3 = power5
        while power3 <= most:
            power2 = power3 * 2
            while power2 <= most:
                best = max(best, power2)
                power2 *= 2
            power3 *= 3
        power5 *= 5
    return best


@lru_cache(maxsize=8)
def _window(length: int) -> Floats:
    """Periodic Hann window, scaled so that a sinusoid on a bin shows the square of its RMS there."""
    return (1.0 - np.cos(2.0 * math.pi * np.arange(length) / length)) * (math.sqrt(2.0) / length)


def _kernel(offset_bins: Floats) -> Floats:
    """The Hann window's answer beside its centre, for long windows."""
    return np.sinc(offset_bins) + 0.5 * (np.sinc(offset_bins - 1.0) + np.sinc(offset_bins + 1.0))


_OFFSET_BINS = np.linspace(-0.5, 0.5, 4097)
_HELD = _kernel(_OFFSET_BINS) ** 2 + _kernel(_OFFSET_BINS - 1.0) ** 2 + _kernel(_OFFSET_BINS + 1.0) ** 2
"""Energy in three bins of a sinusoid of RMS 1, by its offset from the middle one."""


def power_spectrum(samples: Floats) -> Floats:
    """Mean square in each bin, (channels, bins); the window is the longest smooth length that fits `samples`."""
    length = smooth_length(samples.shape[1])
    spectrum = np.fft.rfft(samples[:, :length] * _window(length))
    return np.square(spectrum.real) + np.square(spectrum.imag)


def noise_floor(spectrum: Floats) -> Floats:
    """Mean square of the noise in a bin, for each channel: the median does not see lines."""
    bins = spectrum[:, _FIRST_NOISE_BIN :: _NOISE_STRIDE if spectrum.shape[1] > _NOISE_STRIDE**2 else 1]
    if not bins.shape[1]:
        return np.zeros(len(spectrum))
    middle = bins.shape[1] // 2
    return np.partition(bins, middle, axis=1)[:, middle] / _MEDIAN_OF_EXPONENTIAL


def highest_harmonic(sample_rate_hz: float, frequency_hz: float) -> int:
    """How many harmonics there are below Nyquist; 50 at most."""
    return min(HIGHEST_HARMONIC, int(_USABLE_RATIO * sample_rate_hz / 2.0 / frequency_hz))


def harmonics(spectrum: Floats, sample_rate_hz: float, frequency_hz: float) -> Floats:
    """RMS of harmonic 1, 2, 3 ... (at most 50, at most below Nyquist), shape (channels, harmonics)."""
    length: int = 2 * (spectrum.shape[1] - 1)
    orders = np.arange(1, highest_harmonic(sample_rate_hz, frequency_hz) + 1)
    position = orders * (frequency_hz * length / sample_rate_hz)
    nearest = np.rint(position)
    three = spectrum.take(nearest.astype(np.int64) + _AROUND, axis=1)
    held = np.interp(position - nearest, _OFFSET_BINS, _HELD)
    rms: Floats = np.sqrt(three.sum(axis=1) / held)
    return rms
