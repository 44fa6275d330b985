"""What the unit says now, to everybody who looks: the newest of each kind, encoded once and sent to all.

Lossy, as the feeds are: who reads too slowly gets the newest of each kind and nothing twice. The meter never notices.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from ampguard.live.subscriber import Subscriber

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Hashable, Mapping
    from pathlib import Path

    from ampguard.readings import Json

MOST_LISTENERS = 40
MOST_EACH = 8
"""Of one who looks: a session's tabs, a token's programs."""
SILENT_S = 3.0
"""A meter that says nothing for so long is not there, or hangs: what it said last is old."""
_OF_A_WINDOW = (
    "frequency_hz",
    "voltage_rms_v",
    "voltage_angle_deg",
    "voltage_order",
    "current_rms_a",
    "current_fundamental_rms_a",
    "current_angle_deg",
    "neutral_current_rms_a",
    "active_power_w",
    "reactive_power_var",
    "power_factor_ratio",
    "total_active_power_w",
    "quality",
)
"""Of a measurement: what a page shows five times a second."""
_EVERY = ("measurement", "reading", "condition", "wiring", "status", "chip", "event")
"""Of the meter's feed."""


class Hub:
    """What is known, and who wants to know it."""

    def __init__(self) -> None:
        self._latest: dict[str, Mapping[str, Json]] = {}
        self._packets: dict[str, bytes] = {}
        self._listeners: set[Listener] = set()

    def latest(self, kind: str) -> Mapping[str, Json] | None:
        """The newest of a kind; None where there was none, or whoever said it says nothing any more."""
        return self._latest.get(kind)

    def tell(self, kind: str, body: Mapping[str, Json]) -> None:
        """Something new."""
        self._latest[kind] = body
        packet = encoded(kind, body)
        if self._packets.get(kind) == packet and kind not in {"measurement", "reading", "event"}:
            return
        self._packets[kind] = packet
        for listener in self._listeners:
            listener.put(kind, packet)

    def forget(self, *kinds: str) -> None:
        """They are no longer true."""
        gone = [kind for kind in kinds if self._latest.pop(kind, None) is not None]
        for kind in gone:
            del self._packets[kind]
            packet = encoded("gone", {"kind": kind})
            for listener in self._listeners:
                listener.put(f"gone {kind}", packet)

    def listen(self, who: Hashable) -> Listener | None:
        """One more who wants to know; None where there are too many, or too many of the same. To be closed."""
        of_his = sum(one.who == who for one in self._listeners)
        if len(self._listeners) >= MOST_LISTENERS or of_his >= MOST_EACH:
            return None
        listener = Listener(self._listeners, who)
        for kind, packet in self._packets.items():
            if kind != "event":
                listener.put(kind, packet)
        return listener

    async def follow_meter(self, feed: Path) -> None:
        """For ever."""
        async for message in Subscriber(feed, SILENT_S).messages():
            if message is None:
                self.forget(*_EVERY)
            elif message.kind == "measurement":
                self.tell("measurement", {name: message.body.get(name) for name in _OF_A_WINDOW})
            elif message.kind in _EVERY:
                self.tell(message.kind, message.body)

    async def follow(self, feed: Path, kinds: Mapping[str, str]) -> None:
        """Another process's feed, for ever: its kinds by the names that they have here."""
        async for message in Subscriber(feed).messages():
            if message is None:
                self.forget(*kinds.values())
            elif (name := kinds.get(message.kind)) is not None:
                self.tell(name, message.body)


class Listener:
    """One page that is open."""

    def __init__(self, among: set[Listener], who: Hashable) -> None:
        self.who = who
        self._among = among
        self._waiting: dict[str, bytes] = {}
        self._news = asyncio.Event()
        among.add(self)

    def put(self, kind: str, packet: bytes) -> None:
        """A newer one of a kind takes the place of what was not yet sent."""
        self._waiting.pop(kind, None)
        self._waiting[kind] = packet
        self._news.set()

    async def packets(self, silence_s: float) -> AsyncIterator[bytes]:
        """What is new, in one piece; a comment where nothing was for so long, which shows whether anybody is there."""
        while True:
            try:
                async with asyncio.timeout(silence_s):
                    await self._news.wait()
            except TimeoutError:
                yield b": quiet\n\n"
                continue
            self._news.clear()
            waiting, self._waiting = self._waiting, {}
            yield b"".join(waiting.values())

    def close(self) -> None:
        """Nobody looks any more."""
        self._among.discard(self)


def encoded(kind: str, body: Mapping[str, Json]) -> bytes:
    """As a server-sent event (HTML Living Standard, 9.2)."""
    return f"event: {kind}\ndata: {json.dumps(body, separators=(',', ':'), allow_nan=False)}\n\n".encode()
