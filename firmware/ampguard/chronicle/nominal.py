"""Whether the voltages are those of the grid that is set: 127 or 133 V where 230 V were told, 400 V on a terminal.

A wrong voltage is wrong from the first window on: at the start four windows tell it in which all phases are steady and
alike, or one is higher than any swell (a unit that starts within a deep dip of all phases says so, too, until it is
over). Else, and where the voltages were right once, the same numbers are first of all a dip or a swell, which lasts up
to a minute (IEC 61000-4-30, EN 50160): then it takes longer than that. A swell of a fifth above the nominal voltage
outlives no fuse, which takes 5 s at most.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard.chronicle.neutral import between, rounded, voltages_in_words
from ampguard.chronicle.spell import Streak, Told
from ampguard.events import Turn, WrongVoltage
from ampguard.phrase import Number, phrase

if TYPE_CHECKING:
    from ampguard.phases import Phases
    from ampguard.phrase import Phrase
    from ampguard.readings import Measurement

LOW_RATIO, HIGH_RATIO = 0.8, 1.2
"""127/230, 133/230 and 230/400 are well beyond; brown-outs and what EN 50160 allows are not."""
BEYOND_SWELLS_RATIO = 1.5
"""A short circuit between a phase and N lifts the other phases by less; a terminal between two phases has 1.73."""
NO_GRID_V = (85.0, 360.0)
"""Where no nominal voltage is set: no phase of a low-voltage grid has less or more (100/173 V to 347/600 V, 10 %)."""
ABSENT_V = 20.0
"""A phase that is lost, or a terminal that is not connected, is no wrong voltage."""
AT_START_S, LATER_LOW_S, LATER_HIGH_S = 0.75, 60.0, 10.0
RIGHT_S = 0.95
STEADY_RATIO = 0.01
"""Between one window and the next."""
ALIKE_RATIO = 0.1
"""Between the highest and the lowest phase: a dip that takes all alike is rare, and the loads of a grid do less."""


class NominalWatch:
    """Follows the voltages of the wired terminals.

    Args:
        terminals: on which phases the voltage is measured.
        nominal_v: of a phase; None: nobody told.
    """

    def __init__(self, terminals: Phases[bool], nominal_v: float | None) -> None:
        self._terminals, self._nominal_v = terminals, nominal_v
        self._limits_v = NO_GRID_V if nominal_v is None else (LOW_RATIO * nominal_v, HIGH_RATIO * nominal_v)
        self._low, self._high, self._right = Streak(), Streak(), Streak()
        self._was_right = False
        self._before_v: tuple[float, ...] = ()
        self._begun_s: float | None = None
        self._fault: WrongVoltage | None = None
        """What was told when it began, as long as it lasts."""

    def follow(self, measurement: Measurement, *, judged: bool) -> Told[WrongVoltage] | None:
        """What began or ended with this window.

        Args:
            measurement: the window.
            judged: False where something else is known to be wrong with the voltages.
        """
        there_v = tuple(
            value or 0.0 for value, there in zip(measurement.voltage_rms_v, self._terminals, strict=True) if there
        )
        known = judged and bool(there_v) and min(there_v) >= ABSENT_V
        low_v, high_v = self._limits_v
        steady = _is_steady(there_v, self._before_v)
        low, high = known and max(there_v) < low_v, known and max(there_v) > high_v
        self._before_v = there_v
        self._low.follow(measurement, holds=low and steady)
        self._high.follow(measurement, holds=high and steady)
        self._right.follow(measurement, holds=known and low_v <= min(there_v) and not high)
        if self._begun_s is not None:
            return self._while_wrong(measurement)
        self._was_right |= self._right.since_s is not None
        for streak, later_s in ((self._low, LATER_LOW_S), (self._high, LATER_HIGH_S)):
            at_once = not self._was_right and self._is_clear(there_v)
            if streak.since_s is not None and streak.lasted(AT_START_S if at_once else later_s):
                self._begun_s = streak.since_s
                self._fault = self._told(measurement, None)
                return Told(self._begun_s, self._fault)
        return None

    def end(self, measurement: Measurement) -> Told[WrongVoltage] | None:
        """Nobody watches for it any more: what lasted ends behind this window."""
        if self._begun_s is None:
            return None
        end_s = measurement.start_s + measurement.duration_s
        return Told(end_s, self._told(measurement, round(end_s - self._begun_s, 3)))

    def in_words(self) -> Phrase | None:
        """A sentence for the owner; None where nothing is wrong."""
        return None if self._fault is None else in_words(self._fault)

    def _is_clear(self, there_v: tuple[float, ...]) -> bool:
        """Whether no ordinary dip or swell looks like that."""
        highest_v = max(there_v, default=0.0)
        alike = min(there_v, default=0.0) >= (1.0 - ALIKE_RATIO) * highest_v
        return alike or (self._nominal_v is not None and highest_v >= BEYOND_SWELLS_RATIO * self._nominal_v)

    def _while_wrong(self, measurement: Measurement) -> Told[WrongVoltage] | None:
        if self._right.since_s is None or not self._right.lasted(RIGHT_S):
            return None
        end_s, lasted_s = self._right.since_s, round(self._right.since_s - (self._begun_s or 0.0), 3)
        self._begun_s = self._fault = None
        self._was_right = True
        return Told(end_s, self._told(measurement, lasted_s))

    def _told(self, measurement: Measurement, duration_s: float | None) -> WrongVoltage:
        return WrongVoltage(
            turn=Turn.BEGUN if duration_s is None else Turn.ENDED,
            nominal_v=self._nominal_v,
            voltage_rms_v=rounded(measurement.voltage_rms_v),
            line_voltage_rms_v=between(measurement),
            duration_s=duration_s,
        )


def in_words(fault: WrongVoltage) -> Phrase:
    """A sentence for the owner."""
    volts = voltages_in_words(fault.voltage_rms_v)
    if fault.nominal_v is None:
        return phrase(
            "no low-voltage grid has such voltages: {volts}; check how the voltage terminals are wired", volts=volts
        )
    return phrase(
        "the voltages are not those of the grid that is set ({nominal} V for each phase): {volts}; "
        "check the nominal voltage, and how the voltage terminals are wired",
        nominal=Number(fault.nominal_v, ".0f"),
        volts=volts,
    )


def _is_steady(now_v: tuple[float, ...], before_v: tuple[float, ...]) -> bool:
    """A first window has nothing before it."""
    pairs = zip(now_v, before_v or now_v, strict=True)
    return all(abs(now - before) <= STEADY_RATIO * max(now, before) for now, before in pairs)
