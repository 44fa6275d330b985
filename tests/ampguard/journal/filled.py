"""A journal with readings of a test's own moments, in blocks as it likes."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.ampguard.journal.made import reading

from ampguard.journal.database import connected, transact
from ampguard.journal.moments import LENGTH_S
from ampguard.journal.schema import OpenBlock
from ampguard.phases import Phases
from ampguard.readings import NO_ENERGY, Interval, as_json, recorded

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ampguard.readings import Reading

BEGIN_S = 1_790_000_000.0
"""A whole number of quarters of an hour since 1970, but for 800 s."""


def at(
    sequence: int,
    end_s: float | None,
    interval: Interval = Interval.SECOND,
    *,
    current_rms_a: float | None = None,
    wh: float = 0.0,
) -> Reading:
    """A reading that ended then; None: nobody had set the clock."""
    utc = None if end_s is None else datetime.fromtimestamp(end_s, UTC).isoformat(timespec="milliseconds")
    return recorded(
        replace(
            reading(sequence, interval=interval, seconds=LENGTH_S[interval]),
            end_utc=utc,
            current_rms_a=Phases(current_rms_a, None, None),
            energy=replace(NO_ENERGY, total_import_wh=wh),
        )
    )


def filled(path: Path, blocks: Sequence[Sequence[Reading]]) -> None:
    """Make it, or put them behind what it has; each block's readings are of one interval."""
    database, _ = connected(path, replaces=False)
    database.execute("PRAGMA synchronous = OFF")
    with closing(database):
        ((last,),) = database.execute("SELECT coalesce(max(last_position), 0) FROM block").fetchall()
        rows = []
        for block in blocks:
            sealed = OpenBlock(block[0].boot, last + 1)
            for one in block:
                body = as_json(one)
                assert isinstance(body, dict)
                sealed.append(body)
            last = sealed.last_position + 7
            rows.append(sealed.row(block[0].interval, 0, len(block)))
        transact(database, "INSERT INTO block VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


def spoiled_body(path: Path, number: int) -> None:
    """The medium has damaged the block of that number."""
    database, _ = connected(path, replaces=False)
    with closing(database):
        positions = [one for (one,) in database.execute("SELECT last_position FROM block ORDER BY last_position")]
        rows = [(b"\x00" * 40, positions[number])]
        transact(database, "UPDATE block SET body = ? WHERE last_position = ?", rows)
