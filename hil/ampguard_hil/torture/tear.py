"""The ends of a journal's files after a write that was not finished. What had been synced is never touched."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

_HOT_HEAD = Struct("<4sQII")
_SYNCED_AFTER = 7
"""Writes of the hot part: fewer since the other place was synced, and this one has not been yet."""
_FRAME = 1024 + 24
"""Of the write-ahead log: a page with its head."""


def torn(journal: Path, chance: Random) -> None:
    """A part of a frame ends the write-ahead log; the hot part's newest place, where it was not synced, is torn."""
    _tear_log(journal.with_name(journal.name + "-wal"), chance)
    _tear_hot(journal.with_name(journal.name + "-hot"), chance)


def _tear_log(log: Path, chance: Random) -> None:
    if log.is_file():
        with log.open("ab") as file:
            file.write(chance.randbytes(chance.randrange(1, _FRAME)))


def _tear_hot(hot: Path, chance: Random) -> None:
    if not hot.is_file():
        return
    content = bytearray(hot.read_bytes())
    half = len(content) // 2
    heads = [_HOT_HEAD.unpack_from(content, at) for at in (0, half)]
    (_, number, length, _), at = max(zip(heads, (0, half), strict=True), key=lambda one: one[0][1])
    if not 0 < number - min(head[1] for head in heads) < _SYNCED_AFTER or length == 0:
        return
    begin = at + _HOT_HEAD.size + chance.randrange(length)
    end = at + _HOT_HEAD.size + length
    content[begin:end] = chance.randbytes(end - begin)
    hot.write_bytes(content)
