"""What is asked of a store, in the SQL that SQLite and PostgreSQL both speak; `?` stands for a value."""

from __future__ import annotations

import functools
import itertools
import json
from typing import TYPE_CHECKING, Any

from ampguard_hil.cloud import dating, discretion, runs
from ampguard_hil.cloud.account import Account, End, EventTally, Stretch
from ampguard_hil.cloud.arrived import ReceivedEvent
from ampguard_hil.cloud.reckoning import account as held_against
from ampguard_hil.cloud.store import BootReport
from ampguard_hil.cloud.stretches import SAYS_SO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Ask = Callable[[str, tuple[object, ...]], list[tuple[Any, ...]]]

# from one serial to the next along the index, and not through all readings
_SERIALS = """
WITH RECURSIVE met (serial) AS (
    SELECT min(serial) FROM reading
    UNION ALL
    SELECT (SELECT min(serial) FROM reading WHERE reading.serial > met.serial) FROM met WHERE met.serial IS NOT NULL)
SELECT serial FROM met WHERE serial IS NOT NULL UNION SELECT serial FROM event ORDER BY 1"""
# along the keys, a few steps for each stretch, however many readings are in it: no join that a planner could turn round
_OF_RUN = "FROM reading WHERE serial = ? AND interval = ? AND reading.boot = found.boot AND sequence"
_AT = "(SELECT {} " + _OF_RUN + " = {})"
_STRETCHES = f"""
SELECT boot, first_sequence, {_AT.format("end_utc", "first_sequence")}, {_AT.format("monotonic_ns", "first_sequence")},
    {_AT.format("quality", "first_sequence")},
    last_sequence, {_AT.format("end_utc", "last_sequence")}, {_AT.format("monotonic_ns", "last_sequence")}
FROM (
    SELECT boot, first_sequence, (
        SELECT sequence {_OF_RUN} <= coalesce(following - 1, 9223372036854775807)
        ORDER BY serial DESC, interval DESC, boot DESC, sequence DESC LIMIT 1) AS last_sequence
    FROM (
        SELECT boot, first_sequence, lead(first_sequence) OVER (PARTITION BY boot ORDER BY first_sequence) AS following
        FROM unbroken WHERE serial = ? AND interval = ?) AS found) AS found
ORDER BY boot, first_sequence"""  # noqa: S608 - ours
_UNIT_NAMES_IN_STRETCHES = 7
_UNDATED = f"SELECT boot, count(*) {dating.OF_UNIT} GROUP BY boot"
_READING = "SELECT end_utc, monotonic_ns FROM reading WHERE serial = ? AND interval = ? AND boot = ? AND sequence = ?"
# what lasts is numbered when it ends and dated when it began: what was left out is counted among all numbers of a run
_UP_TO = "(SELECT count(*) FROM event WHERE serial = ? AND event.boot = found.boot AND sequence {})"
_EVENT_NUMBERS = f"""
SELECT boot, stored, first, last, {_UP_TO.format("< first")}, {_UP_TO.format("<= last")}
FROM (
    SELECT boot, count(*) AS stored, min(sequence) AS first, max(sequence) AS last
    FROM event WHERE serial = ? AND {{}} GROUP BY boot) AS found"""  # noqa: S608 - ours
_ANY_UNDATED_EVENT = "SELECT 1 FROM event WHERE serial = ? AND utc IS NULL LIMIT 1"
_GAPS = "SELECT body FROM event WHERE serial = ? AND kind = 'gap' ORDER BY boot, sequence"
_EVENTS = """
SELECT serial, boot, sequence, kind, utc, monotonic_ns, body FROM (
    SELECT serial, boot, sequence, kind, utc, monotonic_ns, body, min(arrival) OVER (PARTITION BY boot) AS boot_arrival
    FROM event WHERE serial = ?) AS of_unit"""
_IN_ORDER = " ORDER BY boot_arrival, sequence"
_NEWEST_FIRST = " ORDER BY boot_arrival DESC, sequence DESC LIMIT ?"


def serials(ask: Ask) -> list[str]:
    """All units that ever sent something."""
    return [serial for (serial,) in ask(_SERIALS, ())]


def completeness(ask: Ask, serial: str, interval: str) -> list[BootReport]:
    """Boot by boot, in the order of their wall time, what is there and what is not; those that never knew it first."""
    of_boot = itertools.groupby(_stretches(ask, serial, interval), key=lambda one: one.first.boot)
    reports = [_of_boot(boot, list(stretches)) for boot, stretches in of_boot]
    # the monotonic clock begins anew when the system does: it orders only those that no wall clock does
    return [report for _, report in sorted(reports, key=lambda one: (one[1].first_utc or "", one[0], one[1].boot))]


def account(ask: Ask, serial: str, interval: str, since_utc: str) -> Account:
    """What is stored of a unit, held against what it told; of what was before a moment nothing is said."""
    stretches, gaps = _stretches(ask, serial, interval), _gaps(ask, serial)
    if not since_utc:
        undated = sum(count for _, count in ask(_UNDATED, (serial, interval)))
        return held_against(
            serial, interval, stretches, gaps, undated=undated, events=_tally(ask, serial, "", frozenset())
        )
    behind = _behind(stretches, gaps, since_utc)
    return held_against(
        serial,
        interval,
        stretches,
        gaps,
        undated=sum(count for boot, count in ask(_UNDATED, (serial, interval)) if boot in behind),
        events=_tally(ask, serial, since_utc, behind),
        shown=list(_since(ask, (serial, interval), stretches, since_utc, behind)),
    )


def undated(ask: Ask, serial: str, interval: str, since_utc: str) -> int:
    """How many readings have no time of day; of those that are surely from after a moment."""
    counts: dict[str, int] = dict(ask(_UNDATED, (serial, interval)))
    if counts and since_utc:
        behind = _behind(_stretches(ask, serial, interval), _gaps(ask, serial), since_utc)
        counts = {boot: count for boot, count in counts.items() if boot in behind}
    return sum(counts.values())


def events(ask: Ask, serial: str, kind: str | None) -> list[ReceivedEvent]:
    """A unit's events, boot by boot as they first arrived, in a boot by their numbers."""
    if kind is None:
        rows = ask(_EVENTS + _IN_ORDER, (serial,))
    else:
        rows = ask(f"{_EVENTS} WHERE kind = ?{_IN_ORDER}", (serial, kind))
    return [ReceivedEvent(*row) for row in rows]


def newest(ask: Ask, serial: str, limit: int, without: str | None, since_utc: str) -> list[ReceivedEvent]:
    """A unit's events, the newest first, but those of a kind, and those of before a moment, and what they say of it."""

    @functools.cache
    def behind() -> frozenset[str]:
        return _behind(_stretches(ask, serial, "1s"), _gaps(ask, serial), since_utc)

    lying_behind = behind() if since_utc and ask(_ANY_UNDATED_EVENT, (serial,)) else frozenset[str]()
    of_time, moments = _of_time(since_utc, lying_behind)
    condition, values = (of_time, moments) if without is None else (f"kind <> ? AND {of_time}", (without, *moments))
    rows = ask(f"{_EVENTS} WHERE {condition}{_NEWEST_FIRST}", (serial, *values, limit))
    found = [ReceivedEvent(*row) for row in rows]
    if not since_utc:
        return found
    first: dict[str, ReceivedEvent] = {}
    """Of each setting the event that is the first to tell of it."""
    if any(one.kind in discretion.CHANGES for one in found):
        changes = f"{_EVENTS} WHERE kind IN (?, ?) AND {of_time}{_IN_ORDER}"
        for row in ask(changes, (serial, *sorted(discretion.CHANGES), *moments)):
            one = ReceivedEvent(*row)
            for name in discretion.settings_of(one):
                first.setdefault(name, one)
    return [
        discretion.without_before(one, since_utc, behind, [name for name, by in first.items() if by == one])
        for one in found
    ]


def _of_time(since_utc: str, behind: frozenset[str]) -> tuple[str, tuple[str, ...]]:
    """Of events: those after a moment, and those without a time of day of runs that lie behind it."""
    if not since_utc:
        return "1 = 1", ()
    boots = f" OR (utc IS NULL AND boot IN ({', '.join('?' * len(behind))}))" if behind else ""
    return f"(utc >= ?{boots})", (since_utc, *sorted(behind))


def _tally(ask: Ask, serial: str, since_utc: str, behind: frozenset[str]) -> EventTally:
    condition, values = _of_time(since_utc, behind)
    stored = missing = 0
    of_runs = ask(_EVENT_NUMBERS.format(condition), (serial, serial, serial, *values))
    for boot, count, first, last, before_first, up_to_last in of_runs:
        stored += count
        missing += last - up_to_last
        if since_utc and boot not in behind:  # of a run that somebody else saw begin, what was numbered before
            missing -= first - 1 - before_first
    return EventTally(stored, missing)


def _gaps(ask: Ask, serial: str) -> list[str]:
    return [body for (body,) in ask(_GAPS, (serial,))]


def _behind(stretches: list[Stretch], gaps: list[str], since_utc: str) -> frozenset[str]:
    return runs.behind(stretches, runs.follows(map(json.loads, gaps)), since_utc)


def _since(
    ask: Ask, of: tuple[str, str], stretches: list[Stretch], since_utc: str, behind: frozenset[str]
) -> Iterator[Stretch]:
    """What of the stretches is after a moment; `of`: serial and interval."""
    for one in stretches:
        if one.first.boot in behind or (one.first.utc or "") >= since_utc:
            yield one
        elif (one.last.utc or "") >= since_utc:
            low, high = one.first.sequence, one.last.sequence
            while low < high:  # time rises with the number
                middle = (low + high) // 2
                ((end_utc, _),) = ask(_READING, (*of, one.first.boot, middle))
                low, high = (low, middle) if (end_utc or "") >= since_utc else (middle + 1, high)
            ((end_utc, monotonic_ns),) = ask(_READING, (*of, one.first.boot, low))
            yield Stretch(End(one.first.boot, low, end_utc, monotonic_ns), one.last)


def _stretches(ask: Ask, serial: str, interval: str) -> list[Stretch]:
    """By boot, in a boot by number."""
    rows = ask(_STRETCHES, (serial, interval) * _UNIT_NAMES_IN_STRETCHES)
    return [
        Stretch(End(boot, first, utc, at_ns, SAYS_SO in (quality or "")), End(boot, *last))
        for boot, first, utc, at_ns, quality, *last in rows
        if last[0] is not None  # whose readings somebody has taken out of the store
    ]


def _of_boot(boot: str, stretches: list[Stretch]) -> tuple[int, BootReport]:
    """On the monotonic clock, and what is there of it."""
    moments = [end.utc for one in stretches for end in (one.first, one.last) if end.utc is not None]
    holes: list[tuple[int, int]] = []
    before = 0
    for one in stretches:
        if one.first.sequence > before + 1:
            holes.append((before + 1, one.first.sequence - 1))
        before = one.last.sequence
    begins_ns = min(one.first.monotonic_ns or 0 for one in stretches)
    count = sum(one.readings for one in stretches)
    return begins_ns, BootReport(boot, min(moments, default=None), max(moments, default=None), count, tuple(holes))
