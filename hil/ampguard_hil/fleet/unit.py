"""One simulated unit: blocks at its pace, each kept until it is settled, over a session made again and again."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard.uplink import message
from ampguard.uplink.backoff import Backoff
from ampguard_hil.fleet.pattern import SECOND_NS, Pattern, acknowledged_block
from ampguard_hil.fleet.session import IN_FLIGHT, Broker, Session, SessionError

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from ampguard_hil.fleet.tally import Tally

ACKNOWLEDGE_TIMEOUT_S = 20.0
"""What is not acknowledged by then says that the connection is dead (as the real unit has it)."""


@dataclass(frozen=True, slots=True)
class Life:
    """What all units do."""

    broker: Broker
    pattern: Pattern
    every_s: float
    """From one block to the next."""
    committed: bool
    """Whether a block is settled only by the cloud's own word."""
    live: bool
    """Whether the newest reading goes out beside each block."""


@dataclass(slots=True)
class _Block:
    due_s: float
    straight: bool
    """There was a connection when it came due, and none was lost since: its latency is the broker's."""
    acknowledged: bool = False
    committed: bool = False


@dataclass(frozen=True, slots=True)
class _Sent:
    block: int
    """Its number."""
    sent_s: float


def serial_of(number: int) -> str:
    """A unit's serial: no real one begins like this."""
    return f"99{number:08d}F"


class Unit:
    """Of one event loop, with its process's tally."""

    def __init__(self, serial: str, life: Life, tally: Tally, executor: Executor) -> None:
        self._serial = serial
        self._life = life
        self._tally = tally
        self._executor = executor
        self._loop = asyncio.get_running_loop()
        self._backoff = Backoff()
        self._utc_of_zero_s = time.time() - time.monotonic()
        self._session: Session | None = None
        self._made = 0
        self._open: dict[int, _Block] = {}
        """What is not settled, oldest first."""
        self._waiting: list[int] = []
        """Of these, what is not on its way."""
        self._under_way: dict[int, _Sent] = {}
        """By the message's number."""
        self._next_s = self._loop.time() + random.uniform(0.0, life.every_s)  # noqa: S311 - no secret
        self._timer = self._loop.call_at(self._next_s, self._due)
        self._living = self._loop.create_task(self._live())
        self.was_connected = False
        """Whether it ever was."""
        self.measured_from_s: float | None = None
        """Latencies of blocks that come due from there on are written down (the loop's clock)."""
        tally.units += 1

    @property
    def settled(self) -> bool:
        """Whether there is nothing left to wait for."""
        return not self._open

    def make_no_more(self) -> None:
        """The last block was made."""
        self._timer.cancel()

    async def leave(self) -> None:
        """Hang up for good; nothing retained stays at the broker."""
        self._living.cancel()
        await asyncio.gather(self._living, return_exceptions=True)
        session = self._dropped()
        if session is not None:
            session.publish("state", b"", retained=True, qos=0)
            session.close()

    def look(self) -> None:
        """To be called every few seconds."""
        session = self._session
        if session is None:
            return
        oldest_s = min((one.sent_s for one in self._under_way.values()), default=self._loop.time())
        if self._loop.time() - oldest_s > ACKNOWLEDGE_TIMEOUT_S:
            session.close()
        else:
            session.look()

    async def _live(self) -> None:
        while True:
            session = Session(self._life.broker, self._serial, self._acknowledged, self._heard)
            try:
                await session.open(self._executor)
            except SessionError as why:
                self._tally.failures[str(why)] += 1
            else:
                self._connected(session)
                await session.lost
                self._tally.losses += 1
                self._dropped()
            await asyncio.sleep(self._backoff.next_s())

    def _connected(self, session: Session) -> None:
        self._backoff.succeeded()
        self._session, self.was_connected = session, True
        self._tally.connects += 1
        self._tally.connected += 1
        session.publish("state", message.state(self._serial, online=True), retained=True)
        self._waiting = list(self._open)
        self._send_waiting()

    def _dropped(self) -> Session | None:
        """No session any more; the one there was."""
        session, self._session = self._session, None
        if session is not None:
            self._tally.connected -= 1
            self._tally.sent_again += len({one.block for one in self._under_way.values()})
        self._under_way.clear()
        for block in self._open.values():
            block.straight = False
        return session

    def _due(self) -> None:
        number, due_s = self._made, self._next_s
        self._made += 1
        self._tally.made += 1
        self._open[number] = _Block(due_s, self._session is not None)
        self._waiting.append(number)
        self._send_waiting()
        if self._life.live and self._session is not None:
            self._session.publish("live", self._life.pattern.live(self._serial, number, *self._clocks(due_s)))
            self._tally.live += 1
        self._next_s += self._life.every_s
        self._timer = self._loop.call_at(self._next_s, self._due)

    def _send_waiting(self) -> None:
        while self._session is not None and self._waiting and len(self._under_way) < IN_FLIGHT:
            number = self._waiting.pop(0)
            block = self._open[number]
            payload = self._life.pattern.block(number, *self._clocks(block.due_s))
            mid = self._session.publish("records", payload)
            if mid is None:
                self._waiting.insert(0, number)
                return  # the session will say that it is lost
            self._under_way[mid] = _Sent(number, self._loop.time())

    def _clocks(self, due_s: float) -> tuple[float, int]:
        """UTC (s) and monotonic (ns) of the first reading of a block that comes due then: the same at each sending."""
        first_s = due_s - self._life.pattern.readings
        return self._utc_of_zero_s + first_s, round(first_s * SECOND_NS)

    def _acknowledged(self, mid: int, refusal: str | None) -> None:
        sent = self._under_way.pop(mid, None)
        number = -1 if sent is None else sent.block
        block = self._open.get(number)
        if block is not None and refusal is not None:
            self._tally.refused += not block.acknowledged
            self._tally.failures[f"a block: {refusal}"] += 1
            del self._open[number]
        elif block is not None:
            if not block.acknowledged:
                block.acknowledged = True
                self._tally.acknowledged += 1
                if self._is_measured(block):
                    self._tally.acknowledged_after_s.append(self._loop.time() - block.due_s)
            self._settle(number, block)
        self._send_waiting()

    def _heard(self, payload: bytes) -> None:
        number = acknowledged_block(payload, self._life.pattern)
        block = None if number is None else self._open.get(number)
        if number is None or block is None or block.committed or not self._life.committed:
            return
        block.committed = True
        self._tally.committed += 1
        if self._is_measured(block):
            self._tally.committed_after_s.append(self._loop.time() - block.due_s)
        self._settle(number, block)

    def _settle(self, number: int, block: _Block) -> None:
        if block.acknowledged and (block.committed or not self._life.committed):
            del self._open[number]

    def _is_measured(self, block: _Block) -> bool:
        return block.straight and self.measured_from_s is not None and block.due_s >= self.measured_from_s
