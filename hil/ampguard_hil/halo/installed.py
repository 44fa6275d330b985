"""The charging profiles that a charger keeps: which it takes, which one replaces which, and which are cleared."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from ampguard_hil.halo.profiles import Kind, Limit, Period, Profile, Purpose, Recurrency, Schedule

if TYPE_CHECKING:
    from collections.abc import Mapping

NOMINAL_V = 230.0
"""Watts on the wire are turned into amperes with it: a charging profile knows no voltage."""
MAX_STACK_LEVEL, MAX_PERIODS, MAX_PROFILES = 10, 24, 10


class Taken(StrEnum):
    """The answer to SetChargingProfile."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    NOT_SUPPORTED = "NotSupported"


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)


class _WirePeriod(_Wire):
    start_period: int
    value: float = Field(alias="limit")
    number_phases: int | None = None


class _WireSchedule(_Wire):
    charging_rate_unit: str
    charging_schedule_period: list[_WirePeriod]
    duration: int | None = None
    start_schedule: datetime | None = None


class _WireProfile(_Wire):
    charging_profile_id: int
    stack_level: int
    charging_profile_purpose: Purpose
    charging_profile_kind: Kind
    charging_schedule: _WireSchedule
    transaction_id: int | None = None
    recurrency_kind: Recurrency | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None


_Wire.model_rebuild()


class ProfileRefusedError(ValueError):
    """A profile that cannot be; the sentence says why."""


def read(told: Mapping[str, object], connector: int, most_phases: int) -> Profile:
    """A profile off the wire. Raises ProfileRefusedError."""
    try:
        wire = _WireProfile.model_validate(told)
    except ValidationError as why:
        raise ProfileRefusedError(str(why)) from why
    schedule = wire.charging_schedule
    periods = tuple(
        _period(each, schedule.charging_rate_unit, most_phases) for each in schedule.charging_schedule_period
    )
    starts = [period.start_s for period in periods]
    _want(bool(starts) and starts[0] == 0, "a first period at 0 s", str(starts))
    _want(all(one < next_one for one, next_one in pairwise(starts)), "rising periods", str(starts))
    _want(len(starts) <= MAX_PERIODS, f"at most {MAX_PERIODS} periods", str(len(starts)))
    _want(0 <= wire.stack_level <= MAX_STACK_LEVEL, f"a stack level up to {MAX_STACK_LEVEL}", str(wire.stack_level))
    recurs = wire.charging_profile_kind is Kind.RECURRING
    _want(
        recurs == (wire.recurrency_kind is not None), "a recurrency of a recurring profile", wire.charging_profile_kind
    )
    _want(not recurs or schedule.start_schedule is not None, "a start of a recurring profile", "none")
    return Profile(
        number=wire.charging_profile_id,
        connector=connector,
        stack_level=wire.stack_level,
        purpose=wire.charging_profile_purpose,
        kind=wire.charging_profile_kind,
        schedule=Schedule(periods=periods, start_utc=schedule.start_schedule, duration_s=schedule.duration),
        recurrency=wire.recurrency_kind,
        transaction=wire.transaction_id,
        valid_from_utc=wire.valid_from,
        valid_to_utc=wire.valid_to,
    )


def _period(wire: _WirePeriod, unit: str, most_phases: int) -> Period:
    phases = min(wire.number_phases or 3, most_phases)
    _want(wire.value >= 0.0 and phases >= 1, "a limit from 0 on 1 to 3 phases", f"{wire.value} on {phases}")
    return Period(wire.start_period, Limit(wire.value if unit == "A" else wire.value / (NOMINAL_V * phases), phases))


def _want(holds: bool, wanted: str, met: str) -> None:  # noqa: FBT001 - a condition, not an option
    if not holds:
        raise ProfileRefusedError(f"wanted {wanted}, met {met}")


@dataclass(frozen=True, slots=True)
class Wish:
    """Which profiles ClearChargingProfile means: all that it says must fit."""

    number: int | None = None
    connector: int | None = None
    purpose: Purpose | None = None
    stack_level: int | None = None

    def means(self, profile: Profile) -> bool:
        """Whether that one is meant."""
        pairs = (
            (self.number, profile.number),
            (self.connector, profile.connector),
            (self.purpose, profile.purpose),
            (self.stack_level, profile.stack_level),
        )
        return all(wanted is None or wanted == met for wanted, met in pairs)


class Installed:
    """What is installed; it outlasts a restart, but for TxProfiles."""

    def __init__(self, *, refused: Mapping[Purpose, Taken] | None = None) -> None:
        """`refused`: what the firmware answers to purposes that it does not take."""
        self._refused = dict(refused or {})
        self._profiles: list[Profile] = []

    @property
    def profiles(self) -> tuple[Profile, ...]:
        """All of them."""
        return tuple(self._profiles)

    def set(self, profile: Profile, running: int | None) -> Taken:
        """Install it in place of the one with its number, or with its purpose and level; `running`: the transaction."""
        if profile.purpose in self._refused:
            return self._refused[profile.purpose]
        if not _belongs(profile, running):
            return Taken.REJECTED
        kept = [each for each in self._profiles if not _replaces(profile, each)]
        if len(kept) >= MAX_PROFILES:
            return Taken.REJECTED
        self._profiles = [*kept, profile]
        return Taken.ACCEPTED

    def clear(self, wish: Wish) -> bool:
        """Remove those that are meant; whether there were any."""
        kept = [profile for profile in self._profiles if not wish.means(profile)]
        found = len(kept) != len(self._profiles)
        self._profiles = kept
        return found

    def transaction_ended(self) -> None:
        """A TxProfile goes with its transaction."""
        self.clear(Wish(purpose=Purpose.TX))


def _belongs(profile: Profile, running: int | None) -> bool:
    """Whether a profile of that purpose may be on that connector now (section 3.13.1)."""
    match profile.purpose:
        case Purpose.CHARGE_POINT_MAX:
            return profile.connector == 0
        case Purpose.TX_DEFAULT:
            return profile.connector in {0, 1}
        case Purpose.TX:
            return profile.connector == 1 and running is not None and profile.transaction in {None, running}


def _replaces(new: Profile, old: Profile) -> bool:
    return new.number == old.number or (new.purpose, new.stack_level, new.connector) == (
        old.purpose, old.stack_level, old.connector
    )  # fmt: skip
