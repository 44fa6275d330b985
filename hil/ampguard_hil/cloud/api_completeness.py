"""The account of a unit as programs get it, from the REST API and from the units' own entrance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel

if TYPE_CHECKING:
    from ampguard_hil.cloud.account import Account, Break, End


class Place(BaseModel):
    """A reading."""

    boot: str
    sequence: int
    utc: str | None

    @staticmethod
    def of(end: End | None) -> Place | None:
        """What is told of it."""
        return None if end is None else Place(boot=end.boot, sequence=end.sequence, utc=end.utc)


class Gap(BaseModel):
    """Readings that are not there, between two that are."""

    after: Place | None
    """None: before all that is stored, or before the device was theirs who ask."""
    before: Place | None
    missing: int | None
    """How many readings, where their numbers tell; 0: time is missing, no number."""
    duration_s: float | None
    """None where no clock ran through."""
    reason: str | None
    """As the unit tells it; None: nobody explains it."""
    sentence: str

    @staticmethod
    def of(one: Break) -> Gap:
        """What is told of it."""
        return Gap(
            after=Place.of(one.after),
            before=Place.of(one.before),
            missing=one.missing,
            duration_s=one.duration_s,
            reason=one.reason,
            sentence=one.sentence,
        )


class Completeness(BaseModel):
    """What is there of a unit, and what is missing and why."""

    serial: str
    sentence: str
    """All of it for people, in some lines."""
    complete: bool
    """Whether nothing is missing without a reason."""
    readings: int
    undated: int
    """Readings without a time of day."""
    events: int
    missing_events: int
    first: Place | None
    last: Place | None
    breaks: list[Gap]

    @staticmethod
    def of(account: Account) -> Completeness:
        """What is told of it."""
        return Completeness(
            serial=account.serial,
            sentence=account.sentence,
            complete=account.complete,
            readings=account.readings,
            undated=account.undated,
            events=account.events,
            missing_events=account.missing_events,
            first=Place.of(account.first),
            last=Place.of(account.last),
            breaks=[Gap.of(one) for one in account.breaks],
        )
