"""What a wrong PIN costs: its source waits, longer each time, and all sources together have an allowance.

A failure is on the medium before the PIN is compared, and taken back if it was right, or if nobody could compare it:
whoever pulls the plug in between has failed. A restart keeps the count and begins the wait anew. One thread changes it;
any may look.

The allowance counts for each lane by itself (`visit.Lane`), so that a crowd on the LAN cannot close the access point,
nor those sources from which somebody has signed in before (decision 0011).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard.web.access.ledger import Failures, Ledger, Since
from ampguard.web.access.visit import Lane

if TYPE_CHECKING:
    from collections.abc import Callable

    from ampguard.web.access.visit import Visit

WAITS_S = ((3, 5.0), (4, 15.0), (5, 30.0), (6, 60.0), (7, 120.0), (8, 300.0), (10, 900.0), (20, 3600.0))
"""From so many failures on a source waits so long after each."""
LOCKED_FROM = 10
"""Failures from which on the owner is told that a source is locked out."""
FORGET_S = 24 * 3600.0
"""A source that did not try for so long begins anew."""
ALLOWANCE = 30
"""Failures of a lane at once."""
REFILL_S = 120.0
"""After so long a lane may fail once more."""
MOST_SOURCES = 256
MOST_KNOWN = 16


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now."""

    wait_s: float


@dataclass(frozen=True, slots=True)
class Attempt:
    """One PIN may be compared; it has failed unless `succeeded` or `give_back` is called."""

    source: str
    lane: Lane
    failures: int
    """Of its source, with this one."""
    since: Since
    """What had failed before it, since somebody signed in."""


@dataclass(slots=True)
class _Lane:
    left_s: float
    """Of the allowance: each failure costs `REFILL_S` of it."""
    counted_s: float


@dataclass(slots=True)
class _Source:
    failures: int
    free_s: float
    """When it may try again, by the monotonic clock."""
    last_s: float


class Lockout:
    """All of it, for one unit."""

    def __init__(self, ledger: Ledger, now_s: Callable[[], float], utc: Callable[[], str | None]) -> None:
        """`now_s`: the monotonic clock; `utc`: the wall clock's word, None where it was never set."""
        self._ledger = ledger
        self._now_s = now_s
        self._utc = utc
        kept = ledger.read()
        now = now_s()
        self._sources = {
            name: _Source(failures, now + wait_after(failures), now) for name, failures in kept.failures.items()
        }
        self._lanes = {lane: _Lane(REFILL_S * kept.left.get(lane, ALLOWANCE), now) for lane in Lane}
        self._known = list(kept.known)
        self._since = kept.since
        self.fault: OSError | None = None
        """Why the count is not on the medium. It counts all the same, until a restart: a unit whose medium is full or
        worn out must still let its owner in, and whoever can restart it at will stands before its label."""

    def wait_s(self, visit: Visit) -> float:
        """How long before a PIN would be compared; 0: now. Changes nothing."""
        now = self._now_s()
        found = self._sources.get(_name(visit))
        own_s = 0.0 if found is None else found.free_s - now
        lane = self._lane_of(visit)
        together_s = 0.0 if lane is Lane.KNOWN else REFILL_S - self._left_s(lane, now)
        return max(own_s, together_s, 0.0)

    def begin(self, visit: Visit) -> Attempt | Wait:
        """Fail beforehand."""
        if (wait_s := self.wait_s(visit)) > 0.0:
            return Wait(wait_s)
        now, name, lane = self._now_s(), _name(visit), self._lane_of(visit)
        self._forget(now)
        found = self._sources.setdefault(name, _Source(0, now, now))
        found.failures += 1
        found.last_s, found.free_s = now, now + wait_after(found.failures)
        kept = self._lanes[lane]
        kept.left_s, kept.counted_s = self._left_s(lane, now), now
        if lane is not Lane.KNOWN:
            kept.left_s -= REFILL_S
        before, self._since = self._since, self._since.with_one(name, self._utc())
        self._crowd_out(name)
        attempt = Attempt(name, lane, found.failures, before)
        self._keep()
        return attempt

    def give_back(self, attempt: Attempt) -> None:
        """The PIN was not compared: nothing has failed."""
        found = self._sources[attempt.source]
        found.failures, found.free_s = attempt.failures - 1, self._now_s()
        if found.failures == 0:
            del self._sources[attempt.source]
        if attempt.lane is not Lane.KNOWN:
            self._lanes[attempt.lane].left_s += REFILL_S
        self._since = attempt.since
        self._keep()

    def succeeded(self, attempt: Attempt) -> Since:
        """The PIN was right: what had failed since the last time it was."""
        self._sources.pop(attempt.source, None)
        if attempt.lane is not Lane.KNOWN:
            self._lanes[attempt.lane].left_s += REFILL_S
        self._since = Since((), 0)
        if attempt.lane is not Lane.ACCESS_POINT:
            self._known = [one for one in self._known if one != attempt.source][-(MOST_KNOWN - 1) :]
            self._known.append(attempt.source)
        self._keep()
        return attempt.since

    def locked_sources(self) -> tuple[str, ...]:
        """Those that are locked out now: for the owner to see."""
        now = self._now_s()
        return tuple(
            sorted(
                name for name, one in tuple(self._sources.items()) if one.failures >= LOCKED_FROM and one.free_s > now
            )
        )

    def _lane_of(self, visit: Visit) -> Lane:
        if visit.is_over_access_point:
            return Lane.ACCESS_POINT
        return Lane.KNOWN if visit.source in self._known else Lane.OTHERS

    def _left_s(self, lane: Lane, now_s: float) -> float:
        kept = self._lanes[lane]
        return min(kept.left_s + now_s - kept.counted_s, ALLOWANCE * REFILL_S)

    def _forget(self, now_s: float) -> None:
        for name in [name for name, one in self._sources.items() if now_s - one.last_s > FORGET_S]:
            del self._sources[name]

    def _crowd_out(self, newest: str) -> None:
        """Those that failed least go first: nobody gets rid of his own many failures by coming from elsewhere."""
        while len(self._sources) > MOST_SOURCES:
            others = [name for name in self._sources if name != newest]
            del self._sources[min(others, key=lambda name: (self._sources[name].failures, self._sources[name].last_s))]

    def _keep(self) -> None:
        now = self._now_s()
        failures = Failures(
            {name: one.failures for name, one in self._sources.items()},
            {lane: math.floor(self._left_s(lane, now) / REFILL_S) for lane in Lane},
            tuple(self._known),
            self._since,
        )
        try:
            self._ledger.write(failures)
            self.fault = None
        except OSError as why:
            self.fault = why


def wait_after(failures: int) -> float:
    """Seconds, after so many failures of one source."""
    return next((wait_s for least, wait_s in reversed(WAITS_S) if failures >= least), 0.0)


def _name(visit: Visit) -> str:
    return f"{Lane.ACCESS_POINT} {visit.source}" if visit.is_over_access_point else visit.source
