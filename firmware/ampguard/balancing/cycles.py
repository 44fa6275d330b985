"""Loads that come back: for each level of one phase's base load, how long it stays below before it rises above again.

An oven, a hob, a compressor go on and off; room that they leave for ten seconds is not worth giving to a car, since
taking it back costs an overload of some seconds. Each level remembers for how long the base load last stayed below
it, and holds the room above free for as long as pays best: the wait after which, by what is remembered, the time
gained most exceeds the overload's price.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

REMEMBERED = 8
"""Returns of each level."""
FORGOTTEN_S = 1500.0
"""A return counts for 1/e after so long."""
SHORTEST_S, LONGEST_S, LONGEST_START_S = 3.0, 150.0, 900.0
"""Of all holds."""
TELLING_S = 1500.0
"""Longer below a level is all alike."""
USUAL_S: tuple[tuple[float, float], ...] = (
    (3.0, 0.20),
    (10.0, 0.10),
    (30.0, 0.10),
    (120.0, 0.15),
    (600.0, 0.25),
    (1500.0, 0.20),
)
"""Before anything is known: durations below a level, and how usual each is."""
EDGE_RATIO = 0.2
"""Of a level's height: less of a fall does not count as one."""


@dataclass(slots=True)
class _Level:
    below_s: float | None = None
    """Since when the base load is below; None: it is not, or never was above."""
    hold_s: float = SHORTEST_S
    start_hold_s: float = SHORTEST_S
    """The same for a start, which costs more to take back."""
    returns_s: deque[tuple[float, float]] = field(default_factory=lambda: deque[tuple[float, float]](maxlen=REMEMBERED))
    """When it rose above again, and for how long it had been below."""


class Cycles:
    """One phase."""

    def __init__(self, highest_a: float, step_a: float, price_s: float, start_price_s: float) -> None:
        """The prices, in seconds of use: of a level that was given away, or started on, and then comes back."""
        self._step_a = step_a
        self._price_s, self._start_price_s = price_s, start_price_s
        self._reach = math.ceil(highest_a / step_a)
        self._levels = [_Level() for _ in range(2 * self._reach + 1)]
        self._above = -1
        """The highest level that the base load is above; -1 before the first value."""
        self._usual_s = self._best((), price_s, LONGEST_S)
        self._usual_start_s = self._best((), start_price_s, LONGEST_START_S)

    def _height_a(self, number: int) -> float:
        return (number - self._reach) * self._step_a

    def _number(self, base_a: float) -> int:
        return max(0, min(len(self._levels) - 1, math.floor(base_a / self._step_a) + self._reach))

    def mistaken(self, base_a: float) -> None:
        """It is so high and was before; what was felt of it was some charger's."""
        self._above = self._number(base_a)
        for level in self._levels[: self._above + 1]:
            level.below_s = None

    def feel(self, base_a: float, now_s: float) -> None:
        """The base load is so high."""
        at = self._number(base_a)
        if self._above < 0:
            self._above = at
        elif at > self._above:
            for number in range(self._above + 1, at + 1):
                self._rose(self._levels[number], now_s)
            self._above = at
        elif base_a < self._height_a(self._above) - EDGE_RATIO * self._step_a:
            for number in range(at + 1, self._above + 1):
                self._levels[number].below_s = now_s
            self._above = at

    def planned_a(self, base_a: float, now_s: float, *, to_start: bool = False) -> float:
        """As how high it should be taken when room is given away."""
        for number in range(len(self._levels) - 1, self._above, -1):
            level = self._levels[number]
            if level.below_s is not None and now_s - level.below_s < (level.start_hold_s if to_start else level.hold_s):
                return max(base_a, self._height_a(number) + self._step_a / 2.0)
        return base_a

    def _rose(self, level: _Level, now_s: float) -> None:
        if level.below_s is not None:
            level.returns_s.append((now_s, now_s - level.below_s))
            seen_s = tuple((duration_s, math.exp((at_s - now_s) / FORGOTTEN_S)) for at_s, duration_s in level.returns_s)
            level.hold_s = self._best(seen_s, self._price_s, LONGEST_S)
            level.start_hold_s = self._best(seen_s, self._start_price_s, LONGEST_START_S)
        else:
            level.hold_s, level.start_hold_s = self._usual_s, self._usual_start_s
        level.below_s = None

    def _best(self, seen_s: tuple[tuple[float, float], ...], price_s: float, longest_s: float) -> float:
        """The wait that pays best: `seen_s` are durations below the level, and what each counts."""
        durations = (*USUAL_S, *seen_s)
        best_s, best = SHORTEST_S, -math.inf
        for candidate_s in (SHORTEST_S, *(duration_s + 1.0 + 0.1 * duration_s for duration_s, _ in durations)):
            wait_s = max(candidate_s, SHORTEST_S)
            if wait_s > longest_s:
                continue
            gained = 0.0
            for duration_s, weight in durations:
                if duration_s > wait_s:
                    gained += weight * (min(duration_s, TELLING_S) - wait_s - price_s)
            if gained > best:
                best_s, best = wait_s, gained
        return best_s
