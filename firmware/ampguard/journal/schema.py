"""The journal's tables: SQLite in WAL mode, one file, one writer, many readers."""

from __future__ import annotations

import json
import sqlite3
import zlib
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from ampguard.readings import Json

VERSION = 2
"""A file of another version is set aside like a damaged one: nothing of it is touched."""
DATABASE_ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""The second comes out of sqlite3 where its message quotes a damaged name."""
TABLES = """
CREATE TABLE IF NOT EXISTS reading (
    position INTEGER PRIMARY KEY AUTOINCREMENT,  -- rises for ever, over restarts: what a reader's cursor holds
    interval TEXT NOT NULL,
    boot TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    body BLOB NOT NULL,                          -- the reading as JSON, compressed
    UNIQUE (interval, boot, sequence)
);
CREATE INDEX IF NOT EXISTS reading_by_interval ON reading (interval, position);
CREATE TABLE IF NOT EXISTS journal (
    name TEXT NOT NULL                           -- this file's own: positions of another one mean nothing here
);
INSERT INTO journal SELECT lower(hex(randomblob(8))) WHERE NOT EXISTS (SELECT 1 FROM journal);
CREATE TABLE IF NOT EXISTS note (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    boot TEXT NOT NULL,
    kind TEXT NOT NULL,                          -- "event", "gap", "fault", "chip"
    body BLOB NOT NULL                           -- what happened as JSON, compressed
);
CREATE INDEX IF NOT EXISTS note_by_kind ON note (kind, position);
"""


def encoded(body: Json) -> bytes:
    """The form in which a record is kept: a reading of 2.1 KB takes 0.9 KB."""
    return zlib.compress(json.dumps(body, separators=(",", ":"), allow_nan=False).encode())


def decoded(body: bytes | None) -> dict[str, Json] | None:
    """The JSON object of a record; None where the medium has damaged it, so that the others can still be read."""
    try:
        content = None if body is None else json.loads(zlib.decompress(body))
    except (ValueError, RecursionError, zlib.error):
        return None
    return cast("dict[str, Json]", content) if isinstance(content, dict) else None
