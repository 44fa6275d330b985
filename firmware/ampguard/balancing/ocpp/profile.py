"""The charging profiles that the unit gives: a safe current low in the stack, a short leased limit above it. No I/O.

Where a charger has both, the leased one runs out by itself (`duration` and `validTo`) and the safe one holds again: no
message is needed for that, so it happens also when the unit is gone. A charger that takes no safe one gets a schedule
that steps down to the safe current when the lease is over, and never ends. The same profile id replaces; nothing is
ever cleared.

A limit is 0 (pause) or 6 A and more: below 6 A there is no current that a charger can offer (IEC 61851-1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from ampguard.balancing.ocpp.taken import written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ampguard.balancing.ocpp.frame import Payload

LEAST_A = 6.0
SAFE_LEVEL = 0
EARLIER_S = 5
"""A leased schedule begins so much before now, that it holds at once where the clocks differ a little."""
_FIRST_ID = 7_160_000
"""Our profiles have ids from here on. A cloud's never reach the charger, so none can meet another one."""
_IDS_OF_A_CONNECTOR = 10


class Purpose(StrEnum):
    """What a profile is for."""

    CHARGE_POINT_MAX = "ChargePointMaxProfile"
    TX_DEFAULT = "TxDefaultProfile"
    TX = "TxProfile"


@dataclass(frozen=True, slots=True)
class Step:
    """From a moment on, so much."""

    offset_s: int
    """Behind now."""
    limit_a: float
    phases: int | None = None
    """On so many of its phases, where the charger can; None: on all that it has."""


@dataclass(frozen=True, slots=True)
class Rate:
    """In which unit a charger takes limits."""

    watts_per_a: float | None = None
    """None: it takes amperes."""

    def of(self, limit_a: float) -> float:  # the unit is the charger's
        """In that unit, with one decimal, never more than the amperes."""
        return _floored(limit_a if self.watts_per_a is None else limit_a * self.watts_per_a)

    @property
    def unit(self) -> str:
        """As OCPP names it."""
        return "A" if self.watts_per_a is None else "W"


AMPERES = Rate()


@dataclass(frozen=True, slots=True)
class Leased:
    """A limit for a while."""

    purpose: Purpose
    connector: int
    level: int
    steps: Sequence[Step]
    """The first from now on."""
    lease_s: float
    transaction: int | None = None
    """Of a TxProfile."""
    then_a: float | None = None
    """What holds when the lease is over, in the same schedule; None: the schedule ends there."""


def settled_a(limit_a: float, most_a: float = math.inf) -> float:
    """A limit as a charger can keep it: one decimal, rounded down, 0 where it would be below 6 A. NaN pauses."""
    found_a = _floored(min(limit_a, most_a))
    return found_a if found_a >= LEAST_A else 0.0


def safe(purpose: Purpose, connector: int, limit_a: float, rate: Rate = AMPERES) -> Payload:
    """SetChargingProfile.req with what holds whenever nothing else does: without an end."""
    periods = [{"startPeriod": 0, "limit": rate.of(settled_a(limit_a))}]
    schedule = {"chargingRateUnit": rate.unit, "chargingSchedulePeriod": periods}
    profile = {
        "chargingProfileId": _id(purpose, connector, is_safe=True),
        "stackLevel": SAFE_LEVEL,
        "chargingProfilePurpose": purpose.value,
        # of an absolute schedule without a begin the standard says that it begins with the charging: so it always holds
        "chargingProfileKind": "Relative" if purpose is Purpose.TX_DEFAULT else "Absolute",
        "chargingSchedule": schedule,
    }
    if purpose is Purpose.CHARGE_POINT_MAX:
        schedule["startSchedule"] = "2020-01-01T00:00:00Z"  # the standard has Relative for transactions only
    return {"connectorId": connector, "csChargingProfiles": profile}


def leased(limit: Leased, begins: datetime, rate: Rate = AMPERES) -> Payload:
    """SetChargingProfile.req with a limit that ends by itself.

    Args:
        limit: what is given.
        begins: now, by the charger's own clock.
        rate: the unit it takes.
    """
    start = (begins - timedelta(seconds=EARLIER_S)).replace(microsecond=0)
    last_s = math.ceil((begins - start) / timedelta(seconds=1) + limit.lease_s)
    ahead_s = last_s - math.ceil(limit.lease_s)
    periods: list[dict[str, object]] = []
    for number, step in enumerate(limit.steps):
        if step.offset_s < limit.lease_s:
            at_s = 0 if number == 0 else ahead_s + step.offset_s
            phases = {} if step.phases is None else {"numberPhases": step.phases}
            periods.append({"startPeriod": at_s, "limit": rate.of(settled_a(step.limit_a)), **phases})
    schedule: dict[str, object] = {
        "startSchedule": written(start),
        "chargingRateUnit": rate.unit,
        "chargingSchedulePeriod": periods,
    }
    profile: dict[str, object] = {
        "chargingProfileId": _id(limit.purpose, limit.connector, is_safe=False),
        "stackLevel": limit.level,
        "chargingProfilePurpose": limit.purpose.value,
        "chargingProfileKind": "Absolute",
        "chargingSchedule": schedule,
    }
    if limit.transaction is not None:
        profile["transactionId"] = limit.transaction
    if limit.then_a is None:
        schedule["duration"] = last_s
        profile["validTo"] = written(start + timedelta(seconds=last_s))
    else:
        periods.append({"startPeriod": last_s, "limit": rate.of(settled_a(limit.then_a))})
    return {"connectorId": limit.connector, "csChargingProfiles": profile}


def fitted(steps: Sequence[Step], most: int) -> tuple[Step, ...]:
    """As many steps as a charger takes; the last one holds the lowest of those that have no room. `most` from 1 on."""
    if len(steps) <= most:
        return tuple(steps)
    last = replace(steps[most - 1], limit_a=min(one.limit_a for one in steps[most - 1 :]))
    return (*steps[: most - 1], last)


def _id(purpose: Purpose, connector: int, *, is_safe: bool) -> int:
    return _FIRST_ID + connector * _IDS_OF_A_CONNECTOR + 2 * list(Purpose).index(purpose) + is_safe


def _floored(value: float) -> float:
    return math.floor(value * 10.0 + 1e-6) / 10.0 if math.isfinite(value) and value > 0.0 else 0.0
