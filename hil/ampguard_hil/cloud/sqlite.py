"""The store in one SQLite file: of a bench, and of a few hundred units."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from dataclasses import astuple
from typing import TYPE_CHECKING, Any

from ampguard_hil.cloud import dating, questions, stretches
from ampguard_hil.cloud.arrived import RefusedBlockError
from ampguard_hil.cloud.columns import NAMES
from ampguard_hil.cloud.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from pathlib import Path

    from ampguard_hil.cloud.account import Account
    from ampguard_hil.cloud.arrived import Received, ReceivedEvent
    from ampguard_hil.cloud.store import BootReport

_WAIT_S = 30.0
"""For another process's commit."""
_RETRY_S = 0.02


def write_ahead(database: sqlite3.Connection) -> None:
    """Two that switch an empty store at once are told "locked" without the wait that all else is given."""
    until_s = time.monotonic() + _WAIT_S
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() >= until_s:
                raise
            threading.Event().wait(_RETRY_S)
        else:
            return


_TABLES = (
    f"""
CREATE TABLE IF NOT EXISTS reading (
    serial TEXT NOT NULL, interval TEXT NOT NULL, boot TEXT NOT NULL, sequence INTEGER NOT NULL,
    end_utc TEXT, quality TEXT NOT NULL, {", ".join(NAMES)},
    PRIMARY KEY (serial, interval, boot, sequence)
) WITHOUT ROWID""",
    """
CREATE TABLE IF NOT EXISTS event (
    arrival INTEGER PRIMARY KEY, serial TEXT NOT NULL, boot TEXT NOT NULL, sequence INTEGER NOT NULL,
    kind TEXT NOT NULL, utc TEXT, monotonic_ns INTEGER, body TEXT NOT NULL,
    UNIQUE (serial, boot, sequence)
)""",
)
_UNBROKEN = """
CREATE TABLE unbroken (
    serial TEXT NOT NULL, interval TEXT NOT NULL, boot TEXT NOT NULL, first_sequence INTEGER NOT NULL,
    PRIMARY KEY (serial, interval, boot, first_sequence)
) WITHOUT ROWID"""
# not OR IGNORE: that would drop in silence what is absent where it must not be
_INSERT = (
    f"INSERT INTO reading (serial, interval, boot, sequence, end_utc, quality, {', '.join(NAMES)}) "  # noqa: S608 - names are ours
    f"VALUES ({', '.join('?' * (len(NAMES) + 6))}) ON CONFLICT (serial, interval, boot, sequence) DO NOTHING"
)
_INSERT_EVENT = (
    "INSERT INTO event (serial, boot, sequence, kind, utc, monotonic_ns, body) VALUES (?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (serial, boot, sequence) DO NOTHING"
)


class SqliteStore:
    """As `Store` says."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._dating = dating.Dating()
        with self._told():
            self._database = sqlite3.connect(path, isolation_level=None, timeout=_WAIT_S)
        try:
            with self._told():
                self._prepare()
        except StoreError:
            self._database.close()
            raise

    def commit(self, blocks: Iterable[Received], events: Iterable[ReceivedEvent] = ()) -> None:
        """As `Store` says."""
        brought, happened = list(blocks), list(events)
        with self._told(), self._transaction():
            added = sum(self._database.executemany(_INSERT, block.rows).rowcount for block in brought)
            all_new = added == sum(len(block.rows) for block in brought)
            for run in stretches.touched(brought, all_new=all_new):
                self._database.execute(stretches.FORGET, run)
                self._database.execute(stretches.FIND, (*run, run[3]))
            self._database.executemany(_INSERT_EVENT, map(astuple, happened))
        self._dating.came(brought, happened)

    def serials(self) -> list[str]:
        """As `Store` says."""
        return questions.serials(self._ask)

    def completeness(self, serial: str, interval: str = "1s") -> list[BootReport]:
        """As `Store` says."""
        return questions.completeness(self._ask, serial, interval)

    def account(self, serial: str, interval: str = "1s", *, since_utc: str = "") -> Account:
        """As `Store` says."""
        return questions.account(self._ask, serial, interval, since_utc)

    def undated(self, serial: str, interval: str = "1s", *, since_utc: str = "") -> int:
        """As `Store` says."""
        return questions.undated(self._ask, serial, interval, since_utc)

    def date(self) -> int | None:
        """As `Store` says."""
        return self._dating.some(self._ask, self._set)

    def events(self, serial: str, kind: str | None = None) -> list[ReceivedEvent]:
        """As `Store` says."""
        return questions.events(self._ask, serial, kind)

    def newest(
        self, serial: str, limit: int, *, without: str | None = None, since_utc: str = ""
    ) -> list[ReceivedEvent]:
        """As `Store` says."""
        return questions.newest(self._ask, serial, limit, without, since_utc)

    def close(self) -> None:
        """As `Store` says."""
        self._database.close()

    def _prepare(self) -> None:
        write_ahead(self._database)
        # an acknowledgement is a promise: the commit is on the medium before it is given
        self._database.execute("PRAGMA synchronous = FULL")
        with self._transaction():
            for table in (*_TABLES, dating.INDEX, dating.EVENT_INDEX):
                self._database.execute(table)
            known = {name for _, name, *_ in self._database.execute("PRAGMA table_info (reading)")}
            for name in NAMES:
                if name not in known:  # a store from before readings had it
                    self._database.execute(f"ALTER TABLE reading ADD COLUMN {name}")
            if not self._database.execute("PRAGMA table_info (unbroken)").fetchall():
                self._database.execute(stretches.OUTDATED)
                self._database.execute(_UNBROKEN)
                self._database.execute(stretches.FILL)

    def _set(self, readings: list[dating.DatedReading], events: list[dating.DatedEvent]) -> None:
        with self._told(), self._transaction():
            self._database.executemany(dating.SET, readings)
            self._database.executemany(dating.SET_EVENT, events)

    def _ask(self, question: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        with self._told():
            return self._database.execute(question, values).fetchall()

    @contextlib.contextmanager
    def _transaction(self) -> Generator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:  # a full disk may have ended it
                self._database.execute("ROLLBACK")
            raise

    @contextlib.contextmanager
    def _told(self) -> Generator[None]:
        try:
            yield
        except (sqlite3.IntegrityError, sqlite3.DataError, OverflowError) as why:
            raise RefusedBlockError(f"no store takes it: {why}") from why
        except sqlite3.Error as why:
            raise StoreError(f"{self._path}: {why}") from why
