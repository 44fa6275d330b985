"""How the unit itself answers a charger: where it has no cloud, and while its cloud is away."""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from ampguard.balancing.ocpp import rules, schema, taken
from ampguard.balancing.ocpp.configuration import Unknown
from ampguard.balancing.ocpp.frame import ErrorCode
from ampguard.balancing.ocpp.line import Refused
from ampguard.balancing.ocpp.tags import Status

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Mapping

    from ampguard.balancing.ocpp.configuration import Configuration
    from ampguard.balancing.ocpp.frame import Payload
    from ampguard.balancing.ocpp.tags import Tags
    from ampguard.balancing.ocpp.transactions import Transactions

UNKNOWN_ASKS_AGAIN_S = 60
_FIXED: Mapping[str, Payload] = MappingProxyType({
    "DataTransfer": {"status": "UnknownVendorId"},
    "SignCertificate": {"status": "Rejected"},
})  # fmt: skip
"""All others are only acknowledged."""


class Local:
    """Of one charger.

    Args:
        charger: its id.
        configuration: of the unit.
        transactions: of all chargers.
        tags: who may charge.
        utc: the wall clock; None while nobody has set it.
        clock: what a charger is told that the time is.
        logger: for what somebody may have to look after.
        is_known: it is set up.
    """

    def __init__(  # noqa: PLR0913 - all of it counts
        self,
        charger: str,
        configuration: Configuration,
        transactions: Transactions,
        tags: Tags,
        *,
        utc: Callable[[], datetime | None],
        clock: Callable[[], datetime],
        logger: logging.Logger,
        is_known: bool,
    ) -> None:
        self._charger = charger
        self._configuration = configuration
        self._transactions = transactions
        self._tags = tags
        self._utc, self._clock = utc, clock
        self._log = logger
        self._is_known = is_known

    async def answer(self, action: str, payload: Payload) -> Payload:
        """The answer to a call. Raises Refused."""
        if action not in rules.FROM_CHARGER:
            raise Refused(rules.unknown(action), f"{action} is not done here")
        if (found := schema.violation(action, payload)) is not None:
            raise Refused(found.code, found.words)
        if action == "BootNotification":
            return self._boot()
        if not self._is_known:
            raise Refused(ErrorCode.SECURITY_ERROR, "this charger was not accepted")
        return await self._answer(action, payload)

    async def _answer(self, action: str, payload: Payload) -> Payload:
        match action:
            case "Heartbeat":
                return {"currentTime": self._now()}
            case "Authorize":
                return {"idTagInfo": self._info(payload)}
            case "StartTransaction":
                return await self._started(payload)
            case "StopTransaction":
                return await self._stopped(payload)
            case _:
                return _FIXED.get(action, {})

    def _boot(self) -> Payload:
        if self._is_known:
            return {"status": "Accepted", "currentTime": self._now(), "interval": self._configuration.heartbeat_s}
        status: Unknown = self._configuration.unknown
        return {"status": status.value, "currentTime": self._now(), "interval": UNKNOWN_ASKS_AGAIN_S}

    def _info(self, payload: Payload) -> Payload:
        return {"status": self._tags.status(taken.text(payload, "idTag") or "", self._utc())}

    async def _started(self, payload: Payload) -> Payload:
        """What the charger measured counts from the moment that it says."""
        begun = taken.moment(payload, "timestamp") or self._clock()
        transaction = self._transactions.begin(
            self._charger,
            taken.whole(payload, "connectorId") or 1,
            taken.text(payload, "idTag") or "",
            taken.whole(payload, "meterStart") or 0,
            begun,
        )
        await self.kept()
        return {"transactionId": transaction.id, "idTagInfo": self._info(payload)}

    async def _stopped(self, payload: Payload) -> Payload:
        number = taken.whole(payload, "transactionId")
        if number is not None and self._transactions.ended(self._charger, number) is not None:
            await self.kept()
        return {"idTagInfo": {"status": Status.ACCEPTED}} if "idTag" in payload else {}

    async def kept(self) -> None:
        """What runs, on the medium; a medium that takes nothing stops nobody from charging."""
        try:
            await self._transactions.save()
        except OSError as why:
            self._log.error("%s: its transactions cannot be kept: %s", self._charger, why)

    def _now(self) -> str:
        return taken.written(self._clock())
