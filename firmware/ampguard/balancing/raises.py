"""Up: what is left and likely to stay so is given to whoever has least; and who has clearly too much gives it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard.balancing.decision import Rule
from ampguard.balancing.ladder import Rung
from ampguard.balancing.shares import Scarce, Sharer, shared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ampguard.balancing.limits import Besides
    from ampguard.balancing.observation import Observation
    from ampguard.balancing.orders import Orders
    from ampguard.balancing.place import Place
    from ampguard.balancing.supply import Supply

EVERY_S = 1.0
RAISE_A, RAISE_RATIO, RAISED_S = 2.5, 0.12, 12.0
"""A raise is worth a message from so much (and such a part) on, and after so long."""
LITTLE_A, LITTLE_S = 0.4, 180.0
"""A little more is worth one where nothing has changed for so long."""
RAISE_USED_RATIO = 0.10
"""Nothing is raised on a phase while more of its fuse's budget is used: it must cool first."""
FAIR_A, FAIR_RATIO, FAIR_S = 2.0, 0.15, 240.0
"""Who has so much more than his fair share gives it back; looked at so often."""


def scarce(room_a: Sequence[float], places: Sequence[Place], now_s: float) -> list[Scarce]:
    """What those share whose limit can be chosen: each phase, less what cannot be taken back from the others."""
    left_a = list(room_a)
    for place in places:
        if not place.shares:
            current_a, phases = place.reserved(now_s)
            for phase in phases:
                left_a[phase] -= current_a
    return [
        Scarce(left_a[phase], [1.0 if phase in place.drawing.used else 0.0 for place in places if place.shares])
        for phase in range(3)
    ]


class Raises:
    """Of one group."""

    def __init__(self, places: Sequence[Place], supply: Supply, besides: Besides) -> None:
        """Nothing was raised yet."""
        self._places, self._supply, self._besides = places, supply, besides
        self._started_s = self._fair_s = self._raised_s = -1e9

    def begin(self, now_s: float) -> None:
        """The first decision."""
        self._started_s = self._fair_s = now_s

    def step(self, seen: Observation, rung: Rung, orders: Orders) -> None:
        """What is left and likely to stay so is given to whoever has least."""
        sharing = [place for place in self._places if place.shares]
        if seen.now_s - self._raised_s < EVERY_S or rung not in {Rung.FRESH, Rung.LOST}:
            return
        self._raised_s = seen.now_s
        if sharing:
            self._give(seen, rung, sharing, orders)

    def _give(self, seen: Observation, rung: Rung, sharing: Sequence[Place], orders: Orders) -> None:
        now_s = seen.now_s
        drawn_a = [place.drawn_a for place in sharing]
        rows = scarce(self._supply.raise_a(rung), self._places, now_s)
        ceilings_a = [max(place.most_a, current_a) for place, current_a in zip(sharing, drawn_a, strict=True)]
        for phase, row in enumerate(rows):
            if self._supply.budgets[phase].used_ratio > RAISE_USED_RATIO:
                row.total_a = 0.0
        more = [row.scarce for row in self._besides.rows(seen, self._places, sharing)]
        if now_s - self._fair_s >= FAIR_S:
            self._fair_s = now_s
            if self._level(sharing, drawn_a, ceilings_a, [*rows, *more], orders):
                return
        for place, current_a in zip(sharing, drawn_a, strict=True):
            high_a = max(place.bounds_a(now_s, now_s)[1])
            for phase in place.drawing.used:
                rows[phase].total_a -= max(0.0, high_a - current_a - place.drawing.less_a)
        sharers = [
            Sharer(current_a, ceiling_a, place.weight_ratio)
            for place, current_a, ceiling_a in zip(sharing, drawn_a, ceilings_a, strict=True)
        ]
        for place, before_a, goal_a in zip(sharing, drawn_a, shared([*rows, *more], sharers), strict=True):
            unchanged_s, gain_a = now_s - place.drawing.changed_s, goal_a - before_a
            worth_a = LITTLE_A if unchanged_s >= LITTLE_S else max(RAISE_A, RAISE_RATIO * before_a)
            if unchanged_s >= RAISED_S and gain_a >= worth_a:
                since_s = min(unchanged_s, now_s - self._started_s)
                orders.tell(place, place.drawing.limit_for(goal_a), Rule.ROOM, None, since_s)

    @staticmethod
    def _level(
        sharing: Sequence[Place],
        drawn_a: Sequence[float],
        ceilings_a: Sequence[float],
        rows: Sequence[Scarce],
        orders: Orders,
    ) -> bool:
        """Who has clearly more than his fair share gives it back, if others gain; whether anybody did."""
        sharers = [
            Sharer(min(place.least_a, current_a), ceiling_a, place.weight_ratio)
            for place, current_a, ceiling_a in zip(sharing, drawn_a, ceilings_a, strict=True)
        ]
        goals_a = shared(rows, sharers)
        pairs = list(zip(sharing, drawn_a, goals_a, strict=True))
        if not any(goal_a - before_a > FAIR_A for _, before_a, goal_a in pairs):
            return False
        found = False
        for place, before_a, goal_a in pairs:
            if before_a - goal_a > max(FAIR_A, FAIR_RATIO * before_a):
                found = True
                orders.tell(place, place.drawing.limit_for(goal_a), Rule.FAIR, None, FAIR_S)
        return found
