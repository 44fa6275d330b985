"""The frequency of the fundamental, from Hann-weighted transforms at one frequency near it.

A real sinusoid answers at its own frequency and at the mirror image of it; both answers of the Hann window are known in
closed form, so two equations give the phasor exactly. The frequency is the phase advance between two parts of the
window, taken from the space vector of all phases: of the stronger of its two directions, because one of them vanishes
when the phases run L3-L2-L1.
"""

from __future__ import annotations

import cmath
import math
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Complexes: TypeAlias = NDArray[np.complex128]
    Floats: TypeAlias = NDArray[np.float64]

LOWEST_HZ, HIGHEST_HZ = 35.0, 80.0
"""What is taken for a grid's frequency."""
_FORWARDS = tuple(cmath.exp(2j * math.pi * turns / 3) for turns in range(3))
_BACKWARDS = tuple(rotation.conjugate() for rotation in _FORWARDS)
_GRID_HZ = 0.25
_NEAR_HZ = 0.3
_SAME_HZ = 1e-5
"""A guess so near is not improved by another round: what is left of its error is thousands of times smaller."""
_ROUNDS = 5
_SMALL = 1e-12
_COARSE_S = 0.3
_SIGNIFICANT_SIGMAS = 6.0


@lru_cache(maxsize=8)
def _tables(count: int, shift: int, step_rad: float) -> Floats:
    """Weights (count, 4): real parts, then imaginary parts, of two parts of the window that are `shift` apart."""
    part = count - shift
    rows: Complexes = np.zeros((2, count), dtype=np.complex128)
    rows[0, :part] = (1.0 - np.cos(2.0 * math.pi * np.arange(part) / part)) / part
    rows[1, shift:] = rows[0, :part]
    rows *= np.exp(-1j * step_rad * np.arange(count))
    return np.ascontiguousarray(np.vstack([np.real(rows), np.imag(rows)]).T)


def _dirichlet(offset_bins: float, count: int) -> complex:
    if abs(offset_bins) < _SMALL:
        return 1.0
    half_turn_rad = math.pi * offset_bins
    size = math.sin(half_turn_rad) / (count * math.sin(half_turn_rad / count))
    return cmath.rect(size, half_turn_rad * (count - 1) / count)


def _hann(offset_bins: float, count: int) -> complex:
    """Answer of a Hann window to a sinusoid so many bins beside the transform's frequency."""
    beside = _dirichlet(offset_bins - 1.0, count) + _dirichlet(offset_bins + 1.0, count)
    return _dirichlet(offset_bins, count) - 0.5 * beside


class Found(NamedTuple):
    """A frequency, and where among the samples it was: in the middle of what was looked at."""

    frequency_hz: float
    centre_samples: float


class _Answers:
    """What the transforms of one stretch of samples at one frequency answer, for the channels of one source."""

    def __init__(
        self, samples: Floats, sample_rate_hz: float, table_hz: float, cycles: int, channels: Sequence[int]
    ) -> None:
        lag_cycles = 2.0 if cycles >= 8 else 1.0 if cycles >= 3 else 0.5  # noqa: PLR2004 - short records keep three cycles
        self._rate_hz = sample_rate_hz
        self.count = count = min(round(cycles * sample_rate_hz / table_hz), samples.shape[1])
        self._shift = max(round(lag_cycles * sample_rate_hz / table_hz), 1)
        self._part = count - self._shift
        self._step_rad = 2.0 * math.pi * table_hz / sample_rate_hz
        answers = (samples[:, :count] @ _tables(count, self._shift, self._step_rad)).tolist()
        self._early = [complex(answers[channel][0], answers[channel][2]) for channel in channels]
        self._late = [complex(answers[channel][1], answers[channel][3]) for channel in channels]

    def frequency(self, guess_hz: float) -> tuple[float | None, list[float]]:
        """The frequency (None where these channels carry none of a grid), and the RMS of each channel's fundamental."""
        frequency_hz = guess_hz
        rms: list[float] = []
        for _ in range(_ROUNDS):
            before, after = self._solved(2.0 * math.pi * frequency_hz / self._rate_hz)
            rms = [abs(phasor) for phasor in before]
            advance_rad = _advance_rad(before, after)
            if advance_rad is None:
                return None, rms
            # both are phasors at sample 0, turned back by the assumed frequency: what remains is its error
            error_hz = advance_rad * self._rate_hz / (2.0 * math.pi * self._shift)
            frequency_hz += error_hz
            if not LOWEST_HZ <= frequency_hz <= HIGHEST_HZ:
                return None, rms
            if abs(error_hz) < _SAME_HZ:
                break
        return frequency_hz, rms

    def _solved(self, turn_rad: float) -> tuple[list[complex], list[complex]]:
        """RMS phasors at sample 0 from either part, of signals that turn by `turn_rad` a sample."""
        own_rad, mirror_rad = turn_rad - self._step_rad, -turn_rad - self._step_rad
        turns = self._part / (2.0 * math.pi)
        own, mirror = _hann(own_rad * turns, self._part), _hann(mirror_rad * turns, self._part)
        scale = math.sqrt(2.0) / (abs(own) ** 2 - abs(mirror) ** 2)
        shifted_own = own * cmath.exp(1j * own_rad * self._shift)
        shifted_mirror = mirror * cmath.exp(1j * mirror_rad * self._shift)
        before = [(own.conjugate() * answer - mirror * answer.conjugate()) * scale for answer in self._early]
        after = [
            (shifted_own.conjugate() * answer - shifted_mirror * answer.conjugate()) * scale for answer in self._late
        ]
        return before, after


def _space_vector(phasors: Sequence[complex], rotations: Sequence[complex]) -> complex:
    return sum([phasor * rotation for phasor, rotation in zip(phasors, rotations, strict=False)])


def _advance_rad(before: Sequence[complex], after: Sequence[complex]) -> float | None:
    """Phase advance of the stronger space vector; None where there is none."""
    forwards, backwards = _space_vector(before, _FORWARDS), _space_vector(before, _BACKWARDS)
    if abs(forwards) >= abs(backwards):
        product = _space_vector(after, _FORWARDS) * forwards.conjugate()
    else:
        product = _space_vector(after, _BACKWARDS) * backwards.conjugate()
    return cmath.phase(product) if abs(product) > 0.0 else None


def fundamental_frequency(
    samples: Floats, sample_rate_hz: float, guess_hz: float, cycles: int, channels: Sequence[int]
) -> Found | None:
    """The frequency.

    Args:
        samples: (channels, count), at least about `cycles` cycles.
        sample_rate_hz: rate of the samples.
        guess_hz: the frequency within a few hertz.
        cycles: how many cycles to look at.
        channels: those, in phase order, that the frequency is taken from.

    Returns:
        the frequency; None where these channels carry no fundamental that stands out of the rest.
    """
    table_hz, frequency_hz = round(guess_hz / _GRID_HZ) * _GRID_HZ, guess_hz
    for attempt in range(_ROUNDS):
        answers = _Answers(samples, sample_rate_hz, table_hz, cycles, channels)
        found_hz, rms = answers.frequency(frequency_hz)
        if found_hz is None:
            return None
        frequency_hz = found_hz
        if abs(frequency_hz - table_hz) < _NEAR_HZ or attempt == _ROUNDS - 1:
            if not _stands_out(samples[:, : answers.count], rms, channels):
                return None
            return Found(frequency_hz, answers.count / 2.0)
        table_hz = frequency_hz
    return None


def _stands_out(samples: Floats, rms: Sequence[float], channels: Sequence[int]) -> bool:
    """Whether the strongest fundamental is more than noise of the same energy would show."""
    strongest, channel = max(zip(rms, channels, strict=True))
    whole = samples[channel]
    rest = float(whole @ whole) / len(whole) - (float(whole.sum()) / len(whole)) ** 2 - strongest**2
    return strongest**2 > _SIGNIFICANT_SIGMAS**2 * max(rest, 0.0) / len(whole)


def coarse_frequency(samples: Floats, sample_rate_hz: float, channels: Sequence[int]) -> float | None:
    """The strongest line between 35 and 80 Hz in these channels, within a few hertz; None where they are silent."""
    count = min(samples.shape[1], round(_COARSE_S * sample_rate_hz))
    if not count:
        return None
    part = samples[list(channels), :count]
    length = 1 << (4 * count - 1).bit_length()
    centred = (part - part.mean(axis=1, keepdims=True)) * np.hanning(count)
    energy = (np.abs(np.fft.rfft(centred, n=length)) ** 2).sum(axis=0)
    bins = np.arange(len(energy)) * sample_rate_hz / length
    band = (bins >= LOWEST_HZ) & (bins <= HIGHEST_HZ)
    if not band.any() or not energy[band].max() > 0.0:
        return None
    return float(bins[band][energy[band].argmax()])
