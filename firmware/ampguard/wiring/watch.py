"""Watching the wiring: which verdict the latest windows allow. Counts what it sees, claims only what is plain.

For each clamp the angle behind its own voltage is turned into a vote: plausible for the phase it is on, plausible for
another phase, or for the other way round. Ordinary loads lag or lead by less than 50 degrees; the sectors of the six
possible connections are 60 degrees apart, so an angle in the wrong sector over many windows is not a load.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ampguard.phases import PhaseOrder
from ampguard.wiring.verdict import Condition, Verdict

if TYPE_CHECKING:
    from ampguard.readings import Measurement

LEAST_RATIO = 0.005
"""Of the highest current seen at full scale; below it the angle may be pickup of a neighbour's field."""
CLAIM_WINDOWS = 25
"""Five seconds in a row of the same finding."""
_ABSENT_V = 20.0
_SECTOR_DEG = 55.0


class WiringWatch:
    """Takes one measurement after the other; `observe` says what is known now."""

    def __init__(self, *, full_scale_a: float, generation_on_site: bool = False) -> None:
        self._least_a = LEAST_RATIO * full_scale_a
        self._generation = generation_on_site
        self._candidate = (Condition.UNDECIDED, "")
        self._streak = 0
        self._current = (Condition.UNDECIDED, "no window measured yet")

    def observe(self, measurement: Measurement) -> Verdict:
        """The verdict after one window more."""
        voltage, voltage_sentence = _voltage(measurement)
        found = self._judge(measurement)
        if found[0] is not Condition.UNDECIDED:
            self._streak = self._streak + 1 if found[0] is self._candidate[0] else 1
            self._candidate = found
            if self._streak >= CLAIM_WINDOWS or found[0] is Condition.ABSENT:
                self._current = found
        elif self._current[0] is Condition.UNDECIDED:
            self._current = found
        sentence = voltage_sentence if voltage is not Condition.RIGHT else self._current[1]
        undecided = self._current[0] is Condition.UNDECIDED
        return Verdict(voltage, self._current[0], sentence, self._least_a if undecided else None)

    def _judge(self, measurement: Measurement) -> tuple[Condition, str]:
        currents = measurement.current_fundamental_rms_a
        if all(value is None for value in measurement.current_rms_a):
            return Condition.ABSENT, "no current transformer is connected"
        weak = [index for index, value in enumerate(currents) if value is None or value < self._least_a]
        angles = list(measurement.current_angle_deg)
        if weak or any(angle is None for angle in angles):
            return Condition.UNDECIDED, f"undecided: each phase needs {self._least_a:.2g} A before its angle is known"
        lags_deg = [angle for angle in angles if angle is not None]
        wrong = [index for index, lag in enumerate(lags_deg) if abs(lag) > _SECTOR_DEG]
        if not wrong:
            return (
                Condition.RIGHT,
                f"right: each current within {max(abs(lag) for lag in lags_deg):.0f} deg of its voltage",
            )
        return self._fault(lags_deg, wrong)

    def _fault(self, lags_deg: list[float], wrong: list[int]) -> tuple[Condition, str]:
        """What angles outside the sector of ordinary loads mean."""
        backwards = [index for index in wrong if abs(lags_deg[index]) > 180.0 - _SECTOR_DEG]
        if len(backwards) == 3:  # noqa: PLR2004 - all phases
            if self._generation:
                return Condition.RIGHT, "right: export on all phases"
            return (
                Condition.UNDECIDED,
                "undecided: export on all phases, or all three clamps reversed; switch a load on",
            )
        first = wrong[0]
        if self._generation and len(backwards) == len(wrong):
            return Condition.UNDECIDED, f"undecided: L{first + 1} exports, or its clamp is reversed"
        if first in backwards:
            return (
                Condition.WRONG,
                f"the clamp of L{first + 1} is reversed: its current lags by {lags_deg[first]:.0f} deg",
            )
        others = " and ".join(f"L{index + 1}" for index in wrong)
        angles = ", ".join(f"{lags_deg[index]:.0f}" for index in wrong)
        return Condition.WRONG, f"the clamps of {others} are on other phases: lags of {angles} deg"


def _voltage(measurement: Measurement) -> tuple[Condition, str]:
    known = [value for value in measurement.voltage_rms_v if value is not None]
    if not known or max(known) < _ABSENT_V:
        return Condition.ABSENT, "no voltage is connected"
    if measurement.voltage_order is PhaseOrder.L1_L2_L3:
        return Condition.RIGHT, ""
    if measurement.voltage_order is PhaseOrder.L3_L2_L1:
        return Condition.WRONG, "the voltages run L3-L2-L1: two voltage wires are interchanged"
    missing = [f"L{index + 1}" for index, value in enumerate(measurement.voltage_rms_v) if (value or 0.0) < _ABSENT_V]
    if missing and len(missing) < 3 and not math.isclose(max(known), 0.0):  # noqa: PLR2004 - some phases are there
        return Condition.UNDECIDED, f"no voltage on {', '.join(missing)}: the order cannot be told"
    return Condition.UNDECIDED, "the order of the voltages cannot be told"
