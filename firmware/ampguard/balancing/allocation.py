"""The allocation core: from what is known now to what each charger may draw. The same input gives the same decisions.

Down at once, on the phase that is hot, largest share first; up slowly, by what the base load is likely to come back to.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ampguard.balancing import turns
from ampguard.balancing.decision import Decision, Rule
from ampguard.balancing.drawing import FLOWS_A
from ampguard.balancing.excess import SMALL_A, Excess
from ampguard.balancing.ladder import CloudLadder, MeterLadder, Rung
from ampguard.balancing.leases import GRACE_S, LEASE_S, Lease
from ampguard.balancing.limits import KEEPS_RATIO, Besides
from ampguard.balancing.orders import STEP_A, Orders
from ampguard.balancing.place import NEVER_S, News, Place
from ampguard.balancing.raises import Raises, scarce
from ampguard.balancing.shares import Scarce, Sharer, shared
from ampguard.balancing.site import LEAST_A
from ampguard.balancing.slow import Slow
from ampguard.balancing.supply import Supply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ampguard.balancing.observation import Observation
    from ampguard.balancing.site import Group

HOLD_USED_RATIO, STOPS_S, HOLD_S, HOLD_ALONE_S = 0.05, 5.0, 6.0, 14.0
"""All at their least and still too much: nobody is paused before so much of the fuse's budget would be used when a
pause takes effect (after so long), or the excess has added up to what one car takes at its least in so long. Stopping
one of few matters more than stopping one of many: the last number is divided by how many charge."""
SLOW_S = 3.5
"""A car that takes longer to obey is cut only when the others do not suffice."""
STARTED_S = 30.0
"""The unit knows little of the base load yet: nobody is started."""
CATCH_UP, MOST_CATCH_UP, UNSERVED_RATIO = 2.0, 2.0, 0.02
"""How strongly who got less is preferred: the exponent, the most times, and what nobody has got yet counts as."""
TINY_A = 1e-6
"""Sums of floats are not exact."""
HELD_S, HELD_USED_RATIO = LEASE_S + GRACE_S, 0.5
"""For so long after a start a charger that was not heard yet may hold a limit that nobody here knows of: too much that
may be its own pauses nobody else, unless so much of the fuse's budget would be used."""


class Balancer:
    """One group."""

    def __init__(self, group: Group) -> None:
        """As after a start: it adopts what the chargers obey."""
        self.group = group
        self.places = [Place(number, charger, group) for number, charger in enumerate(group.chargers)]
        self.supply = Supply(group)
        self.meter = MeterLadder()
        self.cloud = CloudLadder()
        self.slow = Slow(group)
        self._besides = Besides(group)
        self._raises = Raises(self.places, self.supply, self._besides)
        self._started_s: float | None = None
        self._excess = Excess(group.supply_max_a)
        self._full_s: list[float | None] = [None] * 3
        self._full_a_s = [0.0] * 3
        self._now_s = 0.0

    def decide(self, seen: Observation) -> Decision:
        """What follows from what is known now. The clock never goes back."""
        now_s, elapsed_s = seen.now_s, 0.0 if self._started_s is None else seen.now_s - self._now_s
        self._now_s = now_s
        if self._started_s is None:
            self._started_s = now_s
            self._raises.begin(now_s)
        self.meter.step(seen.meter_s, now_s)
        leader = self.cloud.step([*seen.cloud, seen.together], now_s)
        orders = Orders(seen, self.meter.rung, self.supply, self.group.min_a)
        self._hear(seen, orders)
        self._allow(seen)
        if seen.meter_a is not None and seen.meter_s is not None and seen.meter_s != self.supply.meter_s:
            self.supply.measured(seen.meter_s, seen.meter_a, self.places, now_s)
            self._besides.measured(self.supply, seen.meter_s)
        self.supply.slow_a = [self.slow.told_a(phase) for phase in range(3)]
        self._rest(orders)
        self._weigh()
        room_a = self.supply.cut_a(self.meter.rung)
        self._pause(room_a, now_s, elapsed_s, orders)
        self._pause_besides(seen, orders)
        self._turns(seen, orders)
        is_cut = self._cut(room_a, seen, orders)
        if not is_cut:
            self._raises.step(seen, self.meter.rung, orders)
        orders.renew(self.places)
        for change in self.slow.step(seen.slow, self.supply, self.places, self.meter.rung, now_s):
            orders.tell_slow(self.group.slow[change.number], change)
        return Decision(
            now_s=now_s,
            orders=orders.told,
            reasons=tuple(orders.reasons),
            slow=tuple(orders.slow),
            rung=self.meter.rung,
            leader=leader,
            budget_used_ratio=self.supply.used_ratio,
        )

    def _allow(self, seen: Observation) -> None:
        """What a cloud allows, as long as it holds."""
        together = seen.together
        for phase in range(3):
            limit_a = None if together is None or together.until_s <= seen.now_s else together.limit_a[phase]
            self.supply.allowed_a[phase] = math.inf if limit_a is None else limit_a
        for number, place in enumerate(self.places):
            place.cloud_a, place.is_tested = seen.allowed_a(number), seen.is_tested(number)

    # What is known of the chargers

    def _hear(self, seen: Observation, orders: Orders) -> None:
        is_better = False
        for place, heard in zip(self.places, seen.heard, strict=True):
            known_s = place.drawing.heard.heard_s if place.drawing.heard is not None else seen.now_s
            news = place.hear(heard, seen.now_s)
            is_better = is_better or news is not News.NONE
            if news is News.OBEYS and heard is not None:
                self._adopt(place, heard.limit_a, seen.now_s, seen.now_s - known_s, orders)
        if is_better:
            self.supply.known_better(self.places, seen.now_s)

    def _adopt(self, place: Place, limit_a: float | None, now_s: float, silent_s: float, orders: Orders) -> None:
        """It is in reach (again): what it obeys by itself counts."""
        is_new = place.lease.given_s < 0.0 or place.guessed_s is not None
        rule = Rule.ADOPTED if is_new else Rule.RETURNED
        place.guessed_s = now_s if limit_a is None and not place.drawing.is_told else None
        if place.guessed_s is not None:
            limit_a = place.charger.max_a  # it may obey that; it is told nothing before more is known
        elif limit_a is None:
            drawn_a = place.drawing.current_a  # it obeys no less; it gets no more before that is known to be safe
            limit_a = max(self.group.min_a, round(drawn_a, 1)) if drawn_a > FLOWS_A else 0.0
        limit_a = min(limit_a, place.charger.max_a) if limit_a >= LEAST_A else 0.0
        before_a = place.lease.limit_a
        place.drawing.adopt(limit_a)
        place.lease = Lease(limit_a, now_s - LEASE_S)
        is_on = limit_a >= LEAST_A and place.drawing.is_connected
        if is_on != place.is_on:
            place.is_on, place.since_s = is_on, now_s
        if before_a != limit_a:
            orders.say(place, before_a, rule, None, silent_s)

    def _rest(self, orders: Orders) -> None:
        """Cars that are gone, and those that want nothing."""
        for place in self.places:
            if not place.is_heard:
                continue
            if not place.drawing.is_connected:
                if place.is_on or place.lease.limit_a > 0.0:
                    orders.tell(place, 0.0, Rule.GONE, None, 0.0)
                place.is_on, place.since_s = False, -1e9
            elif place.is_on and place.cloud_a < self.group.min_a:
                orders.off(place, Rule.CLOUD, None, 0.0)
            elif place.is_on and place.lease.limit_a > place.cloud_a + STEP_A:
                orders.tell(place, place.cloud_a, Rule.TESTED if place.is_tested else Rule.CLOUD, None, 0.0)
            elif place.is_on and not place.drawing.wants and place.lease.limit_a > self.group.min_a:
                orders.tell(place, self.group.min_a, Rule.STANDBY, None, 0.0)

    def _weigh(self) -> None:
        """More for whoever has got less than the others, of what his car could have taken; and by priority."""
        sharing = [place for place in self.places if place.shares]
        if not sharing:
            return
        served = [place.served_ratio / place.charger.priority for place in sharing]
        mean = sum(served) / len(served)
        for place, ratio in zip(sharing, served, strict=True):
            behind = ((mean + UNSERVED_RATIO) / (ratio + UNSERVED_RATIO)) ** CATCH_UP
            place.weight_ratio = place.charger.priority * min(MOST_CATCH_UP, max(1.0 / MOST_CATCH_UP, behind))

    # Down

    def _cut(self, room_a: Sequence[float], seen: Observation, orders: Orders) -> bool:
        """Who draws the most gives back what is too much; whether anybody was told something."""
        now_s = seen.now_s
        sharing = [place for place in self.places if place.shares]
        drawn_a = [place.drawn_a for place in sharing]
        rows = scarce(room_a, self.places, now_s)
        hot: list[int] = []
        for phase, row in enumerate(rows):
            taken_a = sum(use * current_a for use, current_a in zip(row.uses_ratio, drawn_a, strict=True))
            excess_a = taken_a - row.total_a
            if self._excess.is_hot(phase, excess_a, now_s):
                hot.append(phase)
            else:
                row.total_a = max(row.total_a, taken_a)
        more = self._besides.rows(seen, self.places, sharing)
        broken = next((row.rule for row in more if row.is_over), None)
        if not hot and broken is None:
            return False
        goals_a = self._lowered(sharing, drawn_a, [*rows, *(row.scarce for row in more)])
        for place, before_a, goal_a in zip(sharing, drawn_a, goals_a, strict=True):
            if goal_a < before_a - SMALL_A:
                hottest = next((one for one in hot if one in place.drawing.used), None)
                rule = broken if hottest is None and broken is not None else self._why_down(hottest)
                since_s = 0.0 if hottest is None else self._excess.since_s(hottest, now_s)
                orders.tell(place, place.drawing.limit_for(goal_a), rule, hottest, since_s)
        return bool(orders)

    def _lowered(self, sharing: Sequence[Place], drawn_a: Sequence[float], rows: Sequence[Scarce]) -> list[float]:
        """As few as possible give something back: the quick ones first, and of those who has most for his weight."""
        order = sorted(
            range(len(sharing)),
            key=lambda one: (sharing[one].drawing.answers_s > SLOW_S, -drawn_a[one] / sharing[one].weight_ratio, one),
        )
        sharers = [
            Sharer(current_a, current_a, place.weight_ratio) for place, current_a in zip(sharing, drawn_a, strict=True)
        ]
        left_a = [
            row.total_a - sum(use * current_a for use, current_a in zip(row.uses_ratio, drawn_a, strict=True))
            for row in rows
        ]
        for one in order:
            if not any(left < -TINY_A and row.uses_ratio[one] for row, left in zip(rows, left_a, strict=True)):
                continue
            gives_a = max(0.0, drawn_a[one] - sharing[one].least_a)
            sharers[one].least_a -= gives_a
            left_a = [left + row.uses_ratio[one] * gives_a for row, left in zip(rows, left_a, strict=True)]
        return shared(rows, sharers)

    def _why_down(self, phase: int | None) -> Rule:
        if phase is not None and self.supply.is_cloud(phase, self.meter.rung):
            return Rule.CLOUD
        return {Rung.LOST: Rule.OFFLINE, Rung.STALE: Rule.BLIND}.get(self.meter.rung, Rule.OVER)

    def _pause(self, room_a: Sequence[float], now_s: float, elapsed_s: float, orders: Orders) -> None:
        """All at their least and still too much: it is borne for a while, then the best served one is paused."""
        left_a = turns.left_at_least(self.places, room_a, now_s, 0.0)
        for place in self.places:
            if place.shares:
                for phase in place.drawing.used:
                    left_a[phase] -= place.least_a
        for phase in range(3):
            if left_a[phase] >= -SMALL_A:
                self._full_s[phase], self._full_a_s[phase] = None, 0.0
                continue
            since_s = self._full_s[phase]
            if since_s is None:
                since_s = self._full_s[phase] = now_s
            self._full_a_s[phase] -= left_a[phase] * elapsed_s
            if self._bears(phase, left_a[phase], self._held_a(phase, now_s)):
                continue
            best = turns.best_served(self.places, phase)
            if best is not None:
                self._pause_one(best, phase, now_s - since_s, orders)
                for one in best.drawing.used:
                    left_a[one] += best.least_a

    def _pause_one(self, place: Place, phase: int, since_s: float, orders: Orders) -> None:
        down = self._why_down(phase)
        orders.off(place, down if down in {Rule.OFFLINE, Rule.CLOUD} else Rule.PAUSED, phase, since_s)
        if self._held_a(phase, self._now_s) > 0.0:
            place.since_s = NEVER_S  # it may have been the others' alone: it goes on as soon as there is room

    def _pause_besides(self, seen: Observation, orders: Orders) -> None:
        """Even everybody's least is more than a rule allows: the best served one is paused."""
        sharing = [place for place in self.places if place.shares]
        for row in self._besides.rows(seen, self.places, sharing):
            keeps = KEEPS_RATIO if row.rule is Rule.SURPLUS else 1.0
            using = [place for place, use in zip(sharing, row.scarce.uses_ratio, strict=True) if use > 0.0]
            if using and row.excess_a(sharing, keeps) > SMALL_A:
                orders.off(max(using, key=lambda place: place.served_ratio), row.rule, None, 0.0)
                return

    def _bears(self, phase: int, left_a: float, held_a: float) -> bool:
        """The main fuse bears it for now; it is nothing that a cloud or a lost meter asks to bear."""
        if self.meter.rung is Rung.LOST or self.supply.is_cloud(phase, self.meter.rung):
            return False
        used_ratio = self.supply.budgets[phase].used_after_ratio(self.supply.usable_a - left_a, STOPS_S)
        if left_a + held_a >= 0.0:
            return used_ratio < HELD_USED_RATIO
        charging = max(1, sum(place.shares for place in self.places))
        return (
            used_ratio < HOLD_USED_RATIO
            and self._full_a_s[phase] < (HOLD_S + HOLD_ALONE_S / charging) * self.group.min_a
        )

    def _held_a(self, phase: int, now_s: float) -> float:
        """What chargers may draw there that were not heard yet, beyond what is reckoned with."""
        if self._started_s is None or now_s - self._started_s >= HELD_S:
            return 0.0
        silent = [one for one in self.places if one.drawing.heard is None and phase in one.drawing.wired]
        return sum(one.charger.max_a - one.reserved(now_s)[0] for one in silent if one.charger.is_included)

    # Up

    def _turns(self, seen: Observation, orders: Orders) -> None:
        """One more starts; or one rests and another takes its turn."""
        now_s = seen.now_s
        if not any(place.waits for place in self.places):
            return
        is_new = self._started_s is None or now_s - self._started_s < STARTED_S
        if is_new and self.meter.rung is Rung.FRESH and any(place.is_on for place in self.places):
            return
        room_a = self.supply.start_a(self.meter.rung)
        least_a = self.group.min_a
        starts = turns.next_to_start(self.places, room_a, now_s, least_a)
        if starts is None:
            rests = turns.next_to_rest(self.places, room_a, now_s, least_a)
            if rests is None:
                return
            orders.off(rests, Rule.TURN, None, now_s - rests.since_s)
            starts = turns.next_to_start(self.places, room_a, now_s, least_a)
        sharing = [place for place in self.places if place.shares]
        rows = self._besides.rows(seen, self.places, sharing)
        if starts is not None and self._besides.has_room(rows, sharing, starts):
            waited_s = min(now_s - starts.since_s, starts.drawing.served.wanted_s)
            starts.is_on, starts.since_s = True, now_s
            orders.tell(starts, least_a, Rule.STARTED, None, waited_s)
