"""Reading the journal from any process: read-only, from a position on."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ampguard.errors import JournalFault
from ampguard.journal.schema import DATABASE_ERRORS, decoded
from ampguard.readings import Interval

if TYPE_CHECKING:
    from pathlib import Path

    from ampguard.readings import Json


@dataclass(frozen=True, slots=True)
class StoredReading:
    """A reading with its place in the journal."""

    position: int
    boot: str
    sequence: int
    body: dict[str, Json] | None
    """None where the medium has damaged it."""


@dataclass(frozen=True, slots=True)
class StoredNote:
    """An event, a gap or a fault with its place in the journal."""

    position: int
    boot: str
    kind: str
    body: dict[str, Json] | None
    """None where the medium has damaged it."""


class JournalReader:
    """Opens the journal for each question: the writer may replace the file at any time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def readings(self, after: int, limit: int, interval: Interval = Interval.SECOND) -> list[StoredReading]:
        """The next readings behind a position, oldest first. Raises JournalFault."""
        rows = self._ask(
            "SELECT position, boot, sequence, CAST(body AS BLOB) FROM reading WHERE interval = ? AND position > ? "
            "ORDER BY position LIMIT ?",
            (interval.value, after, limit),
        )
        return [StoredReading(position, boot, sequence, decoded(body)) for position, boot, sequence, body in rows]

    def notes(self, after: int, limit: int, kind: str) -> list[StoredNote]:
        """The next notes of a kind behind a position, oldest first. Raises JournalFault."""
        rows = self._ask(
            "SELECT position, boot, kind, CAST(body AS BLOB) FROM note WHERE kind = ? AND position > ? "
            "ORDER BY position LIMIT ?",
            (kind, after, limit),
        )
        return [StoredNote(position, boot, kind, decoded(body)) for position, boot, kind, body in rows]

    def last_position(self, interval: Interval = Interval.SECOND) -> int:
        """The newest position, 0 where there is none. Raises JournalFault."""
        rows = self._ask("SELECT coalesce(max(position), 0) FROM reading WHERE interval = ?", (interval.value,))
        return int(rows[0][0])

    def name(self) -> str:
        """Which journal it is: positions in another one mean nothing here. Raises JournalFault."""
        rows = self._ask("SELECT name FROM journal", ())
        if not rows:
            raise JournalFault(f"{self._path}: a journal without a name")
        return str(rows[0][0])

    def _ask(self, statement: str, values: tuple[object, ...]) -> list[Any]:
        try:
            if not self._path.exists():
                raise JournalFault(f"{self._path}: there is no journal yet")
            database = sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True, timeout=2.0)
            try:
                return database.execute(statement, values).fetchall()
            finally:
                database.close()
        except (*DATABASE_ERRORS, OSError, OverflowError) as why:
            raise JournalFault(f"{self._path}: cannot be read: {why}") from why
