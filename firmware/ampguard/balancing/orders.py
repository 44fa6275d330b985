"""What chargers are told in one decision: other limits, each with its reason, and renewals of their leases."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ampguard.balancing.decision import Order, Reason, Rule
from ampguard.balancing.leases import AGAIN_S, LEASE_S, Lease
from ampguard.balancing.site import ORDER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ampguard.balancing.ladder import Rung
    from ampguard.balancing.observation import Observation
    from ampguard.balancing.place import Place
    from ampguard.balancing.site import Charger
    from ampguard.balancing.slow import SlowChange
    from ampguard.balancing.supply import Supply

STEP_A = 0.1
"""Limits are told in such steps (OCPP 1.6)."""


class Orders:
    """Of one decision."""

    def __init__(self, seen: Observation, rung: Rung, supply: Supply, least_a: float) -> None:
        """`least_a`: of a charger that is not paused."""
        self._seen, self._rung, self._supply, self._least_a = seen, rung, supply, least_a
        self._told: dict[int, Order] = {}
        self.reasons: list[Reason] = []
        self.slow: list[Order] = []

    def __bool__(self) -> bool:
        """Somebody is told something."""
        return bool(self._told)

    @property
    def told(self) -> tuple[Order, ...]:
        """In the group's order."""
        return tuple(self._told[number] for number in sorted(self._told))

    def off(self, place: Place, rule: Rule, phase: int | None, since_s: float) -> None:
        """It is paused."""
        place.is_on, place.since_s = False, self._seen.now_s
        self.tell(place, 0.0, rule, phase, since_s)

    def tell(self, place: Place, limit_a: float, rule: Rule, phase: int | None, since_s: float) -> None:
        """Another limit."""
        now_s = self._seen.now_s
        limit_a = math.floor(limit_a / STEP_A + 1e-6) * STEP_A
        if limit_a > 0.0:
            limit_a = round(min(max(limit_a, self._least_a), place.charger.max_a), 1)
        before_a = place.lease.limit_a
        if abs(before_a - limit_a) < STEP_A / 2.0:
            return
        place.drawing.tell(limit_a, now_s)
        place.lease = Lease(limit_a, now_s)
        place.guessed_s = None
        self._told[place.number] = Order(place.number, limit_a, LEASE_S)
        self.say(place, before_a, rule, phase, since_s)

    def say(self, place: Place, before_a: float, rule: Rule, phase: int | None, since_s: float) -> None:
        """Why its limit is another one than before."""
        self._say(place.charger.name, (before_a, place.lease.limit_a), rule, phase, since_s)

    def tell_slow(self, charger: Charger, change: SlowChange) -> None:
        """One that is reached over its makers' cloud."""
        self.slow.append(Order(change.number, change.after_a, LEASE_S))
        self._say(charger.name, (change.before_a, change.after_a), Rule.SLOW, change.phase, change.since_s)

    def _say(self, charger: str, limits_a: tuple[float, float], rule: Rule, phase: int | None, since_s: float) -> None:
        seen = self._seen
        age_s = None if seen.meter_s is None else seen.now_s - seen.meter_s
        if rule in {Rule.BLIND, Rule.OFFLINE}:
            since_s = age_s if age_s is not None else since_s
        self.reasons.append(Reason(
            charger=charger, before_a=limits_a[0], after_a=limits_a[1], rule=rule,
            phase=None if phase is None else ORDER[phase], since_s=max(0.0, since_s),
            room_a=None if phase is None else self._supply.cut_a(self._rung)[phase],
            base_a=None if phase is None else self._supply.base_a(phase, self._rung),
            meter_a=self._supply.meter_a, meter_age_s=age_s,
        ))  # fmt: skip

    def renew(self, places: Sequence[Place]) -> None:
        """Leases that should be renewed, and chargers that obey something else than they were told."""
        now_s = self._seen.now_s
        for place in places:
            if not place.is_heard or place.number in self._told or place.is_guessed(now_s):
                continue
            obeyed_a = place.drawing.heard.limit_a if place.drawing.heard is not None else None
            differs = obeyed_a is not None and abs(obeyed_a - place.lease.limit_a) > STEP_A
            if place.lease.is_due(now_s) or (differs and now_s - place.lease.given_s >= AGAIN_S):
                place.lease = Lease(place.lease.limit_a, now_s)
                self._told[place.number] = Order(place.number, place.lease.limit_a, LEASE_S)
