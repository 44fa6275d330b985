"""Charging profiles of OCPP 1.6 (edition 2, section 3.13): what may flow when, and all of them together. Pure.

Of each purpose the profile with the highest stack level that says something at a moment holds; a schedule that has not
begun or has ended says nothing, so that a lower level shows through. A TxProfile holds in place of a TxDefaultProfile,
and the lower of that and the ChargePointMaxProfile is what may flow.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


class Purpose(StrEnum):
    """What a profile is for."""

    CHARGE_POINT_MAX = "ChargePointMaxProfile"
    TX_DEFAULT = "TxDefaultProfile"
    TX = "TxProfile"


class Kind(StrEnum):
    """What a schedule's periods count from."""

    ABSOLUTE = "Absolute"
    RECURRING = "Recurring"
    RELATIVE = "Relative"


class Recurrency(StrEnum):
    """How often a recurring schedule begins anew."""

    DAILY = "Daily"
    WEEKLY = "Weekly"


_ROUND = {Recurrency.DAILY: timedelta(days=1), Recurrency.WEEKLY: timedelta(days=7)}


@dataclass(frozen=True, slots=True)
class Limit:
    """What may flow: per phase, on so many phases."""

    current_a: float
    phases: int = 3

    def lower(self, other: Limit | None) -> Limit:
        """The lower of both."""
        if other is None:
            return self
        return Limit(min(self.current_a, other.current_a), min(self.phases, other.phases))


@dataclass(frozen=True, slots=True)
class Period:
    """From that moment of a schedule to the next period or its end."""

    start_s: int
    limit: Limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Periods, the first of which starts at 0 s."""

    periods: tuple[Period, ...]
    start_utc: datetime | None = None
    duration_s: int | None = None

    def at(self, offset: timedelta) -> Limit | None:
        """What holds so long after its beginning."""
        offset_s = offset / timedelta(seconds=1)
        if offset_s < 0.0 or (self.duration_s is not None and offset_s >= self.duration_s):
            return None
        return [period.limit for period in self.periods if period.start_s <= offset_s][-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One charging profile as it was installed."""

    number: int
    connector: int
    """0: the charge point."""
    stack_level: int
    purpose: Purpose
    kind: Kind
    schedule: Schedule
    recurrency: Recurrency | None = None
    transaction: int | None = None
    valid_from_utc: datetime | None = None
    valid_to_utc: datetime | None = None

    def at(self, moment_utc: datetime, charging_since_utc: datetime | None) -> Limit | None:
        """What it says then; `None`: nothing. Relative to no transaction is as if one began at that moment."""
        if self.valid_from_utc is not None and moment_utc < self.valid_from_utc:
            return None
        if self.valid_to_utc is not None and moment_utc >= self.valid_to_utc:
            return None
        begin_utc = self._begin(moment_utc, charging_since_utc)
        return self.schedule.at(moment_utc - begin_utc)

    def _begin(self, moment_utc: datetime, charging_since_utc: datetime | None) -> datetime:
        """When the round of its schedule that matters then began."""
        start_utc = self.schedule.start_utc
        if self.kind is Kind.RELATIVE or start_utc is None:
            return charging_since_utc or moment_utc
        if self.recurrency is not None and moment_utc >= start_utc:
            whole = _ROUND[self.recurrency]
            return start_utc + (moment_utc - start_utc) // whole * whole
        return start_utc

    def changes(self, from_utc: datetime, to_utc: datetime, charging_since_utc: datetime | None) -> Iterator[datetime]:
        """Moments in that time at which it may begin to say something else."""
        for edge_utc in (self.valid_from_utc, self.valid_to_utc):
            if edge_utc is not None and from_utc < edge_utc < to_utc:
                yield edge_utc
        starts_s = [period.start_s for period in self.schedule.periods]
        if self.schedule.duration_s is not None:
            starts_s.append(self.schedule.duration_s)
        begin_utc = self._begin(from_utc, charging_since_utc)
        while begin_utc < to_utc:
            for start_s in starts_s:
                moment_utc = begin_utc + timedelta(seconds=start_s)
                if from_utc < moment_utc < to_utc:
                    yield moment_utc
            if self.recurrency is None:
                return
            begin_utc += _ROUND[self.recurrency]


def limit_at(
    profiles: Iterable[Profile], moment_utc: datetime, charging_since_utc: datetime | None = None
) -> Limit | None:
    """What all of them allow then; `None`: nothing is said. TxProfiles are those of the running transaction."""
    found: dict[Purpose, Limit] = {}
    for profile in sorted(profiles, key=_rank):
        said = profile.at(moment_utc, charging_since_utc)
        if said is not None:
            found[profile.purpose] = said
    for_transaction = found.get(Purpose.TX, found.get(Purpose.TX_DEFAULT))
    most = found.get(Purpose.CHARGE_POINT_MAX)
    return for_transaction if most is None else most.lower(for_transaction)


def composite(
    profiles: Sequence[Profile],
    from_utc: datetime,
    duration_s: int,
    most: Limit,
    charging_since_utc: datetime | None = None,
) -> tuple[Period, ...]:
    """What may flow in that time, as periods from its beginning; `most` is what the charger itself allows."""
    to_utc = from_utc + timedelta(seconds=duration_s)
    since_utc = charging_since_utc or from_utc
    edges = {from_utc}
    for profile in profiles:
        edges.update(profile.changes(from_utc, to_utc, since_utc))
    periods: list[Period] = []
    for edge_utc in sorted(edges):
        limit, start_s = most.lower(limit_at(profiles, edge_utc, since_utc)), _whole_s(edge_utc - from_utc)
        if periods and periods[-1].start_s == start_s:
            periods.pop()  # both within one second
        if start_s < duration_s and (not periods or periods[-1].limit != limit):
            periods.append(Period(start_s, limit))
    return tuple(periods)


def for_transaction(profile: Profile, transaction: int) -> Profile:
    """The same for that transaction: a profile that came with the order to start it."""
    return replace(profile, transaction=transaction)


def _rank(profile: Profile) -> tuple[int, bool]:
    """A later one holds: higher levels, and the connector's own before that of the charge point."""
    return profile.stack_level, profile.connector != 0


def _whole_s(span: timedelta) -> int:
    """Periods begin at whole seconds on the wire: not before the moment they mean."""
    return -(-span // timedelta(seconds=1))
