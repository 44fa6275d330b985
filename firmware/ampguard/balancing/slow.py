"""Chargers that are reached over their makers' cloud alone: limited slowly, with a margin. They protect nothing.

What they draw is base load to all others, and what is known of it is up to a minute old. So one is given a share of
what the base load has left for minutes; it gets more only after five of them, and less when the phase is overloaded
though all others are at their least. Where the meter is lost it gets what it is to fall back to.

Nothing of it is a lease: without the cloud it keeps the last limit.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard.balancing.drawing import FLOWS_A
from ampguard.balancing.ladder import Rung
from ampguard.balancing.site import LEAST_A, ORDER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ampguard.balancing.observation import Heard
    from ampguard.balancing.place import Place
    from ampguard.balancing.site import Charger, Group
    from ampguard.balancing.supply import Supply

LOOKS_S = 10.0
"""How often it is looked at, and over how long the base load is averaged."""
SETTLES_S = 90.0
"""After so long a limit has been obeyed, and the cloud has told."""
WINDOW_S = 300.0
"""More is given after the base load has left it for so long."""
OVER_LOOKS = 3
"""So many averages in a row are too much."""
MARGIN_RATIO = 0.10
"""Of the main fuse, left free."""
MORE_A, LESS_A = 2.0, 3.0
"""Less of a change is worth none."""
LOST_S = 60.0
STEP_A = 1.0
"""Limits are told in whole amperes."""


@dataclass(frozen=True, slots=True)
class SlowChange:
    """Another limit for one of them."""

    number: int
    """Its place among the slow ones."""
    before_a: float
    after_a: float
    phase: int | None
    """That decided."""
    since_s: float


class Slow:
    """Those of one group."""

    def __init__(self, group: Group) -> None:
        """Nothing known."""
        self._group = group
        self.limits_a: list[float | None] = [None] * len(group.slow)
        """What each was told, or is found obeying; None: it is not known."""
        self._wired = [tuple(ORDER.index(phase) for phase in one.phases) for one in group.slow]
        self._told: set[int] = set()
        self._heard: Sequence[Heard | None] = [None] * len(group.slow)
        self._bases_a: deque[tuple[float, tuple[float, ...]]] = deque(maxlen=int(WINDOW_S / LOOKS_S))
        """Averages, with when each ended."""
        self._sum_a, self._count, self._meter_s = [0.0, 0.0, 0.0], 0, -math.inf
        self._begun_s: float | None = None
        self._changed_s = -math.inf
        self._lost_s: float | None = None

    def told_a(self, phase: int) -> float:
        """The most that they draw together there, as far as they obey."""
        limits = zip(self._group.slow, self._wired, self.limits_a, strict=True)
        return sum(one.max_a if limit_a is None else limit_a for one, wired, limit_a in limits if phase in wired)

    def step(
        self, heard: Sequence[Heard | None], supply: Supply, places: Sequence[Place], rung: Rung, now_s: float
    ) -> list[SlowChange]:
        """What follows for them."""
        if not self._group.slow:
            return []
        self._hear(heard)
        self._lost_s = None if rung is not Rung.LOST else now_s if self._lost_s is None else self._lost_s
        if self._lost_s is not None:
            self._begin(None)
            return self._fall_back(now_s) if now_s - self._lost_s >= LOST_S else []
        self._begun_s = now_s if self._begun_s is None else self._begun_s
        if supply.meter_s is not None and supply.meter_s != self._meter_s:
            self._meter_s, self._count = supply.meter_s, self._count + 1
            for phase, base in enumerate(supply.bases):
                self._sum_a[phase] += base.current_a or 0.0
        if now_s - self._begun_s < LOOKS_S or not self._count:
            return []
        self._bases_a.append((now_s, tuple(one / self._count for one in self._sum_a)))
        self._begin(now_s)
        return self._look(supply, places, now_s) if now_s - self._changed_s >= SETTLES_S else []

    def _begin(self, now_s: float | None) -> None:
        """Another average."""
        self._begun_s, self._sum_a, self._count = now_s, [0.0, 0.0, 0.0], 0
        if now_s is None:
            self._bases_a.clear()

    def _hear(self, heard: Sequence[Heard | None]) -> None:
        self._heard = heard or [None] * len(self._group.slow)
        for number, one in enumerate(heard):
            if one is not None and number not in self._told:  # until then others may change it
                self.limits_a[number] = self._group.slow[number].max_a if one.limit_a is None else one.limit_a

    def _fall_back(self, now_s: float) -> list[SlowChange]:
        goals_a = {number: (one.offline_a, None) for number, one in enumerate(self._group.slow)}
        return self._changes(goals_a, now_s, LOST_S)

    def _look(self, supply: Supply, places: Sequence[Place], now_s: float) -> list[SlowChange]:
        over = self._over(supply, places)
        if over:
            return self._changes(over, now_s, LOOKS_S * OVER_LOOKS)
        since_s = now_s - max(self._bases_a[0][0] - LOOKS_S, self._changed_s + SETTLES_S)
        if since_s < WINDOW_S - LOOKS_S:
            return []
        goals_a: dict[int, tuple[float, int | None]] = {}
        for number, one in enumerate(self._group.slow):
            limit_a, heard = self.limits_a[number], self._heard[number]
            if limit_a is None or heard is None:
                continue
            share_a, phase = self._share_a(number, supply, places)
            if not heard.is_connected:
                goal_a = min(limit_a, self._group.min_a)  # whoever comes may begin with that
            elif share_a < self._group.min_a:
                goal_a = min(limit_a, self._group.min_a)
            else:
                goal_a = min(share_a, one.max_a)
            if goal_a - limit_a >= MORE_A or limit_a - goal_a >= LESS_A:
                goals_a[number] = goal_a, phase
        return self._changes(goals_a, now_s, WINDOW_S)

    def _over(self, supply: Supply, places: Sequence[Place]) -> dict[int, tuple[float, int | None]]:
        """Too much flows though all others are at their least: by how much each is lowered."""
        latest = list(self._bases_a)[-OVER_LOOKS:]
        if len(latest) < OVER_LOOKS:
            return {}
        found_a: dict[int, tuple[float, int | None]] = {}
        for phase in range(3):
            leasts_a = sum(one.least_a for one in places if one.shares and phase in one.drawing.used)
            excess_a = min(base_a[phase] for _, base_a in latest) + leasts_a - supply.usable_a
            drawing = [one for one in range(len(self._heard)) if self._drawn_a(one, phase) > FLOWS_A]
            if excess_a > 0.0:
                surplus_a = excess_a + MARGIN_RATIO * self._group.supply_max_a
                for number in drawing:
                    lowered_a = self._drawn_a(number, phase) - surplus_a / len(drawing)
                    known_a = found_a.get(number, (math.inf, None))[0]
                    if lowered_a < known_a:
                        found_a[number] = lowered_a, phase
        return found_a

    def _share_a(self, number: int, supply: Supply, places: Sequence[Place]) -> tuple[float, int]:
        """What all who want to charge could have alike, on the phase that has least."""
        found_a: list[tuple[float, int]] = []
        for phase in self._used(number):
            peak_a = max(base_a[phase] for _, base_a in self._bases_a)
            own_a = sum(self._drawn_a(one, phase) for one in range(len(self._heard)))
            free_a = min(
                supply.usable_a - MARGIN_RATIO * self._group.supply_max_a - peak_a + own_a, self._group.max_online_a
            )
            fast = sum((one.shares or one.waits) and phase in one.drawing.used for one in places)
            slow = sum(one is not None and one.is_connected and phase in self._wired[at]
                       for at, one in enumerate(self._heard))  # fmt: skip
            found_a.append((free_a / max(1, fast + slow), phase))
        return min(found_a)

    def _drawn_a(self, number: int, phase: int) -> float:
        heard, charger = self._heard[number], self._group.slow[number]
        if heard is None or heard.drawn_a is None:
            return 0.0
        return charger.currents_a(heard.drawn_a, self._group.grid)[phase]

    def _used(self, number: int) -> tuple[int, ...]:
        """The phases that it charges on; all that it has where it does not charge."""
        wired = self._wired[number]
        return tuple(phase for phase in wired if self._drawn_a(number, phase) > FLOWS_A) or wired

    def _changes(
        self, goals_a: Mapping[int, tuple[float, int | None]], now_s: float, since_s: float
    ) -> list[SlowChange]:
        found: list[SlowChange] = []
        for number, (goal_a, phase) in goals_a.items():
            before_a = self.limits_a[number]
            limit_a = _settled_a(goal_a, self._group.slow[number])
            if before_a != limit_a:
                found.append(SlowChange(number, before_a or 0.0, limit_a, phase, since_s))
                self.limits_a[number], self._changed_s = limit_a, now_s
                self._told.add(number)
        return found


def _settled_a(limit_a: float, charger: Charger) -> float:
    limit_a = math.floor(min(limit_a, charger.max_a) / STEP_A + 1e-6) * STEP_A
    return limit_a if limit_a >= LEAST_A else 0.0
