"""Records and events to a cloud over HTTPS: one block at a time, at the pace that its answers allow."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from typing import TYPE_CHECKING, Protocol

from ampguard.errors import JournalFault, UplinkFault
from ampguard.uplink import message
from ampguard.uplink.cloud.pace import Pace
from ampguard.uplink.faults import BlockRefused, BlockTooLarge, NeverTaken, NotAdmitted
from ampguard.uplink.lanes.eventlane import AT_ONCE, only

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Mapping

    from ampguard.readings import Json
    from ampguard.uplink.lanes.eventlane import EventSource
    from ampguard.uplink.lanes.lane import Batch, EventBatch
    from ampguard.uplink.lanes.records import RecordSender

CATCH_UP_S = 2.0
"""How often the journal is asked for something new."""
LAST_WORDS_S = 3.0
REFUSED_S = 600.0
"""Until an event that was refused is tried again."""


class Post(Protocol):
    """Somebody who brings one block and knows then whether it is committed."""

    async def send(self, batch: Batch, block: bytes) -> None:
        """Return when the block is committed. Raises UplinkFault."""
        ...

    async def tell(self, batch: EventBatch, events: bytes) -> None:
        """Return when these events are committed. Raises UplinkFault."""
        ...

    async def close(self) -> None:
        """Hang up."""
        ...


class ToCloud:
    """One destination."""

    def __init__(
        self,
        where: str,
        opened: Callable[[str], Post],
        sender: RecordSender,
        events: EventSource,
        logger: logging.Logger,
    ) -> None:
        self._where = where
        self._opened = opened
        self._sender = sender
        self._events = events
        self._events_at_once, self._events_later_s = AT_ONCE, -math.inf
        self._log = logger
        self._pace = Pace()
        self._post: Post | None = None
        self._serial = ""
        self._said = ""
        """The latest complaint: the same one is not made twice in a row."""
        self.connected = False
        """Whether the latest block was taken."""

    @property
    def passed_over(self) -> int:
        """How many readings and events so far the cloud can never store."""
        return self._sender.passed_over + self._events.passed_over

    @property
    def trouble(self) -> str | None:
        """Why the latest block was not taken; None where it was, or nothing is known."""
        return None if self.connected else self._said or None

    async def run(self, serial: str) -> None:
        """Send for ever."""
        self._post, self._serial = self._opened(serial), serial
        while True:
            wait_s = await self.round()
            await asyncio.sleep(wait_s)

    async def round(self) -> float:
        """Send what there is; how long to wait (s) before the next time."""
        try:
            await self._send(flush=False)
            await self._tell()
        except JournalFault:
            return CATCH_UP_S
        except BlockTooLarge as fault:
            if self._sender.halve():
                self._log.info("%s: %s: half of them next", self._where, fault)
                return 0.0
            return self._troubled(BlockRefused(str(fault)))
        except UplinkFault as fault:
            return self._troubled(fault)
        return CATCH_UP_S

    async def bring(self, batch: Batch, block: bytes) -> bool:
        """Bring one block; it is committed then. Raises UplinkFault."""
        if self._post is None:
            raise UplinkFault("not connected")
        await self._post.send(batch, block)
        self._succeeded()
        return True

    def _succeeded(self) -> None:
        if not self.connected:
            self._log.info("%s takes our records", self._where)
        self.connected, self._said = True, ""
        self._pace.succeeded()

    async def tell(self, event: Mapping[str, Json]) -> None:
        """An event that goes ahead of the next block; it is committed then. Raises UplinkFault."""
        if self._post is None:
            raise UplinkFault("not connected")
        try:
            await self._post.tell(only(event), message.events(self._serial, [event]))
        except NeverTaken as fault:  # the block behind it is worth more
            self._log.error("%s: %s; it is passed over", self._where, fault)

    async def farewell(self) -> None:
        """Bring the last records, if the cloud is there, and hang up."""
        try:
            if self.connected:
                with contextlib.suppress(JournalFault, UplinkFault, TimeoutError):
                    async with asyncio.timeout(LAST_WORDS_S):
                        await self._send(flush=True)
                        await self._tell()
        finally:
            self._sender.save()
            self._events.save()
            if self._post is not None:
                await self._post.close()

    async def _send(self, *, flush: bool) -> None:
        self._sender.restart()  # one at a time: what was cut off is not on its way
        await self._sender.send(self, flush=flush)

    async def _tell(self) -> None:
        """The events that are not committed yet."""
        if time.monotonic() < self._events_later_s:
            return
        while (batch := await self._events.next_batch(self._events_at_once)) is not None and self._post is not None:
            try:
                await self._post.tell(batch.of, message.events(self._serial, batch.bodies))
            except (BlockTooLarge, BlockRefused) as fault:
                if batch.of.count > 1:  # which one it is shows when each is alone
                    self._events_at_once = batch.of.count // 2
                    continue
                if isinstance(fault, NeverTaken) and self._events.refused(batch, fault.why):
                    continue
                # records have their own pace
                self._events_later_s = time.monotonic() + REFUSED_S
                self._log.error("%s: %s; all is kept, and tried again in %.0f s", self._where, fault, REFUSED_S)
                return
            self._events_at_once = min(2 * self._events_at_once, AT_ONCE)
            self._events.committed(batch)
            self._succeeded()

    def _troubled(self, fault: UplinkFault) -> float:
        """How long to wait (s)."""
        self.connected = False
        wait_s = self._pace.wait_s(fault)
        if isinstance(fault, (NotAdmitted, BlockRefused)):
            self._log.error("%s: %s; all is kept, and tried again in %.0f s", self._where, fault, wait_s)
        elif str(fault) != self._said:
            self._log.warning("%s: %s; tried again", self._where, fault)
        self._said = str(fault)
        return wait_s
