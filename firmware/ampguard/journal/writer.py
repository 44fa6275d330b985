"""Keeping readings: each one committed before it is published, and on the medium at the latest ten seconds after.

A commit reaches the kernel, so it survives the end of the process, however sudden. Against a power cut the file is
synced every SYNC_INTERVAL_S and not at each commit: flash memory wears.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from typing import TYPE_CHECKING

from ampguard.errors import JournalFault
from ampguard.journal.schema import DATABASE_ERRORS, TABLES, VERSION, decoded
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
"""How many of each are kept: a week of seconds, thirteen months of minutes, a year of ten minutes."""
_THIN_EVERY = 600


class JournalWriter:
    """The one writer."""

    def __init__(self, path: Path) -> None:
        """Open or make the journal. A file that is no journal is set aside, never deleted. Raises JournalFault."""
        self._path = path
        self.set_aside: Path | None = None
        """Where a damaged journal was moved to."""
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
            (
                one.interval.value,
                one.boot,
                one.sequence,
                json.dumps(as_json(one), separators=(",", ":"), allow_nan=False),
            )
            for one in readings
            if KEPT_READINGS[one.interval]
        ]
        if rows:
            self._do("INSERT OR IGNORE INTO reading (interval, boot, sequence, body) VALUES (?, ?, ?, ?)", rows)
            self._sync_if_due()

    def note(self, boot: str, kind: str, body: Json) -> None:
        """Keep an event, a gap or a fault. Raises JournalFault."""
        self._do("INSERT INTO note (boot, kind, body) VALUES (?, ?, ?)", [(boot, kind, json.dumps(body))])

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

    def sync(self) -> None:
        """Put everything on the medium now. Raises JournalFault."""
        try:
            self._database.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except DATABASE_ERRORS as why:
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
        database = sqlite3.connect(self._path, isolation_level=None, timeout=5.0, check_same_thread=False)
        try:
            database.execute("PRAGMA journal_mode = WAL")
            # a commit is written, a checkpoint is synced: the WAL frames of a torn end are told by their checksums
            database.execute("PRAGMA synchronous = NORMAL")
            database.execute("PRAGMA wal_autocheckpoint = 0")
            found = database.execute("PRAGMA quick_check(1)").fetchone()[0]
            if found != "ok":
                raise sqlite3.DatabaseError(f"damaged: {found}")
            database.executescript(TABLES)
            database.execute(f"PRAGMA user_version = {VERSION}")
        except DATABASE_ERRORS:
            database.close()
            raise
        return database

    def _do(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        try:
            self._database.execute("BEGIN")
            self._database.executemany(statement, rows)
            self._database.execute("COMMIT")
        except DATABASE_ERRORS as why:
            with contextlib.suppress(*DATABASE_ERRORS):
                self._database.execute("ROLLBACK")
            raise JournalFault(f"{self._path}: a record could not be kept: {why}") from why
        self._since_thinned += len(rows)

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


def _set_aside(path: Path) -> Path:
    """Move a file that is no journal, with its companions, out of the way."""
    number = 1
    while (target := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    # the file last: an old log beside a new journal, after a power cut in between, would be played into it
    for suffix in ("-wal", "-shm", ""):
        companion = path.with_name(path.name + suffix)
        if companion.exists():
            companion.rename(target.with_name(target.name + suffix))
    return target
