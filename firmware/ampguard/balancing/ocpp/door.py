"""A port that chargers come in at: WebSockets with the sub-protocol ocpp1.6, bounded in size, number and patience."""

from __future__ import annotations

import http
from typing import TYPE_CHECKING, cast

from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from ampguard.balancing.ocpp.admission import admitted, charge_point_id
from ampguard.balancing.ocpp.line import hushed

if TYPE_CHECKING:
    import asyncio
    import logging
    from collections.abc import Awaitable, Callable, Mapping

    from websockets.asyncio.server import Server
    from websockets.http11 import Request, Response

    from ampguard.balancing.ocpp.configuration import Charger, Door

LARGEST_MESSAGE = 64 * 1024
MOST_CONNECTIONS, MOST_OF_ONE_ADDRESS = 128, 64
"""Through one door; an address may be that of a router with a whole garage behind it."""
MOST_STRANGERS = 8
OPEN_S, CLOSE_S = 10.0, 2.0


class Doorway:
    """One door while it is open.

    Args:
        door: where.
        chargers: those that are set up, by their id.
        visited: serves somebody who was let in.
        met: is told of a charger that nobody knows.
        logger: for who was not.
    """

    def __init__(
        self,
        door: Door,
        chargers: Mapping[str, Charger],
        visited: Callable[[str, ServerConnection], Awaitable[None]],
        met: Callable[[str], None],
        logger: logging.Logger,
    ) -> None:
        self._door = door
        self._chargers = chargers
        self._visited = visited
        self._met = met
        self._log = logger
        self._strangers = 0
        self._open: dict[ServerConnection, str] = {}
        self._server: Server | None = None

    @property
    def port(self) -> int:
        """Where it is open: where 0 was asked for, the system has chosen."""
        server = self._server
        return self._door.port if server is None else int(next(iter(server.sockets)).getsockname()[1])

    async def open(self) -> None:
        """From now on chargers come in. Raises OSError, SetupError."""
        doorway = self

        class Counted(ServerConnection):
            """Counted from its first byte on."""

            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                super().connection_made(transport)
                doorway.came(self)

            def connection_lost(self, exc: Exception | None) -> None:
                doorway.left(self)
                super().connection_lost(exc)

        context = self._door.context()
        self._server = await serve(
            self._serve,
            self._door.host,
            self._door.port,
            subprotocols=[Subprotocol("ocpp1.6")],
            compression=None,
            process_request=self._judge,
            server_header=None,
            open_timeout=OPEN_S,
            ping_interval=None,
            close_timeout=CLOSE_S,
            max_size=LARGEST_MESSAGE,
            max_queue=8,
            logger=hushed(self._log),
            create_connection=Counted,
            ssl=context,
            ssl_handshake_timeout=None if context is None else OPEN_S,
        )

    async def close(self) -> None:
        """Everybody is hung up on."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def came(self, socket: ServerConnection) -> None:
        """A connection is there; one too many is cut off."""
        address = address_of(socket)
        of_it = sum(one == address for one in self._open.values())
        self._open[socket] = address
        if len(self._open) > MOST_CONNECTIONS or of_it >= MOST_OF_ONE_ADDRESS:
            socket.transport.abort()

    def left(self, socket: ServerConnection) -> None:
        """It is gone."""
        self._open.pop(socket, None)

    def _judge(self, socket: ServerConnection, request: Request) -> Response | None:
        name = charge_point_id(request.path)
        if name is None:
            return socket.respond(http.HTTPStatus.NOT_FOUND, "wanted a charge point's id at the end of the address\n")
        charger = self._chargers.get(name)
        given = request.headers.get_all("Authorization")
        peer: object = socket.transport.get_extra_info("peercert")
        denied = admitted(name, charger, self._door.security, given[0] if len(given) == 1 else None, peer)
        if denied is not None:
            self._log.warning("%s at %s: turned away: %s", name, address_of(socket), denied.why)
            response = socket.respond(http.HTTPStatus(denied.status), f"{denied.why}\n")
            if denied.status == http.HTTPStatus.UNAUTHORIZED:
                response.headers["WWW-Authenticate"] = 'Basic realm="OCPP"'
            return response
        if charger is None and self._strangers >= MOST_STRANGERS:
            return socket.respond(http.HTTPStatus.SERVICE_UNAVAILABLE, "too many chargers that are not set up\n")
        return None

    async def _serve(self, socket: ServerConnection) -> None:
        name = None if socket.request is None else charge_point_id(socket.request.path)
        if name is None:  # it was judged by its address: there is one
            return
        is_stranger = name not in self._chargers
        self._strangers += is_stranger
        try:
            if is_stranger:
                self._met(name)
            await self._visited(name, socket)
        finally:
            self._strangers -= is_stranger


def address_of(socket: ServerConnection) -> str:
    """Of the other side."""
    found = cast("tuple[str, int] | None", socket.remote_address)
    return "?" if found is None else found[0]
