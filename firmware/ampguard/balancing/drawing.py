"""What one charger draws: between which bounds, on which phases, how much it would ever take, how well it was served.

A limit takes effect late: a second on its way, up to four until the car obeys, then a ramp; from a pause up to a
minute. Until then anything between the old and the new value may flow. A car also draws some less than it is offered,
all along alike.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard.balancing.site import LEAST_A, ORDER

if TYPE_CHECKING:
    from ampguard.balancing.observation import Heard, Triple
    from ampguard.balancing.site import Charger, Group

SETTLE_S = 6.5
"""After so long a limit has been obeyed, by a car that ignores it for four seconds, too."""
STEADY_A, STEADY_S = 0.4, 3.0
"""A car that takes what it is going to take."""
FLOWS_A = 1.0
"""Less on a phase is none."""
LESS_A = 2.3
"""A car draws at most so much less than offered; one that draws still less cannot take more."""
TELLS_A = 3.0
"""From so much on it shows on which phases a car charges."""
PHASES_S = 5.0
ASKED_S = 15.0
"""A car that has not obeyed by then tells nothing about how quick it is."""


@dataclass(slots=True)
class Served:
    """What a car has got, and what it could have taken meanwhile."""

    got_a_s: float = 0.0
    wanted_s: float = 0.0
    able_a: float = 0.0
    """The most it took in this session when it was offered more; 0: not known."""


class Drawing:
    """One charger and its car."""

    def __init__(self, charger: Charger, group: Group) -> None:
        """Nothing heard yet."""
        self.charger = charger
        self._grid = group.grid
        self.wired = tuple(ORDER.index(phase) for phase in charger.phases)
        self.heard: Heard | None = None
        self.limit_a = 0.0
        """What it was told last, or was found obeying."""
        self.changed_s = -1e9
        self.drawn_a: Triple = (0.0, 0.0, 0.0)
        """By phase of the supply, as told last."""
        self.before_a: Triple = (0.0, 0.0, 0.0)
        self.current_a = 0.0
        """On the phase that carries most."""
        self.is_told = False
        """It has told what it draws."""
        self._steady_a, self._steady_s = 0.0, -1e9
        self._told_a: deque[tuple[float, float]] = deque(maxlen=16)
        """Recent limits: until when each held, and which."""
        self.used = self.wired
        """Phases that the car charges on."""
        self.most_a: float | None = None
        """What the car cannot exceed, where it has shown that."""
        self.less_a = 0.0
        """So much less than offered it draws."""
        self.answers_s = 0.0
        """How long the car last took to go half the way down; 0: not known."""
        self._asked_a: tuple[float, float] | None = None
        """Since when it should draw less, and what half the way is."""
        self.served = Served()
        self.session = 0
        """Counts the cars."""

    @property
    def wants(self) -> bool:
        """A car is there and would charge."""
        return self.heard is not None and self.heard.is_connected and self.heard.wants

    @property
    def is_connected(self) -> bool:
        """A car is there."""
        return self.heard is not None and self.heard.is_connected

    def tell(self, limit_a: float, now_s: float) -> None:
        """It is told another limit."""
        self._told_a.append((now_s, self.limit_a))
        if self._asked_a is None and limit_a < self.current_a - 1.0:
            self._asked_a = now_s, (self.current_a + limit_a) / 2.0
        self.limit_a, self.changed_s = limit_a, now_s

    def adopt(self, limit_a: float) -> None:
        """It was found obeying that: how much less the car draws is taken to stay as it is."""
        self.limit_a = limit_a
        if self.current_a > FLOWS_A and 0.0 <= limit_a - self.current_a <= LESS_A:
            self.less_a = limit_a - self.current_a

    def hear(self, heard: Heard) -> None:
        """It has told something newer."""
        was = self.heard
        if heard.is_connected and (was is None or not was.is_connected):
            self._new_car()
        if heard.drawn_a is None or (self.is_told and was is not None and heard.drawn_s <= was.drawn_s):
            self.is_told = self.is_told and heard.drawn_a is not None
            self.heard = heard
            return
        now_a = self.charger.currents_a(heard.drawn_a, self._grid)
        self.before_a, self.drawn_a = self.drawn_a if self.is_told else now_a, now_a
        self.current_a = max(self.drawn_a)
        if abs(self.current_a - self._steady_a) > STEADY_A:
            self._steady_a, self._steady_s = self.current_a, heard.drawn_s
        if was is not None and self.is_told:
            self._serve(was, heard)
        self.is_told = True
        if self._asked_a is not None:
            since_s, half_a = self._asked_a
            if self.current_a <= half_a:
                self.answers_s, self._asked_a = heard.drawn_s - since_s, None
            elif heard.drawn_s - since_s > ASKED_S:
                self._asked_a = None
        self.heard = heard
        self._learn(heard.drawn_s)

    def _new_car(self) -> None:
        self.used, self.most_a, self.less_a, self.answers_s, self._asked_a = self.wired, None, 0.0, 0.0, None
        self.served = Served()
        self.session += 1

    def _serve(self, was: Heard, heard: Heard) -> None:
        elapsed_s = min(heard.drawn_s - was.drawn_s, 60.0)
        if heard.is_connected and heard.wants:
            self.served.got_a_s += self.current_a * elapsed_s
            self.served.wanted_s += elapsed_s

    def _learn(self, at_s: float) -> None:
        for phase in self.wired:
            if self.drawn_a[phase] > FLOWS_A and phase not in self.used:
                self.used = tuple(one for one in self.wired if one in self.used or one == phase)
        steady_s = at_s - self._steady_s
        if self.current_a >= TELLS_A and steady_s >= PHASES_S:
            self.used = tuple(one for one in self.wired if self.drawn_a[one] > FLOWS_A)
        if self.current_a < FLOWS_A or steady_s < STEADY_S or at_s - self.changed_s < SETTLE_S + STEADY_S:
            return
        less_a = self.limit_a - self.current_a
        if less_a > LESS_A:
            self.most_a = self.current_a
            self.served.able_a = max(self.served.able_a, self.current_a)
            return
        self.less_a = max(0.0, less_a)
        if self.most_a is not None and self.current_a > self.most_a + STEADY_A:
            self.most_a = None

    def expected_a(self, limit_a: float) -> float:
        """What it is going to draw on each of its phases under that limit."""
        if limit_a < LEAST_A or not self.is_connected:
            return 0.0
        if not self.wants:
            return min(self.current_a, limit_a)
        offered_a = limit_a - self.less_a
        return offered_a if self.most_a is None else min(offered_a, self.most_a)

    @property
    def ceiling_a(self) -> float:
        """The most that it is worth planning for, on each of its phases."""
        offered_a = self.charger.max_a - self.less_a
        return offered_a if self.most_a is None else min(offered_a, self.most_a)

    def limit_for(self, drawn_a: float) -> float:
        """The limit under which it draws so much. Where the car is at its own end, enough more to see it take more."""
        spare_a = self.less_a
        if self.most_a is not None and drawn_a > self.most_a - STEADY_A:
            spare_a = LESS_A + STEADY_A
        return min(self.charger.max_a, drawn_a + spare_a)

    def bounds_a(self, at_s: float) -> tuple[Triple, Triple, bool]:
        """What it draws at that moment on each phase, at least and at most; and whether that is all settled."""
        if self.heard is None:
            return (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), False
        is_settled = at_s - self.changed_s > SETTLE_S and self.heard.drawn_s - self._steady_s > 1.0
        age_s = at_s - self.heard.drawn_s
        if self.is_told and (age_s <= 0.0 or (is_settled and (self.current_a > FLOWS_A or self.limit_a < LEAST_A))):
            if is_settled or age_s == 0.0:
                return self.drawn_a, self.drawn_a, is_settled
            low = [min(pair) for pair in zip(self.drawn_a, self.before_a, strict=True)]
            high = [max(pair) for pair in zip(self.drawn_a, self.before_a, strict=True)]
            return (low[0], low[1], low[2]), (high[0], high[1], high[2]), False
        limits_a = [self.limit_a, *(limit_a for until_s, limit_a in self._told_a if until_s > at_s - SETTLE_S)]
        goals_a = [self.expected_a(limit_a) for limit_a in limits_a]
        low, high = list(self.drawn_a), list(self.drawn_a)
        for phase in self.used:
            low[phase], high[phase] = min(low[phase], *goals_a), max(high[phase], *goals_a)
        return (low[0], low[1], low[2]), (high[0], high[1], high[2]), False
