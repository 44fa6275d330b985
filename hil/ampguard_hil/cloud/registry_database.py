"""The registry's way into its database: the same SQLite file or PostgreSQL that the readings are in.

SQLAlchemy, because the registry is small, its queries are many, and one text of them must do for both databases. The
readings' way in stays bare: there a query builder would cost what the figures are about.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, cast

from sqlalchemy import URL, create_engine, event, make_url, text

from ampguard_hil.cloud.registry_schema import STEPS
from ampguard_hil.cloud.sqlite import write_ahead
from ampguard_hil.cloud.store import file_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

_WRITES = "ampguard_writes"
_LOCK = 0x414D5047
"""PostgreSQL's advisory lock of whoever writes to the registry, which happens seldom."""
_PATIENCE_S = 30.0


class NewerStoreError(Exception):
    """The store was made by a later version of this program."""


class Database:
    """Connections for any thread; opened, and brought forward, at first use."""

    def __init__(self, where: str | Path, steps: Sequence[Sequence[str]] = STEPS) -> None:
        """Raises StoreError for an address that is none."""
        self._engine = _engine(where)
        self._steps = steps
        self._opening = threading.Lock()
        self._open = False

    @contextlib.contextmanager
    def reading(self) -> Generator[Connection]:
        """One view of the registry. Raises sqlalchemy.exc.SQLAlchemyError, NewerStoreError."""
        self._opened()
        with self._engine.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Generator[Connection]:
        """All of it or nothing. Raises as `reading` does."""
        self._opened()
        with self._begin() as connection:
            yield connection

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @contextlib.contextmanager
    def _begin(self) -> Generator[Connection]:
        with self._engine.connect().execution_options(**{_WRITES: True}) as connection, connection.begin():
            if connection.dialect.name == "postgresql":
                # one writer at a time, as SQLite has it: what is looked at first is still so when it is written
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            yield connection

    def _opened(self) -> None:
        with self._opening:
            if not self._open:
                with self._begin() as connection:
                    _bring_forward(connection, self._steps)
                self._open = True


def _bring_forward(connection: Connection, steps: Sequence[Sequence[str]]) -> None:
    """Several processes may open the same store at once: one makes the tables, the others find them."""
    connection.execute(text("CREATE TABLE IF NOT EXISTS registry_version (version INTEGER NOT NULL)"))
    version = connection.execute(text("SELECT max(version) FROM registry_version")).scalar() or 0
    if version > len(steps):
        raise NewerStoreError(f"the registry is of version {version}; this program knows up to {len(steps)}")
    for number, step in enumerate(steps[version:], version + 1):
        for statement in step:
            connection.execute(text(statement))
        connection.execute(text("INSERT INTO registry_version (version) VALUES (:number)"), {"number": number})


def _engine(where: str | Path) -> Engine:
    path = file_of(where)
    if path is None:
        url = make_url(str(where)).set(drivername="postgresql+psycopg")
        return create_engine(url, pool_pre_ping=True)
    engine = create_engine(URL.create("sqlite", database=str(path)), connect_args={"timeout": _PATIENCE_S})
    event.listen(engine, "connect", _sqlite_connected)
    event.listen(engine, "begin", _sqlite_begins)
    return engine


def _sqlite_connected(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    database = cast("sqlite3.Connection", connection)
    database.isolation_level = None  # transactions begin where we say so
    write_ahead(database)
    for pragma in ("synchronous = FULL", "foreign_keys = ON"):
        database.execute(f"PRAGMA {pragma}")


def _sqlite_begins(connection: Connection) -> None:
    # who reads first and writes then would be refused where the ingest has written meanwhile: say it beforehand
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
