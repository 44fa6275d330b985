"""The store in PostgreSQL: of many units, and of several processes that take what they send.

A COPY in binary form into a table of the connection's own, from there into the readings what is not there yet: the
fastest way that may meet a reading twice. Texts sort by their bytes and times stay texts (ISO 8601), as in SQLite, so
that both tell the same of the same readings, and give back what the unit sent. The pool of connections of PgBouncer
must hand out sessions, not transactions: the table of its own belongs to the session.
"""

from __future__ import annotations

import logging
import zlib
from dataclasses import astuple
from typing import TYPE_CHECKING, Any, TypeVar, cast

import psycopg
from psycopg.conninfo import conninfo_to_dict

from ampguard_hil.cloud import dating, questions, stretches
from ampguard_hil.cloud.arrived import RefusedBlockError
from ampguard_hil.cloud.columns import COLUMNS
from ampguard_hil.cloud.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ampguard_hil.cloud.account import Account
    from ampguard_hil.cloud.arrived import Received, ReceivedEvent
    from ampguard_hil.cloud.store import BootReport

    Connection = psycopg.Connection[tuple[Any, ...]]

_T = TypeVar("_T")
_LOG = logging.getLogger("ampguard-cloud-store")
_TYPES = {float: "double precision", int: "bigint", str: 'text COLLATE "C"', bool: "boolean"}
_IDENTITY = {"serial": str, "interval": str, "boot": str, "sequence": int, "end_utc": str, "quality": str}
_KINDS = {**_IDENTITY, **{column.name: column.kind for column in COLUMNS}}
_COLUMNS = ", ".join(f'"{name}"' for name in _KINDS)
_ABSENT = {"end_utc", *(column.name for column in COLUMNS)}
_READING = (
    "CREATE TABLE IF NOT EXISTS reading ("
    + ", ".join(f'"{name}" {_TYPES[kind]}{"" if name in _ABSENT else " NOT NULL"}' for name, kind in _KINDS.items())
    + ", PRIMARY KEY (serial, interval, boot, sequence))"
)
_EVENT = """
CREATE TABLE IF NOT EXISTS event (
    arrival bigint GENERATED ALWAYS AS IDENTITY, serial text COLLATE "C" NOT NULL, boot text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL, kind text COLLATE "C" NOT NULL, utc text COLLATE "C", monotonic_ns bigint,
    body text NOT NULL, PRIMARY KEY (serial, boot, sequence))"""
_UNBROKEN = """
CREATE TABLE unbroken (
    serial text COLLATE "C" NOT NULL, interval text COLLATE "C" NOT NULL, boot text COLLATE "C" NOT NULL,
    first_sequence bigint NOT NULL, PRIMARY KEY (serial, interval, boot, first_sequence))"""
_ALONE = "SELECT pg_advisory_xact_lock(%s, of_unit) FROM unnest(%s::integer[]) AS units (of_unit)"
"""Until the commit nobody else decides where this unit's readings follow each other."""
_ARRIVING = "CREATE TEMPORARY TABLE arriving (LIKE reading) ON COMMIT DELETE ROWS"
_COPY = f"COPY arriving ({_COLUMNS}) FROM STDIN (FORMAT BINARY)"
_INSERT = f"INSERT INTO reading ({_COLUMNS}) SELECT {_COLUMNS} FROM arriving ON CONFLICT DO NOTHING"  # noqa: S608 - names are ours
_INSERT_EVENT = """
INSERT INTO event (serial, boot, sequence, kind, utc, monotonic_ns, body) VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT DO NOTHING"""
_IN_BINARY = [{float: "float8", int: "int8", str: "text", bool: "bool"}[kind] for kind in _KINDS.values()]
_MAKING_TABLES = 0x616D7067
"""Names the lock under which one process at a time makes tables."""
_MANNERS = {
    "application_name": "ampguard-cloud",
    "connect_timeout": "10",
    # a server that went away without a word is noticed, and not waited for
    "keepalives_idle": "20",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}


class PostgresStore:
    """As `Store` says; connects when it must, and again."""

    def __init__(self, address: str) -> None:
        try:
            said = conninfo_to_dict(address)
        except psycopg.Error as why:
            raise StoreError(f"an address of PostgreSQL: {why}") from why
        self._address = address
        self._manners = {key: value for key, value in _MANNERS.items() if key not in said}
        self._connection: Connection | None = None
        self._dating = dating.Dating()

    def commit(self, blocks: Iterable[Received], events: Iterable[ReceivedEvent] = ()) -> None:
        """As `Store` says."""
        # in one order everywhere: two that store the same wait for each other, and not each for the other
        ordered = sorted(blocks, key=lambda one: (one.serial, one.boot, one.first_sequence))
        happened = sorted(events, key=lambda one: (one.serial, one.boot, one.sequence))
        self._do(lambda connection: _commit(connection, ordered, list(map(astuple, happened))))
        self._dating.came(ordered, happened)

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
        return self._dating.some(
            self._ask, lambda readings, events: self._do(lambda connection: _set(connection, readings, events))
        )

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
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _ask(self, question: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        in_its_way = question.replace("?", "%s").encode()
        return self._do(lambda connection: connection.execute(in_its_way, values).fetchall())

    def _do(self, work: Callable[[Connection], _T]) -> _T:
        """Do it; where a connection of before turns out to be lost, once more with a new one: nothing counts twice."""
        kept = self._connection is not None
        try:
            if self._connection is None:
                self._connection = _connected(self._address, self._manners)
            return work(self._connection)
        except (psycopg.DataError, psycopg.IntegrityError) as why:
            raise RefusedBlockError(f"no store takes it: {_sentence(why)}") from why
        except psycopg.Error as why:
            lost = self._connection is not None and self._connection.broken
            self.close()
            if kept and lost:
                _LOG.warning("connecting again: %s", _sentence(why))
                return self._do(work)
            raise StoreError(f"PostgreSQL: {_sentence(why)}") from why


def _connected(address: str, manners: dict[str, str]) -> Connection:
    """Raises psycopg.Error, StoreError."""
    connection = psycopg.connect(address, autocommit=True, **cast("dict[str, Any]", manners))
    try:
        _must_be_utf8(connection)
        # each statement sees what others have committed by then, which the stretches need: as a server usually has it
        connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        connection.execute("SET client_encoding = 'UTF8'")
        # an acknowledgement is a promise: no less than this, whatever the server is set to, now or later
        connection.execute(
            "SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit') "
            "WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false)"
        )
        _make_tables(connection)
        connection.execute(_ARRIVING)
    except BaseException:
        connection.close()
        raise
    return connection


def _must_be_utf8(connection: Connection) -> None:
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise StoreError(f"PostgreSQL: wanted a database in UTF8, met {encoding}")


def _make_tables(connection: Connection) -> None:
    """What lacks only: a role that may not make tables can work with those there are."""
    if not _lacking(connection):
        return
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_MAKING_TABLES,))
        for statement in _lacking(connection):
            connection.execute(statement.encode())


def _lacking(connection: Connection) -> list[str]:
    rows = connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass('reading') AND attnum > 0 AND NOT attisdropped"
    )
    known = {name for (name,) in rows}
    statements = [] if known else [_READING]
    if known:  # from before readings had all of these
        statements += [
            f'ALTER TABLE reading ADD COLUMN "{name}" {_TYPES[kind]}'
            for name, kind in _KINDS.items()
            if name not in known
        ]
    if connection.execute("SELECT to_regclass('event')").fetchone() == (None,):
        statements.append(_EVENT)
    if connection.execute("SELECT to_regclass('unbroken')").fetchone() == (None,):
        statements += [stretches.OUTDATED, _UNBROKEN, stretches.FILL]
    if connection.execute("SELECT to_regclass('undated')").fetchone() == (None,):
        statements.append(dating.INDEX)
    if connection.execute("SELECT to_regclass('undated_event')").fetchone() == (None,):
        statements.append(dating.EVENT_INDEX)
    return statements


def _commit(connection: Connection, blocks: list[Received], events: list[tuple[object, ...]]) -> None:
    with connection.transaction(), connection.cursor() as cursor:
        if blocks:
            with cursor.copy(_COPY.encode()) as copy:
                copy.set_types(_IN_BINARY)
                for block in blocks:
                    for row in block.rows:
                        copy.write_row(row)
            cursor.execute(_INSERT.encode(), prepare=True)
            all_new = cursor.rowcount == sum(len(block.rows) for block in blocks)
            runs = stretches.touched(blocks, all_new=all_new)
            units = sorted({zlib.crc32(serial.encode()) - (1 << 31) for serial, *_ in runs})
            cursor.execute(_ALONE, (_MAKING_TABLES, units), prepare=True)
            of_each = [list(part) for part in zip(*runs, strict=True)]
            cursor.execute(stretches.FORGET_ALL.encode(), of_each, prepare=True)
            cursor.execute(stretches.FIND_ALL.encode(), of_each, prepare=True)
        if events:
            cursor.executemany(_INSERT_EVENT, events)


def _set(connection: Connection, readings: list[dating.DatedReading], events: list[dating.DatedEvent]) -> None:
    with connection.transaction(), connection.cursor() as cursor:
        if readings:
            cursor.executemany(dating.SET.replace("?", "%s").encode(), readings)
        if events:
            cursor.executemany(dating.SET_EVENT.replace("?", "%s").encode(), events)


def _sentence(why: psycopg.Error) -> str:
    """The server's in one line, or the library's."""
    return (why.diag.message_primary or str(why) or type(why).__name__).replace("\n", " ").strip()
