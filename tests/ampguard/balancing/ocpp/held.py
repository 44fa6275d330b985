"""What a charger holds of the profiles that it was given: OCPP 1.6, section 3.13, read once more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

MOST_A = 32.0


@dataclass
class Holder:
    """One charger with one connector."""

    refused: frozenset[str] = frozenset()
    """Purposes that it answers with Rejected."""
    ignored: frozenset[str] = frozenset()
    """Purposes that it accepts and does not keep to."""
    most_level: int = 10
    composite_a: float | None = None
    """What it says that it holds, whatever it is; None: what it does hold."""
    most_periods: int = 10
    transaction: int | None = None
    begun: datetime | None = None
    profiles: dict[tuple[str, int], Mapping[str, Any]] = field(default_factory=dict)
    given: list[Mapping[str, Any]] = field(default_factory=list)

    def take(self, connector: int, profile: Mapping[str, Any]) -> str:
        """The status that it answers with."""
        self.given.append(profile)
        purpose, level = profile["chargingProfilePurpose"], profile["stackLevel"]
        periods = profile["chargingSchedule"]["chargingSchedulePeriod"]
        if purpose in self.refused or level > self.most_level or len(periods) > self.most_periods:
            return "Rejected"
        if purpose == "TxProfile" and (self.transaction is None or profile.get("transactionId") != self.transaction):
            return "Rejected"
        if (purpose == "ChargePointMaxProfile") != (connector == 0):
            return "Rejected"
        if purpose not in self.ignored:
            number = profile["chargingProfileId"]
            self.profiles = {key: one for key, one in self.profiles.items() if one["chargingProfileId"] != number}
            self.profiles[purpose, level] = profile
        return "Accepted"

    def begin(self, transaction: int, at: datetime) -> None:
        self.transaction, self.begun = transaction, at

    def end(self) -> None:
        self.transaction = self.begun = None
        self.profiles = {key: one for key, one in self.profiles.items() if key[0] != "TxProfile"}

    def holds_a(self, at: datetime) -> float:
        """Now."""
        most_a = self._of("ChargePointMaxProfile", at)
        of_it = self._of("TxProfile", at) if self.transaction is not None else None
        default_a = self._of("TxDefaultProfile", at) if of_it is None else of_it
        return min(one for one in (MOST_A, most_a, default_a) if one is not None)

    def _of(self, purpose: str, at: datetime) -> float | None:
        stack = [one for key, one in self.profiles.items() if key[0] == purpose]
        for profile in sorted(stack, key=lambda one: -int(one["stackLevel"])):
            limit_a = self._limit_a(profile, at)
            if limit_a is not None:
                return limit_a
        return None

    def _limit_a(self, profile: Mapping[str, Any], at: datetime) -> float | None:
        if "validTo" in profile and datetime.fromisoformat(profile["validTo"]) <= at:
            return None
        schedule = profile["chargingSchedule"]
        start = datetime.fromisoformat(schedule["startSchedule"]) if "startSchedule" in schedule else self.begun or at
        since = at - start
        if since < timedelta() or ("duration" in schedule and since >= timedelta(seconds=schedule["duration"])):
            return None
        passed = [
            one["limit"] for one in schedule["chargingSchedulePeriod"] if timedelta(seconds=one["startPeriod"]) <= since
        ]
        return float(passed[-1])
