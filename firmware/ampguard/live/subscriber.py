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
    from collections.abc import AsyncIterator
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

    def __init__(self, path: Path) -> None:
        self._path = path

    async def messages(self) -> AsyncIterator[Message | None]:
        """Packets as they come; None each time the writer is not there (about four times a second)."""
        loop = asyncio.get_running_loop()
        while True:
            connection = self._connected()
            if connection is None:
                yield None
                await asyncio.sleep(_RETRY_S)
                continue
            with connection:
                while packet := await self._packet(loop, connection):
                    if message := _decoded(packet):
                        yield message
            # whoever accepts and hangs up at once must not keep this one busy
            await asyncio.sleep(_RETRY_S)

    @staticmethod
    async def _packet(loop: asyncio.AbstractEventLoop, connection: socket.socket) -> bytes:
        try:
            return await loop.sock_recv(connection, LONGEST_PACKET)
        except OSError:
            return b""

    def _connected(self) -> socket.socket | None:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
        try:
            connection.connect(os.fspath(self._path))
        except OSError:
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
