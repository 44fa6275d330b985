"""A campaign's store, asked in the SQL that both engines speak: past the cloud's own code, which is judged as well."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import psycopg

from ampguard_hil.campaign_journal import damage as damage_of_file
from ampguard_hil.cloud.store import StoreError, file_of, is_there

if TYPE_CHECKING:
    from pathlib import Path

_TIMEOUT_S = 30.0
_TABLES = """
SELECT relname, msg FROM pg_class, LATERAL verify_heapam(pg_class.oid)
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"""
# with each row of the table looked up in the index; it raises what it finds
_INDEXES = """
SELECT bt_index_check(indexrelid, true) FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
WHERE relam = (SELECT oid FROM pg_am WHERE amname = 'btree') AND relnamespace = 'public'::regnamespace"""


def select(store: str | Path, statement: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
    """The rows; `?` stands for a value. Raises StoreError."""
    address, file = str(store), file_of(store)
    try:
        if file is not None:
            with closing(sqlite3.connect(file, timeout=_TIMEOUT_S)) as database:
                return database.execute(statement, values).fetchall()
        with psycopg.connect(address) as connection:
            return connection.execute(statement.replace("?", "%s").encode(), values).fetchall()
    except (sqlite3.Error, psycopg.Error) as why:
        raise StoreError(f"{address}: {why}") from why


def stored_keys(store: str | Path) -> set[tuple[str, str, int]]:
    """Serial, boot and sequence of all readings of a second that the cloud has. Raises StoreError."""
    rows = select(store, "SELECT serial, boot, sequence FROM reading WHERE interval = '1s'") if is_there(store) else []
    return {(serial, boot, sequence) for serial, boot, sequence in rows}


def stored_events(store: str | Path) -> set[tuple[str, str, int]]:
    """Likewise of all events. Raises StoreError."""
    rows = select(store, "SELECT serial, boot, sequence FROM event") if is_there(store) else []
    return {(serial, boot, sequence) for serial, boot, sequence in rows}


def damage(store: str | Path, file: Path) -> list[str]:
    """What the engine itself finds wrong with its tables and indexes; `file`: where SQLite has them."""
    if not is_in_postgresql(store):
        return damage_of_file(file)
    try:
        with psycopg.connect(str(store), autocommit=True) as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS amcheck")
            connection.execute(_INDEXES).fetchall()
            return [f"table {name}: {what}" for name, what in connection.execute(_TABLES).fetchall()]
    except psycopg.Error as why:
        return [f"PostgreSQL's own check: {why}"]


def is_in_postgresql(store: str | Path) -> bool:
    """Whether it is no file. Raises StoreError."""
    return file_of(store) is None
