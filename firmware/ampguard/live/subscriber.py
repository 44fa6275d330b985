"""Listening to a `publisher.Publisher` of this machine."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from ampguard.live.publisher import LONGEST_PACKET

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from ampguard.readings import Json

_RETRY_S = 0.25


@dataclass(frozen=True, slots=True)
class Message:
    """One packet."""

    kind: str
    """"measurement", "reading", "event", "condition" or "status"."""
    body: dict[str, Json]


class Subscriber:
    """A reader's end; connects, and connects again, by itself."""

    def __init__(self, path: Path, silent_s: float | None = None) -> None:
        """`silent_s`: a writer that is there and says nothing for so long counts as gone; None: it may be silent."""
        self._path = path
        self._silent_s = silent_s

    async def messages(self) -> AsyncGenerator[Message | None]:
        """Packets as they come; None each time the writer is not there (about four times a second), or was silent."""
        loop = asyncio.get_running_loop()
        while True:
            connection = self._connected()
            if connection is None:
                yield None
                await asyncio.sleep(_RETRY_S)
                continue
            with connection:
                while (packet := await self._packet(loop, connection)) != b"":
                    if packet is None:
                        yield None
                    elif message := _decoded(packet):
                        yield message
            # whoever accepts and hangs up at once must not keep this one busy
            await asyncio.sleep(_RETRY_S)

    async def _packet(self, loop: asyncio.AbstractEventLoop, connection: socket.socket) -> bytes | None:
        """None: silence for too long; nothing in it: the writer has gone."""
        try:
            async with asyncio.timeout(self._silent_s):
                return await loop.sock_recv(connection, LONGEST_PACKET)
        except TimeoutError:
            return None
        except OSError:
            return b""

    def _connected(self) -> socket.socket | None:
        connection = None
        try:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
            connection.connect(os.fspath(self._path))
        except OSError:  # also where this process may have no more files: it will
            if connection is not None:
                connection.close()
            return None
        return connection


def _decoded(packet: bytes) -> Message | None:
    try:
        content = json.loads(packet)
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict):
        return None
    fields = cast("dict[str, Json]", content)
    kind, body = fields.get("kind"), fields.get("body")
    if not isinstance(kind, str) or not isinstance(body, dict):
        return None
    return Message(kind, body)
