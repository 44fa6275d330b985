"""What goes out beside each other over one connection: blocks through a gate, and of what is only news the newest."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ampguard.uplink.broker.gate import Gate

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from ampguard.uplink.broker.gate import Ticket


class Outgoing:
    """Of one connection.

    Args:
        send: sends a payload to a lane and waits for the acknowledgement; whether it came.
        spawn: lets work go on by itself.
        in_flight: how many messages may be without an acknowledgement.
    """

    def __init__(
        self,
        send: Callable[[str, bytes], Coroutine[None, None, bool]],
        spawn: Callable[[Coroutine[None, None, bool]], None],
        in_flight: int,
    ) -> None:
        self._send, self._spawn = send, spawn
        self._gate = Gate(in_flight)
        self._latest: dict[str, bytes] = {}
        self._under_way: set[str] = set()
        """Lanes whose newest message is being sent."""

    async def block(self, payload: bytes) -> None:
        """Send a block as soon as there is room for it; returns when it is on its way."""
        ticket = await self._gate.enter()
        self._spawn(self._through(ticket, payload))

    def newest(self, lane: str, payload: bytes) -> None:
        """Send the newest of a lane; while one is under way only the newest of those that follow waits."""
        self._latest[lane] = payload
        if lane not in self._under_way:
            self._under_way.add(lane)
            self._spawn(self._newest(lane))

    async def _through(self, ticket: Ticket, payload: bytes) -> bool:
        acknowledged = False
        try:
            acknowledged = await self._send("records", payload)
        finally:
            self._gate.leave(ticket, time.monotonic() if acknowledged else None)
        return acknowledged

    async def _newest(self, lane: str) -> bool:
        acknowledged = True
        try:
            while acknowledged and (payload := self._latest.pop(lane, None)) is not None:
                acknowledged = await self._send(lane, payload)
        finally:
            self._under_way.discard(lane)
        return acknowledged
