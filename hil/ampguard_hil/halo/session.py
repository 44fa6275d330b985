"""A Halo's connection to its central system: OCPP 1.6J over WebSocket, security profiles 0 to 3, again and again.

Frames and schemas are those of the library `ocpp`; what is said and done is the Halo's own, so that the unit's central
system is not tried against its own reading of the specification.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import ssl
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from ampguard.uplink.backoff import Backoff
from ampguard_hil.halo import frames
from ampguard_hil.halo.commands import CommandRefusedError, obey

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from websockets.asyncio.client import ClientConnection

    from ampguard_hil.halo.halo import Halo
    from ampguard_hil.halo.outbox import Json, Message

_LOG = logging.getLogger("ampguard_hil.halo.session")
SUBPROTOCOL = Subprotocol("ocpp1.6")
LOOK_S = 0.05
"""How often it looks whether there is something to say."""
PATIENCE_S = 30.0
"""A call that has no answer by then means that the connection is dead."""
CLOSE_S = 1.0
"""How long it waits for the other side's good-bye."""
FIRST_S, LONGEST_S = 2.0, 60.0
"""Of the waits between tries: no manual tells the makers'."""


BASIC, TLS, CERTIFICATE = 1, 2, 3
"""Security profiles: a key, the same over TLS, a certificate of its own over TLS; 0 is nothing of it."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What an installer puts into it; profile and key are in its configuration, where a central system changes them."""

    authority: Path | None = None
    """Whom it trusts; None: whom this machine trusts."""
    certificate: tuple[Path, Path] | None = None
    """Its own, and the key of it."""


@dataclass(frozen=True, slots=True)
class Handshake:
    """What it brings to its backend."""

    headers: Mapping[str, str]
    context: ssl.SSLContext | None


def handshake(halo: Halo, credentials: Credentials) -> Handshake:
    """As its security profile wants it. Raises ValueError where that cannot be: nothing is ever downgraded."""
    profile, key = int(halo.configuration["SecurityProfile"]), halo.configuration["AuthorizationKey"]
    scheme = "wss://" if profile >= TLS else "ws://"
    if not halo.backend.url.startswith(scheme):
        raise ValueError(f"security profile {profile} wants an address with {scheme}, met {halo.backend.url}")
    headers: dict[str, str] = {}
    if profile in {BASIC, TLS}:
        if not key:
            raise ValueError(f"security profile {profile} wants an authorization key")
        pair = halo.variant.serial.encode() + b":" + bytes.fromhex(key)
        headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    if profile < TLS:
        return Handshake(headers, None)
    context = ssl.create_default_context(cafile=credentials.authority)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if profile == CERTIFICATE:
        if credentials.certificate is None:
            raise ValueError("security profile 3 wants a certificate of the charger")
        context.load_cert_chain(*credentials.certificate)
    return Handshake(headers, context)


async def stay_connected(halo: Halo, credentials: Credentials, backoff: Backoff | None = None) -> None:
    """Connect, talk, and try again for ever; whoever calls lets the Halo's time pass."""
    waits = backoff or Backoff(FIRST_S, LONGEST_S)
    while True:
        if not halo.backend.url or not halo.is_ready:
            await asyncio.sleep(LOOK_S)
            continue
        try:
            await _connection(halo, credentials, waits)
        except (OSError, WebSocketException, ValueError, TimeoutError) as why:
            _LOG.info("%s: not connected: %s", halo.variant.serial, why)
        halo.disconnected()
        await asyncio.sleep(waits.next_s())


async def _connection(halo: Halo, credentials: Credentials, waits: Backoff) -> None:
    brings = handshake(halo, credentials)
    address = f"{halo.backend.url.rstrip('/')}/{quote(halo.variant.serial, safe='')}"
    ping_s = halo.configuration.seconds("WebSocketPingInterval") or None
    async with connect(
        address,
        subprotocols=[SUBPROTOCOL],
        additional_headers=brings.headers,
        ssl=brings.context,
        ping_interval=ping_s,
        ping_timeout=ping_s,
        open_timeout=PATIENCE_S,
        close_timeout=CLOSE_S,
        compression=None,
    ) as socket:
        if socket.subprotocol != SUBPROTOCOL:
            raise ValueError(f"wanted the subprotocol {SUBPROTOCOL}, met {socket.subprotocol}")
        waits.succeeded()
        _LOG.info("%s: connected to %s", halo.variant.serial, address)
        await Talk(halo, socket).run()


class Talk:
    """One connection while it lasts."""

    def __init__(self, halo: Halo, socket: ClientConnection) -> None:
        self._halo = halo
        self._socket = socket
        self._boot = halo.boots
        self._out: tuple[str, Message, asyncio.Future[Json | None]] | None = None

    async def run(self) -> None:
        """Until it is lost, or the Halo restarts."""
        self._halo.connected()
        tasks = [asyncio.create_task(self._say()), asyncio.create_task(self._hear())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()

    async def _say(self) -> None:
        while self._halo.powered and self._halo.boots == self._boot:
            message = self._halo.outbox.next()
            if message is None:
                await asyncio.sleep(LOOK_S)
                continue
            await self._call(message)
        if not self._halo.powered:
            self._socket.transport.abort()  # a dark charger says no good-bye

    async def _call(self, message: Message) -> None:
        identity, payload = str(uuid.uuid4()), message.sent
        await frames.check_call(message.action, payload)
        self._out = (identity, message, asyncio.get_running_loop().create_future())
        await self._socket.send(frames.call(identity, message.action, payload))
        answer = await asyncio.wait_for(self._out[2], PATIENCE_S)
        if self._halo.boots != self._boot:
            return
        if answer is None or not await _fits(message.action, answer):
            self._halo.outbox.refused()
        else:
            self._halo.outbox.done(answer)

    async def _hear(self) -> None:
        async for frame in self._socket:
            try:
                heard = frames.read(frame)
            except frames.FrameError as why:
                _LOG.warning("%s: what is no OCPP: %s", self._halo.variant.serial, why)
                continue
            if heard.action is not None and heard.payload is not None:
                await self._socket.send(await self._answered(heard.identity, heard.action, heard.payload))
            else:
                self._take(heard)

    async def _answered(self, identity: str, action: str, asked: Json) -> str:
        try:
            await frames.check_call(action, asked)
            done = obey(self._halo, action, asked)
            await frames.check_answer(action, done)
        except (frames.FrameError, CommandRefusedError) as why:
            return frames.error(identity, why.code, str(why))
        return frames.answer(identity, done)

    def _take(self, heard: frames.Heard) -> None:
        """An answer; one that nobody waits for is dropped."""
        if self._out is None or heard.identity != self._out[0] or self._out[2].done():
            return
        if heard.payload is None:
            _LOG.warning("%s: %s was refused", self._halo.variant.serial, self._out[1].action)
        self._out[2].set_result(heard.payload)


async def _fits(action: str, answer: Json) -> bool:
    """Whether an answer is one of that call."""
    try:
        await frames.check_answer(action, answer)
    except frames.FrameError as why:
        _LOG.warning("the answer to %s is none: %s", action, why)
        return False
    return True
