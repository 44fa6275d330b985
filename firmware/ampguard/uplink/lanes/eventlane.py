"""The events' way to one destination: told once at once, and again until they are committed where somebody says so.

Two places in the journal: up to where the destination took them over (a broker's word, which may be gone with the
broker), and up to where a cloud said that it has *committed* them. As long as nobody has said anything of the kind over
this connection there is no cloud, and nothing is repeated.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard.uplink.lanes.lane import LONGEST_PATIENCE_S, PATIENCE_S, EventBatch
from ampguard.uplink.lanes.passedover import PassedOver

if TYPE_CHECKING:
    import logging
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from ampguard.journal.reader import JournalReader, StoredNote
    from ampguard.readings import Json
    from ampguard.uplink.lanes.cursor import Cursor

AT_ONCE = 60
MOST_UNDER_WAY = 2000
"""Beyond one that is never committed the others go on, so far."""


@dataclass(frozen=True, slots=True)
class TakenEvents:
    """Events out of the journal."""

    of: EventBatch
    bodies: Sequence[Mapping[str, Json]]
    position: int
    """Of the last one, or of a damaged one behind it."""


class EventSource:
    """Events for a destination whose answer is the commit: batch after batch."""

    def __init__(self, reader: JournalReader, committed: Cursor, logger: logging.Logger) -> None:
        self._reader = reader
        self._committed = committed
        self._passed_over = PassedOver(logger)

    @property
    def passed_over(self) -> int:
        """How many events so far the other side can never store."""
        return self._passed_over.count

    async def next_batch(self, most: int = AT_ONCE) -> TakenEvents | None:
        """The next ones that are not committed, so many at most; None where there are none. Raises JournalFault."""
        journal = await asyncio.to_thread(self._reader.name)
        if journal != self._committed.journal:
            self._committed.follow(journal)
            self._passed_over.new_journal()
        while notes := await asyncio.to_thread(self._reader.notes, self._position, most, "event"):
            sound = [(note.boot, note.body) for note in notes if note.body is not None]
            if sound:
                names = [(boot, _sequence(body)) for boot, body in sound]
                batch = EventBatch(names[0], names[-1], len(names))
                return TakenEvents(batch, [body for _, body in sound], notes[-1].position)
            self._committed.advance(notes[-1].position)
        return None

    def committed(self, taken: TakenEvents) -> None:
        """The destination has these for good."""
        self._committed.advance(taken.position)
        self._passed_over.committed()

    def refused(self, taken: TakenEvents, why: str) -> bool:
        """The destination can never store this one; whether the next ones go on without it, or wait."""
        boot, sequence = taken.of.last
        goes_on = self._passed_over.add(taken.position, f"event {sequence} of boot {boot}", why)
        if not goes_on:
            self._passed_over.forget()
        return goes_on

    @property
    def _position(self) -> int:
        return max(self._committed.position, self._passed_over.position)

    def save(self) -> None:
        """Write down how far it came."""
        self._committed.save()


class EventSender:
    """Brings all events that the journal keeps to one destination."""

    def __init__(
        self,
        reader: JournalReader,
        told: Cursor,
        committed: Cursor,
        logger: logging.Logger,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reader = reader
        self._told = told
        self._committed = committed
        self._log = logger
        self._now_s = clock_s
        self._under_way: OrderedDict[int, tuple[str, int] | None] = OrderedDict()
        """By its position, the name of each event behind the committed ones that was said over this connection, without
        a hole; no name: it is committed, or nothing can be said of it."""
        self._reached = committed.position
        """Where they end."""
        self._passed_over = PassedOver(logger)
        self._refused: dict[int, str] = {}
        """By its position, why one of them can never be stored; it is met in its turn."""
        self._answered = False
        """Whether there is a cloud."""
        self._patience_s, self._progress_s = PATIENCE_S, -math.inf
        self._session = 0
        self.happened = asyncio.Event()
        """There may be something to do."""

    @property
    def passed_over(self) -> int:
        """How many events so far the other side can never store."""
        return self._passed_over.count

    def restart(self) -> None:
        """A new connection."""
        self._answered, self._patience_s = False, PATIENCE_S
        self._session += 1
        self._forget()

    def answered(self) -> None:
        """The cloud said something: it is there."""
        if not self._answered:
            self._answered = True
            self.happened.set()

    def committed(self, boot: str, sequence: int) -> None:
        """The cloud has this event for good."""
        self.answered()
        name = (boot, sequence)
        for position, other in self._under_way.items():
            if other == name:
                self._under_way[position] = None
                self._passed_over.committed()
        self._settle()

    def refused(self, boot: str, sequence: int, why: str) -> None:
        """The cloud can never store this event."""
        self.answered()
        name = (boot, sequence)
        self._refused |= {position: why for position, other in self._under_way.items() if other == name}
        self._settle()

    async def send(self, say: Callable[[Mapping[str, Json]], Awaitable[bool]]) -> None:
        """Whatever is to be said now; `say` tells whether it was taken. Raises JournalFault."""
        journal = await asyncio.to_thread(self._reader.name)
        for cursor in (self._told, self._committed):
            if journal != cursor.journal:
                cursor.follow(journal)
                self._passed_over.new_journal()
                self._forget()
        if not await self._repeat(say):
            return
        while notes := await asyncio.to_thread(self._reader.notes, self._told.position, AT_ONCE, "event"):
            for note in notes:
                session = self._session
                # before it is said: the word that it is committed may be the first to be heard
                if self._reached == self._told.position and len(self._under_way) < MOST_UNDER_WAY:
                    self._follow(note)
                if not await self._said(note, say) or session != self._session:
                    return
                self._told.advance(note.position)

    def save(self) -> None:
        """Write down how far it came."""
        self._told.save()
        self._committed.save()

    async def _repeat(self, say: Callable[[Mapping[str, Json]], Awaitable[bool]]) -> bool:
        """What was told and is not committed, a part of it at a time; whether all of it was taken."""
        if not self._answered:
            return True
        begin = self._reached
        if self._under_way and self._now_s() - self._progress_s >= self._patience_s:
            self._log.info("events: nobody says that they are committed; they are told again")
            # the refused ones too: a cloud that was mended meanwhile takes them
            self._refused.clear()
            self._passed_over.forget()
            self._patience_s = min(2.0 * self._patience_s, LONGEST_PATIENCE_S)
            self._progress_s = self._now_s()
            begin = self._committed.position
        elif self._waiting() >= AT_ONCE:
            return True
        # those that lack a word once more, and then further on
        while begin < self._told.position and (begin < self._reached or len(self._under_way) < MOST_UNDER_WAY):
            notes = await asyncio.to_thread(self._reader.notes, begin, AT_ONCE, "event")
            notes = [note for note in notes if note.position <= self._told.position]
            if not notes:
                break
            if not await self._told_again(notes, say):
                return False
            begin = notes[-1].position
            if begin >= self._reached and self._waiting() >= AT_ONCE:
                break
        return True

    async def _told_again(
        self, notes: Sequence[StoredNote], say: Callable[[Mapping[str, Json]], Awaitable[bool]]
    ) -> bool:
        for note in notes:
            if note.position > self._reached:
                self._follow(note)
            elif self._under_way.get(note.position) is None:
                continue
            session = self._session
            if not await self._said(note, say) or session != self._session:
                return False
        return True

    def _waiting(self) -> int:
        """How many were said and are not committed."""
        return sum(name is not None for name in self._under_way.values())

    async def _said(self, note: StoredNote, say: Callable[[Mapping[str, Json]], Awaitable[bool]]) -> bool:
        if note.body is None:
            self._log.error("an event in the journal is damaged: passed over")
            return True
        return await say(note.body)

    def _follow(self, note: StoredNote) -> None:
        if not self._under_way:
            self._progress_s = self._now_s()
        name = None if note.body is None else (note.boot, _sequence(note.body))
        self._under_way[note.position] = name
        self._reached = note.position
        self._settle()

    def _settle(self) -> None:
        """The cursor moves over what is committed, and what is refused before it, without a hole; that is progress."""
        done = 0
        for count, (position, name) in enumerate(self._under_way.items(), 1):
            if name is None:
                done = count
            elif not self._is_refused(position, name):
                break
        for _ in range(done):
            position, _name = self._under_way.popitem(last=False)
            self._refused.pop(position, None)
            self._committed.advance(position)
            self._progress_s, self._patience_s = self._now_s(), PATIENCE_S
        if not self._under_way:
            self.happened.set()

    def _is_refused(self, position: int, name: tuple[str, int]) -> bool:
        why = self._refused.get(position)
        return why is not None and self._passed_over.add(position, f"event {name[1]} of boot {name[0]}", why)

    def _forget(self) -> None:
        self._under_way.clear()
        self._refused.clear()
        self._reached = self._committed.position


def only(event: Mapping[str, Json]) -> EventBatch:
    """A batch of one."""
    name = (str(event.get("boot")), _sequence(event))
    return EventBatch(name, name, 1)


def _sequence(body: Mapping[str, Json]) -> int:
    sequence = body.get("sequence")
    return sequence if isinstance(sequence, int) else -1
