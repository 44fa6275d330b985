"""The journal's tables: SQLite in WAL mode, one file, one writer, many readers; and what its hot part holds.

Readings are kept in blocks (`ampguard.block`) of one interval and one boot. Each reading has a position, which rises
within its interval for ever, by one within a block and over restarts by more: what a reader's cursor holds. A reading
is in the hot part until its block is sealed; for a moment it may be in both.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from ampguard.block import DamagedBlockError, decoded, encoded
from ampguard.readings import Interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ampguard.readings import Json

VERSION = 3
"""A file of another version is set aside like a damaged one: nothing of it is touched."""
DATABASE_ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""The second comes out of sqlite3 where its message quotes a damaged name."""
TABLES = """
CREATE TABLE IF NOT EXISTS journal (
    name TEXT NOT NULL                           -- this file's own: positions of another one mean nothing here
);
INSERT INTO journal SELECT lower(hex(randomblob(8))) WHERE NOT EXISTS (SELECT 1 FROM journal);
CREATE TABLE IF NOT EXISTS block (
    interval TEXT NOT NULL,
    first_position INTEGER NOT NULL,
    last_position INTEGER NOT NULL,
    boot TEXT NOT NULL,
    first_sequence INTEGER NOT NULL,
    last_sequence INTEGER NOT NULL,
    body BLOB NOT NULL,                          -- the readings (ampguard.block)
    PRIMARY KEY (interval, last_position)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS note (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    boot TEXT NOT NULL,
    kind TEXT NOT NULL,                          -- "event", "run", "fault", "chip"
    body BLOB NOT NULL                           -- what happened as JSON, compressed
);
CREATE INDEX IF NOT EXISTS note_by_kind ON note (kind, position);
"""


@dataclass(slots=True)
class OpenBlock:
    """Readings of one interval and one boot that are not sealed yet."""

    boot: str
    first_position: int
    bodies: list[Mapping[str, Json]]

    @property
    def last_position(self) -> int:
        """Of its last reading."""
        return self.first_position + len(self.bodies) - 1

    def row(self, interval: Interval, start: int, most: int) -> tuple[object, ...]:
        """The row of the table `block` of so many of them at most, from an index on."""
        bodies = self.bodies[start : start + most]
        first, last = (one.get("sequence") for one in (bodies[0], bodies[-1]))
        position = self.first_position + start
        return interval.value, position, position + len(bodies) - 1, self.boot, first, last, encoded(bodies)


def packed(name: str, blocks: Mapping[Interval, tuple[OpenBlock, bytes]]) -> bytes:
    """The hot part of the journal of that name; each open block with its encoded form."""
    heads: list[Json] = []
    parts: list[bytes] = []
    for interval, (block, body) in blocks.items():
        heads.append([interval.value, block.boot, block.first_position, len(body)])
        parts.append(body)
    head = json.dumps({"journal": name, "blocks": heads}).encode()
    return len(head).to_bytes(4, "little") + head + b"".join(parts)


def unpacked(name: str | None, content: bytes | None) -> dict[Interval, OpenBlock]:
    """The open blocks in a hot part; none where it belongs to another journal (None: to any) or says nothing."""
    if content is None:
        return {}
    length = int.from_bytes(content[:4], "little")
    found: dict[Interval, OpenBlock] = {}
    try:
        head = json.loads(content[4 : 4 + length])
        if name is not None and head["journal"] != name:
            return {}
        at = 4 + length
        for interval, boot, first_position, size in head["blocks"]:
            bodies = cast("Sequence[Mapping[str, Json]]", decoded(content[at : at + size]))
            found[Interval(interval)] = OpenBlock(boot, first_position, list(bodies))
            at += size
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return found


def encoded_note(body: Json) -> bytes:
    """The form in which an event, a gap or a fault is kept."""
    return zlib.compress(json.dumps(body, separators=(",", ":"), allow_nan=False).encode())


def decoded_note(body: bytes | None) -> dict[str, Json] | None:
    """What a note says; None where the medium has damaged it, so that the others can still be read."""
    try:
        content = None if body is None else json.loads(zlib.decompress(body))
    except (ValueError, RecursionError, zlib.error):
        return None
    return cast("dict[str, Json]", content) if isinstance(content, dict) else None


def encoded_block(bodies: Iterable[Mapping[str, Json]]) -> bytes:
    """The form in which readings are kept."""
    return encoded(list(bodies))


def decoded_block(body: bytes | None) -> list[dict[str, Json]] | None:
    """The readings of a block; None where the medium has damaged it."""
    try:
        return None if body is None else decoded(body)
    except DamagedBlockError:
        return None
