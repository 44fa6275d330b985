"""What is asked of a store, in the SQL that SQLite and PostgreSQL both speak; `?` stands for a value."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from ampguard_hil.cloud import dating
from ampguard_hil.cloud.account import Account, End, EventTally, Stretch
from ampguard_hil.cloud.arrived import ReceivedEvent
from ampguard_hil.cloud.reckoning import account as held_against
from ampguard_hil.cloud.store import BootReport

if TYPE_CHECKING:
    from collections.abc import Callable

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
    last_sequence, {_AT.format("end_utc", "last_sequence")}, {_AT.format("monotonic_ns", "last_sequence")}
FROM (
    SELECT boot, first_sequence, (
        SELECT sequence {_OF_RUN} <= coalesce(following - 1, 9223372036854775807)
        ORDER BY serial DESC, interval DESC, boot DESC, sequence DESC LIMIT 1) AS last_sequence
    FROM (
        SELECT boot, first_sequence, lead(first_sequence) OVER (PARTITION BY boot ORDER BY first_sequence) AS following
        FROM stretch WHERE serial = ? AND interval = ?) AS found) AS found
ORDER BY boot, first_sequence"""  # noqa: S608 - ours
_UNIT_NAMES_IN_STRETCHES = 6
_UNDATED = f"SELECT count(*) {dating.OF_UNIT}"
_EVENT_NUMBERS = "SELECT count(*), max(sequence) FROM event WHERE serial = ? GROUP BY boot"
_GAPS = "SELECT body FROM event WHERE serial = ? AND kind = 'gap' ORDER BY boot, sequence"
_EVENTS = """
SELECT serial, boot, sequence, kind, utc, monotonic_ns, body FROM (
    SELECT serial, boot, sequence, kind, utc, monotonic_ns, body, min(arrival) OVER (PARTITION BY boot) AS boot_arrival
    FROM event WHERE serial = ?) AS of_unit"""
_IN_ORDER = " ORDER BY boot_arrival, sequence"


def serials(ask: Ask) -> list[str]:
    """All units that ever sent something."""
    return [serial for (serial,) in ask(_SERIALS, ())]


def completeness(ask: Ask, serial: str, interval: str) -> list[BootReport]:
    """Boot by boot, in the order of their wall time, what is there and what is not; those that never knew it first."""
    of_boot = itertools.groupby(_stretches(ask, serial, interval), key=lambda one: one.first.boot)
    reports = [_of_boot(boot, list(stretches)) for boot, stretches in of_boot]
    # the monotonic clock begins anew when the system does: it orders only those that no wall clock does
    return [report for _, report in sorted(reports, key=lambda one: (one[1].first_utc or "", one[0], one[1].boot))]


def account(ask: Ask, serial: str, interval: str) -> Account:
    """What is stored of a unit, held against what it told."""
    ((undated,),) = ask(_UNDATED, (serial, interval))
    numbers = ask(_EVENT_NUMBERS, (serial,))
    tally = EventTally(sum(count for count, _ in numbers), sum(highest - count for count, highest in numbers))
    gaps = [body for (body,) in ask(_GAPS, (serial,))]
    return held_against(serial, interval, _stretches(ask, serial, interval), gaps, undated=undated, events=tally)


def events(ask: Ask, serial: str, kind: str | None) -> list[ReceivedEvent]:
    """A unit's events, boot by boot as they first arrived, in a boot by their numbers."""
    if kind is None:
        rows = ask(_EVENTS + _IN_ORDER, (serial,))
    else:
        rows = ask(f"{_EVENTS} WHERE kind = ?{_IN_ORDER}", (serial, kind))
    return [ReceivedEvent(*row) for row in rows]


def _stretches(ask: Ask, serial: str, interval: str) -> list[Stretch]:
    """By boot, in a boot by number."""
    return [
        Stretch(End(boot, *row[:3]), End(boot, *row[3:]))
        for boot, *row in ask(_STRETCHES, (serial, interval) * _UNIT_NAMES_IN_STRETCHES)
        if row[3] is not None  # whose readings somebody has taken out of the store
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
