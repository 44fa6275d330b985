"""Readings as people look at them: the latest, those of a span, and a span in so many points; SQLite or PostgreSQL.

A reading's key is its number in a run of the meter, and its time is no key: an index of it would cost every block that
comes in. So a span is found by halving: within a run time rises with the number, but where the clock was set meanwhile.
What is found is never outside the span; what a clock put out of order near its ends may be missing from it.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import ColumnClause, Integer, String, and_, column, func, select, table, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from ampguard_hil.cloud.columns import COLUMNS
from ampguard_hil.cloud.registry_clock import now_utc, stamp

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection

    from ampguard_hil.cloud.registry_database import Database

_IDENTITY = ("serial", "interval", "boot", "sequence", "end_utc", "quality")
_ALL: list[ColumnClause[Any]] = [column(name) for name in (*_IDENTITY, *(one.name for one in COLUMNS))]
_reading = table("reading", *_ALL)
_sequence: ColumnClause[int] = column("sequence", Integer)
_end: ColumnClause[str | None] = column("end_utc", String)
NAME_OF: Mapping[str, str] = {one.path: one.name for one in COLUMNS}
"""The store's name of each value by its path in a message."""
NUMBERS = frozenset(one.path for one in COLUMNS if one.kind in {float, int})
"""Those that have a mean."""
_NO_TABLE = ("no such table", "does not exist")
# from one boot to the next along the key, and not through all readings
_BOOTS = text("""
WITH RECURSIVE met (boot) AS (
    SELECT min(boot) FROM reading WHERE serial = :serial AND interval = :interval
    UNION ALL
    SELECT (SELECT min(boot) FROM reading WHERE serial = :serial AND interval = :interval AND reading.boot > met.boot)
    FROM met WHERE met.boot IS NOT NULL)
SELECT boot FROM met WHERE boot IS NOT NULL""")


@dataclass(frozen=True, slots=True)
class Span:
    """A time, its beginning not in it."""

    from_utc: str
    to_utc: str

    def since(self, utc: str) -> Span:
        """What of it lies behind a moment."""
        return replace(self, from_utc=max(self.from_utc, utc))

    @staticmethod
    def last(duration_s: float) -> Span:
        """Until now."""
        now = now_utc()
        return Span(stamp(now - timedelta(seconds=duration_s)), stamp(now))


@dataclass(frozen=True, slots=True)
class Page:
    """Some readings, oldest first, and where the next ones begin."""

    rows: Sequence[Mapping[str, Any]]
    """`boot`, `sequence`, `end_utc`, and the values by their paths."""
    cursor: str | None
    """None where these were the last ones."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A span in some points: means over `step_s`; a hole is where there is no point."""

    step_s: float
    end_utc: Sequence[str]
    values: Mapping[str, Sequence[float | None]]
    """By path, one for each point."""


_Point: TypeAlias = "tuple[str, list[float | None]]"


@dataclass(frozen=True, slots=True)
class _Run:
    """The part of one run of the meter that is in a span."""

    boot: str
    first: int
    last: int
    begins_utc: str


class History:
    """Reads; used by any thread. Its functions raise sqlalchemy.exc.SQLAlchemyError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def latest(self, serial: str, interval: str = "1s") -> Mapping[str, Any] | None:
        """The newest reading by its time, with all values; None where there is none."""
        with self._database.reading() as connection:
            newest: Mapping[str, Any] | None = None
            for boot in _boots(connection, serial, interval):
                mine = and_(*_key(serial, interval, boot))
                wanted = select(_reading).where(mine).where(_end.is_not(None)).order_by(_sequence.desc()).limit(1)
                row = connection.execute(wanted).mappings().one_or_none()
                if row is not None and (newest is None or row["end_utc"] > newest["end_utc"]):
                    newest = dict(row)
        return None if newest is None else _as_message(newest, list(NAME_OF))

    def readings(self, serial: str, interval: str, span: Span, paths: Sequence[str], page: tuple[int, str]) -> Page:
        """Those of a span; `page`: how many at most, and the cursor of the page before ("" for the first)."""
        limit, cursor = page
        after_boot, _, after = cursor.rpartition(":")
        rows: list[Mapping[str, Any]] = []
        with self._database.reading() as connection:
            runs = list(_runs(connection, serial, interval, span))
            begun = next((one.begins_utc for one in runs if one.boot == after_boot), "")
            for run in runs:
                if (run.begins_utc, run.boot) < (begun, after_boot):
                    continue
                first = max(run.first, int(after) + 1) if run.boot == after_boot else run.first
                condition = and_(*_key(serial, interval, run.boot), _sequence.between(first, run.last), *_within(span))
                named = ("boot", "sequence", "end_utc", *(NAME_OF[path] for path in paths))
                names: list[ColumnClause[Any]] = [column(name) for name in named]
                wanted = select(*names).select_from(_reading).where(condition).order_by(_sequence)
                found = connection.execute(wanted.limit(limit + 1 - len(rows))).mappings()
                rows += [_as_message(dict(row), paths) for row in found]
                if len(rows) > limit:
                    break
        if len(rows) <= limit:
            return Page(rows, None)
        last = rows[limit - 1]
        return Page(rows[:limit], f"{last['boot']}:{last['sequence']}")

    def curve(self, serial: str, span: Span, paths: Sequence[str], points: int) -> Curve:
        """A span of seconds in at most about so many points."""
        lasts = datetime.fromisoformat(span.to_utc) - datetime.fromisoformat(span.from_utc)
        step = max(1, round(lasts / timedelta(seconds=points)))
        found: list[_Point] = []
        with self._database.reading() as connection:
            for run in _runs(connection, serial, "1s", span):
                condition = and_(*_key(serial, "1s", run.boot), _sequence.between(run.first, run.last), *_within(span))
                means = [func.avg(column(NAME_OF[path])) for path in paths]
                wanted = select(func.max(_end), *means).select_from(_reading).where(condition)
                grouped = wanted.group_by(_sequence.op("/")(step)).order_by(func.max(_end))
                found += [(str(row[0]), [_number(one) for one in row[1:]]) for row in connection.execute(grouped)]
        found.sort(key=lambda point: point[0])
        columns = {path: [values[at] for _, values in found] for at, path in enumerate(paths)}
        return Curve(float(step), [end for end, _ in found], columns)


def _boots(connection: Connection, serial: str, interval: str) -> list[str]:
    with _nothing_where_nobody_came():
        found = connection.execute(_BOOTS, {"serial": serial, "interval": interval}).scalars()
        return [str(boot) for boot in found]
    return []


@contextlib.contextmanager
def _nothing_where_nobody_came() -> Generator[None]:
    """As long as nobody has brought anything there is no table."""
    try:
        yield
    except (OperationalError, ProgrammingError) as why:
        if "reading" not in str(why.orig) or not any(one in str(why.orig) for one in _NO_TABLE):
            raise


def _runs(connection: Connection, serial: str, interval: str, span: Span) -> Iterator[_Run]:
    found: list[_Run] = []
    for boot in _boots(connection, serial, interval):
        first = _dated(connection, _key(serial, interval, boot), from_end=False)
        last = _dated(connection, _key(serial, interval, boot), from_end=True)
        if first is None or last is None or first[1] > span.to_utc or last[1] <= span.from_utc:
            continue
        key = _key(serial, interval, boot)
        low = _halved(connection, key, (first[0], last[0]), span.from_utc)
        high = _halved(connection, key, (low, last[0]), span.to_utc)
        found.append(_Run(boot, low, high, first[1]))
    yield from sorted(found, key=lambda run: (run.begins_utc, run.boot))


def _dated(connection: Connection, key: Sequence[ColumnElement[bool]], *, from_end: bool) -> tuple[int, str] | None:
    wanted = select(_sequence, _end).select_from(_reading).where(*key, _end.is_not(None)).limit(1)
    row = connection.execute(wanted.order_by(_sequence.desc() if from_end else _sequence)).one_or_none()
    return None if row is None else (int(row[0]), str(row[1]))


def _halved(
    connection: Connection, key: Sequence[ColumnElement[bool]], between: tuple[int, int], moment_utc: str
) -> int:
    """The number of the first reading after a moment, or the last number where there is none."""
    low, high = between
    while low < high:
        middle = (low + high) // 2
        wanted = select(_end).select_from(_reading).where(*key, _sequence >= middle, _end.is_not(None))
        end = connection.execute(wanted.order_by(_sequence).limit(1)).scalar()
        if end is not None and end <= moment_utc:
            low = middle + 1
        else:
            high = middle
    return low


def _key(serial: str, interval: str, boot: str) -> list[ColumnElement[bool]]:
    return [column("serial") == serial, column("interval") == interval, column("boot") == boot]


def _within(span: Span) -> list[ColumnElement[bool]]:
    return [_end > span.from_utc, _end <= span.to_utc]


def _as_message(row: Mapping[str, Any], paths: Sequence[str]) -> Mapping[str, Any]:
    """A row with the paths of messages as its keys."""
    identity = {key: row[key] for key in ("boot", "sequence", "end_utc", "quality") if key in row}
    return {**identity, **{path: row[NAME_OF[path]] for path in paths}}


def _number(value: object) -> float | None:
    return None if value is None else round(float(value), 3)  # type: ignore[arg-type]  # PostgreSQL's means are Decimals
