"""The records' way to one destination: out of the journal in batches, over what carries them, until committed.

A destination has a cursor of its own, which moves over what it says it has committed and over nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Protocol

from ampguard.block import is_whole
from ampguard.errors import JournalFault, UplinkFault
from ampguard.uplink import message
from ampguard.uplink.faults import NeverTaken
from ampguard.uplink.lanes.lane import Batch, RecordLane
from ampguard.uplink.lanes.losses import Losses, reason_of
from ampguard.uplink.lanes.passedover import PassedOver

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping, Sequence

    from ampguard.journal.reader import JournalReader, StoredBlock, StoredReading
    from ampguard.readings import Json
    from ampguard.uplink.lanes.cursor import Cursor

DEAF_AFTER = 2
"""Times that nobody spoke for the oldest batch (a minute in all): then the connection itself may be at fault."""
GROW_AFTER = 100
"""Batches that were committed since the other side found one too large: then they may be larger again."""


class Transport(Protocol):
    """What carries blocks to a destination."""

    async def bring(self, batch: Batch, block: bytes) -> bool:
        """Send a block on its way. Raises UplinkFault.

        Whether it is known to be committed; if not, the word comes later or never.
        """
        ...

    async def tell(self, event: Mapping[str, Json]) -> None:
        """Send an event ahead of the next block. Raises UplinkFault."""
        ...


@dataclass(slots=True)
class _Sent:
    """A batch that is on its way."""

    batch: Batch
    count: int
    digest: str
    refused: str | None = None
    """Why it can never be stored, where the other side says so."""


class RecordSender:
    """Brings all that the journal keeps to one destination."""

    def __init__(self, reader: JournalReader, cursor: Cursor, batch_s: float, logger: logging.Logger) -> None:
        self._reader = reader
        self._cursor = cursor
        self._batch_s = batch_s
        """How long a batch waits to become full."""
        self._log = logger
        self._lane = RecordLane(cursor.position)
        self.moved = asyncio.Event()
        """The other side has committed something."""
        self._batched_s = -math.inf
        """When the latest batch was made."""
        self._at_once = message.RECORDS_AT_ONCE
        self._latest_count = 0
        self._since_halved = 0
        self._losses = Losses()
        self._latest = cursor.latest
        """Boot and sequence of the last reading that is on its way, or is committed."""
        self._damaged = False
        """Whether something damaged lies behind it."""
        self._said_damaged = 0
        """Up to which position that was logged."""
        self._passed_over = PassedOver(logger)
        self._refused = False
        """Whether something refused lies behind `_latest`."""
        self._sent: list[_Sent] = []
        """What is on its way, oldest first."""
        self._answered = False
        """Whether the other side has ever said that something is committed."""
        self._given_up, self._renewed = 0, 0
        """How often nobody spoke in time: over this connection, and connections that were renewed for it."""
        self._said = ""
        """What was wrong with the journal."""
        self._boot_ended = False
        """Whether the records that were read last are the last of their boot."""

    @property
    def position(self) -> int:
        """Everything in the journal up to there is committed."""
        return self._cursor.position

    @property
    def passed_over(self) -> int:
        """How many readings so far the other side can never store."""
        return self._passed_over.count

    @property
    def is_deaf(self) -> bool:
        """Whether who has spoken before is silent for so long that a new connection may help; each time later."""
        return self._answered and self._given_up >= DEAF_AFTER + self._renewed

    def restart(self) -> None:
        """A new connection: nothing is on its way any more."""
        self._renewed += self.is_deaf
        self._given_up = 0
        self._lane.restart(self._cursor.position)
        self._begin_again()

    def _begin_again(self) -> None:
        """Behind what is committed and what is refused now; something damaged is to be told again."""
        self._lane.begin_again(max(self._cursor.position, self._passed_over.position))
        self._refused = self._lane.position > self._cursor.position
        self._latest, self._damaged = self._cursor.latest, False
        self._sent.clear()

    async def send(self, transport: Transport, *, flush: bool) -> None:
        """As many batches as the lane has room for; `flush`: also one that is not full and has not waited.

        Raises JournalFault, and UplinkFault where the transport does.
        """
        try:
            await self._send(transport, flush=flush)
        except JournalFault as fault:
            if self._said != str(fault) and self._cursor.journal is not None:  # else there is none yet
                self._log.warning("%s; tried again", fault)
            self._said = str(fault)
            raise
        self._said = ""

    async def _send(self, transport: Transport, *, flush: bool) -> None:
        journal = await asyncio.to_thread(self._reader.name)
        if journal != self._cursor.journal:
            self._cursor.follow(journal)
            self._passed_over.new_journal()
            self.restart()
        if self._lane.give_up(time.monotonic()):
            self._begin_again()
            self._given_up += 1
            self._log.info("records: nobody says that they are committed; they are sent again")
        while self._lane.has_room:
            after = self._lane.next_position
            sealed = await asyncio.to_thread(self._reader.block, after)
            if sealed is not None and self._lane.next_position == after and self._may_go_as_it_is(sealed):
                await self._bring(transport, _batch(sealed), sealed.body, _first_position(sealed))
                continue
            same = await self._records(after)
            if self._lane.next_position != after:
                return  # a new connection meanwhile: these may no longer be the next
            full = len(same) == self._at_once or self._boot_ended
            if not same or not (full or flush or time.monotonic() - self._batched_s >= self._batch_s):
                return
            if not await self._send_batch(transport, same):
                return

    def committed(self, name: tuple[str, int, int]) -> None:
        """The other side has this batch for good."""
        if not self._lane.committed(name, time.monotonic()):
            return
        self._answered, self._given_up, self._renewed = True, 0, 0
        self._cursor.advance(self._lane.position, self._lane.latest)
        self._passed_over.committed()
        self._sent = [one for one in self._sent if one.batch.position > self._lane.position]
        self.moved.set()
        self._since_halved += 1
        if self._since_halved >= GROW_AFTER:
            self._at_once, self._since_halved = min(2 * self._at_once, message.RECORDS_AT_ONCE), 0
        self._meet_refusal()

    def refused(self, digest: str, why: str) -> None:
        """The other side can never store this batch; what is not on its way is nothing."""
        for one in self._sent:
            if one.digest == digest:
                one.refused = why
                self._answered, self._given_up, self._renewed = True, 0, 0
        self._meet_refusal()

    def halve(self, count: int | None = None) -> bool:
        """A batch of so many (None: the latest one) was too large; whether a smaller one can be made."""
        count = self._latest_count if count is None else count
        if count <= 1:
            return False
        self._at_once, self._since_halved = count // 2, 0
        return True

    def _meet_refusal(self) -> None:
        """Of the oldest batch on its way: all before it is committed."""
        if not self._sent or (why := self._sent[0].refused) is None:
            return
        oldest, self._sent[0].refused = self._sent[0], None
        if self._go_round(oldest, why):
            self.moved.set()
        else:  # what else is said of these, a second time perhaps, is of no more use until they are sent again
            self._sent.clear()

    def _go_round(self, one: _Sent, why: str) -> bool:
        """Half of a refused batch next, or without a refused reading; False: too many are, so that all has to wait."""
        batch = one.batch
        if self.halve(one.count):
            self._log.info("the cloud refuses %d readings: %s; half of them next", one.count, why)
        elif self._passed_over.add(batch.position, f"reading {batch.last_sequence} of boot {batch.boot}", why):
            self._at_once = message.RECORDS_AT_ONCE
        else:
            self._passed_over.forget()
            return False
        self._begin_again()
        return True

    async def settle(self, wait_s: float) -> None:
        """Wait a moment for what is on its way."""
        deadline_s = time.monotonic() + wait_s
        while self._lane.next_position != self._lane.position and time.monotonic() < deadline_s:
            self.moved.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, deadline_s - time.monotonic())):
                    await self.moved.wait()

    def save(self) -> None:
        """Write down how far it came."""
        self._cursor.save()

    async def _records(self, after: int) -> list[StoredReading]:
        """Of one boot, behind a position; all of them sound, or all damaged."""
        stored = await asyncio.to_thread(self._reader.readings, after, self._at_once)
        same = list(takewhile(lambda one: _kind(one) == _kind(stored[0]), stored))
        self._boot_ended = len(same) < len(stored)
        return same

    async def _send_batch(self, transport: Transport, stored: Sequence[StoredReading]) -> bool:
        """Whether there may be more to send now."""
        bodies = [one.body for one in stored if one.body is not None]
        if not bodies:
            self._damaged = True
            if stored[-1].position > self._said_damaged:
                self._said_damaged = stored[-1].position
                self._log.error("%d readings in the journal are damaged: passed over", len(stored))
            if self._lane.next_position != self._lane.position:
                return False  # what is on its way comes first
            self._lane.pass_over(stored[-1].position)  # not the cursor: the loss is still to be told
            return True
        batch = Batch(stored[0].boot, _sequence(bodies[0]), _sequence(bodies[-1]), stored[-1].position)
        self._latest_count = len(bodies)
        await self._bring(transport, batch, message.records(bodies), stored[0].position)
        return True

    def _may_go_as_it_is(self, sealed: StoredBlock) -> bool:
        """Whether a block of the journal is a batch: full, no larger than is wanted, and whole."""
        count = sealed.last_sequence - sealed.first_sequence + 1
        fits = count == message.RECORDS_AT_ONCE == self._at_once and is_whole(sealed.body)
        if fits:
            self._latest_count = count
        return fits

    async def _bring(self, transport: Transport, batch: Batch, block: bytes, position: int) -> None:
        """Send a batch that begins at that position, and before it what is to be said of the one before."""
        follows = self._lane.next_position
        lost = await self._lost(batch, position)
        if self._lane.next_position != follows:
            return  # a new connection meanwhile: another batch may be the next
        before_s, self._batched_s = self._batched_s, time.monotonic()
        self._lane.sent(batch, self._batched_s)
        self._sent.append(sent := _Sent(batch, self._latest_count, message.digest(block)))
        self._latest, self._damaged, self._refused = (batch.boot, batch.last_sequence), False, False
        try:
            if lost is not None:
                await transport.tell(lost)
            if await transport.bring(batch, block):
                self.committed(batch.name)
        except UplinkFault as fault:
            self._batched_s = before_s  # it has waited long enough
            if isinstance(fault, NeverTaken) and self._go_round(sent, fault.why):
                return
            self.restart()
            raise

    async def _lost(self, batch: Batch, position: int) -> Mapping[str, Json] | None:
        """The event of what is gone before a batch; None where nothing is. Raises JournalFault."""
        apart = position > self._lane.next_position + 1
        oldest = apart and await asyncio.to_thread(self._reader.first_position) >= position
        first = (batch.boot, batch.first_sequence)
        # committed up to a reading, and yet at the beginning: the journal is another one than before
        follows = self._cursor.position if self._refused else self._lane.next_position
        replaced = follows == 0 and self._cursor.latest is not None
        damaged = self._damaged or replaced
        reason = reason_of(self._latest, first, damaged=damaged, oldest=oldest, refused=self._refused)
        if reason is None:
            return None
        self._log.warning("readings before %d of boot %s are not sent: %s", batch.first_sequence, batch.boot, reason)
        return self._losses.event(reason, self._latest, first)


def _kind(stored: StoredReading) -> tuple[str, bool]:
    return stored.boot, stored.body is None


def _first_position(sealed: StoredBlock) -> int:
    return sealed.last_position - (sealed.last_sequence - sealed.first_sequence)


def _batch(sealed: StoredBlock) -> Batch:
    return Batch(sealed.boot, sealed.first_sequence, sealed.last_sequence, sealed.last_position)


def _sequence(reading: Mapping[str, Json]) -> int:
    sequence = reading.get("sequence")
    return sequence if isinstance(sequence, int) else -1
