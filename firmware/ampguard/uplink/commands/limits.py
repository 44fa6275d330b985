"""What the other side limits the chargers to, and until when: each limit is a lease. No I/O.

A lease runs on the monotonic clock from its arrival on. Where the unit's clock is set, the time that passed since the
limit was issued is taken off; where it is not, the whole lease counts from the first arrival: a retained limit that
comes again does not begin anew, but after a restart of the process it does, once. The balancer takes it from the
uplink's feed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

from ampguard.phases import Phases
from ampguard.uplink import heard
from ampguard.uplink.heard import Unusable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard.readings import Json
    from ampguard.uplink.heard import Now

LARGEST_LIMIT_MESSAGE = 2048
"""Bytes."""
LONGEST_LEASE_S = 86400.0
MOST_A = 1000.0
CLOCKS_DIFFER_S = 60.0
"""A limit that was issued so far in the future was issued by a wrong clock, or ours is."""
_PHASES = ("l1", "l2", "l3")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What the chargers together may draw from each phase, for a while. An empty message takes it back."""

    issued_utc: str
    """ISO 8601 with offset: when it was decided. One that was decided earlier never replaces one that holds."""
    expires_utc: str | None = None
    """ISO 8601 with offset; within a day of `issued_utc`. This or `lease_s` is needed; of both the sooner counts."""
    lease_s: float | None = None
    """For how long, from `issued_utc` on; at most a day."""
    limit_a: Phases[float | None]
    """RMS, 0 to 1000; null = no limit on that phase."""
    correlation: str | None = None
    """If given, what became of it is answered on `response/limit`."""


@dataclass(frozen=True, slots=True)
class Held:
    """A limit that holds."""

    limit: Limit
    issued: datetime
    ends_s: float
    """On the monotonic clock."""

    def told(self, now_s: float) -> Mapping[str, Json]:
        """As the feed has it."""
        return {
            "limit_a": {phase: getattr(self.limit.limit_a, phase) for phase in _PHASES},
            "issued_utc": self.limit.issued_utc,
            "correlation": self.limit.correlation,
            "remaining_s": round(max(0.0, self.ends_s - now_s), 3),
        }


def limit_of(payload: bytes) -> Limit:
    """The limit in a message. Raises Unusable."""
    found = heard.fields_of(payload, LARGEST_LIMIT_MESSAGE)
    heard.check_schema(found)
    if heard.moment(found, "issued_utc") is None:
        raise Unusable("issued_utc: wanted the moment at which it was decided, met nothing")
    heard.moment(found, "expires_utc")
    limit = Limit(
        issued_utc=str(found["issued_utc"]),
        expires_utc=cast("str | None", found.get("expires_utc")),
        lease_s=heard.number(found, "lease_s", 0.001, LONGEST_LEASE_S),
        limit_a=_limit_a(found.get("limit_a")),
        correlation=None if found.get("correlation") is None else heard.correlation_of(found),
    )
    if not 0.0 < _lease_s(limit) <= LONGEST_LEASE_S:
        raise Unusable(f"expires_utc: wanted a moment within {LONGEST_LEASE_S:g} s behind issued_utc, met another")
    return limit


class Limits:
    """The limit that holds now, if one does. What says nothing usable changes nothing."""

    def __init__(self) -> None:
        self._held: Held | None = None
        self._newest: Held | None = None
        """The latest that was taken, also when it has ended or was taken back."""

    def holds(self, now_s: float) -> Held | None:
        """What holds at a moment of the monotonic clock."""
        if self._held is not None and self._held.ends_s <= now_s:
            self._held = None
        return self._held

    def withdrawn(self) -> bool:
        """It was taken back; whether there was one."""
        had, self._held = self._held, None
        return had is not None

    def heard(self, limit: Limit, now: Now) -> Held | None:
        """A limit came. What holds from now on; None where it is the one that holds. Raises Unusable."""
        issued = _moment(limit.issued_utc)
        ahead_s = (issued - now.utc) / timedelta(seconds=1)
        if now.trusted and ahead_s > CLOCKS_DIFFER_S:
            raise Unusable(
                f"issued_utc: {ahead_s:.0f} s ahead of this unit's clock, at most {CLOCKS_DIFFER_S:g} s are taken"
            )
        held = self.holds(now.monotonic_s)
        if held is not None and held.limit == limit:
            return None
        if held is not None and issued <= held.issued:
            raise Unusable(f"decided at {limit.issued_utc}, before the one that holds ({held.limit.issued_utc})")
        taken = self._newest
        if taken is not None and taken.limit == limit:
            ends_s = taken.ends_s  # it comes again: its lease runs on
        else:
            lease_s = _lease_s(limit)
            passed_s = max(0.0, -ahead_s) if now.trusted else 0.0
            ends_s = now.monotonic_s + lease_s - passed_s
        if ends_s <= now.monotonic_s:
            raise Unusable(f"its lease ended {now.monotonic_s - ends_s:.0f} s ago")
        self._held = self._newest = Held(limit, issued, ends_s)
        return self._held


def _lease_s(limit: Limit) -> float:
    """For how long, from its decision on: the sooner of both. Raises Unusable where neither is given."""
    expires_s = (
        None
        if limit.expires_utc is None
        else (_moment(limit.expires_utc) - _moment(limit.issued_utc)) / timedelta(seconds=1)
    )
    given_s = [one for one in (limit.lease_s, expires_s) if one is not None]
    if not given_s:
        raise Unusable("lease_s: wanted it or expires_utc, met neither: a limit without an end is none")
    return min(given_s)


def _limit_a(found: object) -> Phases[float | None]:
    if not isinstance(found, dict):
        raise Unusable(f"limit_a: wanted an object of l1, l2 and l3, met {heard.shown(found)}")
    by_phase = cast("Mapping[str, object]", found)
    if set(by_phase) != set(_PHASES):
        raise Unusable(f"limit_a: wanted l1, l2 and l3, each a number or null, met {heard.shown(sorted(by_phase))}")
    values = [heard.number(by_phase, phase, 0.0, MOST_A) for phase in _PHASES]
    if all(value is None for value in values):
        raise Unusable("limit_a: wanted a limit on at least one phase, met none")
    return Phases(*values)


def _moment(text: str) -> datetime:
    found = heard.utc(text)
    if found is None:
        raise Unusable(f"wanted a moment such as 2026-11-21T10:00:00Z, met {heard.shown(text)}")
    return found
