"""The makers' cloud for Halos that speak CAPI: it hears what they say, and what it orders reaches them late.

CAPI itself is not public: between a Halo and this cloud the charger's own messages stand for it. What can be seen from
outside is as slow as the makers' API is said to be: meter values every 30 s while it charges.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from ampguard_hil.halo.transaction import stamp

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ampguard_hil.halo.halo import Halo
    from ampguard_hil.halo.outbox import Json, Message

ORDER_DELAY_S = 2.0
"""Each way 1 to 3 s: what the bench's model of the cloud says."""
SEEN_S = 30.0
IDLE_BEAT_S = 30


@dataclass(slots=True)
class Session:
    """A charging session as the cloud lists it."""

    number: int
    begin_wh: float
    begin_utc: datetime
    end_utc: datetime | None = None
    end_wh: float | None = None


@dataclass(slots=True)
class Known:
    """What the cloud knows of one charger: what it was told last."""

    halo: Halo
    status: str = "Unavailable"
    currents_a: tuple[float, float, float] = (0.0, 0.0, 0.0)
    voltage_v: float = 230.0
    energy_wh: float = 0.0
    mode: str = "On"
    cable_lock: bool = False
    is_load_balanced: bool = False
    sessions: list[Session] = field(default_factory=list[Session])


class CapiCloud:
    """Several chargers; `live` lets time pass for what is on its way."""

    def __init__(self, halos: list[Halo]) -> None:
        self.chargers = {halo.variant.serial: Known(halo) for halo in halos}
        self.online = True
        """Whether chargers reach it."""
        self._orders: deque[tuple[float, Callable[[], None]]] = deque()
        self._number = 0

    def live(self) -> None:
        """Hear what they have to say, and let orders arrive that were given long enough ago."""
        for known in self.chargers.values():
            self._meet(known)
            while self.online and (message := known.halo.outbox.next()) is not None:
                known.halo.outbox.done(self._heard(known, message))
        while self.online and self._orders and self._orders[0][0] <= self._now_s:
            self._orders.popleft()[1]()

    def order(self, act: Callable[[], None]) -> None:
        """Do it when it has got there."""
        self._orders.append((self._now_s + ORDER_DELAY_S, act))

    @property
    def _now_s(self) -> float:
        return max(known.halo.now_s for known in self.chargers.values())

    def _meet(self, known: Known) -> None:
        halo = known.halo
        wants = self.online and halo.is_ready
        if wants and not halo.online:
            halo.configuration.set("MeterValueSampleInterval", f"{SEEN_S:.0f}")
            halo.connected()
        elif not wants and halo.online:
            halo.disconnected()

    def _heard(self, known: Known, message: Message) -> Json:
        payload = message.sent
        accepted: Json = {"idTagInfo": {"status": "Accepted"}}
        match message.action:
            case "BootNotification":
                return {"status": "Accepted", "currentTime": stamp(known.halo.utc), "interval": IDLE_BEAT_S}
            case "Heartbeat":
                return {"currentTime": stamp(known.halo.utc)}
            case "StatusNotification":
                if payload["connectorId"] == 1:
                    known.status = str(payload["status"])
            case "MeterValues":
                self._measured(known, payload)
            case "StartTransaction":
                self._number += 1
                begin_wh = float(cast("int", payload["meterStart"]))
                known.sessions.append(Session(self._number, begin_wh, known.halo.utc))
                return {"transactionId": self._number, **accepted}
            case "StopTransaction":
                self._ended(known, payload)
                return accepted
            case "Authorize":
                return accepted
            case _:
                pass
        return {}

    def _measured(self, known: Known, payload: Json) -> None:
        found = {"L1": 0.0, "L2": 0.0, "L3": 0.0}
        for value in cast("list[dict[str, str]]", cast("list[Json]", payload["meterValue"])[0]["sampledValue"]):
            match value["measurand"]:
                case "Current.Import":
                    found[value["phase"]] = float(value["value"])
                case "Energy.Active.Import.Register":
                    known.energy_wh = float(value["value"])
                case "Voltage":
                    known.voltage_v = float(value["value"])
                case _:
                    pass
        known.currents_a = (found["L1"], found["L2"], found["L3"])

    def _ended(self, known: Known, payload: Json) -> None:
        known.energy_wh = float(cast("int", payload["meterStop"]))
        known.currents_a = (0.0, 0.0, 0.0)
        for session in known.sessions:
            if session.number == payload["transactionId"]:
                session.end_utc, session.end_wh = known.halo.utc, known.energy_wh
