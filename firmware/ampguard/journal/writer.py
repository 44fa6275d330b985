"""Keeping readings: each one is the kernel's before it is published, and on the medium at most ten seconds later.

A reading goes into the hot part (`journal.hot`), which is rewritten in place and synced every SYNC_INTERVAL_S, or as
often as somebody wants what is on the medium: flash memory wears. Sixty of an interval become a block in the database,
which is synced with its commit.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from typing import TYPE_CHECKING, Any

from ampguard.errors import JournalFault
from ampguard.journal import hot, thinning
from ampguard.journal.damage import Damage, checked, is_damage, set_aside
from ampguard.journal.database import asked, connected, transact, used_bytes
from ampguard.journal.hot import HotFile
from ampguard.journal.reader import hot_path
from ampguard.journal.schema import (
    DATABASE_ERRORS,
    SEAL,
    OpenBlock,
    decoded_block,
    decoded_note,
    encoded_note,
    owner,
    packed,
    unpacked,
)
from ampguard.readings import Interval, as_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from ampguard.readings import Json, Reading

SYNC_INTERVAL_S = 10.0
IN_A_BLOCK = 60
MOST_OPEN = 1800
"""Readings of an interval in the hot part: half an hour of seconds, well below what it holds."""
SKIPPED_POSITIONS = 1000
"""At each opening: more readings than can be between two syncs."""
_THIN_EVERY = 10
"""Blocks and notes."""
_OLDEST_FIRST = "SELECT CAST(body AS BLOB) FROM block WHERE interval = ? ORDER BY last_position"


class JournalWriter:
    """The one writer."""

    def __init__(self, path: Path) -> None:
        """Open or make the journal. A file that is no journal is set aside, never deleted. Raises JournalFault."""
        self._path = path
        self.set_aside: Path | None = None
        """Where a damaged journal was moved to, the last time one was."""
        self.replaces: str | None = None
        """This file's name, while it replaces a lost one and nobody said (`explained`) that what that cost is told."""
        self.trouble: JournalFault | None = None
        """Why the readings of the last call stay in the hot part."""
        self.sync_interval_s = SYNC_INTERVAL_S
        """How long a reading may wait for the medium."""
        self._since_thinned = 0
        self._synced_s = time.monotonic()
        self._is_new_file = False
        self._open: dict[Interval, OpenBlock] = {}
        self._encoded: dict[Interval, bytes] = {}
        """Of each open block, as it was when it was last written."""
        self._next: dict[Interval, int] = {}
        self._latest: dict[Interval, tuple[str, int]] = {}
        """Boot and sequence of the last reading of each interval."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = self._opened()
        except (*DATABASE_ERRORS, OSError) as why:
            raise JournalFault(f"{path}: the journal cannot be opened: {why}") from why
        with contextlib.ExitStack() as opened:
            opened.callback(lambda: self._database.close())  # noqa: PLW0108 - it may be another one by then
            self._hot = HotFile(hot_path(path))
            opened.callback(self._hot.close)
            self._go_on()
            opened.pop_all()

    def append(self, readings: Sequence[Reading]) -> None:
        """Keep these readings; one that is kept already is passed over.

        Where no block can be made of them (`trouble`), they stay in the hot part as long as that has room. Raises
        JournalFault: they are not all kept, and may be brought again.
        """
        self.trouble = None
        for one in readings:
            if thinning.KEPT_READINGS[one.interval] and self._is_new(one.interval, one.boot, one.sequence):
                self._must_have_room(one.interval)
                self._take(one)
                self._seal_full(one.interval)
        self._write_hot()
        try:
            self._thin_if_due()
        except JournalFault as fault:
            self.trouble = fault
        if time.monotonic() - self._synced_s >= self.sync_interval_s:
            self.sync()

    def note(self, boot: str, kind: str, body: Json) -> None:
        """Keep an event, a gap or a fault. Raises JournalFault."""
        self._do("INSERT INTO note (boot, kind, body) VALUES (?, ?, ?)", (boot, kind, encoded_note(body)))

    def explained(self, name: str) -> None:
        """What it cost that the file of that name replaced another is told. Raises JournalFault."""
        statement = "DELETE FROM note WHERE kind = 'replaced' AND EXISTS (SELECT 1 FROM journal WHERE name = ?)"
        self._do(statement, (name,))
        if self.replaces == name:
            self.replaces = None

    def first(self, interval: Interval) -> Mapping[str, Json] | None:
        """The first undamaged reading of that interval that is kept. Raises JournalFault."""
        if (bodies := self._sealed(_OLDEST_FIRST, interval)) is not None:
            return bodies[0]
        return self._open[interval].bodies()[0] if interval in self._open else None

    def latest(self, interval: Interval) -> Mapping[str, Json] | None:
        """The last undamaged reading of that interval that was kept, by whatever boot. Raises JournalFault."""
        if interval in self._open:
            return self._open[interval].latest()
        return None if (bodies := self._sealed(f"{_OLDEST_FIRST} DESC", interval)) is None else bodies[-1]

    def latest_note(self, kind: str, boot: str | None = None) -> Mapping[str, Json] | None:
        """The last note of that kind, by any boot without one; a damaged file is set aside. Raises JournalFault."""
        statement = (
            "SELECT CAST(body AS BLOB) FROM note WHERE kind = ?1 AND (?2 IS NULL OR boot = ?2) "
            "ORDER BY position DESC LIMIT 5"
        )
        try:
            rows = self._database.execute(statement, (kind, boot)).fetchall()
        except DATABASE_ERRORS as why:
            if is_damage(why):
                self.replace()
                return None
            raise JournalFault(f"{self._path}: cannot be read: {why}") from why
        return next((body for (note,) in rows if (body := decoded_note(note)) is not None), None)

    def damage(self) -> Damage | None:
        """Look through the whole file for damage: what is wrong, None where nothing is or where it cannot be read.

        Takes as long as reading the file; with a connection of its own, so that it may run in another thread.
        """
        file, found = self._file(), checked(self._path)
        return None if found is None else Damage(file, found)

    def replace(self, damage: Damage | None = None) -> None:
        """Set this file aside and go on with a new one, unless that was done since the damage was found.

        What is not sealed yet goes into the new one. Raises JournalFault.
        """
        if damage is not None and damage.file != self._file():
            return
        self._database.close()
        try:
            self.set_aside = set_aside(self._path)
        except OSError as why:
            raise JournalFault(f"{self._path}: the damaged journal cannot be set aside: {why}") from why
        self._begin_anew()

    def _begin_anew(self) -> None:
        try:
            self._database = self._opened()
        except (*DATABASE_ERRORS, OSError) as why:
            raise JournalFault(f"{self._path}: the damaged journal cannot be replaced: {why}") from why
        if self._is_new_file:
            self._number_anew()

    def _number_anew(self) -> None:
        """Another file: what is not sealed yet comes behind what it has, which is nothing where it is new."""
        self._ask_which()
        self._next_unsealed()
        self._skip()
        for interval, block in self._open.items():
            block.first_position = self._next.get(interval, 1)
            self._next[interval] = block.last_position + 1
        self._write_hot()
        self.sync()  # before any commit: on the medium the hot part is still the other file's, and not read with this

    def sync(self) -> None:
        """Put everything on the medium now. Raises JournalFault."""
        self._hot.sync()
        self._synced_s = time.monotonic()

    def close(self) -> None:
        """Seal what is open, sync and close."""
        with contextlib.suppress(JournalFault):
            for interval in tuple(self._open):
                self._seal(interval)
            self.sync()
        self._hot.close()
        self._database.close()

    def _is_new(self, interval: Interval, boot: str, sequence: int) -> bool:
        last_boot, last = self._latest.get(interval, ("", 0))
        return boot != last_boot or sequence > last

    def _seal_full(self, interval: Interval) -> None:
        """Make a row of a block that is full; what hinders it is tried again with the next readings."""
        if self.trouble is not None or len(self._open[interval]) < IN_A_BLOCK:
            return
        try:
            self._seal(interval)
        except JournalFault as fault:
            self.trouble = fault

    def _must_have_room(self, interval: Interval) -> None:
        """Raises JournalFault where the medium has taken no block for so long that no more may be open."""
        block = self._open.get(interval)
        if block is None or len(block) < MOST_OPEN:
            return
        self._seal_full(interval)
        if interval in self._open:
            raise self.trouble or JournalFault(f"{self._path}: {len(block)} readings wait for a block")

    def _take(self, reading: Reading) -> None:
        interval = reading.interval
        block = self._open.get(interval)
        if block is not None and block.boot != reading.boot:
            self._seal(interval)
            block = None
        if block is None:
            block = self._open[interval] = OpenBlock(reading.boot, self._next.get(interval, 1))
        block.append(_body(reading))
        self._next[interval] = block.last_position + 1
        self._latest[interval] = (reading.boot, reading.sequence)
        self._encoded.pop(interval, None)

    def _seal(self, interval: Interval) -> None:
        """Make the open block a row. Raises JournalFault: it stays open."""
        block = self._open[interval]

        def rows() -> list[tuple[object, ...]]:
            starts = range(0, len(block), IN_A_BLOCK)  # more than one where the medium took nothing for a while
            return [block.row(interval, start, IN_A_BLOCK) for start in starts]

        # REPLACE: the same block again, where the end of the process came between this and the next write
        self._do_with(SEAL, rows)
        self._open.pop(interval, None)
        self._encoded.pop(interval, None)
        self._write_hot()

    def _write_hot(self) -> None:
        for interval, block in self._open.items():
            if interval not in self._encoded:
                self._encoded[interval] = block.encoded()
        blocks = {interval: (block, self._encoded[interval]) for interval, block in self._open.items()}
        self._hot.write(packed(self._name, blocks))

    def _go_on(self) -> None:
        """Where an earlier writer stopped: what it left open becomes blocks."""
        try:
            self._continue()
        except JournalFault as fault:
            if not isinstance(fault.__cause__, Exception) or not is_damage(fault.__cause__):
                raise
            self._open = unpacked(None, hot.content(hot_path(self._path)))
            self.replace()

    def _continue(self) -> None:
        self._ask_which()
        content = hot.content(hot_path(self._path))
        if self.replaces is not None and owner(content) != self._name:
            self._adopt(unpacked(None, content))
            return
        self._next_unsealed()
        for interval, block in unpacked(self._name, content).items():
            if len(block) and block.last_position >= self._next.get(interval, 1):
                self._open[interval] = block
                self._next[interval] = block.last_position + 1
        for interval in tuple(self._open):
            with contextlib.suppress(JournalFault):  # no room: it stays open
                self._seal(interval)
        self._skip()
        self._learn_latest()
        self._write_hot()

    def _adopt(self, blocks: Mapping[Interval, OpenBlock]) -> None:
        """Take over what the file that this one replaces had not sealed, but for what this one has sealed already."""
        self._learn_latest()
        for interval, block in blocks.items():
            if len(block) and self._is_new(interval, block.boot, _sequence(block.latest())):
                self._open[interval] = block
        self._number_anew()

    def _next_unsealed(self) -> None:
        found = self._asked("SELECT interval, max(last_position) FROM block GROUP BY interval")
        sound = (row for row in found if row[0] in thinning.KEPT_READINGS and isinstance(row[1], int))
        self._next = {Interval(interval): last + 1 for interval, last in sound}  # the medium has damaged the others

    def _skip(self) -> None:
        """A power cut may have taken readings back whose positions a reader has passed already."""
        if not self._is_new_file:
            self._next = {
                interval: self._next.get(interval, 1) + SKIPPED_POSITIONS for interval in thinning.KEPT_READINGS
            }

    def _learn_latest(self) -> None:
        for interval in thinning.KEPT_READINGS:
            if (newest := self.latest(interval)) is not None:
                self._latest[interval] = (str(newest.get("boot")), _sequence(newest))

    def _ask_which(self) -> None:
        """The file's name, and whether it replaces a lost one."""
        rows = self._asked("SELECT name FROM journal LIMIT 1")
        if not rows:
            raise JournalFault(f"{self._path}: a journal without a name")
        self._name = str(rows[0][0])
        self.replaces = self._name if self._asked("SELECT 1 FROM note WHERE kind = 'replaced' LIMIT 1") else None

    def _asked(self, statement: str) -> list[Any]:
        return asked(self._database, self._path, statement)

    def _sealed(self, statement: str, interval: Interval) -> list[dict[str, Json]] | None:
        """The first block that is undamaged. Raises JournalFault."""
        try:
            with contextlib.closing(self._database.execute(statement, (interval.value,))) as rows:
                return next((bodies for (body,) in rows if (bodies := decoded_block(body))), None)
        except DATABASE_ERRORS as why:
            raise JournalFault(f"{self._path}: cannot be read: {why}") from why

    def _opened(self) -> sqlite3.Connection:
        try:
            return self._connected()
        except (sqlite3.DatabaseError, UnicodeDecodeError) as why:
            if isinstance(why, sqlite3.OperationalError) and why.sqlite_errorcode != sqlite3.SQLITE_ERROR:
                raise  # no room, no right, no medium: the file itself may be good
            self.set_aside = set_aside(self._path)
            return self._connected()

    def _connected(self) -> sqlite3.Connection:
        # what another file left unsealed is there: that one was set aside, and the end came before the new one was made
        replaces = self.set_aside is not None or owner(hot.content(hot_path(self._path))) is not None
        database, self._is_new_file = connected(self._path, replaces=replaces)
        return database

    def _do(self, statement: str, *rows: tuple[object, ...]) -> None:
        self._do_with(statement, lambda: rows)

    def _do_with(self, statement: str, rows: Callable[[], Sequence[tuple[object, ...]]]) -> None:
        """With the rows as they are then: where this file turns out to be damaged, positions are a new one's."""
        try:
            transact(self._database, statement, values := rows())
        except sqlite3.ProgrammingError as why:  # closed: replacing it failed halfway
            self._begin_anew()
            raise JournalFault(f"{self._path}: a record could not be kept: {why}") from why
        except DATABASE_ERRORS as why:
            if not is_damage(why):
                raise JournalFault(f"{self._path}: a record could not be kept: {why}") from why
            self.replace()
            try:
                transact(self._database, statement, values := rows())
            except DATABASE_ERRORS as again:
                raise JournalFault(f"{self._path}: a record could not be kept: {again}") from again
        self._since_thinned += len(values)

    def _thin_if_due(self) -> None:
        if self._since_thinned >= _THIN_EVERY:
            self._since_thinned = 0
            self._thin()

    def _thin(self) -> None:
        kinds = [str(kind) for (kind,) in self._asked(thinning.KINDS)]
        for statement, row in thinning.too_many(self._next, kinds):
            self._do(statement, row)
        for statement, row in thinning.too_large(used_bytes(self._database, self._path)):
            self._do(statement, row)

    def _file(self) -> int:
        """Which file it is that has the journal's name now."""
        try:
            return self._path.stat().st_ino
        except OSError:
            return 0


def _body(reading: Reading) -> Mapping[str, Json]:
    body = as_json(reading)
    if not isinstance(body, dict):
        raise TypeError("a reading is a JSON object")
    return body


def _sequence(body: Mapping[str, Json]) -> int:
    sequence = body.get("sequence")
    return sequence if isinstance(sequence, int) else 0
