"""One charger's place in the group: what it draws, its lease, whether it is on, what to reckon with for it."""

from __future__ import annotations

import math
from enum import Enum
from typing import TYPE_CHECKING

from ampguard.balancing.drawing import Drawing
from ampguard.balancing.ladder import SILENT_S
from ampguard.balancing.leases import Lease, LeaseState
from ampguard.balancing.site import ORDER

if TYPE_CHECKING:
    from ampguard.balancing.observation import Heard, Triple
    from ampguard.balancing.site import Charger, Group

NEVER_S = -1e9
GUESSED_S = 90.0
"""A charger that has just come in tells what it draws after so long at the latest: most do each minute at least."""


class News(Enum):
    """What is known of a charger for the first time, or again after silence."""

    NONE = "none"
    OBEYS = "obeys"
    DRAWS = "draws"


class Place:
    """One charger."""

    def __init__(self, number: int, charger: Charger, group: Group) -> None:
        """Nothing known."""
        self.number = number
        self.charger = charger
        self.drawing = Drawing(charger, group)
        self.lease = Lease(0.0, NEVER_S)
        self.is_heard = False
        self.is_on = False
        """It may charge."""
        self.since_s = NEVER_S
        """Since when it is on, or waits."""
        self.cloud_a = math.inf
        """What a cloud, and a test, allow."""
        self.is_tested = False
        self.guessed_s: float | None = None
        """Since when it is taken to obey its most, since it tells neither that nor what it draws; None: it is not."""
        self.weight_ratio = 1.0
        """Relative to the others'."""
        self._min_a = group.min_a

    def hear(self, heard: Heard | None, now_s: float) -> News:
        """What is known of it now."""
        was_heard, was_told = self.is_heard, self.drawing.is_told
        if heard is not None:
            self.drawing.hear(heard)
        known = self.drawing.heard
        self.is_heard = known is not None and now_s - known.heard_s < SILENT_S
        if known is None or not self.is_heard:
            return News.NONE
        is_known = self.drawing.is_told or known.limit_a is not None
        if not was_heard or (self.guessed_s is not None and is_known):
            return News.OBEYS
        return News.NONE if self.drawing.is_told == was_told else News.DRAWS

    def is_guessed(self, now_s: float) -> bool:
        """It is not told what was guessed of it; one that tells nothing for very long is."""
        return self.guessed_s is not None and now_s - self.guessed_s < GUESSED_S

    @property
    def shares(self) -> bool:
        """It is on, in reach, and its car wants to charge: its limit can be chosen."""
        return self.is_on and self.is_heard and self.drawing.wants

    @property
    def waits(self) -> bool:
        """Its car wants to charge and may not."""
        return not self.is_on and self.is_heard and self.drawing.wants

    @property
    def drawn_a(self) -> float:
        """What it is going to draw, on each of its phases."""
        return self.drawing.expected_a(self.lease.limit_a)

    @property
    def least_a(self) -> float:
        """What it is going to draw at the least limit."""
        return self.drawing.expected_a(self._min_a)

    @property
    def most_a(self) -> float:
        """What it may draw at all."""
        allowed_a = self.cloud_a - self.drawing.less_a if self.cloud_a >= self._min_a else self.least_a
        return max(self.least_a, min(self.drawing.ceiling_a, allowed_a))

    @property
    def served_ratio(self) -> float:
        """Of what its car could have taken so far, the part it got."""
        served = self.drawing.served
        able_a = served.able_a or self.charger.max_a
        return served.got_a_s / (served.wanted_s * able_a) if served.wanted_s > 0.0 else 0.0

    def lease_state(self, now_s: float) -> LeaseState:
        """Where its lease stands."""
        return self.lease.state(now_s, is_heard=self.is_heard)

    def reserved(self, now_s: float) -> tuple[float, tuple[int, ...]]:
        """What cannot be taken back from it, and on which phases: out of reach, or drawn without wanting."""
        match self.lease_state(now_s):
            case LeaseState.RUNNING:
                return (0.0, ()) if self.shares else (self.drawn_a, self.drawing.used)
            case LeaseState.UNHEARD:
                return self.lease.limit_a, self.drawing.used
            case LeaseState.ENDED:
                phase = self.charger.offline_phase
                return self.charger.offline_a, self.drawing.wired if phase is None else (ORDER.index(phase),)

    def bounds_a(self, at_s: float, now_s: float) -> tuple[Triple, Triple, bool]:
        """What it draws at that moment, at least and at most, and whether that is settled."""
        if self.is_heard:
            return self.drawing.bounds_a(at_s)
        reserved_a, phases = self.reserved(now_s)
        high = [reserved_a if phase in phases else 0.0 for phase in range(3)]
        return (0.0, 0.0, 0.0), (high[0], high[1], high[2]), False
