"""Whether the neutral is loose: how far each step of load moves it, long before it is broken.

A neutral of R ohms moves by R times the step in the sum of the currents (zero sequence of the voltages; a third of the
phase's own impedance comes on top). Sound ones have up to half an ohm; a clamp that was never tightened has several.
A step moves the voltages between phases by the phase's impedance alone: steps with more negative sequence than that
are dips, or something else. One step proves nothing, as the neighbours switch, too: several in a row must agree.

A reversed clamp shows steps of its phase with the wrong sign: they are left out. What is switched on a phase whose
clamp is missing is not seen.
"""

from __future__ import annotations

import math
import statistics
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard.chronicle.spell import Told
from ampguard.events import Turn

if TYPE_CHECKING:
    from ampguard.chronicle.starpoint import Star
    from ampguard.readings import Measurement

LOOSE_OHM, SOUND_OHM = 1.5, 0.8
STEP_A = 3.0
STEPS = 8
"""So many must agree."""
AGREE_RATIO = 0.35
"""About the middle one."""
RESISTIVE_RAD = math.radians(50.0)
"""A contact is resistive; the phase's impedance and the channels' errors turn the answer a little."""
OTHER_CAUSE_RATIO = 1.0 / 6.0
"""Change of the negative over that of the zero sequence: a loose neutral of 1.5 ohm leaves less at any phase."""
_WINDOWS = 3
"""A step may begin anywhere in the middle one."""


@dataclass(frozen=True, slots=True)
class Looseness:
    """What several steps agree on."""

    turn: Turn
    neutral_ohm: float
    duration_s: float | None


class LooseNeutralWatch:
    """Follows the star from step to step."""

    def __init__(self) -> None:
        self._latest: deque[Star] = deque(maxlen=_WINDOWS)
        self._found_ohm: deque[float] = deque(maxlen=STEPS)
        self._begun_s: float | None = None

    def follow(self, measurement: Measurement, star: Star | None) -> Told[Looseness] | None:
        """What began or ended with this window."""
        if star is None or star.sum_a is None:
            self._latest.clear()
            return None
        self._latest.append(star)
        if len(self._latest) < _WINDOWS or (answer_ohm := _answer(self._latest[0], star)) is None:
            return None
        self._latest.clear()
        self._latest.append(star)
        self._found_ohm.append(answer_ohm)
        middle_ohm = statistics.median(self._found_ohm)
        near_ohm = max(AGREE_RATIO * middle_ohm, SOUND_OHM / 2.0)
        if len(self._found_ohm) < STEPS or any(abs(one - middle_ohm) > near_ohm for one in self._found_ohm):
            return None
        now_s = measurement.start_s
        if self._begun_s is None and middle_ohm >= LOOSE_OHM:
            self._begun_s = now_s
            return Told(now_s, Looseness(Turn.BEGUN, round(middle_ohm, 2), None))
        if self._begun_s is not None and middle_ohm <= SOUND_OHM:
            lasted_s, self._begun_s = round(now_s - self._begun_s, 3), None
            return Told(now_s, Looseness(Turn.ENDED, round(middle_ohm, 2), lasted_s))
        return None


def _answer(before: Star, after: Star) -> float | None:
    """Ohms that the neutral seems to have by this step; None where it is none, or has another cause."""
    if before.sum_a is None or after.sum_a is None:
        return None
    step = after.sum_a - before.sum_a
    moved = after.shift * after.positive_v - before.shift * before.positive_v
    unbalanced = after.negative * after.positive_v - before.negative * before.positive_v
    if abs(step) < STEP_A:
        return None
    ohm = -moved / step
    if abs(ohm) > SOUND_OHM and abs(unbalanced) > OTHER_CAUSE_RATIO * abs(moved):
        return None
    if abs(ohm) > SOUND_OHM and abs(math.atan2(ohm.imag, ohm.real)) > RESISTIVE_RAD:
        return None
    return abs(ohm)
