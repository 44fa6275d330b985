"""A time of day, afterwards, for readings and events of a unit whose clock was not set then.

The monotonic clock runs through a run of the system. So any reading of the same run of the meter that has a time of day
dates the others; and one of another run of the meter, if both tell that they were in the same run of the system. How
good the clock was at the time of the reading stays as the unit said it.

A clock that is set stays set as long as the meter runs: where the newest reading of a run has no time of day, none has.
So nothing is looked for there, however long the run is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

from ampguard_hil.cloud.arrived import EARLIEST_YEAR, LATEST_YEAR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ampguard_hil.cloud.arrived import Received, ReceivedEvent
    from ampguard_hil.cloud.questions import Ask

    DatedReading: TypeAlias = "tuple[str, str, str, str, int]"
    """Time of day, serial, interval, boot and sequence."""
    DatedEvent: TypeAlias = "tuple[str, str, str, int]"
    """Time of day, serial, boot and sequence."""
    Write: TypeAlias = "Callable[[list[DatedReading], list[DatedEvent]], object]"

DATE_EVERY_S = 30.0
"""How often whoever stores should look whether anything can be dated."""
UNFORESEEN = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What data that nobody thought of may cause: it must keep nobody else's from being stored."""
AT_ONCE = 1000
"""Readings and events that get a time of day in one go: what is to be stored waits no longer than this takes."""
LOOKED_AT_ONCE = 100
"""Runs of meters that are looked at in one go, for what dates them."""
INDEX = "CREATE INDEX IF NOT EXISTS undated ON reading (serial, boot) WHERE end_utc IS NULL"
EVENT_INDEX = "CREATE INDEX IF NOT EXISTS undated_event ON event (serial, boot) WHERE utc IS NULL"
OF_UNIT = "FROM reading WHERE serial = ? AND boot > '' AND interval || '' = ? AND end_utc IS NULL"
"""By that index, which begins with these two: the key, too, would have the interval, and lead through all readings."""
SET = (
    "UPDATE reading SET end_utc = ? WHERE serial = ? AND interval = ? AND boot = ? AND sequence = ? AND end_utc IS NULL"
)
SET_EVENT = "UPDATE event SET utc = ? WHERE serial = ? AND boot = ? AND sequence = ? AND utc IS NULL"
_UNITS = "SELECT DISTINCT serial FROM reading WHERE end_utc IS NULL UNION SELECT serial FROM event WHERE utc IS NULL"
# from one boot to the next along the index, and not through all that is undated
_BOOTS = """
WITH RECURSIVE met (boot) AS (
    SELECT min(boot) FROM reading WHERE serial = ? AND boot > '' AND end_utc IS NULL
    UNION ALL
    SELECT (SELECT min(boot) FROM reading WHERE serial = ? AND reading.boot > met.boot AND end_utc IS NULL)
    FROM met WHERE met.boot IS NOT NULL)
SELECT boot FROM met WHERE boot IS NOT NULL UNION SELECT boot FROM event WHERE serial = ? AND utc IS NULL ORDER BY 1"""
# a range of one boot: with an equality SQLite takes the key, and that goes through all readings of the unit
_ROWS = (
    "SELECT interval, sequence, monotonic_ns FROM reading WHERE serial = ? AND boot BETWEEN ? AND ? "
    "AND end_utc IS NULL AND monotonic_ns IS NOT NULL LIMIT ?"
)
_EVENT_ROWS = (
    "SELECT sequence, monotonic_ns FROM event WHERE serial = ? AND boot = ? "
    "AND utc IS NULL AND monotonic_ns IS NOT NULL LIMIT ?"
)
_OF_RUN = "FROM reading WHERE serial = ? AND boot = ? AND interval = '1s'"
_NEWEST = f"SELECT end_utc {_OF_RUN} ORDER BY sequence DESC LIMIT 1"
_ANCHOR = (
    f"SELECT end_utc, monotonic_ns {_OF_RUN} "
    "AND end_utc IS NOT NULL AND monotonic_ns IS NOT NULL ORDER BY sequence LIMIT 1"
)
_STARTS = "SELECT boot, body FROM event WHERE serial = ? AND kind = 'start'"
_INTERVAL, _END_UTC = 1, 4
"""Where they are in a row."""


@dataclass(frozen=True, slots=True)
class _Run:
    """A run of the meter that can be dated, and a moment by both clocks."""

    serial: str
    boot: str
    utc: datetime
    at_ns: int

    def moment(self, monotonic_ns: int) -> str:
        return (self.utc + timedelta(microseconds=(monotonic_ns - self.at_ns) / 1000)).isoformat(
            timespec="milliseconds"
        )


class Dating:
    """What may be dated now: of units only of which something came since that may change it.

    Each process dates what it brought itself, and that once it is stored: whoever stores the last of what is wanted
    for it finds the rest stored. What was left from before is found when the first of them starts.
    """

    def __init__(self) -> None:
        self._units: set[str] | None = None
        """None: all that there are."""
        self._looking: Iterator[_Run | None] | None = None
        """At the runs of a unit; None: at none."""
        self._run: _Run | None = None
        """Whose readings and events are under way."""
        self._knows_time: dict[str, str] = {}
        """Of each unit the run of the meter that last brought a time of day."""

    def came(self, blocks: Iterable[Received], events: Iterable[ReceivedEvent]) -> None:
        """These are stored now."""
        units = {one.serial for one in events if one.utc is None or one.kind == "start"}
        for block in blocks:
            ends = [row[_END_UTC] for row in block.rows if row[_INTERVAL] == "1s"]
            dates = any(end is not None for end in ends) and self._knows_time.get(block.serial) != block.boot
            if dates:
                self._knows_time[block.serial] = block.boot
            if dates or any(row[_END_UTC] is None for row in block.rows):
                units.add(block.serial)
        if self._units is not None:
            self._units |= units

    def some(self, ask: Ask, write: Write) -> int | None:
        """Have some of it written: how much; None where there is nothing to do. Raises what these two raise."""
        try:
            readings, events = self._found(ask)
            if readings or events:
                # in one order everywhere: two that date the same wait for each other, and not each for the other
                write(sorted(readings, key=lambda one: one[1:]), sorted(events, key=lambda one: one[1:]))
        except BaseException:
            self._units, self._looking, self._run = None, None, None  # what was under way is looked for anew
            raise
        count = len(readings) + len(events)
        return count if count or self._units or self._looking or self._run else None

    def _found(self, ask: Ask) -> tuple[list[DatedReading], list[DatedEvent]]:
        if self._units is None:
            self._units = {serial for (serial,) in ask(_UNITS, ())}
        readings: list[DatedReading] = []
        events: list[DatedEvent] = []
        looked_at = 0
        while (room := AT_ONCE - len(readings) - len(events)) > 0:
            if self._run is not None:
                run = self._run
                rows = ask(_ROWS, (run.serial, run.boot, run.boot, room))
                readings += [(run.moment(at_ns), run.serial, of, run.boot, number) for of, number, at_ns in rows]
                happened = ask(_EVENT_ROWS, (run.serial, run.boot, room - len(rows)))
                events += [(run.moment(at_ns), run.serial, run.boot, number) for number, at_ns in happened]
                if len(rows) + len(happened) < room:
                    self._run = None
            elif looked_at == LOOKED_AT_ONCE:
                break
            elif self._looking is not None:
                looked_at += 1
                try:
                    self._run = next(self._looking)
                except StopIteration:
                    self._looking = None
            elif self._units:
                self._looking = _datable(ask, self._units.pop())
            else:
                break
        return readings, events


def _datable(ask: Ask, serial: str) -> Iterator[_Run | None]:
    """A unit's runs in which something has no time of day, and can get one; None after each look at a run."""
    boots = [boot for (boot,) in ask(_BOOTS, (serial,) * 3)]
    if not boots:
        return
    systems = {of: system for of, body in ask(_STARTS, (serial,)) if (system := _system(body)) is not None}
    runs_of: dict[str, list[str]] = {}
    for of, system in systems.items():
        runs_of.setdefault(system, []).append(of)
    known: dict[str, tuple[datetime, int] | None] = {}  # once for each run of the system, however many of the meter
    for boot in boots:
        found = _anchor(ask, serial, boot)
        yield None
        mine = systems.get(boot)
        if found is None and mine is not None:
            if mine not in known:
                for of in runs_of[mine]:
                    known[mine] = _anchor(ask, serial, of)
                    yield None
                    if known[mine] is not None:
                        break
            found = known[mine]
        if found is not None:
            yield _Run(serial, boot, *found)


def _anchor(ask: Ask, serial: str, boot: str) -> tuple[datetime, int] | None:
    """A moment of that run by both clocks."""
    if not any(end_utc is not None for (end_utc,) in ask(_NEWEST, (serial, boot))):
        return None
    for end_utc, monotonic_ns in ask(_ANCHOR, (serial, boot)):
        try:
            utc = datetime.fromisoformat(end_utc)
        except ValueError:  # the unit's own words, of before they were looked at
            continue
        if EARLIEST_YEAR <= utc.year <= LATEST_YEAR:  # so that 64 bits of nanoseconds lead beyond no calendar
            return utc, monotonic_ns
    return None


def _system(body: str) -> str | None:
    try:
        content: object = json.loads(body)
    except (ValueError, RecursionError):  # of before it was looked at how deep a unit's words go
        return None
    match content:
        case {"event": {"kernel_boot": str(system)}}:
            return system
        case _:
            return None
