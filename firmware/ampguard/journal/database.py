"""The journal's database as its writer has it: opened, asked, and changed as a whole or not at all."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any

from ampguard.errors import JournalFault
from ampguard.journal.schema import DATABASE_ERRORS, REPLACES, TABLES, VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def connected(path: Path, *, replaces: bool) -> tuple[sqlite3.Connection, bool]:
    """The database in a file, and whether it was made now; in one that replaces another the first commit says so.

    Raises what sqlite3 raises.
    """
    # whoever locks it longer costs readings: measuring waits as long
    database = sqlite3.connect(path, isolation_level=None, timeout=1.0, check_same_thread=False)
    try:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version not in {0, VERSION}:
            raise sqlite3.DatabaseError(f"a journal of version {version}, not {VERSION}")
        # blocks are of a few thousand bytes: large pages would be half empty
        database.execute("PRAGMA page_size = 1024")
        database.execute("PRAGMA auto_vacuum = INCREMENTAL")
        database.execute("PRAGMA journal_mode = WAL")
        # a commit is a minute's block: it is on the medium when it is done
        database.execute("PRAGMA synchronous = FULL")
        # it appends, and looks back at little: more pages would stay in memory for nothing, day by day up to 2 MB
        database.execute("PRAGMA cache_size = -256")
        is_new = version == 0
        # readers see all of it or nothing
        database.executescript(f"BEGIN; {TABLES} {REPLACES if is_new and replaces else ''} COMMIT;")
        database.execute(f"PRAGMA user_version = {VERSION}")
    except DATABASE_ERRORS:
        database.close()
        raise
    return database, is_new


def transact(database: sqlite3.Connection, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
    """All of it or nothing. Raises what sqlite3 raises."""
    try:
        database.execute("BEGIN")
        database.executemany(statement, rows)
        database.execute("COMMIT")
    except DATABASE_ERRORS:
        with contextlib.suppress(*DATABASE_ERRORS):
            database.execute("ROLLBACK")
        raise


def asked(database: sqlite3.Connection, path: Path, statement: str) -> list[Any]:
    """The rows that answer. Raises JournalFault, which names the file."""
    try:
        return database.execute(statement).fetchall()
    except DATABASE_ERRORS as why:
        raise JournalFault(f"{path}: cannot be read: {why}") from why


def used_bytes(database: sqlite3.Connection, path: Path) -> int:
    """What is in it, without what is free. Raises JournalFault."""
    pages, free, size = (
        int(asked(database, path, f"PRAGMA {what}")[0][0]) for what in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size
