"""A damaged journal: how it is told, and where it is put."""

from __future__ import annotations

import glob
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard.journal.schema import DATABASE_ERRORS

if TYPE_CHECKING:
    from pathlib import Path

KEPT_DAMAGED = 2
_DAMAGED = frozenset((sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB))
_BASIC_CODE = 0xFF


@dataclass(frozen=True, slots=True)
class Damage:
    """What is wrong with a journal."""

    file: int
    """Its inode: under its name there may be another one by now."""
    sentence: str


def is_damage(why: Exception) -> bool:
    """Whether an error says that the file itself is wrong, and not that there is no room, right or time."""
    code: int | None = getattr(why, "sqlite_errorcode", None)
    return isinstance(why, UnicodeDecodeError) or (code is not None and code & _BASIC_CODE in _DAMAGED)


def checked(path: Path) -> str | None:
    """What is wrong in a file, looked through by a connection of its own; None: nothing, or it cannot be read."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5.0)) as database:
            found = str(database.execute("PRAGMA quick_check(1)").fetchone()[0])
    except DATABASE_ERRORS as why:
        return str(why) if is_damage(why) else None
    return None if found == "ok" else found


def set_aside(path: Path) -> Path:
    """Move a file that is no journal, with its companions, out of the way; of those moved before, the newest stays."""
    known = sorted(
        int(number)
        for one in path.parent.glob(f"{glob.escape(path.name)}.damaged-*")
        if (number := one.name.rpartition("-")[2]).isdecimal()
    )
    for old in known[: max(0, len(known) + 1 - KEPT_DAMAGED)]:
        for suffix in ("-wal", "-shm", ""):
            path.with_name(f"{path.name}.damaged-{old}{suffix}").unlink(missing_ok=True)
    target = path.with_name(f"{path.name}.damaged-{known[-1] + 1 if known else 1}")
    # the file last: an old log beside a new journal, after a power cut in between, would be played into it
    for suffix in ("-wal", "-shm", ""):
        companion = path.with_name(path.name + suffix)
        if companion.exists():
            companion.rename(target.with_name(target.name + suffix))
    return target
