"""Keeping readings: each one committed before it is published, and on the medium at the latest ten seconds after.

A commit reaches the kernel, so it survives the end of the process, however sudden. Against a power cut the file is
synced every SYNC_INTERVAL_S and not at each commit: flash memory wears.
"""

from __future__ import annotations

import contextlib
import glob
import os
import sqlite3
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard.errors import JournalFault
from ampguard.journal.schema import DATABASE_ERRORS, TABLES, VERSION, decoded, encoded
from ampguard.readings import Interval, as_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ampguard.readings import Json, Reading

SYNC_INTERVAL_S = 10.0
KEPT_READINGS = {
    Interval.SECOND: 700_000,
    Interval.CYCLES_150: 0,
    Interval.MINUTE: 600_000,
    Interval.MINUTES_10: 60_000,
}
"""How many of each are kept: a week of seconds, thirteen months of minutes and of ten minutes; 1.3 GB in all."""
KEPT_NOTES = 20_000
"""Of each kind."""
KEPT_DAMAGED = 2
_THIN_EVERY = 600
_DAMAGED = frozenset((sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB))
_BASIC_CODE = 0xFF


@dataclass(frozen=True, slots=True)
class Damage:
    """What is wrong with a journal."""

    file: int
    """Its inode: under its name there may be another one by now."""
    sentence: str


class JournalWriter:
    """The one writer."""

    def __init__(self, path: Path) -> None:
        """Open or make the journal. A file that is no journal is set aside, never deleted. Raises JournalFault."""
        self._path = path
        self.set_aside: Path | None = None
        """Where a damaged journal was moved to, the last time one was."""
        self._since_thinned = 0
        self._synced_s = time.monotonic()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = self._opened()
        except (*DATABASE_ERRORS, OSError) as why:
            raise JournalFault(f"{path}: the journal cannot be opened: {why}") from why

    def append(self, readings: Sequence[Reading]) -> None:
        """Commit these readings. Raises JournalFault: none of them is kept, or they cannot be put on the medium."""
        rows = [
            (one.interval.value, one.boot, one.sequence, encoded(as_json(one)))
            for one in readings
            if KEPT_READINGS[one.interval]
        ]
        if rows:
            self._do("INSERT OR IGNORE INTO reading (interval, boot, sequence, body) VALUES (?, ?, ?, ?)", rows)
            self._sync_if_due()

    def note(self, boot: str, kind: str, body: Json) -> None:
        """Keep an event, a gap or a fault. Raises JournalFault."""
        self._do("INSERT INTO note (boot, kind, body) VALUES (?, ?, ?)", [(boot, kind, encoded(body))])

    def latest(self, interval: Interval) -> dict[str, Json] | None:
        """The last undamaged reading of that interval that was kept, by whatever boot. Raises JournalFault."""
        try:
            with contextlib.closing(
                self._database.execute(
                    "SELECT CAST(body AS BLOB) FROM reading WHERE interval = ? ORDER BY position DESC",
                    (interval.value,),
                )
            ) as rows:
                return next((content for (body,) in rows if (content := decoded(body)) is not None), None)
        except DATABASE_ERRORS as why:
            raise JournalFault(f"{self._path}: cannot be read: {why}") from why

    def damage(self) -> Damage | None:
        """Look through the whole file for damage: what is wrong, None where nothing is or where it cannot be read.

        Takes as long as reading the file; with a connection of its own, so that it may run in another thread.
        """
        file = self._file()
        try:
            with contextlib.closing(
                sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True, timeout=5.0)
            ) as database:
                found = str(database.execute("PRAGMA quick_check(1)").fetchone()[0])
        except DATABASE_ERRORS as why:
            return Damage(file, str(why)) if _is_damage(why) else None
        return None if found == "ok" else Damage(file, found)

    def replace(self, damage: Damage | None = None) -> None:
        """Set this file aside and go on with a new one, unless that was done since the damage was found.

        Raises JournalFault.
        """
        if damage is not None and damage.file != self._file():
            return
        self._database.close()
        try:
            self.set_aside = _set_aside(self._path)
            self._database = self._connected()
        except (*DATABASE_ERRORS, OSError) as why:
            raise JournalFault(f"{self._path}: the damaged journal cannot be replaced: {why}") from why

    def sync(self) -> None:
        """Put everything on the medium now. Raises JournalFault."""
        try:
            # a checkpoint that a reader holds up syncs nothing
            with (
                contextlib.suppress(FileNotFoundError),
                self._path.with_name(f"{self._path.name}-wal").open("rb") as log,
            ):
                os.fsync(log.fileno())
            self._database.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except (*DATABASE_ERRORS, OSError) as why:
            raise JournalFault(f"{self._path}: cannot be synced: {why}") from why
        self._synced_s = time.monotonic()

    def close(self) -> None:
        """Sync and close."""
        with contextlib.suppress(JournalFault):
            self.sync()
        self._database.close()

    def _opened(self) -> sqlite3.Connection:
        try:
            return self._connected()
        except (sqlite3.DatabaseError, UnicodeDecodeError) as why:
            if isinstance(why, sqlite3.OperationalError) and why.sqlite_errorcode != sqlite3.SQLITE_ERROR:
                raise  # no room, no right, no medium: the file itself may be good
            self.set_aside = _set_aside(self._path)
            return self._connected()

    def _connected(self) -> sqlite3.Connection:
        # whoever locks it longer costs readings: measuring waits as long
        database = sqlite3.connect(self._path, isolation_level=None, timeout=1.0, check_same_thread=False)
        try:
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if version not in {0, VERSION}:
                raise sqlite3.DatabaseError(f"a journal of version {version}, not {VERSION}")
            database.execute("PRAGMA journal_mode = WAL")
            # a commit is written, a checkpoint is synced: the WAL frames of a torn end are told by their checksums
            database.execute("PRAGMA synchronous = NORMAL")
            database.execute("PRAGMA wal_autocheckpoint = 0")
            database.executescript(TABLES)
            database.execute(f"PRAGMA user_version = {VERSION}")
        except DATABASE_ERRORS:
            database.close()
            raise
        return database

    def _do(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        try:
            self._transact(statement, rows)
        except DATABASE_ERRORS as why:
            if not _is_damage(why):
                raise JournalFault(f"{self._path}: a record could not be kept: {why}") from why
            self.replace()
            try:
                self._transact(statement, rows)
            except DATABASE_ERRORS as again:
                raise JournalFault(f"{self._path}: a record could not be kept: {again}") from again
        self._since_thinned += len(rows)

    def _transact(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        try:
            self._database.execute("BEGIN")
            self._database.executemany(statement, rows)
            self._database.execute("COMMIT")
        except DATABASE_ERRORS:
            with contextlib.suppress(*DATABASE_ERRORS):
                self._database.execute("ROLLBACK")
            raise

    def _sync_if_due(self) -> None:
        if self._since_thinned >= _THIN_EVERY:
            self._since_thinned = 0
            self._thin()
        if time.monotonic() - self._synced_s >= SYNC_INTERVAL_S:
            self.sync()

    def _thin(self) -> None:
        for interval, kept in KEPT_READINGS.items():
            if kept:
                self._do(
                    "DELETE FROM reading WHERE interval = ? AND position <= "
                    "(SELECT position FROM reading WHERE interval = ? ORDER BY position DESC LIMIT 1 OFFSET ?)",
                    [(interval.value, interval.value, kept)],
                )
        kinds = [kind for (kind,) in self._database.execute("SELECT DISTINCT kind FROM note")]
        self._do(
            "DELETE FROM note WHERE kind = ? AND position <= "
            "(SELECT position FROM note WHERE kind = ? ORDER BY position DESC LIMIT 1 OFFSET ?)",
            [(kind, kind, KEPT_NOTES) for kind in kinds],
        )

    def _file(self) -> int:
        """Which file it is that has the journal's name now."""
        try:
            return self._path.stat().st_ino
        except OSError:
            return 0


def _is_damage(why: Exception) -> bool:
    code: int | None = getattr(why, "sqlite_errorcode", None)
    return isinstance(why, UnicodeDecodeError) or (code is not None and code & _BASIC_CODE in _DAMAGED)


def _set_aside(path: Path) -> Path:
    """Move a file that is no journal, with its companions, out of the way; of those moved before, the newest stays."""
    known = sorted(
        int(number)
        for one in path.parent.glob(f"{glob.escape(path.name)}.damaged-*")
        if (number := one.name.rpartition("-")[2]).isdecimal()
    )
    for old in known[: max(0, len(known) + 1 - KEPT_DAMAGED)]:
        for suffix in ("-wal", "-shm", ""):
            path.with_name(f"{path.name}.damaged-{old}{suffix}").unlink(missing_ok=True)
    target = path.with_name(f"{path.name}.damaged-{known[-1] + 1 if known else 1}")
    # the file last: an old log beside a new journal, after a power cut in between, would be played into it
    for suffix in ("-wal", "-shm", ""):
        companion = path.with_name(path.name + suffix)
        if companion.exists():
            companion.rename(target.with_name(target.name + suffix))
    return target
