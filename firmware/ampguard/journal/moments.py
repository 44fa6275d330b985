"""The journal's readings by time: found by halving, opened block by block, only the columns that are wanted.

Readings lie in the order in which they were made, and the clock may have been set meanwhile, forwards or backwards.
What is found is exact as long as no clock was wrong by more than `ERROR_LENGTHS` lengths of the interval.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ampguard.block import LARGEST_COUNT, DamagedBlockError, columns
from ampguard.errors import JournalFault
from ampguard.journal.reader import JournalReader
from ampguard.journal.schema import DATABASE_ERRORS
from ampguard.readings import Interval

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Generator, Iterator, Mapping, Sequence
    from pathlib import Path

    from ampguard.readings import Json

LENGTH_S = {Interval.SECOND: 1.0, Interval.MINUTE: 60.0, Interval.MINUTES_10: 600.0, Interval.MINUTES_15: 900.0}
"""Of the intervals that are kept."""
ERROR_LENGTHS = 3600
"""An hour of seconds, two and a half days of minutes."""
_BLOCKS_AT_ONCE = 8
_END = "end_utc"
_FROM = (
    "SELECT first_position, last_position, CAST(body AS BLOB) FROM block "
    "WHERE interval = ? AND last_position >= ? ORDER BY last_position LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class Part:
    """Readings that lie one behind the other in the journal."""

    count: int
    ends_s: Sequence[float | None]
    """When each of them ended, seconds since 1970; None where no clock was set. Empty: the medium has damaged them."""
    columns: Mapping[str, Sequence[Json]]
    """The wanted fields by their path (`ampguard.block`), those that there are."""

    @property
    def earliest_s(self) -> float | None:
        """The first moment, None where there is none."""
        return min((one for one in self.ends_s if one is not None), default=None)

    @property
    def latest_s(self) -> float | None:
        """The last moment, None where there is none."""
        return max((one for one in self.ends_s if one is not None), default=None)


class Moments:
    """Opens the journal for each question: the writer may replace the file at any time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reader = JournalReader(path)

    def parts(
        self, interval: Interval, from_s: float, to_s: float, wanted: frozenset[str]
    ) -> Generator[Part, None, None]:
        """What holds all readings that ended in between, in the order in which they were made; and some around them.

        Raises JournalFault.
        """
        error_s = ERROR_LENGTHS * LENGTH_S[interval]
        with closing(self._reader.opened()) as database:
            # the hot part first: what becomes a block meanwhile is then in both
            hottest = self._reader.open_blocks(database).get(interval)
            at = self._halved(database, interval, from_s - 2.0 * error_s)
            for _, last, part in self._blocks(database, interval, at, wanted):
                at = last + 1
                earliest_s = part.earliest_s
                if earliest_s is not None and earliest_s > to_s + 2.0 * error_s:
                    return
                yield part
        if hottest is not None and hottest.last_position >= at:
            yield _of_columns(hottest.since(at))

    def first(self, interval: Interval, wanted: frozenset[str]) -> Part | None:
        """The oldest readings among which there is one with a date. Raises JournalFault."""
        with closing(self._reader.opened()) as database:
            hottest = self._reader.open_blocks(database).get(interval)
            sealed = self._dated(database, interval, wanted)
        if sealed is not None or hottest is None:
            return sealed
        hot = _of_columns(hottest.since(0))
        return None if hot.earliest_s is None else hot

    def span_s(self, interval: Interval) -> tuple[float, float] | None:
        """When the oldest reading that has a date ended, and the newest; None where none has. Raises JournalFault."""
        with closing(self._reader.opened()) as database:
            hottest = self._reader.open_blocks(database).get(interval)
            hot = None if hottest is None else _of_columns(hottest.since(0))
            oldest = self._dated(database, interval, frozenset())
            newest = None if oldest is None else self._newest(database, interval)
        first_s = [part.earliest_s for part in (oldest, hot) if part is not None and part.earliest_s is not None]
        last_s = [part.latest_s for part in (hot, newest) if part is not None and part.latest_s is not None]
        return (first_s[0], last_s[0]) if first_s and last_s else None

    def count(self, interval: Interval) -> int:
        """How many readings of an interval there are, with and without a date. Raises JournalFault."""
        statement = "SELECT coalesce(sum(last_position - first_position + 1), 0) FROM block WHERE interval = ?"
        with closing(self._reader.opened()) as database:
            hottest = self._reader.open_blocks(database).get(interval)
            ((sealed,),) = self._rows(database, statement, (interval.value,))
            _, at = self._ends(database, interval)
        unsealed = 0 if hottest is None or hottest.last_position < at else _of_columns(hottest.since(at)).count
        return unsealed + (sealed if isinstance(sealed, int) else 0)

    def _halved(self, database: sqlite3.Connection, interval: Interval, from_s: float) -> int:
        """A position before which no block reaches that moment, but for wrong clocks."""
        low, high = self._ends(database, interval)
        while low < high:
            middle = (low + high) // 2
            for first, last, part in self._blocks(database, interval, middle, frozenset()):
                if first >= high:
                    high = middle  # what is behind it has no date
                    break
                if (latest_s := part.latest_s) is not None:
                    low, high = (last + 1, high) if latest_s < from_s else (low, max(low, min(first, middle)))
                    break
            else:
                high = middle
        return low

    def _dated(self, database: sqlite3.Connection, interval: Interval, wanted: frozenset[str]) -> Part | None:
        """The first block that has a date."""
        blocks = self._blocks(database, interval, 0, wanted)
        return next((part for _, _, part in blocks if part.latest_s is not None), None)

    def _newest(self, database: sqlite3.Connection, interval: Interval) -> Part | None:
        """The last block that has a date."""
        statement = (
            "SELECT first_position, last_position, CAST(body AS BLOB) FROM block "
            "WHERE interval = ? ORDER BY last_position DESC"
        )
        try:
            with closing(database.execute(statement, (interval.value,))) as rows:
                parts = (_checked(self._path, row, frozenset())[2] for row in rows)
                return next((part for part in parts if part.latest_s is not None), None)
        except DATABASE_ERRORS as why:
            raise JournalFault(f"{self._path}: cannot be read: {why}") from why

    def _ends(self, database: sqlite3.Connection, interval: Interval) -> tuple[int, int]:
        """The first position that is sealed, and the one behind the last."""
        # each by itself is a look at the index, both at once would read it through
        ((lowest,),) = self._rows(
            database, "SELECT min(last_position) FROM block WHERE interval = ?", (interval.value,)
        )
        ((highest,),) = self._rows(
            database, "SELECT max(last_position) FROM block WHERE interval = ?", (interval.value,)
        )
        return (lowest, highest + 1) if isinstance(lowest, int) and isinstance(highest, int) else (0, 0)

    def _blocks(
        self, database: sqlite3.Connection, interval: Interval, at: int, wanted: frozenset[str]
    ) -> Iterator[tuple[int, int, Part]]:
        """First and last position of each block, from the one on that a position is in or before."""
        at_once = 1
        while rows := self._rows(database, _FROM, (interval.value, at, at_once)):
            for row in rows:
                first, last, part = _checked(self._path, row, wanted)
                yield first, last, part
                at = last + 1
            at_once = _BLOCKS_AT_ONCE

    def _rows(self, database: sqlite3.Connection, statement: str, values: tuple[object, ...]) -> list[Any]:
        try:
            return database.execute(statement, values).fetchall()
        except (*DATABASE_ERRORS, OverflowError) as why:
            raise JournalFault(f"{self._path}: cannot be read: {why}") from why


def _checked(path: Path, row: tuple[object, ...], wanted: frozenset[str]) -> tuple[int, int, Part]:
    first, last, body = row
    if not (isinstance(first, int) and isinstance(last, int) and 0 <= last - first < LARGEST_COUNT):
        raise JournalFault(f"{path}: a block from {first!r} to {last!r} is none")
    return first, last, _part(last - first + 1, body, wanted)


def _part(count: int, body: object, wanted: frozenset[str]) -> Part:
    try:
        found = columns(body, wanted | {_END}) if isinstance(body, bytes) else {}
    except DamagedBlockError:
        found = {}
    part = _of_columns(found)
    return part if part.count == count else Part(count, (), {})


def _of_columns(found: Mapping[str, Sequence[Json]]) -> Part:
    ends_s = [_moment_s(one) for one in found.get(_END, ())]
    return Part(len(ends_s), ends_s, found)


def _moment_s(utc: Json) -> float | None:
    if not isinstance(utc, str):
        return None
    try:
        moment = datetime.fromisoformat(utc)
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment.timestamp()
