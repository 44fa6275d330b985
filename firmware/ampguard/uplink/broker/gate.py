"""How many blocks may be between the unit and the broker, so that nothing else waits long behind them. No I/O.

Blocks share the connection with answers, events and the newest reading, and what is handed to it goes out in order. So
no more blocks are under way than the way there carries: while each is acknowledged about as soon as one alone would be,
there may be more; as soon as they queue up, fewer. A fast way is filled, a slow one is left free for what is urgent.
"""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass

FEWEST, MOST = 2, 16
RESERVED = 4
"""Of what the broker lets be without an acknowledgement, for what is no block."""
QUEUED_S = 0.05
"""So much longer than twice the shortest time is a queue."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """Of a block that is under way."""

    sent_s: float
    round: int


class Gate:
    """Of one connection.

    Args:
        in_flight: how many messages of all kinds may be without an acknowledgement.
    """

    def __init__(self, in_flight: int) -> None:
        self._most = float(max(1, min(MOST, in_flight - RESERVED)))
        self._fewest = min(float(FEWEST), self._most)
        self._width = self._fewest
        self._under_way = 0
        self._shortest_s = math.inf
        self._round = 0
        """Counts the times it was made narrower: what was sent before says nothing of the width after."""
        self._left = asyncio.Event()

    @property
    def width(self) -> int:
        """How many may be under way."""
        return int(self._width)

    async def enter(self) -> Ticket:
        """Wait for room."""
        while self._under_way >= self.width:
            self._left.clear()
            await self._left.wait()
        self._under_way += 1
        return Ticket(time.monotonic(), self._round)

    def leave(self, ticket: Ticket, now_s: float | None) -> None:
        """A block is acknowledged, or will never be (None)."""
        self._under_way -= 1
        self._left.set()
        if now_s is None:
            return
        took_s = now_s - ticket.sent_s
        self._shortest_s = min(self._shortest_s, took_s)
        if took_s <= 2.0 * self._shortest_s + QUEUED_S:
            self._width = min(self._most, self._width + 1.0)
        elif ticket.round == self._round:
            self._width = max(self._fewest, self._width / 2.0)
            self._round += 1
