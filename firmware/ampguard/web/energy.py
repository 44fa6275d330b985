"""What was counted since a moment: the counters' growth from one reading to the next, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ampguard.journal.moments import LENGTH_S
from ampguard.readings import Interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ampguard.journal.moments import Part
    from ampguard.readings import Json

_PHASES = ("l1", "l2", "l3")
COUNTERS = (
    "energy.total_import_wh",
    "energy.total_export_wh",
    *(f"energy.{way}_wh.{phase}" for way in ("import", "export") for phase in _PHASES),
)
"""Fields of a reading."""
INTERVAL = Interval.MINUTES_15
"""Its ends are those of all hours and days, in every time zone."""
DURATION = "duration_s"
WANTED = frozenset((*COUNTERS, DURATION))
_UNNOTED_S = 1.0


@dataclass(frozen=True, slots=True)
class Stand:
    """The counters at a moment."""

    end_s: float
    duration_s: float
    """Of the reading that says so."""
    counters_wh: tuple[float, ...]
    """As in `COUNTERS`."""


@dataclass(slots=True)
class Growth:
    """What was counted since a moment."""

    since_s: float
    from_s: float | None = None
    """From when on it is known: of the last reading before that moment, or of the first one that there is."""
    missing_s: float = 0.0
    """How long there were no readings: what flowed then is in no counter, unless only the readings were lost."""
    was_set_back: bool = False
    """A counter became smaller: what it had counted since the reading before is not known."""
    counted_wh: list[float] = field(default_factory=lambda: [0.0] * len(COUNTERS))


def stands(parts: Iterable[Part]) -> Iterator[Stand]:
    """Of readings in the order in which they were made; those without a date are passed over."""
    for part in parts:
        nothing: Sequence[Json] = [None] * part.count
        columns = [part.columns.get(path, nothing) for path in (DURATION, *COUNTERS)]
        for index, end_s in enumerate(part.ends_s):
            values = [value for column in columns if type(value := column[index]) is float]
            if end_s is not None and len(values) == len(columns):
                yield Stand(end_s, values[0], tuple(values[1:]))


def grown(found: Iterable[Stand], since_s: Sequence[float]) -> list[Growth]:
    """Of each moment; the newest one's counters come last."""
    growths = [Growth(one) for one in since_s]
    before: Stand | None = None
    for one in found:
        for growth in growths:
            _grow(growth, before, one)
        before = one
    return growths


def _grow(growth: Growth, before: Stand | None, one: Stand) -> None:
    if one.end_s < growth.since_s:
        growth.from_s = one.end_s
        return
    if before is None:
        growth.from_s = one.end_s
        return
    gap_s = min(one.end_s - before.end_s, one.end_s - growth.since_s) - one.duration_s
    if gap_s > _UNNOTED_S:
        growth.missing_s += gap_s
    for index, (now, then) in enumerate(zip(one.counters_wh, before.counters_wh, strict=True)):
        if now < then:
            growth.was_set_back = True
        else:
            growth.counted_wh[index] += now - then


def newest(stand: Stand, last: Stand | None) -> Stand:
    """The second that was read last, as if it reached back to the last quarter of an hour that is complete."""
    since_s = 0.0 if last is None else stand.end_s - last.end_s
    return Stand(stand.end_s, since_s if since_s < 2.0 * LENGTH_S[INTERVAL] else stand.duration_s, stand.counters_wh)
