"""Frequency and phasors of the fundamental, from Hann-weighted transforms at one frequency near it.

A real sinusoid answers at its own frequency and at the mirror image of it; both answers of the Hann window are known in
closed form, so two equations give the phasor exactly. The frequency is the phase advance between two parts of the
window, taken from the space vector of all phases: of the stronger of its two directions, because one of them vanishes
when the phases run L3-L2-L1.
"""

from __future__ import annotations

import cmath
import math
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Complexes: TypeAlias = NDArray[np.complex128]
    Floats: TypeAlias = NDArray[np.float64]

LOWEST_HZ, HIGHEST_HZ = 35.0, 80.0
"""What is taken for a grid's frequency."""
ROTATION = cmath.exp(2j * math.pi / 3)
_GRID_HZ = 0.25
_NEAR_HZ = 0.3
_SAME_HZ = 1e-8
_ROUNDS = 5
_SMALL = 1e-12


@lru_cache(maxsize=8)
def _tables(count: int, shift: int, step_rad: float) -> Floats:
    """Weights (6, count): real parts, then imaginary parts, of the whole window and of two parts `shift` apart."""
    carrier = np.exp(-1j * step_rad * np.arange(count))
    rows: Complexes = np.zeros((3, count), dtype=complex)
    rows[0] = (1.0 - np.cos(2.0 * math.pi * np.arange(count) / count)) / count
    part = count - shift
    rows[1, :part] = (1.0 - np.cos(2.0 * math.pi * np.arange(part) / part)) / part
    rows[2, shift:] = rows[1, :part]
    rows *= carrier
    return np.ascontiguousarray(np.vstack([np.real(rows), np.imag(rows)]))


def _dirichlet(offset_bins: float, count: int) -> complex:
    if abs(offset_bins) < _SMALL:
        return 1.0
    rotation = cmath.exp(1j * math.pi * offset_bins * (count - 1) / count)
    return rotation * math.sin(math.pi * offset_bins) / (count * math.sin(math.pi * offset_bins / count))


def _hann(offset_bins: float, count: int) -> complex:
    """Answer of a Hann window to a sinusoid so many bins beside the transform's frequency."""
    beside = _dirichlet(offset_bins - 1.0, count) + _dirichlet(offset_bins + 1.0, count)
    return _dirichlet(offset_bins, count) - 0.5 * beside


def _solved(answers: Complexes, step_rad: float, true_rad: float, count: int, shift: int) -> Complexes:
    """RMS phasors at sample 0, from the window's answers at `step_rad` when the signal turns by `true_rad` a sample."""
    own_rad, mirror_rad = true_rad - step_rad, -true_rad - step_rad
    turns = count / (2.0 * math.pi)
    own = _hann(own_rad * turns, count) * cmath.exp(1j * own_rad * shift)
    mirror = _hann(mirror_rad * turns, count) * cmath.exp(1j * mirror_rad * shift)
    determinant = abs(own) ** 2 - abs(mirror) ** 2
    return (own.conjugate() * answers - mirror * answers.conj()) * (math.sqrt(2.0) / determinant)


def _advance_rad(before: Complexes, after: Complexes) -> float | None:
    """Phase advance of the stronger space vector; None where there is none."""
    turns = np.arange(len(before))
    both = np.stack([before, after], axis=1)
    vectors = (ROTATION**turns @ both, ROTATION.conjugate() ** turns @ both)
    first, second = max(vectors, key=lambda pair: abs(pair[0]))
    product = complex(second * np.conj(first))
    return cmath.phase(product) if abs(product) > 0.0 else None


class _Answers:
    """What the transforms of one stretch of samples at one frequency answer."""

    def __init__(self, samples: Floats, sample_rate_hz: float, table_hz: float, cycles: int) -> None:
        lag_cycles = 2.0 if cycles >= 8 else 1.0 if cycles >= 3 else 0.5  # noqa: PLR2004 - short records keep three cycles
        self._rate_hz = sample_rate_hz
        self._count = min(round(cycles * sample_rate_hz / table_hz), len(samples))
        self._shift = max(round(lag_cycles * sample_rate_hz / table_hz), 1)
        self._step_rad = 2.0 * math.pi * table_hz / sample_rate_hz
        both = _tables(self._count, self._shift, self._step_rad) @ samples[: self._count]
        self._whole, self._early, self._late = both[:3] + 1j * both[3:]

    def phasors(self, frequency_hz: float) -> Complexes:
        """RMS phasors of all channels at sample 0, of signals of that frequency."""
        return _solved(self._whole, self._step_rad, self._turn_rad(frequency_hz), self._count, 0)

    def frequency(self, guess_hz: float, columns: Sequence[int]) -> float | None:
        """The frequency of these columns; None where they carry none of a grid."""
        frequency_hz = guess_hz
        part, chosen = self._count - self._shift, list(columns)
        early, late = self._early[chosen], self._late[chosen]
        for _ in range(_ROUNDS):
            turn_rad = self._turn_rad(frequency_hz)
            before = _solved(early, self._step_rad, turn_rad, part, 0)
            after = _solved(late, self._step_rad, turn_rad, part, self._shift)
            advance_rad = _advance_rad(before, after)
            if advance_rad is None:
                return None
            # both are phasors at sample 0, turned back by the assumed frequency: what remains is its error
            error_hz = advance_rad * self._rate_hz / (2.0 * math.pi * self._shift)
            frequency_hz += error_hz
            if not LOWEST_HZ <= frequency_hz <= HIGHEST_HZ:
                return None
            if abs(error_hz) < _SAME_HZ:
                break
        return frequency_hz

    def _turn_rad(self, frequency_hz: float) -> float:
        return 2.0 * math.pi * frequency_hz / self._rate_hz


def fundamental(
    samples: Floats, sample_rate_hz: float, guess_hz: float, cycles: int, columns: Sequence[int]
) -> tuple[float | None, Complexes]:
    """Frequency and RMS phasors.

    Args:
        samples: (count, channels), at least about `cycles` cycles.
        sample_rate_hz: rate of the samples.
        guess_hz: the frequency within a few hertz.
        cycles: how many cycles to look at.
        columns: the channels in phase order that the frequency is taken from.

    Returns:
        the frequency (None where these columns carry none), and one RMS phasor for each channel, at sample 0.
    """
    table_hz, frequency_hz = round(guess_hz / _GRID_HZ) * _GRID_HZ, guess_hz
    answers = _Answers(samples, sample_rate_hz, table_hz, cycles)
    for attempt in range(_ROUNDS):
        found_hz = answers.frequency(frequency_hz, columns)
        if found_hz is None:
            return None, answers.phasors(frequency_hz)
        frequency_hz = found_hz
        if abs(frequency_hz - table_hz) < _NEAR_HZ or attempt == _ROUNDS - 1:
            break
        table_hz = frequency_hz
        answers = _Answers(samples, sample_rate_hz, table_hz, cycles)
    return frequency_hz, answers.phasors(frequency_hz)


def coarse_frequency(samples: Floats, sample_rate_hz: float, columns: Sequence[int]) -> float | None:
    """The strongest line between 35 and 80 Hz in these columns, within a few hertz; None where they are silent."""
    count = min(len(samples), round(0.3 * sample_rate_hz))
    window = np.hanning(count)[:, None]
    part = samples[:count][:, list(columns)]
    length = 1 << (4 * count - 1).bit_length()
    energy = (np.abs(np.fft.rfft((part - part.mean(axis=0)) * window, n=length, axis=0)) ** 2).sum(axis=1)
    bins = np.arange(len(energy)) * sample_rate_hz / length
    band = (bins >= LOWEST_HZ) & (bins <= HIGHEST_HZ)
    if not band.any() or not energy[band].max() > 0.0:
        return None
    return float(bins[band][energy[band].argmax()])
