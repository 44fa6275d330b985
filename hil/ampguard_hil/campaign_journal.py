"""What a unit's journal holds, read from the file's format alone: the campaign must not trust the unit's own reader."""

from __future__ import annotations

import json
import sqlite3
import zlib
from contextlib import closing
from struct import Struct
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from ampguard import block

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    Key: TypeAlias = "tuple[str, int]"
    Body: TypeAlias = "Mapping[str, Any]"

ROWS, BLOCKS = 2, 3
"""Versions of the file: one row for each reading; blocks, and a hot part beside the file."""
_EVERY_SECOND = "1s"
_HOT_HEAD = Struct("<4sQII")
_HOT_MAGIC = b"AGH1"


class JournalError(Exception):
    """The journal cannot be read or holds what it must not; a sentence for people."""


def readings(journal: Path) -> dict[Key, Body]:
    """The readings of a second by boot and sequence, in the order of the journal. Raises JournalError."""
    # the hot part first: what becomes a block meanwhile is then in both
    hot = _hot_places(journal.with_name(journal.name + "-hot"))
    try:
        with closing(_opened(journal)) as database:
            database.execute("BEGIN")
            (version,) = database.execute("PRAGMA user_version").fetchone()
            match version:
                case int(number) if number == ROWS:
                    return _once(_rows(database))
                case int(number) if number == BLOCKS:
                    (name,) = database.execute("SELECT name FROM journal").fetchone()
                    blocks = _once(_blocks(database))
                    return blocks | {key: body for key, body in _hot(name, hot) if key not in blocks}
                case _:
                    raise JournalError(f"{journal}: version {version}: wanted {ROWS} or {BLOCKS}")
    except (sqlite3.Error, ValueError, KeyError, TypeError, zlib.error) as why:
        raise JournalError(f"{journal}: {why}") from why


def events(journal: Path) -> dict[Key, Body]:
    """The events by boot and number, as the unit noted them. Raises JournalError."""
    try:
        with closing(_opened(journal)) as database:
            return _once(_notes(database))
    except (sqlite3.Error, ValueError, KeyError, TypeError, zlib.error) as why:
        raise JournalError(f"{journal}: {why}") from why


def newest_run(journal: Path) -> str | None:
    """The boot of the newest reading of a second in the hot part; None where there is none."""
    content = _hot_places(journal.with_name(journal.name + "-hot"))
    if content is None:
        return None
    head = json.loads(content[4 : 4 + int.from_bytes(content[:4], "little")])
    return next((str(boot) for interval, boot, *_ in head["blocks"] if interval == _EVERY_SECOND), None)


def newest(journal: Path) -> Body | None:
    """The newest reading of a second; None where there is none. Raises JournalError."""
    hot = list(_hot(None, _hot_places(journal.with_name(journal.name + "-hot"))))
    if hot or not journal.is_file():
        return hot[-1][1] if hot else None
    statement = "SELECT body FROM block WHERE interval = ? ORDER BY last_position DESC LIMIT 1"
    try:
        with closing(_opened(journal)) as database:
            row = database.execute(statement, (_EVERY_SECOND,)).fetchone()
    except sqlite3.Error as why:
        raise JournalError(f"{journal}: {why}") from why
    return None if row is None else block.decoded(row[0])[-1]


def damage(database_file: Path) -> list[str]:
    """What SQLite finds wrong with a file, and what was set aside beside it as damaged."""
    found = [
        f"{one.name} was set aside" for one in sorted(database_file.parent.glob(f"{database_file.name}.damaged-*"))
    ]
    try:
        with closing(_opened(database_file)) as database:
            answers = [str(answer) for (answer,) in database.execute("PRAGMA integrity_check(5)")]
    except sqlite3.Error as why:
        answers = [str(why)]
    return [*found, *(f"{database_file.name}: {answer}" for answer in answers if answer != "ok")]


def _opened(database_file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{database_file.absolute().as_uri()}?mode=ro", uri=True, timeout=10.0)


def _once(found: Iterator[tuple[Key, Body]]) -> dict[Key, Body]:
    kept: dict[Key, Body] = {}
    for key, body in found:
        if key in kept:
            raise JournalError(f"boot {key[0]}, number {key[1]} is in the journal twice")
        kept[key] = body
    return kept


def _key(body: Body) -> Key:
    return str(body["boot"]), int(body["sequence"])


def _rows(database: sqlite3.Connection) -> Iterator[tuple[Key, Body]]:
    statement = "SELECT boot, sequence, body FROM reading WHERE interval = ? ORDER BY position"
    for boot, sequence, packed in database.execute(statement, (_EVERY_SECOND,)):
        body = json.loads(zlib.decompress(packed))
        if _key(body) != (boot, sequence):
            raise JournalError(f"the row of boot {boot}, reading {sequence} holds {_key(body)}")
        yield (boot, sequence), body


def _blocks(database: sqlite3.Connection) -> Iterator[tuple[Key, Body]]:
    statement = "SELECT boot, body FROM block WHERE interval = ? ORDER BY last_position"
    for boot, packed in database.execute(statement, (_EVERY_SECOND,)):
        for body in block.decoded(packed):
            if body["boot"] != boot:
                raise JournalError(f"a block of boot {boot} holds {_key(body)}")
            yield _key(body), body


def _notes(database: sqlite3.Connection) -> Iterator[tuple[Key, Body]]:
    for boot, packed in database.execute("SELECT boot, body FROM note WHERE kind = 'event' ORDER BY position"):
        body = json.loads(zlib.decompress(packed))
        if body["boot"] != boot:
            raise JournalError(f"a note of boot {boot} holds {_key(body)}")
        yield _key(body), body


def _hot_places(path: Path) -> bytes | None:
    """The newest whole content of the hot part's two places; None where there is none."""
    if not path.is_file():
        return None
    content = path.read_bytes()
    newest: tuple[int, bytes] = (0, b"")
    for place in (content[: len(content) // 2], content[len(content) // 2 :]):
        if len(place) < _HOT_HEAD.size:
            continue
        magic, number, length, checksum = _HOT_HEAD.unpack_from(place)
        body = place[_HOT_HEAD.size : _HOT_HEAD.size + length]
        whole = magic == _HOT_MAGIC and checksum == zlib.crc32(body, zlib.crc32(number.to_bytes(8, "little")))
        if whole and number > newest[0]:
            newest = number, body
    return newest[1] if newest[0] else None


def _hot(name: str | None, content: bytes | None) -> Iterator[tuple[Key, Body]]:
    """The readings of the open block; none where the hot part belongs to another journal than that of the name."""
    if content is None:
        return
    at = 4 + int.from_bytes(content[:4], "little")
    head = cast("dict[str, Any]", json.loads(content[4:at]))
    if name not in {None, head["journal"]}:
        return
    for interval, _boot, _first_position, size in head["blocks"]:
        if interval == _EVERY_SECOND:
            for body in block.decoded(content[at : at + size]):
                yield _key(body), body
        at += size
