"""One WebSocket with OCPP-J on it, to a charger or to a cloud: calls both ways, one at a time each way.

Whatever comes over it may be anything: what is no frame is ignored, what nobody asked for as well, who sends too much
is read slower, who sends rubbish for long is hung up on. Nothing that one line meets touches another one.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import deque
from typing import TYPE_CHECKING

from websockets.exceptions import ConnectionClosed

from ampguard.balancing.ocpp import frame
from ampguard.balancing.ocpp.frame import Call, Error, ErrorCode, Result, Unreadable

if TYPE_CHECKING:
    import logging
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from websockets.asyncio.connection import Connection

    from ampguard.balancing.ocpp.frame import Frame, Payload

PING_EVERY_S, PONG_WITHIN_S = 4.0, 5.0
"""Whoever answers no ping is gone: nothing else tells of a peer that lost its power."""
PING_CLOUD_EVERY_S = 30.0
"""Over a link that may be paid for by the byte."""
MESSAGES_PER_S, MESSAGES_AT_ONCE = 20.0, 60.0
RUBBISH_PER_S, RUBBISH_AT_ONCE = 0.2, 20.0
_INFO = 20
"""Level of the log."""
MOST_WAITING = 16
"""Calls of the peer that wait for their answer; it should have one."""


class CallFailed(Exception):
    """A call got no result."""


class Refused(CallFailed):
    """It got an error; or, raised by whoever answers, it is to get one."""

    def __init__(self, code: ErrorCode | str, description: str = "") -> None:
        super().__init__(f"{code}: {description}" if description else str(code))
        self.code, self.description = code, description


class Silent(CallFailed):
    """It got no answer within its time."""


class Gone(CallFailed):
    """There is no connection any more."""


class Bucket:
    """So many a second, and so many at once."""

    def __init__(self, per_s: float, most: float) -> None:
        self._per_s, self._most = per_s, most
        self._left = most
        self._looked_s: float | None = None

    def wait_s(self, now_s: float) -> float:
        """Takes one; how long to wait before it counts as allowed."""
        if self._looked_s is not None:
            self._left = min(self._most, self._left + (now_s - self._looked_s) * self._per_s)
        self._looked_s = now_s
        self._left -= 1.0
        return max(0.0, -self._left / self._per_s)


class Line:
    """Begins with `run`.

    Args:
        socket: open.
        name: for the log.
        answer: what the peer's calls are answered with; raises Refused.
        answered: is told when such an answer is on its way.
        logger: for what the peer does wrong.
        ping_every_s: how often it is asked for a sign of life; None: as a charger.
    """

    def __init__(  # noqa: PLR0913 - all of it counts
        self,
        socket: Connection,
        name: str,
        answer: Callable[[str, Payload], Awaitable[Payload]],
        answered: Callable[[str, Payload, Payload], None],
        logger: logging.Logger,
        *,
        ping_every_s: float | None = None,
    ) -> None:
        self._socket = socket
        self._ping_every_s = PING_EVERY_S if ping_every_s is None else ping_every_s
        self._name = name
        self._answer, self._answered = answer, answered
        self._log = logger
        self._inbox: asyncio.Queue[Call] = asyncio.Queue(MOST_WAITING)
        self._turn = Turn()
        self._asked: tuple[str, asyncio.Future[Payload]] | None = None
        self._count = 0
        self._mark = os.urandom(4).hex()
        """In front of our calls' ids: no answer to another connection's is taken for one to ours."""
        self._is_open = True
        self._messages = Bucket(MESSAGES_PER_S, MESSAGES_AT_ONCE)
        self._rubbish = Bucket(RUBBISH_PER_S, RUBBISH_AT_ONCE)
        self.heard_s = _now_s()
        """When the peer last gave a sign of life."""

    async def run(self) -> None:
        """Until the connection ends, whoever ends it."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._answering())
                group.create_task(self._keeping_alive())
                group.create_task(self._reading())
        except* ConnectionClosed:
            pass
        finally:
            self._is_open = False
            if self._asked is not None and not self._asked[1].done():
                self._asked[1].set_exception(Gone("the connection ended"))

    async def call(self, action: str, payload: Payload, within_s: float, *, is_urgent: bool = False) -> Payload:
        """Ask the peer: one call at a time, an urgent one before others that wait. Raises CallFailed."""
        async with self._turn.taken(is_urgent=is_urgent):
            if not self._is_open:
                raise Gone("the connection ended")
            self._count += 1
            asked = Call(f"{self._mark}-{self._count}", action, payload)
            future: asyncio.Future[Payload] = asyncio.get_running_loop().create_future()
            self._asked = (asked.id, future)
            try:
                async with asyncio.timeout(within_s):
                    await self._send(asked)
                    return await future
            except TimeoutError:
                raise Silent(f"no answer to {action} within {within_s:g} s") from None
            except ConnectionClosed as why:
                raise Gone("the connection ended") from why
            finally:
                self._asked = None
                if future.done() and not future.cancelled():
                    future.exception()  # it may be nobody's any more

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Hang up; `run` ends."""
        await self._socket.close(code, reason)

    def abort(self) -> None:
        """Hang up without a word."""
        self._socket.transport.abort()

    async def is_there(self, within_s: float) -> bool:
        """Whether the peer answers a ping."""
        try:
            async with asyncio.timeout(within_s):
                await (await self._socket.ping())
        except (TimeoutError, ConnectionClosed):
            return False
        self.heard_s = _now_s()
        return True

    async def _reading(self) -> None:
        """Raises ConnectionClosed."""
        while True:
            text = await self._socket.recv()
            self.heard_s = now_s = _now_s()
            if (wait_s := self._messages.wait_s(now_s)) > 0.0:
                await asyncio.sleep(wait_s)  # what it sends waits in its own connection
            try:
                await self._take(frame.read(text))
            except Unreadable as why:
                await self._passed_over(why)

    async def _take(self, met: Frame) -> None:
        asked = self._asked
        if isinstance(met, Call):
            try:
                self._inbox.put_nowait(met)
            except asyncio.QueueFull:
                raise Unreadable("one call at a time: wait for its answer", met.id) from None
        elif asked is None or asked[0] != met.id or asked[1].done():
            self._log.debug("%s: an answer that nobody waits for", self._name)
        elif isinstance(met, Result):
            asked[1].set_result(met.payload)
        else:
            asked[1].set_exception(Refused(met.code, met.description))

    async def _passed_over(self, why: Unreadable) -> None:
        if self._rubbish.wait_s(_now_s()) > 0.0:
            self._log.warning("%s: hung up on: it goes on sending what is no OCPP-J: %s", self._name, why)
            await self.close(1008, "too much that is no OCPP-J")
        elif why.id is not None:
            await self._send(Error(why.id, ErrorCode.FORMATION_VIOLATION, str(why)))
        else:
            self._log.debug("%s: ignored: %s", self._name, why)

    async def _answering(self) -> None:
        while True:
            met = await self._inbox.get()
            try:
                payload = await self._answer(met.action, met.payload)
            except Refused as why:
                await self._send(Error(met.id, str(why.code), why.description[:255]))
            else:
                await self._send(Result(met.id, payload))
                self._answered(met.action, met.payload, payload)

    async def _keeping_alive(self) -> None:
        while True:
            await asyncio.sleep(self._ping_every_s)
            if not await self.is_there(PONG_WITHIN_S):
                self._log.info("%s: it answers no more", self._name)
                self.abort()
                return

    async def _send(self, what: Frame) -> None:
        await self._socket.send(frame.write(what))


def hushed(logger: logging.Logger) -> logging.Logger:
    """For `websockets`: only what is news."""
    found = logger.getChild("websockets")
    found.addFilter(_is_news)
    return found


def _is_news(record: logging.LogRecord) -> bool:
    """A handshake that fails is any scan of the network; that connections open and close is said elsewhere."""
    return record.levelno > _INFO and record.getMessage() != "opening handshake failed"


class Turn:
    """One at a time; urgent ones before the others, each kind in the order of its coming."""

    def __init__(self) -> None:
        self._is_taken = False
        self._urgent: deque[asyncio.Future[None]] = deque()
        self._patient: deque[asyncio.Future[None]] = deque()

    @contextlib.asynccontextmanager
    async def taken(self, *, is_urgent: bool) -> AsyncGenerator[None]:
        """While it is held."""
        if self._is_taken:
            mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            (self._urgent if is_urgent else self._patient).append(mine)
            try:
                await mine
            except asyncio.CancelledError:
                if mine.done() and not mine.cancelled():
                    self._pass_on()
                raise
        self._is_taken = True
        try:
            yield
        finally:
            self._pass_on()

    def _pass_on(self) -> None:
        for waiting in (self._urgent, self._patient):
            while waiting:
                following = waiting.popleft()
                if not following.done():
                    following.set_result(None)
                    return
        self._is_taken = False


def _now_s() -> float:
    return asyncio.get_running_loop().time()
