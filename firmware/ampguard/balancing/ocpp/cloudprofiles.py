"""What a charger's own cloud has set: charging profiles, kept by the unit, and what they allow at a moment. No I/O.

They count as OCPP 1.6 has it: within a purpose the highest stack level that is valid; a TxProfile instead of a
TxDefaultProfile; one of a connector instead of one for all; and never more than ChargePointMaxProfile. A limit in watts
becomes amperes by the number of phases it names (three where it names none) and the nominal voltage.
While nobody has set the unit's clock, the lowest limit of a schedule counts for all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ampguard.balancing.ocpp import taken
from ampguard.balancing.ocpp.profile import Purpose

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from ampguard.balancing.ocpp.frame import Payload

MOST_KEPT = 40
SAMPLE_S = 60
"""As many clouds have it, until this one says otherwise."""
_RECURS_S = {"Daily": 86400.0, "Weekly": 604800.0}
_PHASES = 3


@dataclass(frozen=True, slots=True)
class Running:
    """A transaction, as far as profiles ask for it."""

    id: int
    begun_utc: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """One profile."""

    connector: int
    profile: Payload

    @property
    def id(self) -> int | None:
        """The cloud's."""
        return taken.whole(self.profile, "chargingProfileId")

    @property
    def level(self) -> int:
        """In its stack."""
        return taken.whole(self.profile, "stackLevel") or 0

    @property
    def purpose(self) -> Purpose:
        """What it is for."""
        return Purpose(str(self.profile.get("chargingProfilePurpose")))

    @property
    def transaction(self) -> int | None:
        """Of a TxProfile: whose it is."""
        return taken.whole(self.profile, "transactionId")

    def replaces(self, other: Kept) -> bool:
        """Both cannot be there at once."""
        if self.id == other.id:
            return True
        place, others = (self.connector, self.purpose, self.level), (other.connector, other.purpose, other.level)
        return place == others and self.transaction == other.transaction

    def limit_a(self, at: datetime | None, running: Running | None, nominal_v: float) -> float | None:
        """What it allows at a moment; None: nothing is said for then. `at` None: the clock is not set."""
        schedule = taken.inner(self.profile, "chargingSchedule")
        periods = sorted(
            (offset_s, value)
            for one in taken.several(schedule, "chargingSchedulePeriod")
            if (offset_s := taken.whole(one, "startPeriod")) is not None
            and (value := _current_a(schedule, one, nominal_v)) is not None
        )
        if not periods:
            return None
        if at is None:
            return min(value for _, value in periods)
        since_s = self._since_s(schedule, at, running)
        if since_s is None or not self._is_valid(at):
            return None
        duration_s = taken.whole(schedule, "duration")
        if duration_s is not None and since_s >= duration_s:
            return None
        passed = [value for offset_s, value in periods if offset_s <= since_s]
        return passed[-1] if passed else None

    def _is_valid(self, at: datetime) -> bool:
        begins, ends = taken.moment(self.profile, "validFrom"), taken.moment(self.profile, "validTo")
        return (begins is None or begins <= at) and (ends is None or at < ends)

    def _since_s(self, schedule: Payload, at: datetime, running: Running | None) -> float | None:
        """How long its schedule has been running."""
        start = taken.moment(schedule, "startSchedule")
        if start is None or self.profile.get("chargingProfileKind") == "Relative":
            if (
                running is None
            ):  # without a charge there is nothing to be relative to: it holds from its first period on
                return 0.0
            return max(0.0, (at - running.begun_utc) / timedelta(seconds=1))
        since_s = (at - start) / timedelta(seconds=1)
        if since_s < 0.0:
            return None
        recurs_s = _RECURS_S.get(str(self.profile.get("recurrencyKind")))
        is_recurring = self.profile.get("chargingProfileKind") == "Recurring" and recurs_s is not None
        return since_s % recurs_s if is_recurring and recurs_s is not None else since_s


class CloudProfiles:
    """Of one charger."""

    def __init__(self, nominal_v: float) -> None:
        self.nominal_v = nominal_v
        """Between phase and neutral."""
        self.sample_s = SAMPLE_S
        """How often the cloud wants to hear what is measured; 0: never."""
        self.kept: tuple[Kept, ...] = ()

    def put(self, connector: int, profile: Payload, running: Mapping[int, Running]) -> bool:
        """A profile came; whether it is taken. A TxProfile needs its transaction, ChargePointMax the whole charger."""
        new = Kept(connector, profile)
        if new.purpose is Purpose.CHARGE_POINT_MAX and connector != 0:
            return False
        if new.purpose is Purpose.TX:
            of_it = running.get(connector)
            if of_it is None or new.transaction not in {None, of_it.id}:
                return False
        remaining = tuple(one for one in self.kept if not new.replaces(one))
        if len(remaining) >= MOST_KEPT:
            return False
        self.kept = (*remaining, new)
        return True

    def clear(self, asked: Payload) -> bool:
        """ClearChargingProfile.req; whether there was one that it means."""
        wanted_id = taken.whole(asked, "id")
        connector, level = taken.whole(asked, "connectorId"), taken.whole(asked, "stackLevel")
        purpose = taken.text(asked, "chargingProfilePurpose")

        def is_meant(one: Kept) -> bool:
            if wanted_id is not None:
                return one.id == wanted_id
            return (
                (connector is None or one.connector == connector)
                and (purpose is None or one.purpose == purpose)
                and (level is None or one.level == level)
            )

        remaining = tuple(one for one in self.kept if not is_meant(one))
        found = len(remaining) < len(self.kept)
        self.kept = remaining
        return found

    def only(self, connectors: AbstractSet[int]) -> None:
        """Transactions run on these; the profiles of others are over."""
        self.kept = tuple(one for one in self.kept if one.purpose is not Purpose.TX or one.connector in connectors)

    def limit_a(self, at: datetime | None, running: Mapping[int, Running]) -> float | None:
        """The most that the cloud allows at a moment; None: as much as there is.

        Several connectors are limited together: each one's limit is counted, and the whole charger's never passed.
        """
        connectors = list(running) or [1]
        of_each = [self._of(connector, at, running.get(connector)) for connector in connectors]
        together_a = None if any(one is None for one in of_each) else sum(one for one in of_each if one is not None)
        most_a = self._best(Purpose.CHARGE_POINT_MAX, (0,), at, next(iter(running.values()), None))
        known_a = [one for one in (together_a, most_a) if one is not None]
        return min(known_a) if known_a else None

    def _of(self, connector: int, at: datetime | None, running: Running | None) -> float | None:
        if running is not None:
            found_a = self._best(Purpose.TX, (connector,), at, running)
            if found_a is not None:
                return found_a
        for places in ((connector,), (0,)):
            found_a = self._best(Purpose.TX_DEFAULT, places, at, running)
            if found_a is not None:
                return found_a
        return None

    def _best(
        self, purpose: Purpose, places: Iterable[int], at: datetime | None, running: Running | None
    ) -> float | None:
        meant = [one for one in self.kept if one.purpose is purpose and one.connector in places]
        for one in sorted(meant, key=lambda kept: kept.level, reverse=True):
            limit_a = one.limit_a(at, running, self.nominal_v)
            if limit_a is not None:
                return limit_a
        return None


def _current_a(schedule: Payload, period: Payload, nominal_v: float) -> float | None:
    limit = taken.number(period.get("limit"))
    if limit is None or limit < 0.0:
        return None
    if schedule.get("chargingRateUnit") != "W":
        return limit
    return limit / (max(1, taken.whole(period, "numberPhases") or _PHASES) * nominal_v)
