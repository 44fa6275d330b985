"""Reading the journal from any process: read-only, from a position on."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ampguard.block import LARGEST_COUNT
from ampguard.errors import JournalFault
from ampguard.journal import hot
from ampguard.journal.schema import DATABASE_ERRORS, OpenBlock, decoded_block, decoded_note, unpacked
from ampguard.readings import Interval

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping
    from pathlib import Path

    from ampguard.readings import Json


@dataclass(frozen=True, slots=True)
class StoredReading:
    """A reading with its place in the journal."""

    position: int
    boot: str
    body: Mapping[str, Json] | None
    """None where the medium has damaged it."""

    @property
    def sequence(self) -> int:
        """Its number within boot and interval; 0 where it is damaged."""
        sequence = 0 if self.body is None else self.body.get("sequence")
        return sequence if isinstance(sequence, int) else 0


@dataclass(frozen=True, slots=True)
class StoredBlock:
    """Readings of one boot as they are kept, not opened."""

    boot: str
    first_sequence: int
    last_sequence: int
    last_position: int
    body: bytes
    """See `ampguard.block`; the medium may have damaged it."""


@dataclass(frozen=True, slots=True)
class StoredNote:
    """An event, a gap or a fault with its place in the journal."""

    position: int
    boot: str
    kind: str
    body: dict[str, Json] | None
    """None where the medium has damaged it."""


def hot_path(path: Path) -> Path:
    """Where the hot part of a journal lies."""
    return path.with_name(path.name + "-hot")


class JournalReader:
    """Opens the journal for each question: the writer may replace the file at any time."""

    def __init__(self, path: Path, *, durable: bool = False) -> None:
        """`durable`: only what a power cut would leave. Whoever gives it away never has what the unit then has not."""
        self._path = path
        self._hot = hot.durable if durable else hot.content

    def readings(self, after: int, limit: int, interval: Interval = Interval.SECOND) -> list[StoredReading]:
        """The next readings behind a position, oldest first. Raises JournalFault."""
        found: list[StoredReading] = []
        with closing(self._all(after, interval)) as stored:
            for one in stored:
                if len(found) == limit:
                    break
                if one.position > after:
                    found.append(one)
                    after = one.position
        return found

    def block(self, after: int, interval: Interval = Interval.SECOND) -> StoredBlock | None:
        """The next block behind a position; None where it is not sealed, or a position inside. Raises JournalFault."""
        with closing(self.opened()) as database:
            rows = _rows(
                database,
                self._path,
                "SELECT first_position, boot, first_sequence, last_sequence, last_position, CAST(body AS BLOB) "
                "FROM block WHERE interval = ? AND last_position > ? ORDER BY last_position LIMIT 1",
                (interval.value, after),
            )
        for first, *rest in rows:
            if None not in rest and isinstance(first, int) and first > after:
                return StoredBlock(*rest)
        return None

    def notes(self, after: int, limit: int, kind: str) -> list[StoredNote]:
        """The next notes of a kind behind a position, oldest first. Raises JournalFault."""
        with closing(self.opened()) as database:
            rows = _rows(
                database,
                self._path,
                "SELECT position, boot, kind, CAST(body AS BLOB) FROM note WHERE kind = ? AND position > ? "
                "ORDER BY position LIMIT ?",
                (kind, after, limit),
            )
        return [StoredNote(position, boot, kind, decoded_note(body)) for position, boot, kind, body in rows]

    def newest_notes(self, limit: int, kind: str) -> list[StoredNote]:
        """The newest notes of a kind, oldest first. Raises JournalFault."""
        with closing(self.opened()) as database:
            rows = _rows(
                database,
                self._path,
                "SELECT position, boot, kind, CAST(body AS BLOB) FROM note WHERE kind = ? "
                "ORDER BY position DESC LIMIT ?",
                (kind, limit),
            )
        return [StoredNote(position, boot, kind, decoded_note(body)) for position, boot, kind, body in reversed(rows)]

    def before(self, boot: str, sequence: int, interval: Interval = Interval.SECOND) -> int:
        """A position behind which the readings of a boot begin, from a number on. Raises JournalFault.

        Exact where they are sealed; else the end of what is sealed.
        """
        with closing(self.opened()) as database:
            # the end first: what is sealed meanwhile is found by its number
            ((last,),) = _rows(database, self._path, _LAST_SEALED, (interval.value,))
            rows = _rows(
                database,
                self._path,
                "SELECT first_position, first_sequence FROM block WHERE interval = ? AND boot = ? "
                "AND last_sequence >= ? ORDER BY last_position LIMIT 1",
                (interval.value, boot, sequence),
            )
        for position, first in rows:
            if isinstance(position, int) and isinstance(first, int):
                return position + max(0, sequence - first) - 1
        return last if isinstance(last, int) else 0

    def first_position(self, interval: Interval = Interval.SECOND) -> int:
        """The oldest position that is kept, 0 where there is none. Raises JournalFault."""
        with closing(self.opened()) as database:
            open_blocks = self.open_blocks(database)
            statement = "SELECT min(first_position) FROM block WHERE interval = ?"
            ((first,),) = _rows(database, self._path, statement, (interval.value,))
        hottest = open_blocks.get(interval)
        return first if isinstance(first, int) else 0 if hottest is None else hottest.first_position

    def last_position(self, interval: Interval = Interval.SECOND) -> int:
        """The newest position, 0 where there is none. Raises JournalFault."""
        with closing(self.opened()) as database:
            open_blocks = self.open_blocks(database)
            ((last,),) = _rows(database, self._path, _LAST_SEALED, (interval.value,))
        hottest = open_blocks.get(interval)
        return max(last if isinstance(last, int) else 0, 0 if hottest is None else hottest.last_position)

    def name(self) -> str:
        """Which journal it is: positions in another one mean nothing here. Raises JournalFault."""
        with closing(self.opened()) as database:
            return _name(database, self._path)

    def _all(self, after: int, interval: Interval) -> Generator[StoredReading, None, None]:
        with closing(self.opened()) as database:
            # the hot part first: what becomes a block meanwhile is then in both, and in none of them never
            open_blocks = self.open_blocks(database)
            while rows := _rows(
                database,
                self._path,
                "SELECT first_position, last_position, boot, CAST(body AS BLOB) FROM block "
                "WHERE interval = ? AND last_position > ? ORDER BY last_position LIMIT ?",
                (interval.value, after, _BLOCKS_AT_ONCE),
            ):
                for first, last, boot, body in rows:
                    if not (isinstance(first, int) and isinstance(last, int) and 0 <= last - first < LARGEST_COUNT):
                        raise JournalFault(f"{self._path}: a block from {first!r} to {last!r} is none")
                    yield from _of_block(first, last, boot, decoded_block(body))
                    after = last
        if (hottest := open_blocks.get(interval)) is not None:
            yield from _of_block(hottest.first_position, hottest.last_position, hottest.boot, hottest.bodies())

    def open_blocks(self, database: sqlite3.Connection) -> Mapping[Interval, OpenBlock]:
        """What is not sealed yet. Raises JournalFault."""
        return unpacked(_name(database, self._path), self._hot(hot_path(self._path)))

    def opened(self) -> sqlite3.Connection:
        """For questions of one's own, from one thread at a time. Raises JournalFault."""
        try:
            if not self._path.exists():
                raise JournalFault(f"{self._path}: there is no journal yet")
            address = f"{self._path.absolute().as_uri()}?mode=ro"
            return sqlite3.connect(address, uri=True, timeout=2.0, check_same_thread=False)
        except (*DATABASE_ERRORS, OSError) as why:
            raise JournalFault(f"{self._path}: cannot be read: {why}") from why


_BLOCKS_AT_ONCE = 4
_LAST_SEALED = "SELECT coalesce(max(last_position), 0) FROM block WHERE interval = ?"


def _of_block(first: int, last: int, boot: str, bodies: list[dict[str, Json]] | None) -> Iterator[StoredReading]:
    if bodies is not None and len(bodies) != last - first + 1:
        bodies = None  # the row says something else than its block
    for index, position in enumerate(range(first, last + 1)):
        yield StoredReading(position, boot, None if bodies is None else bodies[index])


def _name(database: sqlite3.Connection, path: Path) -> str:
    rows = _rows(database, path, "SELECT name FROM journal", ())
    if not rows:
        raise JournalFault(f"{path}: a journal without a name")
    return str(rows[0][0])


def _rows(database: sqlite3.Connection, path: Path, statement: str, values: tuple[object, ...]) -> list[Any]:
    try:
        return database.execute(statement, values).fetchall()
    except (*DATABASE_ERRORS, OverflowError) as why:
        raise JournalFault(f"{path}: cannot be read: {why}") from why
