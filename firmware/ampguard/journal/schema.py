"""The journal's tables: SQLite in WAL mode, one file, one writer, many readers; and what its hot part holds.

Readings are kept in blocks (`ampguard.block`) of one interval and one boot. Each reading has a position, which rises
within its interval for ever, by one within a block and over restarts by more: what a reader's cursor holds. A reading
is in the hot part until its block is sealed; for a moment it may be in both.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from typing import TYPE_CHECKING, Any, cast

from ampguard.block import DamagedBlockError, bodies, columns, decoded, encoded_columns, flattened
from ampguard.readings import Interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
    kind TEXT NOT NULL,                          -- "event", "run", "fault", "chip", "replaced"
    body BLOB NOT NULL                           -- what happened as JSON, compressed
);
CREATE INDEX IF NOT EXISTS note_by_kind ON note (kind, position);
"""
SEAL = (
    "INSERT OR REPLACE INTO block (interval, first_position, last_position, boot, first_sequence, last_sequence, body) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)"
)
"""An `OpenBlock.row`. By name: software that was tried and not kept may have added columns."""
REPLACES = "INSERT INTO note (boot, kind, body) VALUES ('', 'replaced', x'');"
"""In a file that replaces a lost one, until what that cost is told."""


class OpenBlock:
    """Readings of one interval and one boot that are not sealed yet, column by column."""

    def __init__(self, boot: str, first_position: int, fields: Mapping[str, Sequence[Json]] | None = None) -> None:
        self.boot = boot
        self.first_position = first_position
        self._fields: dict[str, list[Json]] = {}
        if fields is not None:
            self._fields = {path: list(values) for path, values in fields.items()}

    def __len__(self) -> int:
        """How many readings it has."""
        return len(next(iter(self._fields.values()), ()))

    @property
    def last_position(self) -> int:
        """Of its last reading."""
        return self.first_position + len(self) - 1

    def append(self, body: Mapping[str, Json]) -> None:
        """The next reading. ValueError where it has other fields than those before it."""
        flat = flattened(body)
        if not self._fields:
            self._fields = {path: [] for path in flat}
        if flat.keys() != self._fields.keys():
            raise ValueError("readings of one block have the same fields")
        for path, value in flat.items():
            self._fields[path].append(value)

    def bodies(self) -> list[dict[str, Json]]:
        """The readings in their JSON form."""
        return bodies(self._fields)

    def since(self, position: int) -> Mapping[str, Sequence[Json]]:
        """The values of each field of its readings from a position on."""
        return self._part(max(0, position - self.first_position), len(self))

    def latest(self) -> dict[str, Json]:
        """Its last reading."""
        return bodies(self._part(len(self) - 1, 1))[0]

    def encoded(self) -> bytes:
        """All of it as a block."""
        return encoded_columns(self._fields)

    def row(self, interval: Interval, start: int, most: int) -> tuple[object, ...]:
        """The row of the table `block` of so many of them at most, from an index on."""
        fields = self._part(start, most)
        sequences = fields.get("sequence", (None,))
        position = self.first_position + start
        last_position = min(position + most - 1, self.last_position)
        content = encoded_columns(fields)
        return interval.value, position, last_position, self.boot, sequences[0], sequences[-1], content

    def _part(self, start: int, most: int) -> dict[str, list[Json]]:
        return {path: values[start : start + most] for path, values in self._fields.items()}


def packed(name: str, blocks: Mapping[Interval, tuple[OpenBlock, bytes]]) -> bytes:
    """The hot part of the journal of that name; each open block with its encoded form."""
    heads: list[Json] = []
    parts: list[bytes] = []
    for interval, (block, body) in blocks.items():
        heads.append([interval.value, block.boot, block.first_position, len(body)])
        parts.append(body)
    head = json.dumps({"journal": name, "blocks": heads}).encode()
    return len(head).to_bytes(4, "little") + head + b"".join(parts)


def owner(content: bytes | None) -> str | None:
    """Which journal a hot part belongs to; None where it does not say."""
    try:
        return None if content is None else str(_head(content)[0]["journal"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def unpacked(name: str | None, content: bytes | None) -> dict[Interval, OpenBlock]:
    """The open blocks in a hot part; none where it belongs to another journal (None: to any) or says nothing."""
    if content is None:
        return {}
    found: dict[Interval, OpenBlock] = {}
    try:
        head, at = _head(content)
        if name is not None and head["journal"] != name:
            return {}
        for interval, boot, first_position, size in head["blocks"]:
            found[Interval(interval)] = OpenBlock(boot, first_position, columns(content[at : at + size]))
            at += size
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return found


def _head(content: bytes) -> tuple[Any, int]:
    """The head of a hot part, and where it ends. Raises what a damaged one raises."""
    end = 4 + int.from_bytes(content[:4], "little")
    return json.loads(content[4:end]), end


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


def decoded_block(body: bytes | None) -> list[dict[str, Json]] | None:
    """The readings of a block; None where the medium has damaged it."""
    try:
        return None if body is None else decoded(body)
    except DamagedBlockError:
        return None
