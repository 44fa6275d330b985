"""Windows gathered into readings: of a second, of 150 cycles, of a minute, of ten, of a quarter of an hour.

RMS values by mean square, powers by time, angles by the mean of unit vectors, always weighted by how long a window is.
Windows are never split: a reading holds those that ended in its interval, and says how long they were together. It is
made with its last window: as soon as the next one would end in the next interval, and not when that one is there.
"""

from __future__ import annotations

import cmath
import math
from typing import TYPE_CHECKING

from ampguard.phases import LinePairs, Phase, PhaseOrder, Phases
from ampguard.readings import Interval, Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ampguard.clock import Stamp
    from ampguard.readings import Energy, Health, Measurement, PhaseValues

LENGTH_S = {Interval.SECOND: 1.0, Interval.MINUTE: 60.0, Interval.MINUTES_10: 600.0, Interval.MINUTES_15: 900.0}
WINDOWS_OF_150_CYCLES = 15
UNSURE_RATIO = 0.25
"""Of a window: if the next one would end so near before the end of the interval, it belongs to the next interval."""
HALF_TURN_DEG = 180.0


class Aggregator:
    """Gathers windows for one interval."""

    def __init__(self, interval: Interval, boot: str) -> None:
        self.interval = interval
        self._boot = boot
        self._sequence = 0
        self._windows: list[Measurement] = []
        self._slot: int | None = None
        self._closed: int | None = None
        """The interval that was closed ahead of its end."""
        self._last: Stamp | None = None

    def add(
        self, measurement: Measurement, stamp: Stamp, before: Energy, after: Energy, health: Health
    ) -> list[Reading]:
        """One window more, and the counters before and after it; the readings that end before it, and with it."""
        readings: list[Reading | None] = []
        if self.interval is Interval.CYCLES_150:
            self._windows.append(measurement)
            self._last = stamp
            ends = len(self._windows) == WINDOWS_OF_150_CYCLES
        else:
            length_s = LENGTH_S[self.interval]
            slot = math.floor(stamp.wall_s / length_s)
            if (
                slot == self._closed
                and stamp.wall_s + (1.0 + UNSURE_RATIO) * measurement.duration_s >= (slot + 1) * length_s
            ):
                slot += 1  # it ends just before the end of an interval that has been told already
            if slot != self._slot and self._windows:  # samples are missing, or the clock stepped
                readings.append(self._close(before, health))
            self._slot = slot
            self._windows.append(measurement)
            self._last = stamp
            next_s = stamp.wall_s + (1.0 + UNSURE_RATIO) * measurement.duration_s
            ends = math.floor(next_s / length_s) > slot
        if ends:
            self._closed = self._slot
            readings.append(self._close(after, health))
        return [reading for reading in readings if reading is not None]

    def flush(self, energy: Energy, health: Health) -> Reading | None:
        """What is gathered so far, when the meter stops."""
        return self._close(energy, health) if self._windows else None

    def _close(self, energy: Energy, health: Health) -> Reading | None:
        windows, self._windows = self._windows, []
        if self._last is None:
            return None
        self._sequence += 1
        return self._reading(windows, self._last, energy, health)

    def _reading(self, windows: Sequence[Measurement], stamp: Stamp, energy: Energy, health: Health) -> Reading:
        mean = _Mean(windows)
        active_w = mean.phases(lambda one: one.active_power_w)
        apparent_va = mean.phases(lambda one: one.apparent_power_va)
        total_w, total_va = (
            mean.scalar(lambda one: one.total_active_power_w),
            mean.scalar(lambda one: one.total_apparent_power_va),
        )
        known_factor = mean.phases(lambda one: one.power_factor_ratio)
        return Reading(
            interval=self.interval,
            boot=self._boot,
            sequence=self._sequence,
            end_utc=stamp.utc,
            monotonic_ns=stamp.monotonic_ns,
            clock_quality=stamp.quality,
            duration_s=mean.duration_s,
            windows=len(windows),
            frequency_hz=mean.scalar(lambda one: one.frequency_hz),
            voltage_rms_v=mean.squares(lambda one: one.voltage_rms_v),
            voltage_fundamental_rms_v=mean.squares(lambda one: one.voltage_fundamental_rms_v),
            voltage_angle_deg=mean.angles_deg(lambda one: one.voltage_angle_deg),
            voltage_thd_percent=mean.squares(lambda one: one.voltage_thd_percent),
            voltage_order=_agreed([one.voltage_order for one in windows]),
            line_voltage_rms_v=mean.pairs(lambda one: one.line_voltage_rms_v),
            current_rms_a=mean.squares(lambda one: one.current_rms_a),
            current_fundamental_rms_a=mean.squares(lambda one: one.current_fundamental_rms_a),
            current_angle_deg=mean.angles_deg(lambda one: one.current_angle_deg),
            current_thd_percent=mean.squares(lambda one: one.current_thd_percent),
            current_order=_agreed([one.current_order for one in windows]),
            neutral_current_rms_a=mean.square(lambda one: one.neutral_current_rms_a),
            active_power_w=active_w,
            reactive_power_var=mean.phases(lambda one: one.reactive_power_var),
            apparent_power_va=apparent_va,
            power_factor_ratio=Phases.of(
                None if pf is None else _ratio(p, s)
                for pf, p, s in zip(known_factor, active_w, apparent_va, strict=True)
            ),
            total_active_power_w=total_w,
            total_reactive_power_var=mean.scalar(lambda one: one.total_reactive_power_var),
            total_apparent_power_va=total_va,
            total_power_factor_ratio=None if all(pf is None for pf in known_factor) else _ratio(total_w, total_va),
            voltage_unbalance_percent=mean.square(lambda one: one.voltage_unbalance_percent),
            current_unbalance_percent=mean.square(lambda one: one.current_unbalance_percent),
            energy=energy,
            health=health,
            quality=frozenset(flag for one in windows for flag in one.quality),
        )


class _Mean:
    """Means over windows, weighted by their length; absent in one window means that this one does not count."""

    def __init__(self, windows: Sequence[Measurement]) -> None:
        self._windows = windows
        self.duration_s = sum(one.duration_s for one in windows)

    def scalar(self, of: Callable[[Measurement], float | None]) -> float | None:
        """Mean of a value."""
        known = [(value, one.duration_s) for one in self._windows if (value := of(one)) is not None]
        return sum(value * weight for value, weight in known) / sum(weight for _, weight in known) if known else None

    def square(self, of: Callable[[Measurement], float | None]) -> float | None:
        """Root of the mean square."""
        mean = self.scalar(lambda one: None if (value := of(one)) is None else value * value)
        return None if mean is None else math.sqrt(mean)

    def phases(self, of: Callable[[Measurement], PhaseValues]) -> PhaseValues:
        """Mean for each phase."""
        return _each_phase(lambda phase: self.scalar(lambda one: of(one)[phase]))

    def squares(self, of: Callable[[Measurement], PhaseValues]) -> PhaseValues:
        """Root of the mean square for each phase."""
        return _each_phase(lambda phase: self.square(lambda one: of(one)[phase]))

    def pairs(self, of: Callable[[Measurement], LinePairs[float | None]]) -> LinePairs[float | None]:
        """Root of the mean square for each pair of phases."""
        return LinePairs(
            self.square(lambda one: of(one).l1_l2),
            self.square(lambda one: of(one).l2_l3),
            self.square(lambda one: of(one).l3_l1),
        )

    def angles_deg(self, of: Callable[[Measurement], PhaseValues]) -> PhaseValues:
        """Direction of the mean unit vector for each phase."""
        return _each_phase(lambda phase: self._angle_deg([of(one)[phase] for one in self._windows]))

    def _angle_deg(self, angles_deg: Sequence[float | None]) -> float | None:
        vector = sum(
            (
                cmath.rect(one.duration_s, math.radians(angle_deg))
                for one, angle_deg in zip(self._windows, angles_deg, strict=True)
                if angle_deg is not None
            ),
            start=0j,
        )
        if not vector:
            return None
        angle_deg = math.degrees(cmath.phase(vector))
        return angle_deg if angle_deg > -HALF_TURN_DEG else HALF_TURN_DEG


def _each_phase(of: Callable[[Phase], float | None]) -> PhaseValues:
    return Phases.of(of(phase) for phase in Phase)


def _ratio(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else part / whole


def _agreed(orders: Sequence[PhaseOrder | None]) -> PhaseOrder | None:
    """What all windows that know an order agree on."""
    known = {order for order in orders if order is not None}
    return known.pop() if len(known) == 1 else None
