"""A time of day, afterwards, for readings of a unit whose clock was not set then.

The monotonic clock runs through a run of the system. So any reading of the same run of the meter that has a time of day
dates the others; and one of another run of the meter, if both tell that they were in the same run of the system. How
good the clock was at the time of the reading stays as the unit said it.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ampguard_hil.cloud.questions import Ask

INDEX = "CREATE INDEX IF NOT EXISTS undated ON reading (serial, boot) WHERE end_utc IS NULL"
OF_UNIT = "FROM reading WHERE serial = ? AND boot > '' AND interval || '' = ? AND end_utc IS NULL"
"""By that index, which begins with these two: the key, too, would have the interval, and lead through all readings."""
SET = (
    "UPDATE reading SET end_utc = ? WHERE serial = ? AND interval = ? AND boot = ? AND sequence = ? AND end_utc IS NULL"
)
"""To be given what `dated` yields."""
_RUNS = "SELECT DISTINCT serial, boot FROM reading WHERE end_utc IS NULL"
# a range of one boot: with an equality SQLite takes the key, and that goes through all readings of the unit
_ROWS = (
    "SELECT interval, sequence, monotonic_ns FROM reading WHERE serial = ? AND boot BETWEEN ? AND ? AND end_utc IS NULL"
)
_ANCHOR = (
    "SELECT end_utc, monotonic_ns FROM reading WHERE serial = ? AND boot = ? AND interval = '1s' "
    "AND end_utc IS NOT NULL AND monotonic_ns IS NOT NULL ORDER BY sequence LIMIT 1"
)
_STARTS = "SELECT boot, body FROM event WHERE serial = ? AND kind = 'start'"


def dated(ask: Ask) -> Iterator[tuple[str, str, str, str, int]]:
    """Time of day, serial, interval, boot and sequence of each reading that can be dated now."""
    for serial, boot in ask(_RUNS, ()):
        anchor = _anchor(ask, serial, boot)
        if anchor is None:
            continue
        utc, at_ns = anchor
        for interval, sequence, monotonic_ns in ask(_ROWS, (serial, boot, boot)):
            if monotonic_ns is not None:
                try:
                    moment = utc + timedelta(microseconds=(monotonic_ns - at_ns) / 1000)
                except OverflowError:  # a unit's own words: one unit's nonsense is no other unit's trouble
                    continue
                yield moment.isoformat(timespec="milliseconds"), serial, interval, boot, sequence


def _anchor(ask: Ask, serial: str, boot: str) -> tuple[datetime, int] | None:
    """A moment by both clocks: of the run itself, else of another one in the same run of the system."""
    systems = {of: system for of, body in ask(_STARTS, (serial,)) if (system := _system(body)) is not None}
    mine = systems.get(boot)
    others = [of for of, system in systems.items() if system == mine and of != boot]
    for one in (boot, *others):
        for utc, monotonic_ns in ask(_ANCHOR, (serial, one)):
            try:
                return datetime.fromisoformat(utc), monotonic_ns
            except ValueError:  # the unit's own words
                continue
    return None


def _system(body: str) -> str | None:
    match json.loads(body):
        case {"event": {"kernel_boot": str(system)}}:
            return system
        case _:
            return None
