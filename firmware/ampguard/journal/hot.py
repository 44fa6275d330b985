"""The journal's hot part: what is not yet a block, in a small file that never grows.

Two places of one size. Each write replaces the content of one of them; a sync puts it on the medium and turns to the
other one, so that what was synced last is untouched until something newer is. A write reaches the kernel, so it
survives the end of the process; a power cut costs what was written since the last sync. Each place has a number and a
checksum: a torn one is told by it.
"""

from __future__ import annotations

import os
import threading
import zlib
from struct import Struct
from typing import TYPE_CHECKING

from ampguard.errors import JournalFault

if TYPE_CHECKING:
    from pathlib import Path

PLACE = 256 * 1024
"""Bytes of one place."""
_HEAD = Struct("<4sQII")
_MAGIC = b"AGH1"
_NOTHING, _TORN = (0, b""), (-1, b"")
_TRIES, _PAUSE_S = 50, 0.002
_PIECE = 4096


class HotFile:
    """The writer's side."""

    def __init__(self, path: Path) -> None:
        """Open or make it, with all its room. Raises JournalFault."""
        self._path = path
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            size = os.fstat(self._file).st_size
            if size < 2 * PLACE:
                # zeros and not a hole: later writes must neither need room nor change where the file lies; one by
                # one, as a kernel may keep in one piece what came in one piece, and all of it is dirty with any byte
                for start in range(size, 2 * PLACE, _PIECE):
                    os.pwrite(self._file, bytes(min(_PIECE, 2 * PLACE - start)), start)
                os.fsync(self._file)
            else:  # what an earlier process wrote last may not be on the medium; the other place is about to go
                os.fdatasync(self._file)
        except OSError as why:
            raise JournalFault(f"{path}: the journal's hot part cannot be opened: {why}") from why
        numbers = [_read(self._file, place)[0] for place in (0, 1)]
        self._number = max(numbers)
        self._place = numbers.index(min(numbers))

    def write(self, content: bytes) -> None:
        """Replace the content. Raises JournalFault."""
        if len(content) > PLACE - _HEAD.size:
            raise JournalFault(f"{self._path}: {len(content)} bytes are more than the hot part holds")
        self._number += 1
        head = _HEAD.pack(_MAGIC, self._number, len(content), _sum(self._number, content))
        try:
            os.pwrite(self._file, head + content, self._place * PLACE)
        except OSError as why:
            raise JournalFault(f"{self._path}: the hot part cannot be written: {why}") from why

    def sync(self) -> None:
        """Put the latest content on the medium. Raises JournalFault."""
        try:
            os.fdatasync(self._file)
        except OSError as why:
            raise JournalFault(f"{self._path}: the hot part cannot be synced: {why}") from why
        self._place = 1 - self._place

    def close(self) -> None:
        """Close."""
        os.close(self._file)


def content(path: Path) -> bytes | None:
    """The latest content that is whole; None where there is none.

    A place that is being written while it is read looks torn: it is read again, for a while.
    """
    found = _places(path)
    number, newest = (0, b"") if found is None else max(found)
    return newest if number > 0 else None


def durable(path: Path) -> bytes | None:
    """The content that a power cut leaves for certain: what was synced before the latest is; None where nothing was."""
    found = _places(path)
    number, older = (0, b"") if found is None else min(found)
    return older if number > 0 else None


def _places(path: Path) -> list[tuple[int, bytes]] | None:
    """Both places, each as `_read` has it; None where there is no file."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        never, tries = threading.Event(), _TRIES
        while _TORN in (places := [_read(file, place) for place in (0, 1)]) and tries:
            tries -= 1
            never.wait(_PAUSE_S)
    except OSError:
        return None
    finally:
        os.close(file)
    return places


def _read(file: int, place: int) -> tuple[int, bytes]:
    """Number and content of a place; number 0 where there is nothing yet, -1 where it is torn."""
    found = os.pread(file, PLACE, place * PLACE)
    if len(found) < _HEAD.size:
        return _NOTHING
    magic, number, length, checksum = _HEAD.unpack_from(found)
    if magic != _MAGIC or number == 0:
        return _NOTHING
    body = found[_HEAD.size : _HEAD.size + length]
    return (number, body) if len(body) == length and checksum == _sum(number, body) else _TORN


def _sum(number: int, body: bytes) -> int:
    return zlib.crc32(body, zlib.crc32(number.to_bytes(8, "little")))
