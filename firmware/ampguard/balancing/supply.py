"""What the supply has left for charging, on each phase: to cut by, to raise by, to start one more by."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ampguard.balancing.base import BaseLoad
from ampguard.balancing.breaker import Budget
from ampguard.balancing.cycles import Cycles
from ampguard.balancing.ladder import Rung
from ampguard.balancing.site import ORDER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ampguard.balancing.observation import Triple
    from ampguard.balancing.place import Place
    from ampguard.balancing.site import Group

MARGIN_RATIO = 0.01
"""Of the main fuse, kept free: what the meter may be wrong by."""
LEVEL_A, LEVELS = 0.5, 48
"""The smallest step between levels of the base load, and how many the fuse has at most."""
PRICE_S_PER_A = 1.4
"""How many seconds of a room's use its overload costs, for each ampere of the main fuse: the larger, the less one
room matters."""
BLIND_RATIO = 0.90
"""The quantile of the base load that is reckoned with while the meter is late."""
START_PRICE_S, START_SPARE_A = 650.0, 1.0
"""What a start costs that must be taken back, in seconds of its use; and what must be left besides."""


class Supply:
    """All three phases."""

    def __init__(self, group: Group) -> None:
        """Nothing measured."""
        self._group = group
        self.usable_a = group.supply_max_a * (1.0 - MARGIN_RATIO)
        self.bases = [BaseLoad() for _ in range(3)]
        step_a = max(LEVEL_A, group.supply_max_a / LEVELS)
        price_s = PRICE_S_PER_A * group.supply_max_a
        self._cycles = [Cycles(group.supply_max_a, step_a, price_s, START_PRICE_S) for _ in range(3)]
        self.budgets = [Budget(group.device, group.supply_max_a) for _ in range(3)]
        self.meter_a: Triple | None = None
        self.meter_s: float | None = None
        self.allowed_a = [math.inf] * 3
        """For all chargers together, by a cloud."""
        self.slow_a = [0.0] * 3
        """What those may draw that are reached over their makers' cloud; it is base load as well."""
        self._slow_offline_a = [
            sum(one.offline_a for one in group.slow if phase in one.phases) for phase in ORDER
        ]  # fmt: skip
        self.planned_a = [group.supply_max_a] * 3
        """What the base load is likely to come back to."""

    def measured(self, at_s: float, meter_a: Triple, places: Sequence[Place], now_s: float) -> None:
        """A new sample."""
        least_a, most_a, is_settled = self._drawn_a(at_s, places, now_s)
        elapsed_s = 0.0 if self.meter_s is None else at_s - self.meter_s
        beside_a = self._beside_a(places, now_s)
        for phase in range(3):
            current_a = meter_a[phase]
            self.budgets[phase].heat(max(0.0, current_a + beside_a[phase]), elapsed_s)
            base_a = self.bases[phase].measured(
                at_s, current_a - most_a[phase], current_a - least_a[phase], is_settled=is_settled
            )
            self._cycles[phase].feel(base_a, at_s)
            self.planned_a[phase] = self._cycles[phase].planned_a(base_a, at_s)
        self.meter_a, self.meter_s = meter_a, at_s

    def known_better(self, places: Sequence[Place], now_s: float) -> None:
        """What chargers draw lies between other bounds; so does the base load of the latest sample."""
        if self.meter_a is None or self.meter_s is None:
            return
        least_a, most_a, _ = self._drawn_a(self.meter_s, places, now_s)
        for phase, current_a in enumerate(self.meter_a):
            before_a = self.bases[phase].current_a
            base_a = self.bases[phase].again(current_a - most_a[phase], current_a - least_a[phase])
            if base_a != before_a:
                self._cycles[phase].mistaken(base_a)
                self.planned_a[phase] = self._cycles[phase].planned_a(base_a, self.meter_s)

    @staticmethod
    def _drawn_a(at_s: float, places: Sequence[Place], now_s: float) -> tuple[list[float], list[float], bool]:
        """By all chargers that the meter sees, at least and at most, and whether that is settled."""
        least_a, most_a, is_settled = [0.0, 0.0, 0.0], [0.0, 0.0, 0.0], True
        for place in places:
            if not place.charger.is_included:
                continue
            low, high, is_quiet = place.bounds_a(at_s, now_s)
            is_settled = is_settled and is_quiet
            for phase in range(3):
                least_a[phase] += low[phase]
                most_a[phase] += high[phase]
        return least_a, most_a, is_settled

    def _beside_a(self, places: Sequence[Place], now_s: float) -> list[float]:
        """What chargers draw that the meter does not see."""
        found_a = [0.0, 0.0, 0.0]
        for place in places:
            if not place.charger.is_included:
                high = place.bounds_a(now_s, now_s)[1]
                for phase in range(3):
                    found_a[phase] += high[phase]
        return found_a

    @property
    def used_ratio(self) -> float:
        """Of what the main fuse bears beyond its rating, on the hottest phase."""
        return max(budget.used_ratio for budget in self.budgets)

    def base_a(self, phase: int, rung: Rung) -> float | None:
        """What to reckon with besides the chargers; None: nothing is known of it."""
        current_a = self.bases[phase].current_a
        if current_a is None or rung is Rung.LOST:
            return None
        if rung is Rung.STALE:
            return max(current_a, self.bases[phase].quantile_a(BLIND_RATIO) or current_a)
        return current_a

    def is_cloud(self, phase: int, rung: Rung) -> bool:
        """It is the cloud that leaves the least there."""
        return self.allowed_a[phase] < self._own_a(phase, self.base_a(phase, rung))

    def _left_a(self, phase: int, base_a: float | None) -> float:
        return min(self._own_a(phase, base_a), self.allowed_a[phase])

    def _own_a(self, phase: int, base_a: float | None) -> float:
        if base_a is None:
            return self._group.max_offline_a - self._slow_offline_a[phase]
        return min(self.usable_a - base_a, self._group.max_online_a - self.slow_a[phase])

    def cut_a(self, rung: Rung) -> list[float]:
        """For all chargers, at once."""
        return [self._left_a(phase, self.base_a(phase, rung)) for phase in range(3)]

    def raise_a(self, rung: Rung) -> list[float]:
        """For all chargers, where more is given than they have."""
        if rung is Rung.LOST:
            return self.cut_a(rung)
        return [self._left_a(phase, planned_a) for phase, planned_a in enumerate(self.planned_a)]

    def start_a(self, rung: Rung) -> list[float]:
        """For all chargers at their least, where one more is to start."""
        if rung is not Rung.FRESH:
            return self.cut_a(rung) if rung is Rung.LOST else [0.0] * 3
        found_a: list[float] = []
        for phase, (base, cycles) in enumerate(zip(self.bases, self._cycles, strict=True)):
            if base.current_a is None or self.meter_s is None:
                found_a.append(self._left_a(phase, None))
            else:
                planned_a = cycles.planned_a(base.current_a, self.meter_s, to_start=True)
                found_a.append(self._left_a(phase, planned_a + START_SPARE_A))
        return found_a
