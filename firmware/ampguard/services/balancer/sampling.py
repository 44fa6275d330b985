"""The meter's windows as samples for the balancer: signed currents of two windows, with when they ended."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard.phases import Phase, Phases
from ampguard.readings import Quality

if TYPE_CHECKING:
    from ampguard.balancing.observation import Triple
    from ampguard.readings import Measurement

ENOUGH_S = 0.38
"""Two windows: a motor's start, which is over in one, counts half; an answer comes a tenth of a second later."""
LATEST = 300
"""So many windows (a minute) tell how long one takes from its end until it is heard."""
EXPORTS_RATIO = -0.5
"""Active over apparent power below which a current counts as export: less than that is import, the careful way."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What the supply carries."""

    at_s: float
    """When it ended, on our clock."""
    current_a: Triple
    """Positive = import."""
    is_clipped: bool = False
    """An input was at the end of its range: more may flow than is said here."""

    def counts(self, fuse_a: float) -> bool:
        """A clipped current is a lower bound. It can show that there is too much, and never that there is room."""
        return not self.is_clipped or max(self.current_a) > fuse_a


class Sampling:
    """Of one meter, from one start of it to the next."""

    def __init__(self, phases: Phases[bool]) -> None:
        """`phases`: which the grid connection has."""
        self._phases = phases
        self._ahead_s: deque[float] = deque(maxlen=LATEST)
        """Our clock less the stream's, when each window came: the least had the shortest way."""
        self._end_s = -math.inf
        self._begin()

    def heard(self, window: Measurement, now_s: float) -> Sample | None:
        """The sample that this window completes; None: it completes none."""
        current_a = [window.current_rms_a[phase] if self._phases[phase] else 0.0 for phase in Phase]
        end_s = window.start_s + window.duration_s
        if end_s <= self._end_s:  # another stream
            self._ahead_s.clear()
        if abs(window.start_s - self._end_s) > window.duration_s / 2.0 or None in current_a:
            self._begin()
        self._end_s = end_s
        self._ahead_s.append(now_s - end_s)
        if None in current_a:
            return None
        for number, phase in enumerate(Phase):
            value_a, factor = current_a[number] or 0.0, window.power_factor_ratio[phase]
            self._square_a2_s[number] += value_a * value_a * window.duration_s
            if factor is not None and factor < EXPORTS_RATIO:
                self._export_s[number] += window.duration_s
        self._lasted_s += window.duration_s
        self._is_clipped |= Quality.CLIPPED in window.quality
        return None if self._lasted_s < ENOUGH_S else self._complete(end_s, now_s)

    def _complete(self, end_s: float, now_s: float) -> Sample:
        found = [
            math.copysign(
                round(math.sqrt(square / self._lasted_s), 3), -1.0 if export_s > self._lasted_s / 2.0 else 1.0
            )
            for square, export_s in zip(self._square_a2_s, self._export_s, strict=True)
        ]
        sample = Sample(min(end_s + min(self._ahead_s), now_s), (found[0], found[1], found[2]), self._is_clipped)
        self._begin()
        return sample

    def _begin(self) -> None:
        self._square_a2_s, self._export_s, self._lasted_s = [0.0, 0.0, 0.0], [0.0, 0.0, 0.0], 0.0
        self._is_clipped = False
