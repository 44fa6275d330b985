"""The store of the reference cloud: every reading once, whoever brings it how often; SQLite."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from ampguard.block import DamagedBlockError, columns
from ampguard_hil.cloud.columns import NAMES, PATHS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from ampguard.readings import Json

    Row: TypeAlias = "tuple[Json, ...]"

_TABLES = f"""
CREATE TABLE IF NOT EXISTS reading (
    serial TEXT NOT NULL, interval TEXT NOT NULL, boot TEXT NOT NULL, sequence INTEGER NOT NULL,
    end_utc TEXT, quality TEXT NOT NULL, {", ".join(NAMES)},
    PRIMARY KEY (serial, interval, boot, sequence)
) WITHOUT ROWID;
"""
_INSERT = (
    f"INSERT OR IGNORE INTO reading (serial, interval, boot, sequence, end_utc, quality, {', '.join(NAMES)}) "  # noqa: S608 - names are ours
    f"VALUES ({', '.join('?' * (len(NAMES) + 6))})"
)


class RefusedBlockError(ValueError):
    """A block that is none, or none of that unit's readings: it will never be one."""


@dataclass(frozen=True, slots=True)
class Received:
    """A block as it is to be stored and acknowledged."""

    serial: str
    boot: str
    first_sequence: int
    last_sequence: int
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class BootReport:
    """What the store has of one run of one meter."""

    boot: str
    first_utc: str | None
    last_utc: str | None
    readings: int
    missing: tuple[tuple[int, int], ...]
    """First and last sequence number of each hole up to the last reading that came."""


def received(serial: str, block: bytes) -> Received:
    """Open a unit's block. Raises RefusedBlockError."""
    try:
        found = columns(block)
        names = [found[key] for key in ("interval", "boot", "sequence", "end_utc", "quality")]
        rest = [found.get(path) or [None] * len(names[0]) for path in PATHS]
        interval, boot, sequence, end_utc, quality = names
        if len(set(boot)) != 1 or not all(type(one) is int and one > 0 for one in sequence):
            raise RefusedBlockError("a block holds readings of one boot, each with its number")
        marks = [json.dumps(one) for one in quality]
        rows = list(zip([serial] * len(boot), interval, boot, sequence, end_utc, marks, *rest, strict=True))
        return Received(serial, str(boot[0]), _whole(sequence[0]), _whole(sequence[-1]), rows)
    except (DamagedBlockError, KeyError, IndexError, TypeError, ValueError) as why:
        raise RefusedBlockError(f"no block of readings: {why}") from why


class Store:
    """Used by one thread."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None, timeout=30.0)
        self._database.execute("PRAGMA journal_mode = WAL")
        # an acknowledgement is a promise: the commit is on the medium before it is given
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.executescript(_TABLES)

    def commit(self, blocks: Iterable[Received]) -> None:
        """Store all of these for good; what is known already is left as it is. Raises sqlite3.Error: none is stored."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            for block in blocks:
                self._database.executemany(_INSERT, block.rows)
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def serials(self) -> list[str]:
        """All units that ever sent something."""
        return [serial for (serial,) in self._database.execute("SELECT DISTINCT serial FROM reading ORDER BY serial")]

    def completeness(self, serial: str, interval: str = "1s") -> list[BootReport]:
        """Boot by boot, in the order of their time, what is there and what is not."""
        boots = self._database.execute(
            "SELECT boot, min(end_utc), max(end_utc), count(*), max(sequence) FROM reading "
            "WHERE serial = ? AND interval = ? GROUP BY boot ORDER BY min(monotonic_ns), min(end_utc)",
            (serial, interval),
        ).fetchall()
        return [
            BootReport(boot, first, last, count, () if count == highest else self._holes(serial, interval, boot))
            for boot, first, last, count, highest in boots
        ]

    def _holes(self, serial: str, interval: str, boot: str) -> tuple[tuple[int, int], ...]:
        rows = self._database.execute(
            "SELECT before + 1, sequence - 1 FROM ("
            "SELECT sequence, lag(sequence, 1, 0) OVER (ORDER BY sequence) AS before FROM reading "
            "WHERE serial = ? AND interval = ? AND boot = ?) WHERE sequence > before + 1",
            (serial, interval, boot),
        )
        return tuple((first, last) for first, last in rows)

    def close(self) -> None:
        """Close."""
        self._database.close()


def _whole(value: Json) -> int:
    if type(value) is not int:
        raise RefusedBlockError("a number that is none")
    return value


def summary(serial: str, boots: Sequence[BootReport]) -> str:
    """The report of one unit for people."""
    lines = [f"{serial}: {sum(boot.readings for boot in boots)} readings committed, runs of the meter: {len(boots)}"]
    for boot in boots:
        holes = ", ".join(f"{first}-{last}" for first, last in boot.missing)
        lines.append(
            f"  {boot.boot}  {boot.first_utc or '?'} .. {boot.last_utc or '?'}  {boot.readings} readings, "
            + (f"MISSING {holes}" if holes else "none missing")
        )
    return "\n".join(lines)
