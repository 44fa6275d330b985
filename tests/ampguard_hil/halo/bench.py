"""A Halo in virtual time, and a central system that answers at once; every message must fit OCPP's own schemas."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from ocpp.messages import Call, CallResult, _validate_payload

from ampguard_hil.halo.car import Behaviour, Car
from ampguard_hil.halo.commands import obey
from ampguard_hil.halo.halo import Halo
from ampguard_hil.halo.transaction import stamp
from ampguard_hil.halo.variant import Variant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard_hil.halo.installed import Taken
    from ampguard_hil.halo.outbox import Json, Message
    from ampguard_hil.halo.profiles import Purpose

BEGIN_UTC = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
URL = "ws://central.example/ocpp"
QUICK = Behaviour(
    most_a=32.0,
    below_offer_a=0.0,
    decrease_delay_s=0.5,
    decrease_a_per_s=30.0,
    increase_delay_s=0.5,
    increase_a_per_s=5.0,
    start_s=1.0,
    resume_s=10.0,
)
"""A car that takes what it is offered."""


def halo(  # noqa: PLR0913 - what a test may want of it
    *,
    phases: int = 3,
    rated_a: float = 16.0,
    backend: str = URL,
    offline_after_s: float = 60.0,
    ethernet: bool = True,
    refused: Mapping[Purpose, Taken] | None = None,
) -> Halo:
    return Halo(
        Variant(serial="2611000001M", phases=phases, rated_a=rated_a),
        BEGIN_UTC,
        backend=backend,
        offline_after_s=offline_after_s,
        plugged_ethernet=ethernet,
        refused=refused,
    )


class Central:
    """Hears what a Halo says and answers by the book; orders go to it as calls."""

    def __init__(self, charger: Halo) -> None:
        self.halo = charger
        self.heard: list[tuple[str, Json]] = []
        self.tags: dict[str, str] = {}
        """Status by tag; others are accepted."""
        self.registration = "Accepted"
        self.interval_s = 300
        self.silent = False
        """Takes messages and answers none."""
        self._number = 100

    def live(self, duration_s: float) -> None:
        """Let time pass, and talk meanwhile."""
        end_s = self.halo.now_s + duration_s
        while self.halo.now_s < end_s - 1e-9:
            self.halo.advance(min(end_s, self.halo.now_s + 0.1))
            self.talk()

    def talk(self) -> None:
        while (message := self.halo.outbox.next()) is not None:
            self._hear(message)
            if self.silent:
                return

    def boot(self) -> None:
        """The self-test, then a connection."""
        self.halo.advance(self.halo.now_s + 5.0)
        self.halo.connected()
        self.live(0.2)

    def charge(self, car: Behaviour = QUICK) -> None:
        """A car comes and charges."""
        self.halo.connector.car = Car(car)
        self.live(15.0)

    def call(self, action: str, **payload: object) -> Json:
        """An order, and its answer."""
        _validate_payload(Call("", action, payload), "1.6")
        answer = obey(self.halo, action, payload)
        _validate_payload(CallResult("", answer, action), "1.6")
        self.talk()
        return answer

    def said(self, action: str) -> list[Json]:
        return [payload for each, payload in self.heard if each == action]

    def statuses(self) -> list[str]:
        """Of the connector, one after the other."""
        return [str(each["status"]) for each in self.said("StatusNotification") if each["connectorId"] == 1]

    def _hear(self, message: Message) -> None:
        _validate_payload(Call("", message.action, message.sent), "1.6")
        self.heard.append((message.action, message.sent))
        if self.silent:
            return
        answer = self._answer(message.action, message.sent)
        _validate_payload(CallResult("", answer, message.action), "1.6")
        self.halo.outbox.done(answer)

    def _answer(self, action: str, payload: Json) -> Json:
        status = {"idTagInfo": {"status": self.tags.get(str(payload.get("idTag")), "Accepted")}}
        match action:
            case "BootNotification":
                now = stamp(self.halo.utc)
                return {"status": self.registration, "currentTime": now, "interval": self.interval_s}
            case "Heartbeat":
                return {"currentTime": stamp(self.halo.utc)}
            case "StartTransaction":
                self._number += 1
                return {"transactionId": self._number, **status}
            case "Authorize":
                return cast("Json", status)
            case _:
                return {}


def profile(
    limit_a: float,
    *,
    purpose: str = "TxDefaultProfile",
    number: int = 1,
    level: int = 0,
    kind: str = "Absolute",
    **schedule: object,
) -> Json:
    """As SetChargingProfile has it."""
    return {
        "chargingProfileId": number,
        "stackLevel": level,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind,
        "chargingSchedule": {
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit_a}],
            **schedule,
        },
    }
