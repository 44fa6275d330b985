"""A charger for the tests: the `ocpp` library's charge point, with the profiles that it holds."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ocpp.charge_point import snake_to_camel_case
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result
from tests.ampguard.balancing.ocpp.held import Holder
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

logging.getLogger("ocpp").setLevel(logging.CRITICAL)
KEYS = {
    "GetConfigurationMaxKeys": "3",
    "SupportedFeatureProfiles": "Core,SmartCharging,RemoteTrigger",
    "ChargeProfileMaxStackLevel": "10",
    "ChargingScheduleAllowedChargingRateUnit": "Current",
    "ChargingScheduleMaxPeriods": "10",
    "NumberOfConnectors": "1",
    "MeterValueSampleInterval": "30",
    "MeterValuesSampledData": "Energy.Active.Import.Register",
}


@dataclass
class Heard:
    """One call of the central system."""

    action: str
    payload: dict[str, Any]
    at_s: float


class Charger(ChargePoint):  # type: ignore[misc]  # the library has no types
    """Args: refused: purposes that it answers with Rejected; keys: its configuration."""

    def __init__(
        self,
        name: str,
        socket: ClientConnection,
        *,
        refused: frozenset[str] = frozenset(),
        keys: dict[str, str] | None = None,
        ignores: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(name, socket, 10)
        self.socket = socket
        self.holder = Holder(refused, ignores)
        self.keys = dict(KEYS if keys is None else keys)
        self.heard: list[Heard] = []
        self.local_list: list[Any] = []
        self.started = datetime.now(UTC)
        self.frames: list[str] = []
        self._arrived_s = 0.0

    # ------------------------------------------------------------ what it is told

    async def route_message(self, raw_msg: str) -> None:
        self._arrived_s = time.monotonic()
        self.frames.append(raw_msg)
        await super().route_message(raw_msg)

    @on("GetConfiguration")
    def configuration(self, key: list[str] | None = None) -> Any:
        self._note("GetConfiguration", key=key)
        asked = key or list(self.keys)
        assert len(asked) <= int(self.keys.get("GetConfigurationMaxKeys", "99"))
        known = [{"key": one, "readonly": False, "value": self.keys[one]} for one in asked if one in self.keys]
        return call_result.GetConfiguration(known, [one for one in asked if one not in self.keys])

    @on("ChangeConfiguration")
    def change(self, key: str, value: str) -> Any:
        self._note("ChangeConfiguration", key=key, value=value)
        if key not in self.keys:
            return call_result.ChangeConfiguration("NotSupported")
        self.keys[key] = value
        return call_result.ChangeConfiguration("Accepted")

    @on("TriggerMessage")
    def trigger(self, requested_message: str) -> Any:
        self._note("TriggerMessage", requested_message=requested_message)
        return call_result.TriggerMessage("Accepted")

    @on("SetChargingProfile")
    def limited(self, connector_id: int, cs_charging_profiles: dict[str, Any]) -> Any:
        profile = cs_charging_profiles
        self._note("SetChargingProfile", connector_id=connector_id, profile=profile)
        return call_result.SetChargingProfile(self.holder.take(connector_id, _plain(profile)))

    @property
    def transaction(self) -> int | None:
        return self.holder.transaction

    @on("ClearChargingProfile")
    def cleared(self, **payload: Any) -> Any:
        self._note("ClearChargingProfile", **payload)
        return call_result.ClearChargingProfile("Accepted")

    @on("GetCompositeSchedule")
    def composite(self, connector_id: int, duration: int, charging_rate_unit: str = "A") -> Any:
        self._note("GetCompositeSchedule", connector_id=connector_id, duration=duration)
        return call_result.GetCompositeSchedule(
            "Accepted",
            connector_id,
            datetime.now(UTC).isoformat(),
            {
                "charging_rate_unit": charging_rate_unit,
                "charging_schedule_period": [{"start_period": 0, "limit": round(self.holds_a(), 1)}],
            },
        )

    @on("RemoteStartTransaction")
    def remote_start(self, id_tag: str, **payload: Any) -> Any:
        self._note("RemoteStartTransaction", id_tag=id_tag, **payload)
        return call_result.RemoteStartTransaction("Accepted")

    @on("RemoteStopTransaction")
    def remote_stop(self, transaction_id: int) -> Any:
        self._note("RemoteStopTransaction", transaction_id=transaction_id)
        return call_result.RemoteStopTransaction("Accepted" if transaction_id == self.transaction else "Rejected")

    @on("SendLocalList")
    def listed(self, list_version: int, update_type: str, local_authorization_list: list[Any] | None = None) -> Any:
        self._note("SendLocalList", list_version=list_version, update_type=update_type)
        self.local_list = local_authorization_list or []
        return call_result.SendLocalList("Accepted")

    def _note(self, action: str, **payload: Any) -> None:
        self.heard.append(Heard(action, payload, self._arrived_s))

    # ------------------------------------------------------------ what it does

    async def boot(self) -> Any:
        return await self.call(call.BootNotification("Model", "Vendor"), suppress=False)

    async def status(self, status: str, connector: int = 1) -> None:
        now = datetime.now(UTC).isoformat()
        await self.call(call.StatusNotification(connector, "NoError", status, now), suppress=False)

    async def begin(self, tag: str = "TAG1") -> Any:
        await self.status("Preparing")
        answer = await self.call(call.StartTransaction(1, tag, 100, datetime.now(UTC).isoformat()), suppress=False)
        self.holder.begin(answer.transaction_id, datetime.now(UTC))
        await self.status("Charging")
        return answer

    async def end(self) -> Any:
        answer = await self.call(
            call.StopTransaction(200, datetime.now(UTC).isoformat(), self.transaction, "Local", "TAG1"), suppress=False
        )
        self.holder.end()
        await self.status("Available")
        return answer

    async def measure(self, *currents_a: float, context: str = "Sample.Clock") -> None:
        sampled = [
            {"value": f"{one:.1f}", "measurand": "Current.Import", "phase": f"L{number}", "context": context}
            for number, one in enumerate(currents_a, 1)
        ]
        value = [{"timestamp": datetime.now(UTC).isoformat(), "sampled_value": sampled}]
        await self.call(call.MeterValues(1, value, self.transaction), suppress=False)

    def holds_a(self) -> float:
        return self.holder.holds_a(datetime.now(UTC))


@contextlib.asynccontextmanager
async def connected(port: int, name: str = "CP1", **more: Any) -> AsyncGenerator[Charger]:
    """A charger at its central system."""
    wanted = {one: more.pop(one) for one in ("refused", "keys", "ignores") if one in more}
    given = {"subprotocols": [Subprotocol("ocpp1.6")], "open_timeout": 5, "ping_interval": None, **more}
    scheme = "wss" if more.get("ssl") is not None else "ws"
    async with connect(f"{scheme}://127.0.0.1:{port}/ocpp/{name}", **given) as socket:
        charger = Charger(name, socket, **wanted)
        listening = asyncio.create_task(_listen(charger))
        try:
            yield charger
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


async def _listen(charger: Charger) -> None:
    with contextlib.suppress(ConnectionClosed):
        await charger.start()


def _plain(profile: dict[str, Any]) -> dict[str, Any]:
    """As it was on the wire."""
    found: dict[str, Any] = json.loads(json.dumps(snake_to_camel_case(profile), default=float))
    return found


async def until(what: Any, within_s: float = 5.0) -> None:
    """Until it is so."""
    async with asyncio.timeout(within_s):
        while not what():  # noqa: ASYNC110 - whatever it is, it has no event
            await asyncio.sleep(0.005)
