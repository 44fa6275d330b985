"""What is asked of a store, in the SQL that SQLite and PostgreSQL both speak; `?` stands for a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ampguard_hil.cloud.account import Account, End, Stretch
from ampguard_hil.cloud.account import account as held_against
from ampguard_hil.cloud.arrived import ReceivedEvent
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
# the monotonic clock begins anew when the system does: it orders only those that no wall clock does
_BOOTS = """
SELECT boot, min(end_utc), max(end_utc), count(*), max(sequence) FROM reading WHERE serial = ? AND interval = ?
GROUP BY boot ORDER BY min(end_utc) NULLS FIRST, min(monotonic_ns) NULLS FIRST, boot"""
_HOLES = """
SELECT before + 1, sequence - 1 FROM (
    SELECT sequence, coalesce(lag(sequence) OVER (ORDER BY sequence), 0) AS before FROM reading
    WHERE serial = ? AND interval = ? AND boot = ?) AS neighbours
WHERE sequence > before + 1 ORDER BY sequence"""
_STRETCHES = """
SELECT boot, sequence, end_utc, monotonic_ns, before, before_utc, before_ns FROM (
    SELECT boot, sequence, end_utc, monotonic_ns, duration_s, lag(sequence) OVER run AS before,
        lag(end_utc) OVER run AS before_utc, lag(monotonic_ns) OVER run AS before_ns
    FROM reading WHERE serial = ? AND interval = ? WINDOW run AS (PARTITION BY boot ORDER BY sequence)) AS neighbours
WHERE before IS NULL OR sequence > before + 1 OR monotonic_ns - before_ns > duration_s * 1e9 + 5e8
ORDER BY boot, sequence"""
_ENDS = """
SELECT boot, sequence, end_utc, monotonic_ns FROM reading
JOIN (SELECT boot AS of, max(sequence) AS last FROM reading WHERE serial = ? AND interval = ? GROUP BY boot) AS runs
ON boot = of AND sequence = last WHERE serial = ? AND interval = ?"""
_UNDATED = "SELECT count(*) FROM reading WHERE serial = ? AND interval = ? AND end_utc IS NULL"
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
    return [
        BootReport(boot, first, last, count, () if count == highest else _holes(ask, serial, interval, boot))
        for boot, first, last, count, highest in ask(_BOOTS, (serial, interval))
    ]


def account(ask: Ask, serial: str, interval: str) -> Account:
    """What is stored of a unit, held against what it told."""
    ends = {boot: End(boot, *row) for boot, *row in ask(_ENDS, (serial, interval, serial, interval))}
    stretches: list[Stretch] = []
    first: End | None = None
    for boot, *row in ask(_STRETCHES, (serial, interval)):
        *begins, before, before_utc, before_ns = row
        if first is not None and first.boot == boot and before is not None:
            stretches.append(Stretch(first, End(boot, before, before_utc, before_ns)))
        elif first is not None:
            stretches.append(Stretch(first, ends[first.boot]))
        first = End(boot, *begins)
    if first is not None:
        stretches.append(Stretch(first, ends[first.boot]))
    ((undated,),) = ask(_UNDATED, (serial, interval))
    return held_against(serial, interval, stretches, events(ask, serial, None), undated=undated)


def events(ask: Ask, serial: str, kind: str | None) -> list[ReceivedEvent]:
    """A unit's events, boot by boot as they first arrived, in a boot by their numbers."""
    if kind is None:
        rows = ask(_EVENTS + _IN_ORDER, (serial,))
    else:
        rows = ask(f"{_EVENTS} WHERE kind = ?{_IN_ORDER}", (serial, kind))
    return [ReceivedEvent(*row) for row in rows]


def _holes(ask: Ask, serial: str, interval: str, boot: str) -> tuple[tuple[int, int], ...]:
    return tuple((first, last) for first, last in ask(_HOLES, (serial, interval, boot)))
