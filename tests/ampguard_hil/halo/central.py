"""A small central system over the library `ocpp`, on real sockets of this machine."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import functools
import json
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ParamSpec

from ocpp.routing import on
from ocpp.v16 import ChargePoint, call_result
from ocpp.v16.enums import Action, AuthorizationStatus, RegistrationStatus
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from ampguard_hil.ports import HOST

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, Callable, Coroutine

    from websockets.http11 import Request, Response

P = ParamSpec("P")


async def until(holds: Callable[[], bool], most_s: float = 8.0) -> None:
    """Wait for it. Raises TimeoutError."""
    async with asyncio.timeout(most_s):
        while not holds():  # noqa: ASYNC110 - nobody there to set an event
            await asyncio.sleep(0.01)


class Charger(ChargePoint):  # type: ignore[misc]  # the library has no types
    """A charge point, as the central system sees it."""

    def __init__(self, identity: str, connection: ServerConnection) -> None:
        super().__init__(identity, connection, response_timeout=5)
        self.connection = connection
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.errors: list[tuple[str, str]] = []
        """Identity and code of each."""

    def said(self, action: str) -> list[dict[str, Any]]:
        return [payload for each, payload in self.heard if each == action]

    async def route_message(self, raw_msg: str) -> None:
        told = json.loads(raw_msg)
        if told[0] == 4:
            self.errors.append((told[1], told[2]))
        await super().route_message(raw_msg)

    async def until(self, action: str, count: int = 1, **fields: object) -> dict[str, Any]:
        """Wait for such a message."""

        def found() -> list[dict[str, Any]]:
            return [each for each in self.said(action) if fields.items() <= each.items()]

        await until(lambda: len(found()) >= count)
        return found()[-1]

    @on(Action.boot_notification)  # type: ignore[untyped-decorator]  # likewise
    def booted(self, **payload: Any) -> call_result.BootNotification:
        self.heard.append(("BootNotification", payload))
        return call_result.BootNotification(_now(), 60, RegistrationStatus.accepted)

    @on(Action.heartbeat)  # type: ignore[untyped-decorator]  # likewise
    def beat(self, **payload: Any) -> call_result.Heartbeat:
        self.heard.append(("Heartbeat", payload))
        return call_result.Heartbeat(_now())

    @on(Action.status_notification)  # type: ignore[untyped-decorator]  # likewise
    def is_now(self, **payload: Any) -> call_result.StatusNotification:
        self.heard.append(("StatusNotification", payload))
        return call_result.StatusNotification()

    @on(Action.meter_values)  # type: ignore[untyped-decorator]  # likewise
    def measured(self, **payload: Any) -> call_result.MeterValues:
        self.heard.append(("MeterValues", payload))
        return call_result.MeterValues()

    @on(Action.start_transaction)  # type: ignore[untyped-decorator]  # likewise
    def began(self, **payload: Any) -> call_result.StartTransaction:
        self.heard.append(("StartTransaction", payload))
        return call_result.StartTransaction(7, {"status": AuthorizationStatus.accepted})

    @on(Action.stop_transaction)  # type: ignore[untyped-decorator]  # likewise
    def ended(self, **payload: Any) -> call_result.StopTransaction:
        self.heard.append(("StopTransaction", payload))
        return call_result.StopTransaction()


class CentralSystem:
    """Whoever connects is in `chargers`, the latest connection of each."""

    def __init__(self, context: ssl.SSLContext | None = None, passwords: dict[str, str] | None = None) -> None:
        self._context = context
        self._passwords = passwords
        self.chargers: dict[str, Charger] = {}
        self.connections = 0
        self.port = 0

    @contextlib.asynccontextmanager
    async def open(self, port: int = 0) -> AsyncGenerator[None]:
        async with serve(
            self._meet,
            HOST,
            port,
            subprotocols=[Subprotocol("ocpp1.6")],
            ssl=self._context,
            process_request=self._admit,
        ) as server:
            self.port = next(iter(server.sockets)).getsockname()[1]
            yield

    async def charger(self, identity: str, connection: int = 1) -> Charger:
        """Wait for it."""
        await until(lambda: identity in self.chargers and self.connections >= connection)
        return self.chargers[identity]

    async def _meet(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        identity = socket.request.path.rpartition("/")[2]
        self.chargers[identity] = Charger(identity, socket)
        self.connections += 1
        with contextlib.suppress(ConnectionClosed):
            await self.chargers[identity].start()

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        if self._passwords is None:
            return None
        identity = request.path.rpartition("/")[2]
        pair = identity.encode() + b":" + bytes.fromhex(self._passwords[identity])
        if request.headers.get("Authorization") == f"Basic {base64.b64encode(pair).decode()}":
            return None
        return connection.respond(HTTPStatus.UNAUTHORIZED, "wrong key\n")


def in_a_loop(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """A test that waits."""

    @functools.wraps(test)
    def run(*given: P.args, **named: P.kwargs) -> None:
        asyncio.run(test(*given, **named))

    return run


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
