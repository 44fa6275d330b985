"""From a tag, an order or a plugged cable to a transaction and its end: OCPP 1.6, sections 3.5, 4.6, 4.8, 5.11."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

from ampguard_hil.halo.outbox import Json, Message
from ampguard_hil.halo.pilot import PilotState
from ampguard_hil.halo.profiles import for_transaction
from ampguard_hil.halo.tags import Verdict
from ampguard_hil.halo.transaction import Transaction, sampled, stamp

if TYPE_CHECKING:
    from ampguard_hil.halo.configuration import Configuration
    from ampguard_hil.halo.connector import Connector
    from ampguard_hil.halo.installed import Installed
    from ampguard_hil.halo.outbox import Outbox
    from ampguard_hil.halo.profiles import Profile
    from ampguard_hil.halo.tags import Tags

REFUSED_S = 3.0
"""How long a refusal shows."""
_PLUGGED_S = 1.0
"""A cable must sit so long before charging that needs no tag begins."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Of one charger."""

    phases: int
    configuration: Configuration
    tags: Tags
    connector: Connector
    installed: Installed
    outbox: Outbox


class Charging:
    """One connector's transactions; `live` lets time pass. All of it, but for what it counts, outlasts a restart."""

    def __init__(self, parts: Parts) -> None:
        self._phases = parts.phases
        self._configuration = parts.configuration
        self._tags = parts.tags
        self._connector = parts.connector
        self._installed = parts.installed
        self._outbox = parts.outbox
        self.transaction: Transaction | None = None
        self.ended = False
        """The car is still there after its transaction."""
        self.may_begin = True
        """The connector is operative and whole."""
        self.online = False
        self.refused_left_s = 0.0
        self._now_utc: datetime | None = None
        self._allowed: tuple[str, Profile | None] | None = None
        self._allowed_left_s = 0.0
        self._plugged_s = 0.0
        self._sample_s = 0.0
        self._slot: int | None = None

    @property
    def is_allowed(self) -> bool:
        """Somebody may charge and has not plugged in yet."""
        return self._allowed is not None

    @property
    def waits_for_tag(self) -> bool:
        """A car is there, and nobody has said who pays."""
        plugged = self._connector.pilot is not PilotState.A
        return plugged and self.transaction is None and not self.ended and self._configuration.is_on("RfidLock")

    def live(self, now_utc: datetime, duration_s: float) -> None:
        """Let so much time pass, up to that moment."""
        self._now_utc = now_utc
        self.refused_left_s = max(0.0, self.refused_left_s - duration_s)
        if self._connector.pilot is PilotState.A:
            self._unplugged(duration_s)
        else:
            self._plugged(duration_s)
        interval_s = self._configuration.seconds("MeterValueSampleInterval")
        self._sample_s += duration_s
        self._aligned(now_utc)
        if self.transaction is not None and interval_s and self._sample_s >= interval_s:
            self.sample("Sample.Periodic")

    def _aligned(self, now_utc: datetime) -> None:
        """By the clock: each time another interval of the day begins, transaction or not."""
        interval_s = self._configuration.seconds("ClockAlignedDataInterval")
        if not interval_s:
            return
        midnight = now_utc.replace(hour=0, minute=0, second=0, microsecond=0)
        slot = (now_utc - midnight) // timedelta(seconds=interval_s)
        if self._slot is not None and slot != self._slot:
            self.report("Sample.Clock", self._configuration["MeterValuesAlignedData"])
        self._slot = slot

    def _unplugged(self, duration_s: float) -> None:
        self._plugged_s, self.ended = 0.0, False
        if self.transaction is not None:
            self.stop("EVDisconnected")
            self.ended = False
        self._allowed_left_s -= duration_s
        if self._allowed_left_s <= 0.0:
            self._allowed = None

    def _plugged(self, duration_s: float) -> None:
        self._plugged_s += duration_s
        if self.transaction is not None or not self.may_begin:
            return
        if self._allowed is not None:
            tag, profile = self._allowed
            self._begin(tag, profile)
        elif self._plugged_s >= _PLUGGED_S and not self.ended and not self._configuration.is_on("RfidLock"):
            self._begin(self._configuration["RfidTagFreeCharging"], None)

    # ---------------------------------------------------------------- who may

    def swipe(self, tag: str) -> None:
        """Hold a tag before the centre."""
        if not self.may_begin:
            self.refused_left_s = REFUSED_S
        elif self.transaction is not None:
            if tag.upper() == self.transaction.tag.upper():
                self.stop("Local")
            else:
                self.refused_left_s = REFUSED_S
        else:
            self._judge(tag, None)

    def ordered(self, tag: str, profile: Profile | None) -> bool:
        """RemoteStartTransaction; whether it is taken."""
        if self.transaction is not None or not self.may_begin:
            return False
        if self._configuration.is_on("AuthorizeRemoteTxRequests"):
            self._judge(tag, profile)
        else:
            self._allow(tag, profile)
        return True

    def _judge(self, tag: str, profile: Profile | None) -> None:
        match self._tags.judge(tag, online=self.online):
            case Verdict.ACCEPTED:
                self._allow(tag, profile)
            case Verdict.REFUSED:
                self.refused_left_s = REFUSED_S
            case Verdict.ASK:
                self._outbox.add(
                    Message("Authorize", {"idTag": tag}, answered=lambda answer: self._authorized(tag, profile, answer))
                )

    def _authorized(self, tag: str, profile: Profile | None, answer: Json) -> None:
        status = _status(answer)
        self._tags.learn(tag, status)
        if status == "Accepted":
            self._allow(tag, profile)
        else:
            self.refused_left_s = REFUSED_S

    def _allow(self, tag: str, profile: Profile | None) -> None:
        if self.transaction is None:
            self._allowed = (tag, profile)
            self._allowed_left_s = self._configuration.seconds("ConnectionTimeOut")
            self.ended = False

    # ---------------------------------------------------------------- from begin to end

    def _begin(self, tag: str, profile: Profile | None) -> None:
        begun = Transaction(tag, self._utc, self._connector.energy_wh, profile=profile)
        self.transaction, self._allowed, self._sample_s = begun, None, 0.0
        payload: Json = {
            "connectorId": 1,
            "idTag": tag,
            "meterStart": round(begun.begin_wh),
            "timestamp": stamp(begun.begin_utc),
        }
        self._outbox.add(Message("StartTransaction", payload, begun, lambda answer: self._begun(begun, answer)))

    def _begun(self, begun: Transaction, answer: Json) -> None:
        begun.number = cast("int", answer["transactionId"])
        status = _status(answer)
        self._tags.learn(begun.tag, status)
        if self.transaction is not begun:
            return
        if begun.profile is not None:
            self._installed.set(for_transaction(begun.profile, begun.number), begun.number)
        if status != "Accepted" and self._configuration.is_on("StopTransactionOnInvalidId"):
            self.stop("DeAuthorized")

    def stop(self, reason: str) -> None:
        """End it, if there is one."""
        ended, self.transaction = self.transaction, None
        if ended is None:
            return
        self.ended = True
        self._installed.transaction_ended()
        payload: Json = {
            "meterStop": round(self._connector.energy_wh),
            "timestamp": stamp(self._utc),
            "transactionId": 0,
            "idTag": ended.tag,
            "reason": reason,
        }
        if reason == "EVDisconnected":
            del payload["idTag"]
        self._outbox.add(Message("StopTransaction", payload, ended))

    def sample(self, context: str) -> None:
        """MeterValues now, of what is sampled: of the transaction, or without one."""
        self._sample_s = 0.0
        self.report(context, self._configuration["MeterValuesSampledData"])

    def report(self, context: str, measurands: str) -> None:
        """MeterValues of those."""
        values = sampled(measurands, self._connector, self._phases, context)
        if not values:
            return
        payload: Json = {
            "connectorId": 1,
            "meterValue": [{"timestamp": stamp(self._utc), "sampledValue": values}],
        }
        self._outbox.add(Message("MeterValues", payload, self.transaction))

    @property
    def _utc(self) -> datetime:
        if self._now_utc is None:
            raise RuntimeError("wanted a charger that lives, met one whose time has not begun")
        return self._now_utc


def _status(answer: Json) -> str:
    """Of the tag, in an answer that has one."""
    return str(cast("Json", answer.get("idTagInfo", {})).get("status", "Invalid"))
