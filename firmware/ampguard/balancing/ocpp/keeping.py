"""What to tell a charger next: the safe current, the leased limit, a question what it holds. No I/O.

A limit that a charger refused is never given the same way again (until it restarts, or an hour later);
one that got no answer is given again, a little later each time. Only the newest counts: what was wanted meanwhile and
is wanted no more was never sent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from ampguard.balancing.ocpp import words
from ampguard.balancing.ocpp.abilities import OFFLINE_CURRENT, Abilities
from ampguard.balancing.ocpp.profile import AMPERES, SAFE_LEVEL, Leased, Purpose, Rate, Step, fitted, settled_a
from ampguard.balancing.ocpp.ways import Way, Ways, ways

if TYPE_CHECKING:
    from ampguard.phrase import Phrase

MOVED_S = 2.0
"""A lease whose end moves by so much, or by a quarter of it, is given anew, though the limit is the same."""
LEAST_LEASE_S = 1.0
FIRST_AGAIN_S, LONGEST_AGAIN_S = 1.0, 30.0
BEGINS_S = 0.2, 1.0
"""A charger may know of a transaction only some time after it was answered: its profile is given again then."""
REFUSED_FOR_S = 3600.0
LOOK_EVERY_S = 300.0
GUARDED_S = 30.0
"""A safe current that a transaction is given has no end: it only counts as given for so long."""
MORE_A = 0.5
"""What a charger may hold above its limit before it counts: some round."""
_FAILURES = 3
"""An error that is none of the known ones is a refusal when it came so often."""


class Outcome(StrEnum):
    """What became of something that was told."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNSUPPORTED = "not supported"
    FAILED = "failed"
    """An error that says nothing about whether it would work another time."""
    SILENT = "no answer"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the balancer wants of one charger."""

    limit_a: float
    ends_s: float
    """On the monotonic clock."""
    phases: int | None = None
    """On so many of its phases; None: on all that it has."""


@dataclass(frozen=True, slots=True)
class Arm:
    """Give the safe current."""

    way: Way
    connector: int
    limit_a: float


@dataclass(frozen=True, slots=True)
class Give:
    """Give a leased limit."""

    way: Way
    leased: Leased
    ends_s: float


@dataclass(frozen=True, slots=True)
class Preset:
    """Set the maker's own key, which counts when nobody is connected."""

    limit_a: float


@dataclass(frozen=True, slots=True)
class Look:
    """Ask what it holds."""

    way: Way
    connector: int
    held_a: float


Task: TypeAlias = "Arm | Give | Preset | Look"


@dataclass(frozen=True, slots=True)
class Situation:
    """What a decision is made of, besides what was told before."""

    now_s: float
    running: Mapping[int, int]
    """Transaction by connector, as the charger calls it."""
    steps: Sequence[Step]
    """What is allowed from now on, the lower of all limits, as far as the lease goes."""
    safe_a: float
    has_car: bool = True
    rate: Rate = AMPERES


@dataclass(slots=True)
class _Held:
    """What a connector has accepted."""

    way: Way
    steps: Sequence[Step]
    given_s: float
    ends_s: float
    transaction: int | None
    looked_s: float | None = None
    confirmed_a: float | None = None
    """The lowest limit that it said it holds: that it holds a high one proves nothing about a lower one."""

    def limit_a(self, now_s: float) -> float:
        """Of its steps the one that counts."""
        passed = [one.limit_a for one in self.steps if one.offset_s <= now_s - self.given_s]
        return passed[-1] if passed else self.steps[0].limit_a


class Keeping:
    """Of one charger."""

    def __init__(self) -> None:
        self.abilities = Abilities()
        self.wish: Wish | None = None
        self.refusal: Phrase | None = None
        """The last thing it refused, in plain words; None: nothing that still matters."""
        self._armed_a: dict[tuple[Way, int], float] = {}
        self._preset_a: float | None = None
        self._held: dict[int, _Held] = {}
        self._refused_until_s: dict[Way, float] = {}
        self._again_s = 0.0
        self._failures: dict[Way, int] = {}
        self._looks = True
        """What it says that it holds means something."""

    def forget(self) -> None:
        """It has restarted: nothing of what it was told is sure to hold, and it may be another firmware."""
        self._armed_a.clear()
        self._held.clear()
        self._refused_until_s.clear()
        self._failures.clear()
        self._preset_a = None
        self._looks = True
        self.refusal = None
        self._again_s = 0.0

    def found(self, connector: int, transaction: int, limit_a: float, now_s: float, lasts_s: float) -> None:
        """It says that it holds this for so long, and nobody here has told it."""
        self._held[connector] = _Held(
            Way.TX, (Step(0, settled_a(limit_a)),), now_s, now_s + lasts_s, transaction, now_s, limit_a
        )

    def reached(self) -> None:
        """It can be asked again: what waited for a while need not any more."""
        self._again_s = 0.0

    def ways(self, now_s: float) -> Ways:
        """How it is limited at present."""
        refused = {way for way, until_s in self._refused_until_s.items() if until_s > now_s}
        return ways(refused, has_vendor_key=self.abilities.can_change(OFFLINE_CURRENT))

    def held_a(self, now_s: float) -> float | None:
        """The limit that it has accepted and that still runs: for all its connectors together; None: there is none."""
        held = [one for one in self._held.values() if one.ends_s > now_s]
        if not held:
            return None
        return sum(one.limit_a(now_s) for one in held if one.transaction is not None) or held[0].limit_a(now_s)

    def ends_s(self) -> float | None:
        """When the last of what it holds runs out."""
        return max((one.ends_s for one in self._held.values()), default=None)

    def next(self, at: Situation) -> Task | float | None:
        """What to do now; seconds until there may be something; None: nothing until something changes."""
        if at.now_s < self._again_s:
            return self._again_s - at.now_s
        for connector, held in list(self._held.items()):
            if held.way is Way.TX and at.running.get(connector) != held.transaction:
                del self._held[connector]  # it went with its transaction
        way = self.ways(at.now_s)
        return self._arming(way, at) or self._giving(way, at) or self._looking(at)

    def told(self, task: Task, outcome: Outcome, why: str, at: Situation) -> None:
        """What became of it. `why`: the charger's own words, as far as it has any."""
        match task, outcome:
            case Look(), _:
                pass  # what cannot be looked at is not known; `saw` takes the rest
            case Preset(), Outcome.ACCEPTED:
                self._preset_a = task.limit_a
            case Preset(), Outcome.SILENT:
                self._later(Way.VENDOR_KEY, at.now_s)
            case Preset(), _:
                self._preset_a = task.limit_a  # it will not; that is no reason to ask for ever
                self._refuse(Way.VENDOR_KEY, why, at.now_s)
            case ((Arm() | Give()), Outcome.ACCEPTED):
                self._accepted(task, at)
            case Give(way=Way.TX), Outcome.REFUSED:
                self._refuse_tx(task, why, at)
            case ((Arm() | Give()), (Outcome.REFUSED | Outcome.UNSUPPORTED)):
                self._refuse(task.way, why, at.now_s)
            case ((Arm() | Give()), _):
                self._later(task.way, at.now_s)
                if outcome is Outcome.FAILED and self._failures[task.way] >= _FAILURES:
                    self._refuse(task.way, why, at.now_s)

    def saw(self, look: Look, limit_a: float | None, now_s: float) -> None:
        """What it says that it holds; None: it does not say. It is not asked again before some time behind `now_s`."""
        held = self._held.get(look.connector)
        if held is not None:
            held.looked_s, held.confirmed_a = now_s, None if limit_a is None else look.held_a
        if limit_a is not None and limit_a > look.held_a + MORE_A:
            self._held.pop(look.connector, None)
            self._refuse(look.way, "", now_s, words.holds_more(look.way, limit_a, look.held_a))
            if not self.ways(now_s).is_leased:
                self._mistrust()

    def _mistrust(self) -> None:
        """Many charge points compute no composite schedule: one that never agrees tells nothing about its obedience."""
        self._looks = False
        self._refused_until_s = {way: ends_s for way, ends_s in self._refused_until_s.items() if ends_s < math.inf}
        self.refusal = words.holds_whatever()

    def safe_a(self) -> float | None:
        """What it has accepted to fall back to, all connectors together; None: nothing."""
        return sum(self._armed_a.values()) if self._armed_a else self._preset_a

    def is_confirmed(self) -> bool:
        """It has confirmed what it holds, when it was asked."""
        return bool(self._held) and all(one.confirmed_a is not None for one in self._held.values())

    def _arming(self, way: Ways, at: Situation) -> Task | None:
        if way.safe is not None and way.safe is not Way.VENDOR_KEY:
            for connector in (0,) if way.safe is Way.CHARGE_POINT_MAX else self._connectors():
                limit_a = self._safe_a(connector, at)
                if self._armed_a.get((way.safe, connector)) != limit_a:
                    return Arm(way.safe, connector, limit_a)
        if not self.abilities.can_change(OFFLINE_CURRENT) or Way.VENDOR_KEY in self._refused_until_s:
            return None
        limit_a = settled_a(at.safe_a)
        if way.charging is Way.VENDOR_KEY and at.steps:
            limit_a = min(limit_a, settled_a(at.steps[0].limit_a))
        return Preset(limit_a) if self._preset_a != limit_a else None

    def _giving(self, way: Ways, at: Situation) -> Task | None:
        wish = self.wish
        if wish is None or not at.steps or wish.ends_s - at.now_s < LEAST_LEASE_S:
            return self._guarding(way, at)
        steps = fitted(at.steps, self.abilities.most_periods)
        if way.charging is Way.CHARGE_POINT_MAX:
            return self._given(way.charging, 0, steps, None, at) if at.running else None
        if way.charging is None or way.charging is Way.VENDOR_KEY:
            return None
        for connector, part in shared(steps, sorted(at.running)).items():
            found = self._given(way.charging, connector, part, at.running[connector], at)
            if found is not None:
                return found
        if way.before is not None and at.has_car and not at.running:
            given = (self._given(way.before, connector, steps, None, at) for connector in self._connectors())
            return next((one for one in given if one is not None), None)
        return None

    def _guarding(self, way: Ways, at: Situation) -> Task | None:
        """Nobody says how much yet: a charge that begins with no safe current below it would take what it can."""
        if way.charging is not Way.TX or way.safe not in {None, Way.VENDOR_KEY}:
            return None
        for connector, transaction in at.running.items():
            if connector not in self._held:
                safe_a = self._safe_a(connector, at)
                level = self._level()
                leased = Leased(Purpose.TX, connector, level, (Step(0, safe_a),), GUARDED_S, transaction, safe_a)
                return Give(Way.TX, leased, at.now_s + GUARDED_S)
        return None

    def _level(self) -> int:
        """Of a leased profile, above the safe one."""
        return SAFE_LEVEL + (1 if self.abilities.has_two_levels else 0)

    def _connectors(self) -> range:
        return range(1, self.abilities.connectors + 1)

    def _safe_a(self, connector: int, at: Situation) -> float:
        """What one connector falls back to: all of them together to no more than the safe current."""
        if not connector:
            return settled_a(at.safe_a)
        return shared((Step(0, at.safe_a),), self._connectors())[connector][0].limit_a

    def _given(
        self, way: Way, connector: int, steps: Sequence[Step], transaction: int | None, at: Situation
    ) -> Give | None:
        wish, purpose = self.wish, way.purpose
        if wish is None or purpose is None:
            return None
        held = self._held.get(connector)
        of_it = transaction if way is Way.TX else None
        if (
            held is not None
            and (held.way, held.transaction) == (way, transaction)
            and held.limit_a(at.now_s) == settled_a(steps[0].limit_a)
            and abs(wish.ends_s - held.ends_s) < min(MOVED_S, (wish.ends_s - at.now_s) / 4.0)
        ):
            return None
        safe = self.ways(at.now_s).safe
        lies_above_safe = (way is Way.TX and safe is Way.TX_DEFAULT) or (way is safe and self.abilities.has_two_levels)
        then_a = None if lies_above_safe else self._safe_a(connector, at)
        if then_a is not None:
            steps = fitted(steps, max(1, self.abilities.most_periods - 1))
        leased = Leased(purpose, connector, self._level(), steps, wish.ends_s - at.now_s, of_it, then_a)
        return Give(way, leased, wish.ends_s)

    def _looking(self, at: Situation) -> Task | None:
        for connector, held in self._held.items() if self._looks else ():
            is_due = held.looked_s is None or at.now_s - held.looked_s >= LOOK_EVERY_S
            is_lower = held.confirmed_a is not None and held.limit_a(at.now_s) < held.confirmed_a
            if (is_due or is_lower) and held.ends_s - at.now_s > LEAST_LEASE_S:
                return Look(held.way, connector, held.limit_a(at.now_s))
        return None

    def _accepted(self, task: Arm | Give, at: Situation) -> None:
        self._failures.pop(task.way, None)
        self._refused_until_s.pop(task.way, None)
        if not self._refused_until_s and self._looks:
            self.refusal = None
        if isinstance(task, Arm):
            self._armed_a[task.way, task.connector] = task.limit_a
            return
        leased = task.leased
        before = self._held.get(leased.connector)
        transaction = at.running.get(leased.connector)
        settled = tuple(Step(one.offset_s, settled_a(one.limit_a)) for one in leased.steps)
        now = _Held(task.way, settled, at.now_s, task.ends_s, transaction)
        if before is not None and before.way is task.way:
            now.looked_s, now.confirmed_a = before.looked_s, before.confirmed_a
        self._held[leased.connector] = now

    def _refuse_tx(self, task: Give, why: str, at: Situation) -> None:
        """For good only at the third time: a transaction may have ended meanwhile, or be just beginning."""
        if at.running.get(task.leased.connector) == task.leased.transaction:
            refused = self._failures.get(Way.TX, 0)
            if refused < len(BEGINS_S):
                self._failures[Way.TX], self._again_s = refused + 1, at.now_s + BEGINS_S[refused]
            else:
                self._refuse(Way.TX, why, at.now_s)

    def _refuse(self, way: Way, why: str, now_s: float, said: Phrase | None = None) -> None:
        self._refused_until_s[way] = math.inf if said is not None else now_s + REFUSED_FOR_S
        self._failures.pop(way, None)
        self._again_s = 0.0
        self._held = {connector: one for connector, one in self._held.items() if one.way is not way}
        self._armed_a = {key: limit_a for key, limit_a in self._armed_a.items() if key[0] is not way}
        self.refusal = said or words.refuses(way, why, self.ways(now_s))

    def _later(self, way: Way, now_s: float) -> None:
        failures = self._failures[way] = self._failures.get(way, 0) + 1
        self._again_s = now_s + min(LONGEST_AGAIN_S, FIRST_AGAIN_S * 2.0 ** min(failures - 1, 10))


def shared(steps: Sequence[Step], connectors: Sequence[int]) -> Mapping[int, Sequence[Step]]:
    """A limit for connectors that charge at once: equal parts; where there is no 6 A for each, the later ones pause."""
    found: dict[int, list[Step]] = {connector: [] for connector in connectors}
    for step in steps:
        room = len(connectors)
        while room > 1 and settled_a(step.limit_a / room) == 0.0:
            room -= 1
        for place, connector in enumerate(connectors):
            found[connector].append(replace(step, limit_a=settled_a(step.limit_a / room) if place < room else 0.0))
    return found
