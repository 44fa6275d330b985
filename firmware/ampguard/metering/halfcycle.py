"""RMS of one cycle, refreshed each half cycle, and the dips, swells and interruptions in it (IEC 61000-4-30)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ampguard.phases import Phases
from ampguard.readings import EventKind, VoltageEvent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ampguard.metering.dsp.quadrature import Borders
    from ampguard.metering.window import Window

    Floats: TypeAlias = NDArray[np.float64]

DIP_RATIO, SWELL_RATIO, INTERRUPTION_RATIO, HYSTERESIS_RATIO = 0.90, 1.10, 0.05, 0.02
_SWITCHING_HALF_CYCLES = 2
"""So many values of a voltage that is switched on hold a part of it only."""
_SEEN_RATIO = 0.1
"""A terminal that ever carried so much is connected; less is what an open one picks up."""


class HalfCycles:
    """Follows the windows; the half cycles go on over their borders."""

    def __init__(self, sample_rate_hz: float, voltage: Phases[int | None], reference_voltage_v: float | None) -> None:
        self._rate_hz = sample_rate_hz
        self._voltage = voltage
        self._columns = [column for column in voltage if column is not None]
        self._seen = np.zeros(len(self._columns), dtype=bool)
        """Which phases had voltage once: one that never had is not connected, which is no event."""
        self._unhurt = np.ones(len(self._columns), dtype=int)
        """How many values more of each are not judged: those before, and of, its being switched on."""
        self._begun = False
        self._reference_v = reference_voltage_v
        self._halves: list[Floats] = []
        """Sums of squares over the last half cycle of the window before, at most one."""
        self._last_span_samples = 0.0
        self._open: _Open | None = None
        self._events: list[VoltageEvent] = []
        self.rms: Floats = np.empty((0, 0))
        """(half cycles, voltages that are connected) of the latest window."""

    def restart(self) -> None:
        """Samples are missing: nothing goes on over the gap."""
        self._halves = []
        self._close()

    def take_events(self) -> list[VoltageEvent]:
        """The events that ended since the last call."""
        events, self._events = self._events, []
        return events

    def follow(self, window: Window, borders: Borders) -> bool:
        """Take in the next window and where its half cycles are; whether an event touches it."""
        squares = borders.sums(np.square(window.samples[self._columns])).T
        halves = len(squares)
        half_samples = (window.end_samples - window.start_samples) / halves
        joined = np.concatenate([*self._halves, squares])
        cycles = joined[1:] + joined[:-1]
        spans_samples = np.full((len(cycles), 1), 2.0 * half_samples)
        if self._halves:
            # the half cycle before has its own length: the frequency may have moved
            spans_samples[0] = half_samples + self._last_span_samples
        self._halves, self._last_span_samples = [squares[-1:]], half_samples
        self.rms = np.sqrt(np.maximum(cycles, 0.0) / spans_samples)
        first_end_s = window.start_s + (halves - len(self.rms) + 1) * half_samples / self._rate_hz
        return self._judge(first_end_s, half_samples / self._rate_hz)

    def _judge(self, first_end_s: float, half_s: float) -> bool:
        reference_v = self._reference_v
        if reference_v is None or not self._columns or not len(self.rms):
            return False
        ratios = self.rms / reference_v
        if self._unhurt.any():
            self._greet(ratios)
        if self._open is None and ratios.min() >= DIP_RATIO and ratios.max() <= SWELL_RATIO:
            return False
        touched = False
        for index, ratio in enumerate(ratios):
            touched |= self._step(first_end_s + index * half_s, half_s, ratio, reference_v)
        return touched

    def _greet(self, ratios: Floats) -> None:
        """Take the voltages that were never there for unhurt until they have been switched on."""
        for column in np.flatnonzero(self._unhurt):
            if not self._seen[column]:
                there = np.flatnonzero(ratios[:, column] >= _SEEN_RATIO)
                self._seen[column] = bool(len(there))
                if not len(there):
                    self._unhurt[column] = len(ratios) + 1
                elif there[0] or self._begun:
                    self._unhurt[column] = there[0] + _SWITCHING_HALF_CYCLES
                else:
                    self._unhurt[column] = 0
            ratios[: self._unhurt[column], column] = 1.0
            self._unhurt[column] = max(0, self._unhurt[column] - len(ratios))
        self._begun = True

    def _step(self, end_s: float, half_s: float, ratio: Floats, reference_v: float) -> bool:
        low, high = float(ratio.min()), float(ratio.max())
        if self._open is None:
            if low >= DIP_RATIO and high <= SWELL_RATIO:
                return False
            self._open = _Open(end_s - half_s, reference_v, dip=low < DIP_RATIO)
        event = self._open
        event.add(ratio, float(ratio[self._seen].max(initial=0.0)), end_s)
        over = low >= DIP_RATIO + HYSTERESIS_RATIO if event.dip else high <= SWELL_RATIO - HYSTERESIS_RATIO
        if over:
            event.end_s = end_s - half_s
            self._close()
        return True

    def _close(self) -> None:
        if self._open is None:
            return
        event, self._open = self._open, None
        extremes = event.extremes().tolist()
        known = {column: value for column, value, seen in zip(self._columns, extremes, self._seen, strict=True) if seen}
        self._events.append(
            VoltageEvent(
                kind=event.kind(),
                start_s=event.start_s,
                duration_s=max(event.end_s - event.start_s, 0.0),
                extreme_v=self._voltage.map(lambda column: None if column is None else known.get(column)),
                reference_v=event.reference_v,
            )
        )


class _Open:
    """An event that has not ended."""

    def __init__(self, start_s: float, reference_v: float, *, dip: bool) -> None:
        self.start_s = start_s
        self.end_s = start_s
        self.reference_v = reference_v
        self.dip = dip
        self._lowest: Floats | None = None
        self._highest: Floats | None = None
        self._deepest_ratio = math.inf

    def add(self, ratio: Floats, highest_ratio: float, end_s: float) -> None:
        """One half cycle more, and the highest ratio of the voltages that were ever there."""
        self._lowest = ratio if self._lowest is None else np.minimum(self._lowest, ratio)
        self._highest = ratio if self._highest is None else np.maximum(self._highest, ratio)
        self._deepest_ratio = min(self._deepest_ratio, highest_ratio)
        self.end_s = end_s

    def extremes(self) -> Floats:
        """Volts, of the phases that are there."""
        extreme = self._lowest if self.dip else self._highest
        return np.empty(0) if extreme is None else extreme * self.reference_v

    def kind(self) -> EventKind:
        """An interruption has all phases below its threshold at once."""
        if not self.dip:
            return EventKind.SWELL
        return EventKind.INTERRUPTION if self._deepest_ratio < INTERRUPTION_RATIO else EventKind.DIP
