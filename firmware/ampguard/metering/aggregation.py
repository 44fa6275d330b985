"""Windows gathered into readings: of a second, of 150 cycles, of a minute, of ten, of a quarter of an hour.

RMS values by mean square, powers by time, angles by the mean of unit vectors, always weighted by how long a window is.
Windows are never split: a reading holds those that ended in its interval, and says how long they were together. It is
made with its last window: as soon as the next one would end in the next interval, and not when that one is there.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ampguard.metering.mean import RunningMean
from ampguard.phases import Phases
from ampguard.readings import Interval, Reading

if TYPE_CHECKING:
    from ampguard.clock import Stamp
    from ampguard.metering.mean import Terms
    from ampguard.readings import Energy, Health

LENGTH_S = {Interval.SECOND: 1.0, Interval.MINUTE: 60.0, Interval.MINUTES_10: 600.0, Interval.MINUTES_15: 900.0}
WINDOWS_OF_150_CYCLES = 15
UNSURE_RATIO = 0.25
"""Of a window: if the next one would end so near before the end of the interval, it belongs to the next interval."""


class Aggregator:
    """Gathers windows for one interval."""

    def __init__(self, interval: Interval, boot: str) -> None:
        self.interval = interval
        self._boot = boot
        self._sequence = 0
        self._mean = RunningMean()
        """Of the windows since the last reading."""
        self._slot: int | None = None
        self._closed: int | None = None
        """The interval that was closed ahead of its end."""
        self._last: Stamp | None = None

    def add(self, terms: Terms, stamp: Stamp, before: Energy, after: Energy, health: Health) -> list[Reading]:
        """One window more, and the counters before and after it; the readings that end before it, and with it."""
        readings: list[Reading | None] = []
        if self.interval is Interval.CYCLES_150:
            self._mean.add(terms)
            self._last = stamp
            ends = self._mean.windows == WINDOWS_OF_150_CYCLES
        else:
            length_s = LENGTH_S[self.interval]
            slot = math.floor(stamp.wall_s / length_s)
            # where the next window will end, surely
            next_slot = math.floor((stamp.wall_s + (1.0 + UNSURE_RATIO) * terms.window.duration_s) / length_s)
            if slot == self._closed and next_slot > slot:
                slot += 1  # it ends just before the end of an interval that has been told already
            if slot != self._slot and self._mean.windows:  # samples are missing, or the clock stepped
                readings.append(self._close(before, health))
            self._slot = slot
            self._mean.add(terms)
            self._last = stamp
            ends = next_slot > slot
        if ends:
            self._closed = self._slot
            readings.append(self._close(after, health))
        return [reading for reading in readings if reading is not None]

    def flush(self, energy: Energy, health: Health) -> Reading | None:
        """What is gathered so far, when the meter stops."""
        return self._close(energy, health) if self._mean.windows else None

    def _close(self, energy: Energy, health: Health) -> Reading | None:
        mean, self._mean = self._mean, RunningMean()
        if self._last is None:
            return None
        self._sequence += 1
        return self._reading(mean, self._last, energy, health)

    def _reading(self, mean: RunningMean, stamp: Stamp, energy: Energy, health: Health) -> Reading:
        active_w = mean.phases("active_power_w")
        apparent_va = mean.phases("apparent_power_va")
        total_w, total_va = (
            mean.scalar("total_active_power_w"),
            mean.scalar("total_apparent_power_va"),
        )
        known_factor = mean.phases("power_factor_ratio")
        return Reading(
            interval=self.interval,
            boot=self._boot,
            sequence=self._sequence,
            end_utc=stamp.utc,
            monotonic_ns=stamp.monotonic_ns,
            clock_quality=stamp.quality,
            duration_s=mean.duration_s,
            windows=mean.windows,
            frequency_hz=mean.scalar("frequency_hz"),
            voltage_rms_v=mean.phases("voltage_rms_v"),
            voltage_fundamental_rms_v=mean.phases("voltage_fundamental_rms_v"),
            voltage_angle_deg=mean.phases("voltage_angle_deg"),
            voltage_thd_percent=mean.phases("voltage_thd_percent"),
            voltage_order=mean.order("voltage_order"),
            line_voltage_rms_v=mean.pairs("line_voltage_rms_v"),
            current_rms_a=mean.phases("current_rms_a"),
            current_fundamental_rms_a=mean.phases("current_fundamental_rms_a"),
            current_angle_deg=mean.phases("current_angle_deg"),
            current_thd_percent=mean.phases("current_thd_percent"),
            current_order=mean.order("current_order"),
            neutral_current_rms_a=mean.scalar("neutral_current_rms_a"),
            active_power_w=active_w,
            reactive_power_var=mean.phases("reactive_power_var"),
            apparent_power_va=apparent_va,
            power_factor_ratio=Phases.of(
                None if pf is None else _ratio(p, s)
                for pf, p, s in zip(known_factor, active_w, apparent_va, strict=True)
            ),
            total_active_power_w=total_w,
            total_reactive_power_var=mean.scalar("total_reactive_power_var"),
            total_apparent_power_va=total_va,
            total_power_factor_ratio=None if all(pf is None for pf in known_factor) else _ratio(total_w, total_va),
            voltage_unbalance_percent=mean.scalar("voltage_unbalance_percent"),
            current_unbalance_percent=mean.scalar("current_unbalance_percent"),
            energy=energy,
            health=health,
            quality=mean.quality,
        )


def _ratio(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else part / whole
