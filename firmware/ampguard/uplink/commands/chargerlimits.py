"""What somebody who balances elsewhere lets each charger draw, and for how long: a lease of seconds. No I/O.

It counts from its arrival on, less the time since it was decided where the unit's clock is set. The balancer within the
unit takes it as a further limit: the lower of both holds, and when nobody renews it the unit leads alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

from ampguard.uplink import heard
from ampguard.uplink.commands.limits import CLOCKS_DIFFER_S, MOST_A
from ampguard.uplink.heard import Unusable

if TYPE_CHECKING:
    from ampguard.readings import Json
    from ampguard.uplink.heard import Arrived, Now

LARGEST_LIMITS_MESSAGE = 16384
"""Bytes."""
SHORTEST_LEASE_S, LONGEST_LEASE_S = 1.0, 300.0
MOST_CHARGERS = 200
_LONGEST_ID = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargerLimits:
    """What each charger may draw, for a while."""

    issued_utc: str
    """ISO 8601 with offset: when it was decided. One that was decided earlier never replaces one that holds."""
    valid_s: float
    """For how long, from `issued_utc` on: 1 to 300."""
    limits_a: Mapping[str, float]
    """By charge point id, on each of its phases, 0 to 1000. Whoever is not named is not limited."""


@dataclass(frozen=True, slots=True)
class Given:
    """Limits that hold."""

    limits_a: Mapping[str, float]
    issued: datetime
    ends_s: float
    """On the monotonic clock."""

    def told(self, now_s: float) -> Mapping[str, Json]:
        """As the feed has it."""
        return {"limits": dict(self.limits_a), "valid_s": round(max(0.0, self.ends_s - now_s), 3)}


def given(arrived: Arrived, known: Given | None, now: Now) -> Given:
    """The limits in a message; `known`: those before. Raises Unusable."""
    if arrived.retained:
        raise Unusable("wanted limits that are not retained: these would come again at each connection")
    told = limits_of(arrived.payload)
    issued = heard.utc(told.issued_utc) or now.utc
    ahead_s = (issued - now.utc) / timedelta(seconds=1)
    if now.trusted and ahead_s > CLOCKS_DIFFER_S:
        raise Unusable(
            f"issued_utc: {ahead_s:.0f} s ahead of this unit's clock, at most {CLOCKS_DIFFER_S:g} s are taken"
        )
    if known is not None and known.ends_s > now.monotonic_s and issued <= known.issued:
        raise Unusable(f"decided at {told.issued_utc}, not after those that hold")
    ends_s = now.monotonic_s + told.valid_s - (max(0.0, -ahead_s) if now.trusted else 0.0)
    if ends_s <= now.monotonic_s:
        raise Unusable(f"their lease ended {now.monotonic_s - ends_s:.0f} s ago")
    return Given(told.limits_a, issued, ends_s)


def limits_of(payload: bytes) -> ChargerLimits:
    """What a message says. Raises Unusable."""
    found = heard.fields_of(payload, LARGEST_LIMITS_MESSAGE)
    heard.check_schema(found)
    if heard.moment(found, "issued_utc") is None:
        raise Unusable("issued_utc: wanted the moment at which it was decided, met nothing")
    valid_s = heard.number(found, "valid_s", SHORTEST_LEASE_S, LONGEST_LEASE_S)
    if valid_s is None:
        raise Unusable("valid_s: wanted for how long it holds, met nothing")
    told = found.get("limits_a")
    by_id = cast("Mapping[str, object]", told if isinstance(told, dict) else {})
    if not 0 < len(by_id) <= MOST_CHARGERS:
        raise Unusable(f"limits_a: wanted an object of 1 to {MOST_CHARGERS} chargers, met another value")
    return ChargerLimits(
        issued_utc=str(found["issued_utc"]), valid_s=valid_s, limits_a={one: _limit_a(by_id, one) for one in by_id}
    )


def _limit_a(by_id: Mapping[str, object], charger: str) -> float:
    if not 0 < len(charger) <= _LONGEST_ID:
        raise Unusable(f"limits_a: wanted a charge point id of 1 to {_LONGEST_ID} signs, met {heard.shown(charger)}")
    limit_a = heard.number(by_id, charger, 0.0, MOST_A)
    if limit_a is None:
        raise Unusable(f"limits_a: wanted a number for {heard.shown(charger)}, met nothing")
    return limit_a
