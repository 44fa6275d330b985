"""A central system for the tests, and a cloud of the charger's own behind it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ocpp.exceptions import NotImplementedError as NotDone
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call_result
from tests.ampguard.balancing.ocpp.charger import Charger as Connected
from tests.ampguard.balancing.ocpp.charger import connected, until
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from ampguard.balancing.ocpp.central import CentralSystem
from ampguard.balancing.ocpp.configuration import Charger, Cloud, Configuration, Door
from ampguard.balancing.ocpp.report import CloudState

HOST = "127.0.0.1"
LOGGER = logging.getLogger("ocpp-tests")


def charger(name: str = "CP1", **more: Any) -> Charger:
    given: dict[str, Any] = {"id": name, "max_a": 32.0, "offline_a": 6.0, **more}
    return Charger(**given)


def configuration(*chargers: Charger, doors: tuple[Door, ...] = (Door(HOST, 0),), **more: Any) -> Configuration:
    given: dict[str, Any] = {"is_free": True, **more}
    return Configuration(doors=doors, chargers=chargers or (charger(),), nominal_v=230.0, **given)


@contextlib.asynccontextmanager
async def unit(folder: Path, wanted: Configuration | None = None, **more: Any) -> AsyncGenerator[CentralSystem]:
    """While it is, chargers come in at `ports`."""
    central = CentralSystem(wanted or configuration(), folder / "ocpp", LOGGER, **more)
    async with central.running():
        yield central


class CloudPoint(ChargePoint):  # type: ignore[misc]  # the library has no types
    """What a cloud knows of one charger."""

    def __init__(self, name: str, socket: ServerConnection, cloud: OwnCloud) -> None:
        super().__init__(name, socket, 10)
        self.cloud = cloud

    async def route_message(self, raw_msg: str) -> None:
        self.cloud.frames.append(raw_msg)
        await super().route_message(raw_msg)

    @on("BootNotification")
    def booted(self, **payload: Any) -> Any:
        self.cloud.note("BootNotification", payload)
        return call_result.BootNotification(datetime.now(UTC).isoformat(), 30, self.cloud.boot_status)

    @on("Heartbeat")
    def beat(self) -> Any:
        self.cloud.note("Heartbeat", {})
        return call_result.Heartbeat(datetime.now(UTC).isoformat())

    @on("StatusNotification")
    def state(self, **payload: Any) -> Any:
        self.cloud.note("StatusNotification", payload)
        return call_result.StatusNotification()

    @on("Authorize")
    async def authorize(self, id_tag: str) -> Any:
        self.cloud.note("Authorize", {"id_tag": id_tag})
        await asyncio.sleep(self.cloud.delay_s)
        return call_result.Authorize({"status": self.cloud.tag_status})

    @on("StartTransaction")
    async def started(self, **payload: Any) -> Any:
        self.cloud.note("StartTransaction", payload)
        await asyncio.sleep(self.cloud.delay_s)
        self.cloud.number += 1
        return call_result.StartTransaction(self.cloud.number, {"status": self.cloud.tag_status})

    @on("StopTransaction")
    def stopped(self, **payload: Any) -> Any:
        self.cloud.note("StopTransaction", payload)
        return call_result.StopTransaction({"status": "Accepted"})

    @on("MeterValues")
    def metered(self, **payload: Any) -> Any:
        self.cloud.note("MeterValues", payload)
        if self.cloud.refuses_values:
            raise NotDone(description="no values here")
        return call_result.MeterValues()

    @on("DataTransfer")
    def data(self, **payload: Any) -> Any:
        self.cloud.note("DataTransfer", payload)
        return call_result.DataTransfer("Accepted", data="from the cloud")


@dataclass
class OwnCloud:
    """A central system of somebody else's."""

    port: int = 0
    heard: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    frames: list[str] = field(default_factory=list)
    boot_status: str = "Accepted"
    tag_status: str = "Accepted"
    number: int = 500
    delay_s: float = 0.0
    refuses_values: bool = False
    headers: list[str | None] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    points: list[CloudPoint] = field(default_factory=list)

    def note(self, action: str, payload: dict[str, Any]) -> None:
        self.heard.append((action, payload))

    def actions(self, *without: str) -> list[str]:
        return [action for action, _ in self.heard if action not in without]

    def of(self, action: str) -> list[dict[str, Any]]:
        return [payload for one, payload in self.heard if one == action]

    @property
    def point(self) -> CloudPoint:
        return self.points[-1]

    @property
    def url(self) -> str:
        return f"ws://{HOST}:{self.port}/cloud"

    @contextlib.asynccontextmanager
    async def there(self, **more: Any) -> AsyncGenerator[OwnCloud]:
        """While it is, it can be reached, each time at the same port."""

        async def speak(socket: ServerConnection) -> None:
            assert socket.request is not None
            self.headers.append(socket.request.headers.get("Authorization"))
            self.paths.append(socket.request.path)
            point = CloudPoint("CP1", socket, self)
            self.points.append(point)
            with contextlib.suppress(ConnectionClosed):
                await point.start()

        server: Server = await serve(speak, HOST, self.port, subprotocols=[Subprotocol("ocpp1.6")], **more)
        self.port = int(next(iter(server.sockets)).getsockname()[1])
        try:
            yield self
        finally:
            server.close()
            await server.wait_closed()


def behind(cloud: OwnCloud, **more: Any) -> Configuration:
    """One charger whose own cloud this is."""
    return configuration(charger(cloud=Cloud(cloud.url, **more)))


def run(story: Callable[[], Any], within_s: float = 30.0) -> None:
    """The whole story, or it hangs."""

    async def told() -> None:
        async with asyncio.timeout(within_s):
            await story()

    asyncio.run(told())


def state(central: CentralSystem) -> CloudState | None:
    return central.reports()["CP1"].cloud


@contextlib.asynccontextmanager
async def joined(folder: Path, cloud: OwnCloud) -> AsyncGenerator[tuple[CentralSystem, Connected]]:
    """All three, through to each other."""
    async with unit(folder, behind(cloud)) as central, connected(central.ports[0]) as one:
        await one.boot()
        await until(lambda: state(central) is CloudState.THROUGH and cloud.of("BootNotification"))
        yield central, one
