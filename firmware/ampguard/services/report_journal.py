"""What the journal says for a commissioning report: the newest reading, the last day, earlier verdicts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ampguard.readings import Interval
from ampguard.report import facts, left

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard.journal.reader import JournalReader
    from ampguard.readings import Json

_TRACES = ((Interval.MINUTES_10, 600.0, 144), (Interval.MINUTE, 60.0, 180))
"""Intervals of a trace with how many of them are read: a day in tens of minutes or, where that is too few, hours."""
_FEWEST_POINTS = 12
_MOST_CONDITIONS = 10
_EVENTS_BACK = 2000
_DAY = timedelta(days=1)


def newest(journal: JournalReader) -> Mapping[str, Json]:
    """The newest reading of a second; empty where there is none. Raises JournalFault."""
    found = journal.readings(journal.last_position() - 1, 1)
    return (found[0].body or {}) if found else {}


def conditions(journal: JournalReader) -> tuple[facts.Condition, ...]:
    """What the wiring was found to be, newest last. Raises JournalFault."""
    found: list[facts.Condition] = []
    for note in journal.newest_notes(_EVENTS_BACK, "event"):
        body = left.table(note.body)
        if body.get("kind") == "wiring" and (
            one := left.condition(body.get("event"), left.text(body.get("start_utc"), 40))
        ):
            found.append(one)
    return tuple(found[-_MOST_CONDITIONS:])


def trace(journal: JournalReader) -> facts.Trace | None:
    """Power over the last day; None where there is too little. Raises JournalFault."""
    for interval, interval_s, most in _TRACES:
        stored = journal.readings(journal.last_position(interval) - most, most, interval)
        points = sorted((one for kept in stored if (one := left.point(kept.body)) is not None), key=_moment)
        points = [one for one in points if _moment(one) > _moment(points[-1]) - _DAY]
        if len(points) >= _FEWEST_POINTS:
            return facts.Trace(interval_s=interval_s, points=tuple(points))
    return None


def _moment(point: facts.Point) -> datetime:
    return datetime.fromisoformat(point.utc)
