"""Windows of 10 cycles (12 at 60 Hz), cut gapless out of a stream of samples, at fractions of a sample.

The end of one window is the start of the next, so that sums over windows (energy) miss nothing and count nothing twice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ampguard.metering.dsp.fundamental import Found, coarse_frequency, fundamental_frequency
from ampguard.metering.dsp.quadrature import POINTS, Borders
from ampguard.metering.inferred import STAR_PER_HALF_LINE
from ampguard.readings import Quality

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

EDGE_SAMPLES = 3
"""Samples needed beyond a window's end for its fractional edge."""
_BETWEEN_NOMINALS_HZ = 55.0
_HYSTERESIS_HZ = 0.5


@dataclass(frozen=True, slots=True)
class Window:
    """Samples of whole cycles."""

    samples: Floats
    """(columns + 1, count): volts and amperes, then a row of ones; the edges lie inside."""
    start_samples: float
    """Where the window starts in `samples`, in samples."""
    end_samples: float
    start_s: float
    """Since the first sample of the stream."""
    sample_rate_hz: float
    frequency_hz: float | None
    quality: frozenset[Quality]

    @property
    def cycles(self) -> float:
        """How many cycles it holds; 0 where the frequency is not known."""
        return 0.0 if self.frequency_hz is None else self.frequency_hz * self.duration_s

    @property
    def duration_s(self) -> float:
        """Length of the window."""
        return (self.end_samples - self.start_samples) / self.sample_rate_hz

    def half_cycle_borders(self) -> Borders:
        """Where its half cycles begin and end (those of 50 Hz where the frequency is not known)."""
        halves = max(1, round(2.0 * self.duration_s * (self.frequency_hz or 50.0)))
        half_samples = (self.end_samples - self.start_samples) / halves
        positions: Floats = self.start_samples + half_samples * np.arange(halves + 1, dtype=np.float64)
        return Borders(positions, self.samples.shape[1])


class WindowStream:
    """Cuts windows out of samples that arrive in pieces of any size."""

    def __init__(
        self,
        sample_rate_hz: float,
        nominal_frequency_hz: float | None,
        voltage_columns: Sequence[int],
        current_columns: Sequence[int],
        star_columns: Sequence[int] = (),
    ) -> None:
        self._rate_hz = sample_rate_hz
        self._nominal_hz = nominal_frequency_hz
        self._sources: list[Sequence[int]] = []
        self._star_columns: Sequence[int] = ()
        self.look_at(voltage_columns, current_columns, star_columns)
        self._pieces: list[Floats] = []
        self._samples: Floats = np.empty((0, 0))
        self._pending = 0
        self._first_index = 0
        """Number in the stream of the first sample held."""
        self._start_samples = 0.0
        """Where the next window starts, in samples of the stream."""
        self._frequency_hz: float | None = None
        self._cycles = _usual_cycles(nominal_frequency_hz)
        self._overrun = False
        self._clipped_until = -1
        self._windows = 0

    def look_at(
        self, voltage_columns: Sequence[int], current_columns: Sequence[int], star_columns: Sequence[int] = ()
    ) -> None:
        """Take the frequency from these, in the order of the phases: from currents where the voltages are silent.

        `star_columns`: voltages that are referred to their artificial star point; samples are held as they came, so
        that this can change with any window.
        """
        self._sources = [columns for columns in (voltage_columns, current_columns) if columns]
        self._star_columns = star_columns

    def expect(self, nominal_frequency_hz: float | None) -> None:
        """Another nominal frequency, or none, as of the next window."""
        self._nominal_hz = nominal_frequency_hz
        self._cycles = _usual_cycles(nominal_frequency_hz)
        if self._frequency_hz is not None:
            self._choose_cycles(self._frequency_hz)

    def push(self, samples: Floats, *, lost_samples: int, clipped: bool) -> Iterator[Window]:
        """The windows that these samples (columns + 1, count), the last row of ones, complete."""
        if lost_samples:
            self._restart(lost_samples)
        self._pieces.append(samples)
        self._pending += samples.shape[1]
        if clipped:
            self._clipped_until = self._first_index + self._held + self._pending
        while self._wanted_samples() <= self._end_index:
            self._join()
            window = self._cut(self._cycles)
            if window is None:
                break
            yield window

    def finish(self) -> Iterator[Window]:
        """What whole cycles are left at the end of a recording, as one shorter window."""
        self._join()
        left = self._end_index - self._start_samples
        if self._frequency_hz is None and not self._windows:
            self._find_frequency()
        frequency_hz = self._frequency_hz
        if frequency_hz is None:
            if not self._windows and left >= POINTS:
                yield self._window(self._end_index, None, short=True)
            return
        cycles = math.floor(left * frequency_hz / self._rate_hz + 0.002)
        if cycles < 1:
            return
        cycles = min(cycles, self._cycles)
        window = self._cut(cycles, at_end=True)
        if window is not None:
            yield window

    @property
    def _held(self) -> int:
        held: int = self._samples.shape[1]
        return held

    @property
    def _end_index(self) -> int:
        return self._first_index + self._held + self._pending

    def _wanted_samples(self) -> float:
        frequency_hz = self._frequency_hz or self._nominal_hz or 50.0
        spare = 0.0 if self._windows and self._frequency_hz else 0.03 * self._rate_hz
        return self._start_samples + self._cycles * self._rate_hz / frequency_hz + EDGE_SAMPLES + spare

    def _restart(self, lost_samples: int) -> None:
        self._first_index = self._end_index + lost_samples
        self._samples = self._samples[:, :0]
        self._pieces.clear()
        self._pending = 0
        self._start_samples = float(self._first_index)
        self._overrun = True

    def _join(self) -> None:
        if not self._pieces:
            return
        keep = max(0, math.floor(self._start_samples) - EDGE_SAMPLES - self._first_index)
        held = [self._samples[:, keep:], *self._pieces] if self._held > keep else self._pieces
        keep = min(self._held, keep)
        self._samples = np.concatenate(held, axis=1) if len(held) > 1 else held[0]
        self._first_index += keep
        self._pieces = []
        self._pending = 0

    def _find_frequency(self) -> None:
        """A first guess, where nothing is known yet."""
        part = self._from_start()
        for columns in self._sources:
            guess_hz = coarse_frequency(part, self._rate_hz, columns)
            if guess_hz is not None:
                self._frequency_hz = guess_hz
                self._choose_cycles(guess_hz)
                return

    def _choose_cycles(self, frequency_hz: float) -> None:
        if self._nominal_hz is None:
            border_hz = _BETWEEN_NOMINALS_HZ + (_HYSTERESIS_HZ if self._cycles == 10 else -_HYSTERESIS_HZ)  # noqa: PLR2004 - cycles at 50 Hz
            self._cycles = 10 if frequency_hz < border_hz else 12

    def _cut(self, cycles: int, *, at_end: bool = False) -> Window | None:
        """One window; None where its end has not arrived yet."""
        if self._frequency_hz is None:
            self._find_frequency()
            cycles = min(cycles, self._cycles) if at_end else self._cycles
        frequency_hz = self._measure_frequency(cycles)
        turn_hz = frequency_hz or self._nominal_hz or (50.0 if self._cycles == 10 else 60.0)  # noqa: PLR2004 - likewise
        end_samples = self._start_samples + cycles * self._rate_hz / turn_hz
        if at_end:
            end_samples = min(end_samples, float(self._end_index))
        elif end_samples + EDGE_SAMPLES > self._end_index:
            self._frequency_hz = frequency_hz
            return None
        window = self._window(end_samples, frequency_hz, short=at_end)
        self._start_samples = end_samples
        self._frequency_hz = frequency_hz
        self._overrun = False
        self._windows += 1
        if frequency_hz is not None:
            self._choose_cycles(frequency_hz)
        return window

    def _measure_frequency(self, cycles: int) -> float | None:
        if self._frequency_hz is None:
            return None
        part = self._from_start()
        for columns in self._sources:
            found = fundamental_frequency(part, self._rate_hz, self._frequency_hz, cycles, columns)
            if found is not None:
                return self._at_centre(found, cycles)
        return None

    def _at_centre(self, found: Found, cycles: int) -> float:
        """The frequency in the middle of the window, if it drifts and another stretch was looked at."""
        if not self._windows or self._frequency_hz is None:
            return found.frequency_hz
        length_samples = cycles * self._rate_hz / found.frequency_hz
        fraction_samples = self._start_samples - math.floor(self._start_samples)
        early_samples = fraction_samples + length_samples / 2.0 - found.centre_samples
        return found.frequency_hz + (found.frequency_hz - self._frequency_hz) * early_samples / length_samples

    def _from_start(self) -> Floats:
        """The samples held from the next window's start on."""
        return self._starred(self._samples[:, math.floor(self._start_samples) - self._first_index :])

    def _starred(self, samples: Floats) -> Floats:
        """With the voltages against their star point, where there is no neutral; of two, as large as against it."""
        if not self._star_columns:
            return samples
        columns = list(self._star_columns)
        referred = samples.copy()
        referred[columns] -= referred[columns].mean(axis=0)
        if len(columns) == 2:  # noqa: PLR2004 - a pair
            referred[columns] *= STAR_PER_HALF_LINE
        return referred

    def _window(self, end_samples: float, frequency_hz: float | None, *, short: bool) -> Window:
        quality: set[Quality] = set()
        if self._overrun:
            quality.add(Quality.OVERRUN)
        if self._clipped_until > self._start_samples:
            quality.add(Quality.CLIPPED)
        if frequency_hz is None:
            quality.add(Quality.NO_FREQUENCY)
        if short:
            quality.add(Quality.SHORT_WINDOW)
        first = max(0, math.floor(self._start_samples) - EDGE_SAMPLES - self._first_index)
        last = min(math.ceil(end_samples) + EDGE_SAMPLES - self._first_index, self._held)
        return Window(
            samples=self._starred(self._samples[:, first:last]),
            start_samples=self._start_samples - self._first_index - first,
            end_samples=end_samples - self._first_index - first,
            start_s=self._start_samples / self._rate_hz,
            sample_rate_hz=self._rate_hz,
            frequency_hz=frequency_hz,
            quality=frozenset(quality),
        )


def _usual_cycles(nominal_frequency_hz: float | None) -> int:
    return 10 if nominal_frequency_hz is None or nominal_frequency_hz < _BETWEEN_NOMINALS_HZ else 12
